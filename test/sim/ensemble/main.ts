/**
 * The simulator as a command: random runs of a whole ensemble, by seed.
 *
 *   npm run sim                            1,000 seeds
 *   npm run sim -- --seed 7                one seed, what it did
 *   npm run sim -- --minutes 10            as many seeds as there is time for
 *   npm run sim -- --plan failure.json     a plan that was kept
 *   npm run sim -- --config zoo.cfg        the timing and the shape of your own ensemble
 *   npm run sim -- --bug 2845              the first seed that finds a planted bug, by its ticket
 *                                          or words of its name; 'all' for each of them
 *
 * A plan that fails is made smaller and written beside; the command that repeats it is printed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type EnsemblePlan, makeEnsemblePlan } from './ensemble-plan.ts';
import { withConfiguration } from './ensemble-settings.ts';
import { findBug, plantedBugs } from './planted/all-bugs.ts';
import { runPlan } from './run-plan.ts';
import { shrinkPlan } from './shrink.ts';

const usage =
  'npm run sim -- [--seed N] [--seeds N] [--minutes M] [--plan FILE] [--config FILE] [--bug TEXT]';
const minuteMs = 60_000;
const seedsUsual = 1000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    plan: { type: 'string' },
    config: { type: 'string' },
    bug: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else process.exitCode = main();

function main(): number {
  const { plan, seed } = values;
  if (plan !== undefined) {
    return runOne(JSON.parse(readFileSync(plan, 'utf8')) as EnsemblePlan, true) ? 0 : 1;
  }
  if (values.bug !== undefined) return searchBugs(values.bug);
  if (seed !== undefined && values.seeds === undefined)
    return runOne(planOf(Number(seed)), true) ? 0 : 1;
  return runMany();
}

function runMany(): number {
  const { minutes, seeds } = values;
  const endMs =
    minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(minutes) * minuteMs;
  const first =
    minutes === undefined ? Number(values.seed ?? 1) : 1 + Math.floor(Math.random() * 0x7fff_0000);
  const count = minutes === undefined ? Number(seeds ?? seedsUsual) : Number.POSITIVE_INFINITY;
  const startMs = Date.now();
  let runs = 0;
  for (; runs < count && Date.now() < endMs; runs++) {
    if (!runOne(planOf(first + runs), false)) return 1;
    if ((runs + 1) % 100 === 0) console.log(`${runs + 1} seeds, ${secondsSince(startMs)} s`);
  }
  console.log(`${runs} seeds from ${first} on: all promises kept, ${secondsSince(startMs)} s`);
  return 0;
}

/** Prints the seed and the promise of each. */
function searchBugs(text: string): number {
  const wanted = plantedBugs.filter(({ name, tickets }) => {
    return text === 'all' || name.includes(text) || tickets.includes(Number(text));
  });
  let missed = 0;
  for (const bug of wanted) {
    const finding = findBug(bug, Number(values.seed ?? 1), Number(values.seeds ?? seedsUsual));
    if (finding === null) missed++;
    const reason = finding === null ? 'NOT FOUND' : finding.outcome.error.message.split('\n')[0];
    console.log(`${bug.name}: seed ${finding?.seed}: ${reason}`);
  }
  return missed;
}

function planOf(seed: number): EnsemblePlan {
  const plan = makeEnsemblePlan(seed);
  return values.config === undefined ? plan : withConfiguration(plan, values.config);
}

function runOne(plan: EnsemblePlan, isTold: boolean): boolean {
  const outcome = runPlan(plan);
  if (outcome.ok) {
    if (isTold) console.log(JSON.stringify({ seed: plan.seed, ...outcome.result }, null, 2));
    return true;
  }
  console.error(`seed ${plan.seed}: ${outcome.error.stack}`);
  console.error('making the plan smaller ...');
  const endMs = Date.now() + minuteMs;
  const small = shrinkPlan(plan, (candidate) => {
    if (Date.now() > endMs) return null;
    const next = runPlan(candidate);
    return next.ok ? null : next.reason;
  });
  const file = `sim-failure-${plan.seed}.json`;
  writeFileSync(file, `${JSON.stringify(small, null, 2)}\n`);
  console.error(`${small.faults.length} faults and ${small.clients.length} clients are left.`);
  console.error(`Repeat it with: npm run sim -- --plan ${file}`);
  return false;
}

function secondsSince(startMs: number): string {
  return ((Date.now() - startMs) / 1000).toFixed(1);
}
