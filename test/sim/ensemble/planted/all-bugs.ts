/** All planted bugs, and how one is searched for. */
import { Replacements } from '../../../support/replacements.ts';
import { type EnsemblePlan, makeEnsemblePlan } from '../ensemble-plan.ts';
import { type Outcome, runPlan } from '../run-plan.ts';
import { diskBugs } from './disk-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { protocolBugs } from './protocol-bugs.ts';
import { stateBugs } from './state-bugs.ts';

export const plantedBugs: readonly PlantedBug[] = [...diskBugs, ...protocolBugs, ...stateBugs];

export function runWithBug(bug: PlantedBug, plan: EnsemblePlan): Outcome {
  const code = new Replacements();
  try {
    bug.plant(code);
    return runPlan(plan);
  } finally {
    code.repair();
  }
}

export interface Finding {
  readonly seed: number;
  readonly outcome: Outcome & { readonly ok: false };
}

/** The first of so many seeds that finds it by the promise that it breaks; null when none does. */
export function findBug(bug: PlantedBug, firstSeed: number, seeds: number): Finding | null {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const outcome = runWithBug(bug, makeEnsemblePlan(seed));
    if (!outcome.ok && outcome.error.message.includes(bug.breaks)) return { seed, outcome };
  }
  return null;
}
