/**
 * Random runs of a whole ensemble: each seed makes a plan, each plan is run, some twice. Two test
 * files share the seeds, so that two cores do.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { withoutChance } from '../without-chance.ts';
import { type EnsemblePlan, makeEnsemblePlan } from './ensemble-plan.ts';
import type { EnsembleResult } from './ensemble-world.ts';
import { runPlan } from './run-plan.ts';

const seedsPerTest = 10;
/** Of so many plans one is run twice. */
const twiceEvery = 20;

/** Throws what is wrong, with the command that repeats it. */
export function mustKeepPromises(plan: EnsemblePlan): EnsembleResult {
  const outcome = withoutChance(() => runPlan(plan));
  if (outcome.ok) return outcome.result;
  const { message } = outcome.error;
  throw new Error(`${message}\nrepeat it with: npm run sim -- --seed ${plan.seed}`, {
    cause: outcome.error,
  });
}

export function describeSeeds(firstSeed: number, seeds: number): void {
  const total = { epochs: 0, lives: 0, txns: 0, acknowledged: 0, loneWrites: 0 };

  afterAll(() => {
    const { epochs, lives, txns, acknowledged, loneWrites } = total;
    console.info(
      `${epochs} leaders, ${lives} lives, ${txns} txns, ${acknowledged} acknowledged, ` +
        `${loneWrites} lone writes`,
    );
    expect(epochs).toBeGreaterThan(2 * seeds);
    expect(lives).toBeGreaterThan(6 * seeds);
    expect(acknowledged).toBeGreaterThan(20 * seeds);
    expect(loneWrites).toBeGreaterThan(10 * seeds);
  });

  describe('an ensemble that anything may happen to keeps every promise, with seeds', () => {
    const groups = Array.from(
      { length: seeds / seedsPerTest },
      (_, i) => firstSeed + i * seedsPerTest,
    );
    it.each(groups)(`from %i, ${seedsPerTest} of them`, (first) => {
      for (let seed = first; seed < first + seedsPerTest; seed++) {
        const plan = makeEnsemblePlan(seed);
        const result = mustKeepPromises(plan);
        total.epochs += result.epochs;
        total.lives += result.lives;
        total.txns += result.txns;
        total.acknowledged += result.acknowledged;
        total.loneWrites += result.loneWrites;
        if (seed % twiceEvery === 0) expect(mustKeepPromises(plan)).toEqual(result);
      }
    });
  });
}
