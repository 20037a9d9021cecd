/** Runs scenarios one after the other and keeps what they yield. */

import type { Contender } from '../harness/contender.ts';
import { isOwn } from '../harness/contender.ts';
import type { LoadDetail, Measurement, Outcome } from '../harness/measurement.ts';
import type { Progress, Scenario } from '../harness/scenario.ts';
import type { BenchSize } from '../harness/size.ts';
import type { ScenarioFacts } from '../report/run-record.ts';
import { Outcomes } from './outcomes.ts';
import type { ProgressLine } from './progress-line.ts';

export interface Measured {
  /** Those that ran, the one that failed among them. */
  readonly scenarios: readonly ScenarioFacts[];
  readonly measurements: readonly Measurement[];
  readonly loads: readonly LoadDetail[];
  /** Why it ended early, or null. What was measured until then is there. */
  readonly failure: string | null;
}

export interface Wanted {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly size: BenchSize;
}

/**
 * Never rejects: a scenario that fails, or `signal`, ends the run and becomes its `failure`. Servers
 * that were started are gone by then.
 */
export async function measure(
  wanted: Wanted,
  line: ProgressLine,
  signal?: AbortSignal,
): Promise<Measured> {
  const outcomes = new Outcomes();
  const progress: Progress = (done, total, what) => line.step(done, total, what);
  let failure: string | null = null;
  for (const [i, scenario] of wanted.scenarios.entries()) {
    line.scenario(i, wanted.scenarios.length, scenario.name);
    try {
      for await (const outcome of outcomesOf(scenario, wanted, progress)) {
        signal?.throwIfAborted();
        outcomes.add(outcome);
        if (outcome.kind === 'measurement') line.figure(outcome);
      }
    } catch (error) {
      const reason = signal?.aborted === true ? 'interrupted' : (error as Error).message;
      failure = `${scenario.name}: ${reason}`;
    }
    outcomes.endScenario(scenario);
    if (failure !== null) break;
  }
  const { scenarios, measurements, loads } = outcomes;
  return { scenarios, measurements, loads, failure };
}

/** A contender that cannot be started by us takes no part where one must be. */
function outcomesOf(
  scenario: Scenario,
  { contenders, size }: Wanted,
  progress: Progress,
): AsyncGenerator<Outcome> {
  return scenario.needsOwnServer
    ? scenario.run(contenders.filter(isOwn), size, progress)
    : scenario.run(contenders, size, progress);
}
