/**
 * Random runs of a whole ensemble: each seed makes a plan, each plan is run, some twice. Plans that
 * have found something are kept in `regressions` and run for ever. `SIM_SEEDS=N` runs more seeds
 * than usual, from `SIM_FIRST_SEED` on.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { withoutChance } from '../without-chance.ts';
import { type EnsemblePlan, makeEnsemblePlan } from './ensemble-plan.ts';
import type { EnsembleResult } from './ensemble-world.ts';
import { runPlan } from './run-plan.ts';

const { SIM_SEEDS, SIM_FIRST_SEED } = process.env;
const seeds = Number(SIM_SEEDS ?? 100);
const firstSeed = Number(SIM_FIRST_SEED ?? 1);
const seedsPerTest = 10;
/** Of so many plans one is run twice. */
const twiceEvery = 20;
const regressions = fileURLToPath(new URL('./regressions', import.meta.url));

const total = { epochs: 0, lives: 0, txns: 0, acknowledged: 0 };

function run(plan: EnsemblePlan): EnsembleResult {
  const outcome = withoutChance(() => runPlan(plan));
  if (outcome.ok) return outcome.result;
  const { message } = outcome.error;
  throw new Error(`${message}\nrepeat it with: npm run sim -- --seed ${plan.seed}`, {
    cause: outcome.error,
  });
}

afterAll(() => {
  const { epochs, lives, txns, acknowledged } = total;
  console.info(`${epochs} leaders, ${lives} lives, ${txns} txns, ${acknowledged} acknowledged`);
  expect(epochs).toBeGreaterThan(2 * seeds);
  expect(lives).toBeGreaterThan(6 * seeds);
  expect(acknowledged).toBeGreaterThan(20 * seeds);
});

describe('an ensemble that anything may happen to keeps every promise, with seeds', () => {
  const groups = Array.from(
    { length: seeds / seedsPerTest },
    (_, i) => firstSeed + i * seedsPerTest,
  );
  it.each(groups)(`from %i, ${seedsPerTest} of them`, (first) => {
    for (let seed = first; seed < first + seedsPerTest; seed++) {
      const plan = makeEnsemblePlan(seed);
      const result = run(plan);
      total.epochs += result.epochs;
      total.lives += result.lives;
      total.txns += result.txns;
      total.acknowledged += result.acknowledged;
      if (seed % twiceEvery === 0) expect(run(plan)).toEqual(result);
    }
  });
});

it('a plan that has found something once finds nothing any more', () => {
  for (const name of readdirSync(regressions).filter((file) => file.endsWith('.json'))) {
    run(JSON.parse(readFileSync(join(regressions, name), 'utf8')) as EnsemblePlan);
  }
});
