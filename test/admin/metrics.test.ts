/** Recording in one thread and reading from another: sums, samples, labels, resets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMetrics } from '../../src/admin/metrics.ts';
import {
  advanced,
  advancedSet,
  basic,
  basicSet,
  counter,
  labelsMax,
  metricsCells,
  reservoirValues,
  SummaryCell,
} from '../../src/admin/metrics-layout.ts';
import {
  createMetricsMemory,
  MetricsRecorder,
  requestMetricsReset,
} from '../../src/admin/metrics-recorder.ts';

/** Marsaglia's xorshift, as a random port that always gives the same numbers. */
function seededRandom(seed: number) {
  let state = seed | 1;
  return {
    next32: () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    },
  };
}

function thread(seed = 7) {
  const memory = createMetricsMemory();
  return { memory, recorder: new MetricsRecorder(memory, seededRandom(seed)) };
}

const text = (label: string) => new TextEncoder().encode(label);

describe('summaries', () => {
  test('any values have the sum, least and most that a list of them has', () => {
    const parts = fc.array(fc.array(fc.integer({ min: -5, max: 1e6 }), { maxLength: 20 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(parts, (lists) => {
        const threads = lists.map(() => thread());
        lists.forEach((values, i) => {
          for (const value of values) threads[i]!.recorder.add(basic.fsynctime, value);
        });
        const all = lists.flat();
        const { summaries } = readMetrics(threads.map(({ memory }) => memory));
        const sum = all.reduce((total, value) => total + value, 0);
        expect(summaries.fsynctime).toEqual({
          count: all.length,
          sum,
          min: all.length === 0 ? 0 : Math.min(...all),
          max: all.length === 0 ? 0 : Math.max(...all),
          average: all.length === 0 ? 0 : sum / all.length,
          percentiles: null,
        });
      }),
    );
  });

  test('percentiles of few values are those of the values themselves', () => {
    const { memory, recorder } = thread();
    for (let value = 1; value <= 1000; value++) recorder.addSampled(advanced.readlatency, value);
    expect(readMetrics([memory]).summaries.readlatency.percentiles).toEqual({
      p50: 501,
      p95: 951,
      p99: 991,
      p999: 1000,
    });
  });

  test('the sample of many values represents all of them, not the first or the last ones', () => {
    const { memory, recorder } = thread();
    const values = 200_000;
    for (let value = 0; value < values; value++) recorder.addSampled(advanced.readlatency, value);
    const { percentiles } = readMetrics([memory]).summaries.readlatency;
    expect(Math.abs(percentiles!.p50 / values - 0.5)).toBeLessThan(0.04);
    expect(Math.abs(percentiles!.p95 / values - 0.95)).toBeLessThan(0.02);
  });

  test('a busy thread weighs more in the percentiles than a quiet one', () => {
    const busy = thread(1);
    const quiet = thread(2);
    for (let i = 0; i < 100_000; i++) busy.recorder.addSampled(advanced.readlatency, 1);
    for (let i = 0; i < 5000; i++) quiet.recorder.addSampled(advanced.readlatency, 100);
    const { summaries } = readMetrics([busy.memory, quiet.memory]);
    const { percentiles, count } = summaries.readlatency;
    expect({ count, p50: percentiles!.p50, p99: percentiles!.p99 }).toEqual({
      count: 105_000,
      p50: 1,
      p99: 100,
    });
    expect(percentiles!.p95).toBe(1);
  });

  test('a metric never writes into its neighbour', () => {
    const { memory, recorder } = thread();
    for (let i = 0; i < 20_000; i++) recorder.addSampled(advanced.readlatency, 9);
    const cells = new Float64Array(memory.buffer);
    expect(cells).toHaveLength(metricsCells);
    const start = advanced.readlatency;
    const end = start + SummaryCell.values + reservoirValues;
    expect(cells.subarray(0, start).every((cell) => cell === 0)).toBe(true);
    expect(cells.subarray(start, end).every((cell) => cell > 0)).toBe(true);
    expect(cells.subarray(end).every((cell) => cell === 0)).toBe(true);
  });
});

describe('labels', () => {
  test('the same label of several threads is one', () => {
    const [one, two] = [thread(), thread()];
    one.recorder.addIn(basicSet.read_per_namespace, text('/app/x'), 1, 4, 10);
    two.recorder.addIn(basicSet.read_per_namespace, text('other'), 0, 5, 1);
    two.recorder.addIn(basicSet.read_per_namespace, text('app'), 0, 3, 30);
    const { summarySets } = readMetrics([one.memory, two.memory]);
    const { app, other } = summarySets.read_per_namespace;
    expect([app?.count, app?.sum, other?.count]).toEqual([2, 40, 1]);
  });

  test('a label is told from its beginnings and from longer ones', () => {
    const { memory, recorder } = thread();
    for (const label of ['ab', 'a', 'abc', '', 'a', '__proto__']) {
      recorder.addIn(basicSet.write_per_namespace, text(label), 0, label.length, 1);
    }
    const { summarySets } = readMetrics([memory]);
    const counts = Object.entries(summarySets.write_per_namespace).map(
      ([label, { count }]) => `${label}=${count}`,
    );
    expect(counts.sort()).toEqual(['=1', '__proto__=1', 'a=2', 'ab=1', 'abc=1']);
  });

  test('labels beyond the limit are not counted and disturb nothing', () => {
    const { memory, recorder } = thread();
    for (let i = 0; i < labelsMax + 5; i++) {
      const label = text(`n${i}`);
      recorder.addIn(basicSet.learner_handler_qp_size, label, 0, label.length, 1);
    }
    recorder.addSampledIn(advancedSet.ack_latency, text('1'), 0, 1, 4);
    const { summarySets } = readMetrics([memory]);
    expect(Object.keys(summarySets.learner_handler_qp_size)).toHaveLength(labelsMax);
    expect(summarySets.ack_latency['1']?.percentiles?.p50).toBe(4);
  });

  test('a long label is cut', () => {
    const { memory, recorder } = thread();
    recorder.addIn(basicSet.read_per_namespace, text('x'.repeat(100)), 0, 100, 1);
    const labels = Object.keys(readMetrics([memory]).summarySets.read_per_namespace);
    expect(labels).toEqual(['x'.repeat(63)]);
  });
});

test('a reset that was asked for happens once, when its owner looks', () => {
  const { memory, recorder } = thread();
  const commits = () => readMetrics([memory]).counters.commit_count;
  recorder.count(counter.commit_count, 5);
  recorder.maybeReset();
  expect(commits()).toBe(5);
  requestMetricsReset(memory);
  expect(commits()).toBe(5);
  recorder.maybeReset();
  expect(commits()).toBe(0);
  recorder.count(counter.commit_count, 2);
  recorder.maybeReset();
  expect(commits()).toBe(2);
});
