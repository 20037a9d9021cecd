/**
 * The stress test of the rings, for as long as RING_STRESS_SECONDS says, 10 minutes if it is silent:
 * rounds of other sizes, starts and seeds, all drawn from one seed that is printed.
 * RING_STRESS_SEED repeats a run.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildWorker, exchange, removeWorker } from '../ring/stress-pair.ts';
import { SeededRandom } from '../support/random.ts';

const { RING_STRESS_SECONDS, RING_STRESS_SEED } = process.env;
const seconds = Number(RING_STRESS_SECONDS ?? 600);
const random = new SeededRandom(Number(RING_STRESS_SEED ?? Date.now()));
const capacities = [128, 256, 512, 4096, 16_384];
/** Where positions wrap: all rounds begin shortly before one of these. */
const wraps = [0, 0x7fffffff, -1];

beforeAll(buildWorker);
afterAll(removeWorker);

it(`rings carry all records between two threads for ${seconds} s`, async () => {
  const endMs = performance.now() + seconds * 1000;
  let rounds = 0;
  let records = 0;
  do {
    const round = {
      capacity: capacities[random.below(capacities.length)]!,
      records: 10_000 + random.below(100_000),
      start: (wraps[random.below(wraps.length)]! - random.below(1 << 16)) & ~7,
      seed: random.below(2 ** 31),
    };
    await exchange(round).catch((error: unknown) => {
      expect.fail(`seed ${random.seed}, round ${JSON.stringify(round)}: ${error}`);
    });
    rounds++;
    records += 2 * round.records;
  } while (performance.now() < endMs);
  console.info(`${records} records in ${rounds} rounds, seed ${random.seed}`);
});
