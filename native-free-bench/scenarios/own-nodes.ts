/** Servers that we start ourselves and fill with znodes. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import type { ServerOptions } from '../../test/support/ringkeeper-process.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import type { LoadSpec } from '../load/workload.ts';
import type { OwnContender } from './contender.ts';
import { checkedLoad } from './load-cases.ts';
import type { BenchSize } from './size.ts';

/** No snapshot but those at the start: far more transactions than a bench makes. */
export const noSnapshots = { snapCount: String(2 ** 30) };
export const nodeDataBytes = 100;

const snapshotLimitMs = 300_000;
const connections = 8;
const depth = 64;

/** Where a load on a server that we have started goes, and whose CPU time counts. */
export function whereIs({ port, pid }: ServerProcess): Pick<LoadSpec, 'servers' | 'serverPids'> {
  return { servers: [{ host: '127.0.0.1', port }], serverPids: [pid] };
}

/** Creates `nodes` znodes of 100 bytes each. */
export async function createNodes(
  server: ServerProcess,
  nodes: number,
  { seed, requests }: BenchSize,
): Promise<void> {
  await checkedLoad({
    ...whereIs(server),
    ...{ mix: { create: 1 }, connections, depth, keys: 0, dataBytes: nodeDataBytes, seed },
    ...{ warmupSeconds: 0, seconds: 0, requests: nodes },
    ...(requests === undefined ? {} : { processes: 0 }),
  });
}

/** A server and its directory for as long as somebody measures it; it may be started again. */
export class OwnServer {
  process: ServerProcess;
  private readonly contender: OwnContender;

  private constructor(contender: OwnContender, process: ServerProcess) {
    this.contender = contender;
    this.process = process;
  }

  static async start(contender: OwnContender, options?: ServerOptions): Promise<OwnServer> {
    return new OwnServer(contender, await contender.start(options));
  }

  /** Kills it and starts it on the same directory. Returns how long it took until it served, ms. */
  async restart(settings: Record<string, string> = {}): Promise<number> {
    const { dataDir } = this.process;
    await this.process.kill();
    this.process = await this.contender.start({ dataDir, settings });
    return this.process.startMs;
  }

  /** Names of the snapshots that are there. */
  get snapshots(): string[] {
    const names = readdirSync(join(this.process.dataDir, 'version-2'));
    return names.filter((name) => name.startsWith('snapshot.'));
  }

  /** Resolves when there is a snapshot that is not among these. */
  async newSnapshot(before: readonly string[]): Promise<void> {
    const isNew = () => (this.snapshots.some((name) => !before.includes(name)) ? true : null);
    await eventually('a new snapshot', isNew, snapshotLimitMs);
  }

  /** Ends it and removes its directory. */
  async release(): Promise<void> {
    await this.process.kill();
    rmSync(this.process.dataDir, { recursive: true, force: true });
  }
}
