/** What the report's page draws for each load, worked out here so that the page only draws. */
import type { LoadDetail, LoadSeries, ServerName } from '../harness/measurement.ts';

export interface Plot {
  readonly title: string;
  readonly unit: string;
  /**
   * Percentiles stand at log10(100 / (100 - p)), so that each nine takes the same room; the last one
   * is the maximum.
   */
  readonly x: 'seconds' | 'percentile';
  readonly isLogY: boolean;
  readonly xs: readonly number[];
  readonly lines: readonly PlotLine[];
}

export interface PlotLine {
  readonly server: ServerName;
  /** The repeat with the median throughput; the others are drawn faintly. */
  readonly isMain: boolean;
  /** One for each of the plot's `xs`. */
  readonly ys: readonly (number | null)[];
}

interface SeriesPlot {
  readonly series: keyof LoadSeries;
  readonly title: string;
  readonly unit: string;
}

const seriesPlots: readonly SeriesPlot[] = [
  { series: 'opsPerSecond', title: 'Throughput', unit: 'ops/s' },
  { series: 'p99Us', title: 'p99 latency over time', unit: 'µs' },
  { series: 'serverCores', title: 'Server CPU', unit: 'cores' },
  { series: 'serverRssMiB', title: 'Server memory', unit: 'MiB' },
];
/** How far right of the last percentile the maximum stands. */
const maximumAfter = 0.5;
const digits = 4;

/** All runs of one load; plots without any data are left out. */
export function plotsOf(runs: readonly LoadDetail[]): Plot[] {
  const main = new Set([...new Set(runs.map(({ server }) => server))].map((s) => mainOf(runs, s)));
  const [throughput, ...others] = seriesPlots.map((each) => seriesPlot(runs, main, each));
  return [throughput!, latencyPlot(runs, main), ...others].filter(({ xs }) => xs.length > 1);
}

/** The repeat of `server` whose throughput is the median one. */
export function mainOf(runs: readonly LoadDetail[], server: ServerName): LoadDetail {
  const own = runs
    .filter((each) => each.server === server)
    .toSorted((a, b) => a.ops / a.seconds - b.ops / b.seconds);
  return own[own.length >> 1]!;
}

function seriesPlot(
  runs: readonly LoadDetail[],
  main: ReadonlySet<LoadDetail>,
  { series, title, unit }: SeriesPlot,
): Plot {
  const pointsOf = (run: LoadDetail): Points =>
    run.series[series].map((value, i) => [(i * run.intervalMs) / 1000, value]);
  return { title, unit, x: 'seconds', isLogY: false, ...joined(runs, main, pointsOf) };
}

function latencyPlot(runs: readonly LoadDetail[], main: ReadonlySet<LoadDetail>): Plot {
  const percentiles = runs.flatMap(({ latencyUs }) => latencyUs.map(([percentile]) => percentile));
  const last = Math.max(0, ...percentiles.filter((each) => each < 100).map(ninesOf));
  const pointsOf = (run: LoadDetail): Points =>
    run.latencyUs.map(([percentile, us]) => [
      percentile < 100 ? ninesOf(percentile) : last + maximumAfter,
      Math.max(1, us),
    ]);
  return {
    title: 'Latency by percentile',
    unit: 'µs',
    x: 'percentile',
    isLogY: true,
    ...joined(runs, main, pointsOf),
  };
}

function ninesOf(percentile: number): number {
  return Math.log10(100 / (100 - percentile));
}

type Points = readonly (readonly [x: number, y: number])[];

/** Puts all runs on one x axis; where a run has no value at an x it has null. */
function joined(
  runs: readonly LoadDetail[],
  main: ReadonlySet<LoadDetail>,
  pointsOf: (run: LoadDetail) => Points,
): Pick<Plot, 'xs' | 'lines'> {
  const points = runs.map((run) => new Map(pointsOf(run)));
  const xs = [...new Set(points.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b);
  const lines = runs.map((run, i) => ({
    server: run.server,
    isMain: main.has(run),
    ys: xs.map((x) => roundedOrNull(points[i]!.get(x))),
  }));
  // Faint lines first, so that they lie below the others.
  return { xs, lines: lines.sort((a, b) => Number(a.isMain) - Number(b.isMain)) };
}

/** More digits than a plot can show would only make the page larger. */
function roundedOrNull(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(digits));
}
