/**
 * What the scenarios of a run have yielded. Two scenarios may measure the same load: the later one's
 * figures are further repeats of the earlier one's, so that ratios are taken of what was measured
 * side by side.
 */

import type { LoadDetail, Measurement, Outcome } from '../harness/measurement.ts';
import type { Scenario } from '../harness/scenario.ts';
import type { ScenarioFacts } from '../report/run-record.ts';

export class Outcomes {
  readonly scenarios: ScenarioFacts[] = [];
  readonly measurements: Measurement[] = [];
  readonly loads: LoadDetail[] = [];
  private readonly figureRepeats = new Repeats();
  private readonly loadRepeats = new Repeats();

  add(outcome: Outcome): void {
    if (outcome.kind === 'load') {
      const repeat = this.loadRepeats.add(outcome.load, outcome.repeat);
      this.loads.push({ ...outcome, repeat });
    } else {
      const repeat = this.figureRepeats.add(outcome.figure, outcome.repeat);
      this.measurements.push({ ...outcome, repeat });
    }
  }

  /** All outcomes since the last call were this scenario's. */
  endScenario({ name, title }: Scenario): void {
    const figures = this.figureRepeats.endScenario();
    const loads = this.loadRepeats.endScenario();
    this.scenarios.push({ name, title, figures, loads });
  }
}

/** How often the figures or loads of each name were measured. */
class Repeats {
  private readonly before = new Map<string, number>();
  private readonly now = new Map<string, number>();

  /** A scenario's own number of a repeat becomes that of the run, which is returned. */
  add(name: string, ownRepeat: number): number {
    const repeat = (this.before.get(name) ?? 0) + ownRepeat;
    this.now.set(name, Math.max(this.now.get(name) ?? 0, repeat + 1));
    return repeat;
  }

  /** Returns the names that no earlier scenario had. */
  endScenario(): string[] {
    const names = [...this.now.keys()].filter((name) => !this.before.has(name));
    for (const [name, repeats] of this.now) this.before.set(name, repeats);
    this.now.clear();
    return names;
  }
}
