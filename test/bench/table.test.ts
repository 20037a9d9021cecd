import { describe, expect, it } from 'vitest';
import { formatTable, toRows } from '../../native-free-bench/report/table.ts';
import type { Measurement } from '../../native-free-bench/scenarios/measurement.ts';

function measured(
  scenario: string,
  unit: Measurement['unit'],
  values: Partial<Record<Measurement['server'], number[]>>,
): Measurement[] {
  return (['apache', 'ringkeeper'] as const).flatMap((server) =>
    (values[server] ?? []).map((value) => ({ scenario, unit, server, value })),
  );
}

describe('the table of a comparison', () => {
  it('has the median and the spread of each server', () => {
    const rows = toRows(measured('get', 'ops/s', { apache: [5, 1, 3], ringkeeper: [8, 6] }));
    expect(rows[0]!.apache).toEqual({ median: 3, min: 1, max: 5, count: 3 });
    expect(rows[0]!.ringkeeper).toEqual({ median: 7, min: 6, max: 8, count: 2 });
  });

  it('calls more operations better', () => {
    expect(toRows(measured('get', 'ops/s', { apache: [10], ringkeeper: [40] }))[0]!.ratio).toBe(4);
  });

  it('calls less time better', () => {
    expect(toRows(measured('p50', 'us', { apache: [10], ringkeeper: [40] }))[0]!.ratio).toBe(0.25);
  });

  it('has no ratio where one server was not measured', () => {
    const rows = toRows(measured('get', 'ops/s', { apache: [10] }));
    expect(rows[0]!.ratio).toBeNull();
    expect(formatTable(rows)).toMatch(/^get {7}ops\/s {6}10 {11}- {6}-$/m);
  });
});
