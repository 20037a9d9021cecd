/**
 * The same streams of requests to Apache's server and to ours, byte for byte, and every reply,
 * notification and end of a connection compared. `DIFFERENTIAL_SEEDS=N` runs more streams than CI.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { makeStream, profiles } from './support/differential-generator.ts';
import { explain, Pairs } from './support/differential-pair.ts';
import type { Step } from './support/differential-steps.ts';

const seeds = Number(process.env['DIFFERENTIAL_SEEDS'] ?? 10);
const firstSeed = Number(process.env['DIFFERENTIAL_FIRST_SEED'] ?? 1);

async function expectAlike(pairs: Pairs, stream: readonly Step[]): Promise<void> {
  const difference = await pairs.run(stream);
  if (difference !== null) expect.fail(await explain(pairs, stream, difference));
}

describe('the same stream of requests', () => {
  const pairs = new Pairs();

  afterAll(async () => {
    console.info(`${pairs.sent} requests sent, ${pairs.compared} frames compared`);
    await pairs.end();
  });

  const random = Array.from({ length: seeds }, (_, i) => firstSeed + i).flatMap((seed) =>
    profiles.map((profile) => ({ seed, profile, name: profile.name })),
  );

  it.each(random)('of seed $seed, $name, has the same answers', async ({ seed, profile }) => {
    await expectAlike(pairs, makeStream(seed, profile));
  });
});
