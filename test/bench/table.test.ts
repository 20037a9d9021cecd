import { describe, expect, it } from 'vitest';
import type { Measurement, ServerName } from '../../native-free-bench/harness/measurement.ts';
import { chosenRows, toRows } from '../../native-free-bench/report/rows.ts';
import { formatTable } from '../../native-free-bench/report/table.ts';

type Values = Partial<Record<ServerName, number[]>>;

function measured(figure: string, unit: Measurement['unit'], values: Values): Measurement[] {
  return (['apache', 'ringkeeper'] as const).flatMap((server) =>
    (values[server] ?? []).map((value, repeat) => ({
      kind: 'measurement',
      figure,
      unit,
      better: unit === 'ops/s' ? 'higher' : 'lower',
      server,
      repeat,
      value,
    })),
  );
}

describe('the rows of a run', () => {
  it('have the median and the spread of each server', () => {
    const [row] = toRows(measured('get', 'ops/s', { apache: [5, 1, 3], ringkeeper: [8, 6] }));
    expect(row!.servers.apache).toEqual({ median: 3, min: 1, max: 5, count: 3 });
    expect(row!.servers.ringkeeper).toEqual({ median: 7, min: 6, max: 8, count: 2 });
  });

  it('call more operations better', () => {
    const [row] = toRows(measured('get', 'ops/s', { apache: [10], ringkeeper: [40] }));
    expect(row!.ratio).toMatchObject({ median: 4, count: 1 });
  });

  it('call less time better', () => {
    const [row] = toRows(measured('p50', 'us', { apache: [10], ringkeeper: [40] }));
    expect(row!.ratio?.median).toBe(0.25);
  });

  it('take ratios within each repeat, not of medians', () => {
    const [row] = toRows(measured('get', 'ops/s', { apache: [10, 1, 4], ringkeeper: [20, 5, 4] }));
    expect(row!.ratio).toEqual({ median: 2, min: 1, max: 5, count: 3 });
  });

  it('are chosen by their names, or by how these begin', () => {
    const rows = toRows(
      ['get', 'get p99', 'set p50', 'set p99'].flatMap((name) =>
        measured(name, 'us', { ringkeeper: [1] }),
      ),
    );
    const names = chosenRows(rows, ['set', 'get', 'none']).map(({ figure }) => figure);
    expect(names).toEqual(['set p50', 'set p99', 'get']);
  });

  it('have no ratio where one server was not measured', () => {
    const [row] = toRows(measured('get', 'ops/s', { ringkeeper: [10] }));
    expect(row!.ratio).toBeNull();
  });
});

describe('the table of a run', () => {
  it('shows the baseline first and the spread behind the median', () => {
    const rows = toRows(measured('get', 'ops/s', { ringkeeper: [30, 20], apache: [10, 10] }));
    expect(formatTable(rows)).toMatch(
      /^get +ops\/s +10 \(10–10\) +25 \(20–30\) +2\.50x \(2\.00–3\.00\)$/m,
    );
  });

  it('has a title above each of several groups', () => {
    const rows = toRows(
      ['get', 'get p99', 'set'].flatMap((name) => measured(name, 'us', { ringkeeper: [1] })),
    );
    const reads = { title: 'reads', figures: ['get', 'get p99'] };
    const writes = { title: 'writes', figures: ['set'] };
    const lines = formatTable(rows, [reads, writes]).split('\n').slice(2);
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
      '',
      '# reads',
      'get',
      'get p99',
      '',
      '# writes',
      'set',
    ]);
    expect(formatTable(rows, [reads])).not.toContain('#');
  });

  it('has no column for ratios when there are none', () => {
    const table = formatTable(toRows(measured('get', 'ops/s', { ringkeeper: [10] })));
    expect(table).toMatch(/^figure +unit +ringkeeper$/m);
    expect(table).toMatch(/^get +ops\/s +10$/m);
  });
});
