import { describe, expect, it } from 'vitest';
import { measure } from '../../native-free-bench/command/measure.ts';
import { ProgressLine } from '../../native-free-bench/command/progress-line.ts';
import { ringkeeper, targetOf } from '../../native-free-bench/harness/contender.ts';
import type { Outcome } from '../../native-free-bench/harness/measurement.ts';
import { inTurn, type Scenario } from '../../native-free-bench/harness/scenario.ts';
import { quickSize } from '../../native-free-bench/harness/size.ts';
import { toRows } from '../../native-free-bench/report/rows.ts';
import { loadDetail, measurement } from './support/sample-run.ts';

class Output {
  text = '';
  readonly columns = 60;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

function scenarioOf(name: string, outcomes: () => Iterable<Outcome>): Scenario {
  return {
    name,
    title: `what ${name} is`,
    isDefault: true,
    needsOwnServer: false,
    run: async function* (contenders, _, progress) {
      progress(1, 4, `${contenders.map((each) => each.name)} at work`);
      yield* outcomes();
    },
  };
}

function line(output = new Output(false)): ProgressLine {
  return new ProgressLine(output, () => 0);
}

describe('a run of scenarios', () => {
  const contenders = [ringkeeper];

  it('keeps figures and courses, and which scenario had which figure', async () => {
    const one = scenarioOf('one', () => [loadDetail(), measurement('a', 1), measurement('a', 2)]);
    const two = scenarioOf('two', () => [measurement('b', 3)]);
    const run = await measure({ scenarios: [one, two], contenders, size: quickSize }, line());
    expect(run.measurements.map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(run.loads).toHaveLength(1);
    expect(run.failure).toBeNull();
    expect(run.scenarios).toEqual([
      { name: 'one', title: 'what one is', figures: ['a'], loads: ['get 100 B 64x16'] },
      { name: 'two', title: 'what two is', figures: ['b'], loads: [] },
    ]);
  });

  it('takes what a later scenario measures again for further repeats', async () => {
    const pair = (name: string, apache: number, ours: number) =>
      scenarioOf(name, () => [
        measurement('get', apache, { server: 'apache' }),
        measurement('get', ours),
        loadDetail({ load: 'get' }),
      ]);
    const chosen = [pair('one', 10, 20), pair('two', 100, 400)];
    const run = await measure({ scenarios: chosen, contenders, size: quickSize }, line());
    expect(toRows(run.measurements)[0]!.ratio).toMatchObject({ min: 2, max: 4, count: 2 });
    expect(run.loads.map(({ repeat }) => repeat)).toEqual([0, 1]);
    expect(run.scenarios.map(({ figures, loads }) => [figures, loads])).toEqual([
      [['get'], ['get']],
      [[], []],
    ]);
  });

  it('ends with the first scenario that fails, and keeps what was known', async () => {
    const bad = scenarioOf('bad', function* () {
      yield measurement('a', 1);
      throw new Error('3 wrong replies');
    });
    const never = scenarioOf('never', () => [measurement('b', 1)]);
    const run = await measure({ scenarios: [bad, never], contenders, size: quickSize }, line());
    expect(run.failure).toBe('bad: 3 wrong replies');
    expect(run.measurements).toHaveLength(1);
    expect(run.scenarios.map(({ name }) => name)).toEqual(['bad']);
  });

  it('ends the scenario in good order when it is interrupted', async () => {
    const controller = new AbortController();
    let isReleased = false;
    const long = scenarioOf('long', function* () {
      try {
        yield measurement('a', 1);
        controller.abort();
        yield measurement('b', 1);
        yield measurement('c', 1);
      } finally {
        isReleased = true;
      }
    });
    const wanted = { scenarios: [long], contenders, size: quickSize };
    const run = await measure(wanted, line(), controller.signal);
    expect(run.failure).toBe('long: interrupted');
    expect(run.measurements.map(({ figure }) => figure)).toEqual(['a']);
    expect(isReleased).toBe(true);
  });

  it('leaves servers that run already out where one must be started', async () => {
    const own: Scenario = {
      ...scenarioOf('own', () => []),
      needsOwnServer: true,
      run: async function* (chosen) {
        yield measurement(`of ${chosen.map(({ name }) => name)}`, 1);
      },
    };
    const both = [targetOf([{ host: '127.0.0.1', port: 1 }]), ringkeeper];
    const run = await measure({ scenarios: [own], contenders: both, size: quickSize }, line());
    expect(run.measurements[0]!.figure).toBe('of ringkeeper');
  });

  it('begins every other repeat with another contender', () => {
    expect([0, 1, 2].map((repeat) => inTurn(['a', 'b'], repeat).join(''))).toEqual([
      'ab',
      'ba',
      'ab',
    ]);
  });
});

describe('the progress of a run', () => {
  it('is a line a step and a figure in a log', () => {
    const output = new Output(false);
    const progress = line(output);
    progress.scenario(0, 2, 'speed');
    progress.step(1, 4, 'get');
    progress.figure(measurement('get', 1234));
    progress.end();
    expect(output.text.split('\n')).toEqual([
      '[1/2] speed   0 %  starting',
      '[1/2] speed  25 %  get',
      '  ringkeeper  get: 1,234 ops/s',
      '',
    ]);
  });

  it('is one line that changes in place on a terminal, with the time that is left', () => {
    const output = new Output(true);
    let nowMs = 0;
    const progress = new ProgressLine(output, () => nowMs);
    progress.scenario(1, 2, 'speed');
    nowMs = 65_000;
    output.text = '';
    progress.step(1, 2, 'a long text that does not fit in any way into the line');
    expect(output.text).toContain(
      '\r\u001b[K[2/2] speed ████████░░░░░░░░  50 %  1:05, 1:05 left here',
    );
    expect(output.text).not.toContain('\n');
    expect(output.text.length).toBeLessThan(output.columns + 5);
    nowMs = 66_000;
    progress.redraw();
    expect(output.text).toContain('1:06');
    progress.end();
    expect(output.text.endsWith('\r\u001b[K')).toBe(true);
  });
});
