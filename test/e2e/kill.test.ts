/**
 * A server is killed in the middle of its writing, again and again on one data directory, and
 * each time it comes back with every write that it had acknowledged and none by half.
 */
import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { SeededRandom } from '../support/random.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';
import { SteadyWriter } from './steady-writer.ts';

const kills = 20;
const depth = 32;
const acksMin = 200;
const acksMax = 3000;
const root = '/kill';

/** Who waits for the disk, and on which thread the answers are made, differs between them. */
const ours = [
  { placement: 'paired', fronts: '1' },
  { placement: 'threads', fronts: '2' },
];
const placements = targetName === 'apache' ? [{ placement: 'apache', fronts: '1' }] : ours;
const title = `a ${targetName} server, placed as $placement with $fronts fronts, that is killed`;

describe.each(placements)(title, ({ placement, fronts }) => {
  const dataDir = temporaryDirectory();
  const random = new SeededRandom(Date.now());
  const writers = Array.from({ length: 4 }, (_, i) => new SteadyWriter(`${root}/w${i}`, random));

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  async function start(): Promise<ServerProcess> {
    // Small enough that most rounds roll the log and write snapshots while the kill comes.
    const own = { 'ringkeeper.placement': placement, 'ringkeeper.fronts': fronts };
    const settings = { snapCount: '1000', ...own };
    return startTarget({ dataDir, settings });
  }

  it('has every acknowledged write when it comes back, twenty times in a row', async () => {
    let server = await start();
    try {
      const first = await RawClient.connect({ port: server.port });
      await requests.create(first, root);
      for (const writer of writers) await writer.prepare(first);
      await first.close();
      for (let round = 0; round < kills; round++) {
        await writeUntilKilled(server, writers, acksMin + random.below(acksMax - acksMin));
        server = await start();
        await compareWithBooks(server, writers, `round ${round}, seed ${random.seed}`);
      }
    } finally {
      await server.kill();
    }
  });
});

/** All writers write until `acks` answers came in all; then the server is killed at once. */
async function writeUntilKilled(
  server: ServerProcess,
  writers: readonly SteadyWriter[],
  acks: number,
): Promise<void> {
  let left = acks;
  const onAck = (): void => {
    left--;
    if (left === 0) void server.kill();
  };
  const clients = await Promise.all(writers.map(() => RawClient.connect({ port: server.port })));
  await Promise.all(writers.map((writer, i) => writer.writeOn(clients[i]!, depth, onAck)));
  await server.kill();
}

async function compareWithBooks(
  server: ServerProcess,
  writers: readonly SteadyWriter[],
  round: string,
): Promise<void> {
  const client = await RawClient.connect({ port: server.port });
  for (const writer of writers) {
    expect(writer.wrongReplies, round).toEqual([]);
    expect(writer.history.acknowledgedCount, round).toBeGreaterThan(0);
    const seen = await writer.look(client);
    expect(writer.history.judge(seen), round).toEqual({ isConsistent: true, reason: '' });
    writer.history.settle(seen);
  }
  await client.close();
  const zxid = /^Zxid: 0x([0-9a-f]+)$/m.exec(await askFourLetterWord(server.port, 'srvr'))?.[1];
  for (const writer of writers) {
    expect(BigInt(`0x${zxid}`), round).toBeGreaterThan(writer.zxidMax);
  }
}
