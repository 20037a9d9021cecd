/** Every scenario with tiny numbers against our server, so that none of them can rot. */
import { describe, expect, it } from 'vitest';
import { ringkeeper } from '../../native-free-bench/harness/contender.ts';
import type { LoadDetail, Measurement } from '../../native-free-bench/harness/measurement.ts';
import type { Scenario } from '../../native-free-bench/harness/scenario.ts';
import { tinySize } from '../../native-free-bench/harness/size.ts';
import { scenarios } from '../../native-free-bench/scenarios/index.ts';

interface Measured {
  readonly figures: readonly Measurement[];
  readonly loads: readonly LoadDetail[];
  readonly steps: readonly string[];
}

async function measured({ run }: Scenario): Promise<Measured> {
  const [figures, loads, steps]: [Measurement[], LoadDetail[], string[]] = [[], [], []];
  const progress = (done: number, total: number, what: string) => {
    expect(done).toBeLessThan(total);
    steps.push(what);
  };
  for await (const outcome of run([ringkeeper], tinySize, progress)) {
    if (outcome.kind === 'load') loads.push(outcome);
    else figures.push(outcome);
  }
  return { figures, loads, steps };
}

describe('a scenario with tiny numbers', () => {
  it.each(scenarios.map((each) => [each.name, each] as const))('%s', async (_, scenario) => {
    const { figures, loads, steps } = await measured(scenario);
    expect(steps.length).toBeGreaterThan(0);
    expect(figures.length).toBeGreaterThan(0);
    for (const { figure, value } of figures) {
      expect(value, figure).toBeGreaterThanOrEqual(0);
      expect(value, figure).toBeLessThan(Number.POSITIVE_INFINITY);
    }
    const keys = figures.map(({ figure, server, repeat }) => `${figure}, ${server}, ${repeat}`);
    expect(new Set(keys).size, 'each figure is there once').toBe(keys.length);
    for (const { load, ops } of loads) expect(ops, load).toBeGreaterThan(0);
  });
});
