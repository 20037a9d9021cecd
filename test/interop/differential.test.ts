/**
 * The same streams of requests to Apache's server and to ours, byte for byte, and every reply,
 * notification and end of a connection compared, then the trees, and at last the logs. A
 * difference is shrunk and told as a list of steps. `DIFFERENTIAL_SEEDS=N` runs more streams than
 * usual, from `DIFFERENTIAL_FIRST_SEED` on.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { startRingkeeper } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { walkTree } from '../support/tree-walk.ts';
import { catalogues } from './support/differential-catalogue.ts';
import { differences, summaryOf } from './support/differential-deliberate.ts';
import { makeStream, profiles } from './support/differential-generator.ts';
import { explain, type Pair, Pairs, report, settings } from './support/differential-pair.ts';
import { superAuth } from './support/differential-runner.ts';
import { Side } from './support/differential-side.ts';
import type { Step } from './support/differential-steps.ts';
import { timedSettings, timedStream } from './support/differential-timed.ts';

const { DIFFERENTIAL_SEEDS, DIFFERENTIAL_FIRST_SEED } = process.env;
const seeds = Number(DIFFERENTIAL_SEEDS ?? 16);
const firstSeed = Number(DIFFERENTIAL_FIRST_SEED ?? 1);

async function expectAlike(pairs: Pairs, stream: readonly Step[], isLeft = false): Promise<void> {
  const difference = await pairs.run(stream, isLeft);
  if (difference !== null) expect.fail(await explain(pairs, stream, difference));
}

describe('the same stream of requests to both servers', () => {
  const pairs = new Pairs();

  afterAll(() => {
    console.info(`${pairs.sent} requests sent, ${pairs.compared} frames compared`);
    return pairs.end();
  });

  it.each(catalogues)('has the same answers: $name', async ({ steps }) => {
    await expectAlike(pairs, steps());
  });

  const random = Array.from({ length: seeds }, (_, i) => firstSeed + i).flatMap((seed) =>
    profiles.map((profile) => ({ seed, profile, name: profile.name })),
  );

  it.each(random)('has the same answers: seed $seed, $name', async ({ seed, profile }) => {
    await expectAlike(pairs, makeStream(seed, profile));
  });

  describe('and what they have on disk after it', () => {
    let pair: Pair;
    let trees: unknown[];
    let txns: string[][];

    beforeAll(async () => {
      for (const profile of profiles) await expectAlike(pairs, makeStream(0, profile), true);
      pair = await pairs.current();
      trees = await Promise.all([treeOf(pair.apache), treeOf(pair.ours)]);
      await pair.stop();
      txns = pair.txns();
    });

    it('is the same txns', () => {
      const [apache, ours] = txns as [string[], string[]];
      expect(apache.length).toBeGreaterThan(1000);
      const at = apache.findIndex((txn, i) => txn !== ours[i]);
      expect(ours.slice(at, at + 3)).toEqual(apache.slice(at, at + 3));
      expect(ours.length).toBe(apache.length);
    });

    it("is read by Apache's server where ours wrote it", async () => {
      const { dataDir } = pair.ours;
      const server = await startApache({ dataDir, settings, heap: '512m' });
      await expectTree(server, trees[1]);
      expect(await digestMismatches(server)).toBe('0');
      await server.stop();
    });

    it("is read by ours where Apache's server wrote it", async () => {
      const { dataDir } = pair.apache;
      const server = await startRingkeeper({ dataDir, settings });
      await expectTree(server, trees[0]);
      await server.stop();
    });
  });
});

describe('servers that act by themselves', () => {
  const pairs = new Pairs(timedSettings);

  afterAll(() => pairs.end());

  it('reap and expire alike', async () => {
    const stream = timedStream();
    const difference = await pairs.run(stream);
    if (difference !== null) expect.fail(report({ stream, difference }));
  });
});

describe('deliberately otherwise than Apache', () => {
  let server: ServerProcess;
  let side: Side;

  beforeAll(async () => {
    server = await startRingkeeper({ settings });
    side = new Side('ours', server.port, false);
  });

  afterAll(async () => {
    await side.end();
    await server.stop();
  });

  it.each(differences)('$hazard: $ours (Apache: $apache)', async ({ steps, answers }) => {
    const seen: string[] = [];
    for (const step of steps) seen.push(await summaryOf(side, step));
    expect(seen).toEqual(answers);
  });
});

async function treeOf(server: ServerProcess): Promise<unknown> {
  const client = await RawClient.connect({ port: server.port });
  await requests.authenticate(client, superAuth);
  const tree = await walkTree(client);
  await client.abandon();
  return tree;
}

async function expectTree(server: ServerProcess, tree: unknown): Promise<void> {
  expect(Object.keys(tree as object).length).toBeGreaterThan(20);
  expect(await treeOf(server)).toEqual(tree);
}

async function digestMismatches(server: ServerProcess): Promise<string | undefined> {
  const mntr = await askFourLetterWord(server.port, 'mntr');
  return /^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1];
}
