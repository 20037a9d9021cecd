/** What a server tells of itself over a load: its pauses, and how often it synced its log. */
import { askFourLetterWord } from '../../test/support/four-letter-word.ts';
import type { RunningServer } from './contender.ts';
import type { LoadDetail } from './measurement.ts';

export type ServerTold = Pick<LoadDetail, 'gc' | 'stallMs' | 'fsync'>;

interface Syncs {
  readonly count: number;
  readonly totalMs: number;
}

export class ServerWatch {
  private readonly server: RunningServer;
  private readonly sinceMs: number;
  private readonly syncsBefore: Syncs | null;

  private constructor(server: RunningServer, syncsBefore: Syncs | null) {
    this.server = server;
    this.sinceMs = performance.now();
    this.syncsBefore = syncsBefore;
  }

  static async begin(server: RunningServer): Promise<ServerWatch> {
    return new ServerWatch(server, await syncsOf(server));
  }

  /** What happened since the beginning; null for what the server does not tell. */
  async end(): Promise<ServerTold> {
    const { sinceMs, syncsBefore: before } = this;
    const { pauses } = this.server;
    const after = await syncsOf(this.server);
    return {
      gc: pauses?.gcSince(sinceMs) ?? null,
      stallMs: pauses?.longestStallSince(sinceMs) ?? null,
      fsync: before === null || after === null ? null : syncsBetween(before, after),
    };
  }
}

function syncsBetween(before: Syncs, after: Syncs): LoadDetail['fsync'] {
  const count = after.count - before.count;
  return { count, meanMs: count === 0 ? 0 : (after.totalMs - before.totalMs) / count };
}

/** From the word `mntr` of the first member; null where it is not allowed or has no such line. */
async function syncsOf({ addresses, speaksWords }: RunningServer): Promise<Syncs | null> {
  if (speaksWords === false) return null;
  const { host, port } = addresses[0]!;
  const text = await askFourLetterWord(port, 'mntr', undefined, host).catch(() => '');
  const count = /^zk_cnt_fsynctime\s+(\d+)/m.exec(text)?.[1];
  const totalMs = /^zk_sum_fsynctime\s+(\d+)/m.exec(text)?.[1];
  if (count === undefined || totalMs === undefined) return null;
  return { count: Number(count), totalMs: Number(totalMs) };
}
