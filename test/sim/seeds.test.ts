/**
 * Random runs of a whole server: each seed makes a plan, each plan is run, some twice. Plans that
 * have found something are kept in `regressions` and run for ever.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { makePlan, type Plan } from './plan.ts';
import { type PlanResult, PlanRun } from './plan-run.ts';
import { withoutChance } from './without-chance.ts';

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);
const seedsPerTest = 20;
/** Of so many plans one is run twice. */
const twiceEvery = 20;
const regressions = fileURLToPath(new URL('./regressions', import.meta.url));

const total = { lives: 0, txns: 0, snapshots: 0, diskDeaths: 0, loneWrites: 0 };

function run(plan: Plan): PlanResult {
  try {
    return withoutChance(() => new PlanRun(plan).run());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const json = JSON.stringify(plan);
    throw new Error(`seed ${plan.seed}: ${message}\nthe plan is ${json}`, { cause: error });
  }
}

afterAll(() => {
  const { lives, txns, snapshots, diskDeaths, loneWrites } = total;
  console.log(
    `${lives} lives, ${txns} txns, ${snapshots} snapshots, ${diskDeaths} disks failed, ` +
      `${loneWrites} lone writes`,
  );
  expect(lives).toBeGreaterThan(3 * seeds.length);
  expect(txns).toBeGreaterThan(25 * seeds.length);
  expect(snapshots).toBeGreaterThan(seeds.length);
  expect(diskDeaths).toBeGreaterThan(seeds.length / 4);
  expect(loneWrites).toBeGreaterThan(seeds.length);
});

describe('a server that anything may happen to keeps every promise, with seeds', () => {
  const groups = seeds.filter((seed) => seed % seedsPerTest === 1);
  it.each(groups)(`from %i, ${seedsPerTest} of them`, (first) => {
    for (let seed = first; seed < first + seedsPerTest; seed++) {
      const plan = makePlan(seed);
      const result = run(plan);
      total.lives += result.lives;
      total.txns += result.txns;
      total.snapshots += result.snapshots;
      total.diskDeaths += result.diskDeaths;
      total.loneWrites += result.loneWrites;
      if (seed % twiceEvery === 0) expect(run(plan)).toEqual(result);
    }
  });
});

describe('a plan that has found something once finds nothing any more', () => {
  const names = readdirSync(regressions).filter((name) => name.endsWith('.json'));
  it.each(names)('%s', (name) => {
    run(JSON.parse(readFileSync(join(regressions, name), 'utf8')) as Plan);
  });
});
