import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRun, parseWithRuns } from '../../native-free-bench/command/recorded-run.ts';
import { UsageError } from '../../native-free-bench/command/usage-error.ts';
import type { Measurement } from '../../native-free-bench/harness/measurement.ts';
import { changesOf, differencesOf, formatChanges } from '../../native-free-bench/report/change.ts';
import {
  appendRecord,
  type RunRecord,
  readRecords,
} from '../../native-free-bench/report/run-record.ts';
import { measurement, sampleRun } from './support/sample-run.ts';

function runOf(values: readonly number[], rest: Partial<Measurement> = {}): RunRecord {
  const measurements = values.map((value, repeat) =>
    measurement('get', value, { repeat, ...rest }),
  );
  return { ...sampleRun(), measurements };
}

function verdict(before: readonly number[], after: readonly number[], rest = {}): string {
  return changesOf(runOf(before, rest), runOf(after, rest))[0]!.verdict;
}

describe('the comparison of two runs', () => {
  it('sees a change when the spreads do not touch', () => {
    expect(verdict([100, 105, 110], [120, 125, 130])).toBe('better');
    expect(verdict([120, 125, 130], [100, 105, 110])).toBe('worse');
  });

  it('takes less time for better', () => {
    const us = { unit: 'us', better: 'lower' };
    expect(verdict([100, 105, 110], [120, 125, 130], us)).toBe('worse');
  });

  it('says nothing of changes within the noise', () => {
    expect(verdict([100, 105, 125], [120, 130, 140])).toBe('same');
    expect(verdict([100, 100, 100], [102, 102, 102])).toBe('same');
  });

  it('believes only large changes when there are too few repeats to see the noise', () => {
    expect(verdict([100], [115])).toBe('same');
    expect(verdict([100], [125])).toBe('better');
  });

  it('lists what changed and counts the rest', () => {
    const before = runOf([100, 101, 102]);
    const after = runOf([200, 202, 204]);
    expect(formatChanges(changesOf(before, after))).toMatch(/\+ get .*2x better\n0 of 1 figures/);
    expect(formatChanges(changesOf(before, before))).toBe(
      '1 of 1 figures: no difference beyond the noise',
    );
  });

  it('has no line for what only one run measured', () => {
    const other = { ...runOf([1]), measurements: [measurement('set', 1)] };
    expect(changesOf(runOf([1]), other)).toEqual([]);
  });

  it('says that machines or sizes differ', () => {
    const a = runOf([1]);
    const b = { ...a, machine: { ...a.machine, cores: 4 }, size: { ...a.size, seconds: 9 } };
    expect(differencesOf(a, b)).toEqual(['cores', 'the sizes of the runs']);
    expect(differencesOf(a, a)).toEqual([]);
  });
});

describe('recorded runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringkeeper-bench-'));
  const results = join(directory, 'results.jsonl');
  const first = { ...sampleRun(), commit: 'aaaa11111' };
  const second = { ...sampleRun(), commit: 'bbbb22222+' };
  appendRecord(results, first);
  appendRecord(results, second);

  it('are one line each, without the courses of their loads', () => {
    expect(readRecords(results)).toEqual([first, second].map((each) => ({ ...each, loads: [] })));
  });

  it('are found by commit, by position and by file', () => {
    expect(findRun('aaaa1', results).commit).toBe(first.commit);
    expect(findRun('-1', results).commit).toBe(second.commit);
    expect(findRun('-2', results).commit).toBe(first.commit);
    const file = join(directory, 'run.json');
    writeFileSync(file, JSON.stringify(first, null, 1));
    expect(findRun(file, results)).toEqual(first);
  });

  it('are named on a command line by positions too', () => {
    const options = { results: { type: 'string' } } as const;
    const { runs, values } = parseWithRuns(['-2', '--results', 'x', 'abcd'], options);
    expect(runs).toEqual(['-2', 'abcd']);
    expect(values.results).toBe('x');
    expect(() => parseWithRuns(['--other'], options)).toThrow(UsageError);
  });

  it('that do not exist are named', () => {
    expect(() => findRun('-3', results)).toThrow(UsageError);
    expect(() => findRun('cccc', results)).toThrow('cccc');
    expect(() => findRun('-1', join(directory, 'none'))).toThrow('there is no');
    const broken = join(directory, 'broken.jsonl');
    writeFileSync(broken, '{"format":2}\n');
    expect(() => readRecords(broken)).toThrow('line 1 is no run');
  });
});
