/** Runs a plan of an ensemble, and says what is wrong as one line. */

import type { EnsemblePlan } from './ensemble-plan.ts';
import { type EnsembleResult, EnsembleWorld } from './ensemble-world.ts';
import { Broken } from './oracle/broken.ts';

export type Outcome =
  | { readonly ok: true; readonly result: EnsembleResult }
  | { readonly ok: false; readonly reason: string; readonly error: Error };

export function runPlan(plan: EnsemblePlan): Outcome {
  try {
    return { ok: true, result: new EnsembleWorld(plan).run() };
  } catch (error) {
    const isError = error instanceof Error;
    return { ok: false, reason: reasonOf(error), error: isError ? error : new Error(`${error}`) };
  }
}

/** By which two failures are the same: the invariant, or the kind of error and where it was. */
function reasonOf(error: unknown): string {
  if (error instanceof Broken) return error.invariant;
  if (!(error instanceof Error)) return String(error);
  const place = /\/(src|test)\/[^)\s]+\.ts:\d+/.exec(error.stack ?? '')?.[0] ?? '';
  return `${error.name}: ${error.message.replace(/\d+/g, 'N')} ${place}`;
}
