/**
 * Scenarios that start servers of their own for each measurement: every step (a number of znodes,
 * say) in every repeat with every contender, in turns.
 */
import type { OwnContender } from './contender.ts';
import type { Outcome, ServerName } from './measurement.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import type { BenchSize } from './size.ts';

/** What is measured now, as parts of each of its figures. */
export interface Turn<Step> {
  readonly step: Step;
  readonly size: BenchSize;
  readonly about: { readonly server: ServerName; readonly repeat: number };
}

interface OwnScenario<Step> {
  readonly name: string;
  readonly title: string;
  readonly isDefault?: true;
  /** As progress calls them. */
  readonly steps: (size: BenchSize) => readonly (Step & { readonly called: string })[];
  /** False leaves this contender out of this step. */
  readonly isFor?: (contender: OwnContender, turn: Turn<Step>) => boolean;
  readonly measure: (contender: OwnContender, turn: Turn<Step>) => AsyncIterable<Outcome>;
  /** What the machine allows, measured beside the contenders. */
  readonly reference?: (turn: Turn<Step>) => AsyncIterable<Outcome> | Iterable<Outcome>;
}

export function ownScenario<Step>(scenario: OwnScenario<Step>): Scenario {
  const { name, title, isDefault = false } = scenario;
  const run = (contenders: readonly OwnContender[], size: BenchSize, progress: Progress) =>
    runTurns(scenario, contenders, size, progress);
  return { name, title, isDefault, needsOwnServer: true, run };
}

async function* runTurns<Step>(
  { steps, isFor, measure, reference }: OwnScenario<Step>,
  contenders: readonly OwnContender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const all = steps(size);
  const total = all.length * size.repeats * contenders.length;
  let done = 0;
  for (const step of all) {
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      const turnOf = (server: ServerName): Turn<Step> => ({
        step,
        size,
        about: { server, repeat },
      });
      for (const contender of inTurn(contenders, repeat)) {
        progress(done++, total, `${contender.name}: ${step.called}`);
        const turn = turnOf(contender.name);
        if (isFor?.(contender, turn) ?? true) yield* measure(contender, turn);
      }
      if (reference !== undefined) yield* reference(turnOf('reference'));
    }
  }
}
