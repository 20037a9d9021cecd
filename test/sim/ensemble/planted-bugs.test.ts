/**
 * Bugs that ensembles have had, and some that only this server could have, planted one at a time
 * into the production code: a run of the whole ensemble must find each. A search that finds nothing
 * says something only when it would have found these.
 *
 * Each bug knows the first seed that finds it. The search begins there and goes on a little, for a
 * change of the code may move it; `npm run sim -- --bug NAME` looks for a new one.
 */
import { describe, expect, it } from 'vitest';
import { withoutChance } from '../without-chance.ts';
import { makeEnsemblePlan } from './ensemble-plan.ts';
import { findBug, plantedBugs } from './planted/all-bugs.ts';
import type { PlantedBug } from './planted/planted-bug.ts';
import { runPlan } from './run-plan.ts';

const seedsMax = 1000;
/** Searched from the seed that is known. */
const seedsNear = 20;
const historicalMin = 20;

const titled = plantedBugs.map((bug) => [titleOf(bug), bug] as const);

function titleOf({ name, tickets }: PlantedBug): string {
  return tickets.length === 0 ? name : `${name} (ZOOKEEPER-${tickets.join(', ')})`;
}

describe('a run of the whole ensemble finds it when', () => {
  it.each(titled)('%s', (_title, bug) => {
    expect(bug.seed).toBeLessThanOrEqual(seedsMax);
    const finding = withoutChance(() => findBug(bug, bug.seed, seedsNear));
    expect(finding?.outcome.error.message).toMatch(bug.breaks);
    const plan = makeEnsemblePlan(finding?.seed ?? bug.seed);
    const without = withoutChance(() => runPlan(plan));
    expect(without.ok ? 'all promises kept' : without.error.message).toBe('all promises kept');
  });
});

it(`knows at least ${historicalMin} bugs of Apache's tracker`, () => {
  const historical = plantedBugs.filter(({ tickets }) => tickets.length > 0);
  expect(historical.length).toBeGreaterThanOrEqual(historicalMin);
});
