/**
 * What scenarios yield: figures, one of one server in one repeat, and beside them the course of
 * each load for the plots. Plain values: they travel into result files and stay readable there.
 */

/** `reference` is no server: what the machine itself allows, measured beside the servers. */
export type ServerName = 'ringkeeper' | 'apache' | 'target' | 'reference';

export type Unit = 'ops/s' | 'us' | 'ms' | 's' | 'MiB' | 'B' | '%';

export interface Measurement {
  readonly kind: 'measurement';
  /** Says all that matters, e.g. `get 100 B 64x16 p99`. Keeps its name for years. */
  readonly figure: string;
  readonly unit: Unit;
  readonly better: 'higher' | 'lower';
  readonly server: ServerName;
  /** From 0. Figures of the same repeat were measured side by side: ratios are taken of them. */
  readonly repeat: number;
  readonly value: number;
}

/** The course of one load on one server in one repeat. */
export interface LoadDetail {
  readonly kind: 'load';
  /** As the figures taken from it begin, e.g. `get 100 B 64x16`. */
  readonly load: string;
  readonly server: ServerName;
  readonly repeat: number;
  /** Replies that arrived, correct, within the measured part. */
  readonly ops: number;
  readonly seconds: number;
  /** Rising pairs of percentile (0 to 100) and latency, µs; the last one is the maximum. */
  readonly latencyUs: readonly (readonly [percentile: number, us: number])[];
  /** Where `latencyUs` counts from: a request's write, or the moment it was due (open loop). */
  readonly loop: 'closed' | 'open';
  /** Length of one element of each series, ms. */
  readonly intervalMs: number;
  readonly series: LoadSeries;
  /** Cores that the busiest generator process used in the mean; near 1 it limits the result. */
  readonly generatorCores: number;
  /** Garbage collection of the server in the load and its warm-up; null where it does not tell. */
  readonly gc: { readonly count: number; readonly totalMs: number; readonly maxMs: number } | null;
  /** How long its event loop stood still at the longest then; null where it does not tell. */
  readonly stallMs: number | null;
  /** Syncs of its transaction log then, whose single times it rounds to ms; null likewise. */
  readonly fsync: { readonly count: number; readonly meanMs: number } | null;
}

/** One element an interval; a series that could not be measured is empty. */
export interface LoadSeries {
  readonly opsPerSecond: readonly number[];
  readonly p99Us: readonly number[];
  /** All server processes together: cores used, and resident memory. */
  readonly serverCores: readonly number[];
  readonly serverRssMiB: readonly number[];
}

/** What a scenario yields, as soon as it is known. */
export type Outcome = Measurement | LoadDetail;
