/**
 * Where each metric stands in the memory of a thread. All offsets are here; cells are float64.
 *
 * ```
 * cell 0      as int32: how often a reset was wanted, how often it was done
 * counters    1 cell each
 * summaries   count, sum, least, most; ADVANCED ones then 4096 sampled values
 * sets        labels x (8 cells label: length byte and up to 63 bytes; then counter or summary)
 * ```
 */
import {
  advancedNames,
  advancedSetNames,
  basicNames,
  basicSetNames,
  counterNames,
  counterSetNames,
} from './metric-names.ts';

/** Sampled values of an ADVANCED summary (`AvgMinMaxPercentileCounter`). */
export const reservoirValues = 4096;
/** Labels that a set tells apart in one thread; further ones are not counted. */
export const labelsMax = 32;
/** Labels of a set of ADVANCED summaries: the servers of an ensemble. */
export const advancedLabelsMax = 16;
/** Bytes of a label with its length; longer ones are cut. */
export const labelBytes = 64;

export const labelCells = labelBytes / 8;
const basicCells = 4;
const advancedCells = basicCells + reservoirValues;

/** Cells within a summary. */
export const SummaryCell = { count: 0, sum: 1, least: 2, most: 3, values: 4 } as const;

/** Int32 words of cell 0. */
export const ResetWord = { wanted: 0, done: 1 } as const;

/** A metric's first cell, branded by what may be done with it. */
export type CounterId = number & { readonly __counter: never };
export type BasicId = number & { readonly __basic: never };
export type AdvancedId = number & { readonly __advanced: never };

/** A metric with labels. `cells` is the size of one label with its metric. */
export interface SetId<Kind extends 'counter' | 'basic' | 'advanced'> {
  readonly kind: Kind;
  readonly at: number;
  readonly cells: number;
  readonly labels: number;
}

export type AnySetId = SetId<'counter' | 'basic' | 'advanced'>;

let next = 1;

function place<N extends string, Id>(names: readonly N[], cells: number): Readonly<Record<N, Id>> {
  const entries = names.map((name) => {
    const at = next;
    next += cells;
    return [name, at];
  });
  return Object.fromEntries(entries) as Record<N, Id>;
}

function placeSets<N extends string, Kind extends 'counter' | 'basic' | 'advanced'>(
  names: readonly N[],
  shape: { readonly kind: Kind; readonly cells: number; readonly labels: number },
): Readonly<Record<N, SetId<Kind>>> {
  const cells = labelCells + shape.cells;
  const starts = place<N, number>(names, cells * shape.labels);
  const entries = names.map((name) => [name, { ...shape, cells, at: starts[name] }]);
  return Object.fromEntries(entries) as Record<N, SetId<Kind>>;
}

/** The ids to record with: `counter.commit_count`, `basic.fsynctime` and so on. */
export const counter = place<(typeof counterNames)[number], CounterId>(counterNames, 1);
export const basic = place<(typeof basicNames)[number], BasicId>(basicNames, basicCells);
export const advanced = place<(typeof advancedNames)[number], AdvancedId>(
  advancedNames,
  advancedCells,
);
export const counterSet = placeSets(counterSetNames, {
  kind: 'counter',
  cells: 1,
  labels: labelsMax,
});
export const basicSet = placeSets(basicSetNames, {
  kind: 'basic',
  cells: basicCells,
  labels: labelsMax,
});
export const advancedSet = placeSets(advancedSetNames, {
  kind: 'advanced',
  cells: advancedCells,
  labels: advancedLabelsMax,
});

/** Cells of the memory of one thread. */
export const metricsCells = next;
