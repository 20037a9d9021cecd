/** Turns measurements into one row a figure: medians with spread, and ratios to the baseline. */
import type { Measurement, ServerName } from '../harness/measurement.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface Row {
  readonly figure: string;
  readonly unit: Measurement['unit'];
  readonly better: Measurement['better'];
  readonly servers: Readonly<Partial<Record<ServerName, Spread>>>;
  /**
   * How many times better than the baseline, whichever way the unit points: the quotients within
   * each repeat, since the two were measured side by side there. Null where one is missing.
   */
  readonly ratio: Spread | null;
}

/** The server that ratios are taken to. */
export const baseline: ServerName = 'apache';
const order: readonly ServerName[] = [baseline, 'ringkeeper', 'target', 'reference'];

/** The figures in the order in which they were measured first. */
export function toRows(measurements: readonly Measurement[]): Row[] {
  const figures = [...new Set(measurements.map(({ figure }) => figure))];
  return figures.map((figure) => {
    const all = measurements.filter((each) => each.figure === figure);
    const { unit, better } = all[0]!;
    const servers: Partial<Record<ServerName, Spread>> = {};
    for (const name of new Set(all.map(({ server }) => server))) {
      const own = all.filter(({ server }) => server === name);
      servers[name] = spreadOf(own.map(({ value }) => value))!;
    }
    return { figure, unit, better, servers, ratio: spreadOf(ratiosOf(all)) };
  });
}

/** In the order of `names`: the figure of that name, or else all whose names begin so. */
export function chosenRows(rows: readonly Row[], names: readonly string[]): Row[] {
  const found = names.flatMap((name) => {
    const exact = rows.filter(({ figure }) => figure === name);
    return exact.length > 0 ? exact : rows.filter(({ figure }) => figure.startsWith(name));
  });
  return [...new Set(found)];
}

/** The servers that have figures: the baseline first, then ours, then what the machine allows. */
export function serversOf(rows: readonly Row[]): ServerName[] {
  return inOrder(rows.flatMap(({ servers }) => Object.keys(servers) as ServerName[]));
}

/** Each name once. */
export function inOrder(names: readonly ServerName[]): ServerName[] {
  return order.filter((name) => names.includes(name));
}

function ratiosOf(all: readonly Measurement[]): number[] {
  return all
    .filter(({ server }) => server !== baseline && server !== 'reference')
    .flatMap((ours) => {
      const other = all.find(({ server, repeat }) => server === baseline && repeat === ours.repeat);
      if (other === undefined || other.value === 0 || ours.value === 0) return [];
      return ours.better === 'higher' ? ours.value / other.value : other.value / ours.value;
    });
}
