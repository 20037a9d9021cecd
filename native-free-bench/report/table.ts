/**
 * Turns measurements into rows of medians and rows into a table for people. The ratio is always
 * "how many times better", whichever way the unit points.
 */
import type { Measurement } from '../scenarios/measurement.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

export interface Row {
  readonly scenario: string;
  readonly unit: Measurement['unit'];
  readonly apache: Spread | null;
  readonly ringkeeper: Spread | null;
  /** Above 1: ours is better. Null when one of the two was not measured. */
  readonly ratio: number | null;
}

export function toRows(measurements: readonly Measurement[]): Row[] {
  const scenarios = [...new Set(measurements.map((each) => each.scenario))];
  return scenarios.map((scenario) => {
    const ofScenario = measurements.filter((each) => each.scenario === scenario);
    const unit = ofScenario[0]!.unit;
    const apache = spreadOf(ofScenario, 'apache');
    const ringkeeper = spreadOf(ofScenario, 'ringkeeper');
    return { scenario, unit, apache, ringkeeper, ratio: ratioOf(unit, apache, ringkeeper) };
  });
}

export function formatTable(rows: readonly Row[]): string {
  const head = ['scenario', 'unit', 'apache', 'ringkeeper', 'ratio'];
  const lines = rows.map((row) => [
    row.scenario,
    row.unit,
    formatSpread(row.apache),
    formatSpread(row.ringkeeper),
    row.ratio === null ? '-' : `${row.ratio.toFixed(2)}x`,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i]!.length)));
  const join = (line: string[]): string =>
    line
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [join(head), join(widths.map((width) => '-'.repeat(width))), ...lines.map(join)].join(
    '\n',
  );
}

function spreadOf(measurements: readonly Measurement[], server: string): Spread | null {
  const values = measurements
    .filter((each) => each.server === server)
    .map((each) => each.value)
    .sort((a, b) => a - b);
  if (values.length === 0) return null;
  const middle = values.length >> 1;
  const median =
    values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
  return { median, min: values[0]!, max: values.at(-1)!, count: values.length };
}

function ratioOf(unit: Row['unit'], apache: Spread | null, ours: Spread | null): number | null {
  if (apache === null || ours === null) return null;
  const isMoreBetter = unit === 'ops/s';
  return isMoreBetter ? ours.median / apache.median : apache.median / ours.median;
}

function formatSpread(spread: Spread | null): string {
  if (spread === null) return '-';
  const text = formatNumber(spread.median);
  if (spread.count === 1) return text;
  return `${text} (${formatNumber(spread.min)} to ${formatNumber(spread.max)})`;
}

function formatNumber(value: number): string {
  const digits = Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
