/** The first half of the seeds, and the plans that have found something once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import type { EnsemblePlan } from './ensemble-plan.ts';
import { describeSeeds, mustKeepPromises } from './seed-runs.ts';

describeSeeds(1, 500);

it('a plan that has found something once finds nothing any more', () => {
  const regressions = fileURLToPath(new URL('./regressions', import.meta.url));
  for (const name of readdirSync(regressions).filter((file) => file.endsWith('.json'))) {
    mustKeepPromises(JSON.parse(readFileSync(join(regressions, name), 'utf8')) as EnsemblePlan);
  }
});
