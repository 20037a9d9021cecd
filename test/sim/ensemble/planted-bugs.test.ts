/**
 * Bugs that ensembles have had, and some that only this server could have, planted one at a time
 * into the production code: a run of the whole ensemble must find each. A search that finds nothing
 * says something only when it would have found these.
 *
 * Each bug knows a seed that finds it. A change of the code may move that: then the search begins
 * anew at the first seed, and it is time to write down what `npm run sim -- --bug NAME` finds.
 */
import { assert, describe, expect, it } from 'vitest';
import { withoutChance } from '../without-chance.ts';
import { makeEnsemblePlan } from './ensemble-plan.ts';
import { findBug, plantedBugs } from './planted/all-bugs.ts';
import type { PlantedBug } from './planted/planted-bug.ts';
import { runPlan } from './run-plan.ts';

const seedsMax = 1000;
/** Searched from the seed that is known, before all others. */
const seedsNear = 5;
const historicalMin = 20;

const titled = plantedBugs.map((bug) => [titleOf(bug), bug] as const);

function titleOf({ name, tickets }: PlantedBug): string {
  return tickets.length === 0 ? name : `${name} (ZOOKEEPER-${tickets.join(', ')})`;
}

describe('a run of the whole ensemble finds it when', () => {
  it.each(titled)('%s', (_title, bug) => {
    const near = withoutChance(() => findBug(bug, bug.seed, seedsNear));
    const finding = near ?? withoutChance(() => findBug(bug, 1, seedsMax));
    assert(finding !== null, `none of ${seedsMax} seeds finds it`);
    expect(finding.seed).toBeLessThanOrEqual(seedsMax);
    const plan = makeEnsemblePlan(finding.seed);
    const without = withoutChance(() => runPlan(plan));
    expect(without.ok ? 'all promises kept' : without.error.message).toBe('all promises kept');
  });
});

it(`knows at least ${historicalMin} bugs of Apache's tracker`, () => {
  const historical = plantedBugs.filter(({ tickets }) => tickets.length > 0);
  expect(historical.length).toBeGreaterThanOrEqual(historicalMin);
});
