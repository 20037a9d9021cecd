/**
 * The metrics of all threads put together, as plain values for `mntr`, the admin commands and
 * Prometheus. Reads the memories that recorders write; changes nothing.
 */
import { decodeUtf8 } from '../jute/utf8.ts';
import type {
  AdvancedName,
  AdvancedSetName,
  BasicName,
  BasicSetName,
  CounterName,
  CounterSetName,
  GaugeName,
  GaugeSetName,
  QuorumGaugeName,
} from './metric-names.ts';
import {
  type AnySetId,
  advanced,
  advancedSet,
  basic,
  basicSet,
  counter,
  counterSet,
  labelCells,
  reservoirValues,
  SummaryCell,
} from './metrics-layout.ts';
import type { MetricsMemory } from './metrics-recorder.ts';

export interface SummaryValues {
  readonly count: number;
  readonly sum: number;
  /** 0 while there is no value, as are the next two. */
  readonly min: number;
  readonly max: number;
  /** Not rounded. */
  readonly average: number;
  /** Null for a BASIC summary. */
  readonly percentiles: Percentiles | null;
}

/** Whole numbers: the median and the 95th, 99th and 99.9th percentile of the sample. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
}

/** What recorders have counted. Names without `zk_`; sets by name and then by label. */
export interface RecordedMetrics {
  readonly counters: Named<CounterName, number>;
  readonly counterSets: Named<CounterSetName, Named<string, number>>;
  readonly summaries: Named<BasicName | AdvancedName, SummaryValues>;
  readonly summarySets: Named<BasicSetName | AdvancedSetName, Named<string, SummaryValues>>;
}

type Named<N extends string, T> = Readonly<Record<N, T>>;

/** The same with the gauges, which somebody looked up for the occasion. Null: not known. */
export interface MetricValues extends RecordedMetrics {
  readonly gauges: Named<GaugeName, number | null>;
  readonly quorumGauges: Partial<Named<QuorumGaugeName, number>>;
  readonly gaugeSets: Partial<Named<GaugeSetName, Named<string, number>>>;
}

/** Adds up the memories of all threads. A set without labels is an empty object. */
export function readMetrics(memories: readonly MetricsMemory[]): RecordedMetrics {
  const cells = memories.map(({ buffer }) => new Float64Array(buffer));
  const counterAt = (places: readonly Place[]) =>
    places.reduce((sum, { cells: of, at }) => sum + of[at]!, 0);
  const everywhere = (at: number) => cells.map((of) => ({ cells: of, at }));
  const labelled = <N extends string, T>(sets: Named<N, AnySetId>, read: (places: Place[]) => T) =>
    mapValues(sets, (set) => mapValues(labelPlaces(cells, set), read));
  return {
    counters: mapValues(counter, (at) => counterAt(everywhere(at))),
    counterSets: labelled(counterSet, counterAt),
    summaries: {
      ...mapValues(basic, (at) => summaryAt(everywhere(at), false)),
      ...mapValues(advanced, (at) => summaryAt(everywhere(at), true)),
    },
    summarySets: {
      ...labelled(basicSet, (places) => summaryAt(places, false)),
      ...labelled(advancedSet, (places) => summaryAt(places, true)),
    },
  };
}

/** A metric in the memory of one thread. */
interface Place {
  readonly cells: Float64Array;
  readonly at: number;
}

function mapValues<N extends string, V, T>(from: Named<N, V>, to: (value: V) => T): Named<N, T> {
  const entries = Object.entries<V>(from).map(([name, value]) => [name, to(value)]);
  return Object.fromEntries(entries) as Named<N, T>;
}

/** Label to the places of its metric; threads enter labels in orders of their own. */
function labelPlaces(memories: readonly Float64Array[], set: AnySetId): Record<string, Place[]> {
  const found = new Map<string, Place[]>();
  for (const cells of memories) {
    const bytes = new Uint8Array(cells.buffer);
    for (let label = 0; label < set.labels; label++) {
      const cell = set.at + label * set.cells;
      const length = bytes[cell * 8]! - 1;
      if (length < 0) break;
      const text = decodeUtf8(bytes, cell * 8 + 1, cell * 8 + 1 + length);
      found.set(text, [...(found.get(text) ?? []), { cells, at: cell + labelCells }]);
    }
  }
  return Object.fromEntries(found);
}

function summaryAt(places: readonly Place[], isSampled: boolean): SummaryValues {
  let count = 0;
  let sum = 0;
  let min = 0;
  let max = 0;
  for (const { cells, at } of places) {
    const more = cells[at]!;
    if (more === 0) continue;
    const least = cells[at + SummaryCell.least]!;
    const most = cells[at + SummaryCell.most]!;
    min = count === 0 ? least : Math.min(min, least);
    max = count === 0 ? most : Math.max(max, most);
    count += more;
    sum += cells[at + SummaryCell.sum]!;
  }
  const average = count === 0 ? 0 : sum / count;
  const percentiles = isSampled ? percentilesOf(sampleOf(places, count)) : null;
  return { count, sum, min, max, average, percentiles };
}

/** The samples of all threads, each by its share of the values, in ascending order. */
function sampleOf(places: readonly Place[], count: number): Float64Array {
  const parts = places.map(({ cells, at }) => {
    const own = cells[at]!;
    const held = Math.min(own, reservoirValues);
    const wanted = count <= reservoirValues ? held : Math.ceil((reservoirValues * own) / count);
    const taken = Math.min(held, wanted);
    return Array.from({ length: taken }, (_, i) => {
      return cells[at + SummaryCell.values + Math.floor((i * held) / taken)]!;
    });
  });
  return Float64Array.from(parts.flat()).sort();
}

/** `UniformSnapshot.getValue`: between two neighbours the value is interpolated, then rounded. */
function percentilesOf(sorted: Float64Array): Percentiles {
  const at = (quantile: number) => {
    if (sorted.length === 0) return 0;
    const position = quantile * (sorted.length + 1);
    const index = Math.floor(position);
    if (index < 1) return sorted[0]!;
    if (index >= sorted.length) return sorted[sorted.length - 1]!;
    const lower = sorted[index - 1]!;
    return Math.round(lower + (position - index) * (sorted[index]! - lower));
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999) };
}
