/** The result of a load out of the parts that its processes have measured. */
import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import type { LoadPart } from './part.ts';
import { newHistogram } from './record.ts';
import {
  intervalMs,
  type LoadResult,
  type LoadSpec,
  type OperationResult,
  operationNames,
  type Series,
} from './workload.ts';

/** A part as it travels between processes. */
export type EncodedPart = Omit<LoadPart, 'histograms' | 'lateness'> & {
  readonly histograms: readonly (string | null)[];
  readonly lateness: string;
};

type MergedSpec = Pick<LoadSpec, 'connections' | 'depth' | 'ratePerSecond'>;

const percentiles = [
  ...[0, 10, 25, 50, 75, 90, 95, 97.5, 99],
  ...[99.5, 99.9, 99.95, 99.99, 99.999, 100],
];

export function encodePart(part: LoadPart): EncodedPart {
  const histograms = part.histograms.map((each) => each && encodeIntoCompressedBase64(each));
  return { ...part, histograms, lateness: encodeIntoCompressedBase64(part.lateness) };
}

export function decodePart(part: EncodedPart): LoadPart {
  const decode = (text: string) => decodeFromCompressedBase64(text, 32, false) as Histogram;
  const histograms = part.histograms.map((each) => (each === null ? null : decode(each)));
  return { ...part, histograms, lateness: decode(part.lateness) };
}

export function mergeParts(spec: MergedSpec, parts: readonly LoadPart[]): LoadResult {
  const all = newHistogram();
  for (const { histograms } of parts) for (const each of histograms) if (each) all.add(each);
  const ops = sum(parts.map((part) => part.ops));
  const seconds = Math.max(...parts.map((part) => part.seconds));
  const perOp = (us: number): number => us / Math.max(1, ops);
  const serverUs = parts[0]?.serverUs ?? null;
  return {
    loop: spec.ratePerSecond === undefined ? 'closed' : 'open',
    connections: spec.connections,
    depth: spec.depth,
    ops,
    seconds,
    opsPerSecond: ops / seconds,
    p50Us: all.getValueAtPercentile(50),
    p99Us: all.getValueAtPercentile(99),
    p999Us: all.getValueAtPercentile(99.9),
    maxUs: all.maxValue,
    latencyUs: percentiles.map((percentile) => [percentile, all.getValueAtPercentile(percentile)]),
    perOperation: perOperation(parts),
    intervalMs,
    series: parts.map(({ series }) => series).reduce(added),
    latenessP99Us: latenessOf(spec, parts),
    processes: parts.length,
    generatorCores: Math.max(...parts.map((part) => part.generatorUs / 1e6 / part.seconds)),
    generatorCpuUs: perOp(sum(parts.map((part) => part.generatorUs))),
    serverCpuUs: serverUs === null ? null : perOp(serverUs),
    errors: sum(parts.map((part) => part.errors)),
    firstError: parts.find((part) => part.firstError !== null)?.firstError ?? null,
  };
}

function perOperation(parts: readonly LoadPart[]): OperationResult[] {
  return operationNames.flatMap((operation, index) => {
    const one = newHistogram();
    for (const { histograms } of parts) if (histograms[index]) one.add(histograms[index]);
    if (one.totalCount === 0) return [];
    const [p50Us, p99Us] = [one.getValueAtPercentile(50), one.getValueAtPercentile(99)];
    return [{ operation, ops: one.totalCount, p50Us, p99Us }];
  });
}

function latenessOf(spec: MergedSpec, parts: readonly LoadPart[]): number | null {
  if (spec.ratePerSecond === undefined) return null;
  return Math.max(...parts.map(({ lateness }) => lateness.getValueAtPercentile(99)));
}

function added(all: Series, part: Series): Series {
  const opsPerSecond = zip(all.opsPerSecond, part.opsPerSecond, (a, b) => a + b);
  // One process looks at the servers, and may have seen an interval more than the others.
  const { serverCores, serverRssMiB } = all.serverCores.length > 0 ? all : part;
  return {
    opsPerSecond,
    p99Us: zip(all.p99Us, part.p99Us, Math.max),
    serverCores: serverCores.slice(0, opsPerSecond.length),
    serverRssMiB: serverRssMiB.slice(0, opsPerSecond.length),
  };
}

/** As long as the shorter one: the last interval of a process may be missing. */
function zip(all: number[], part: number[], join: (a: number, b: number) => number): number[] {
  if (all.length === 0) return part;
  return all.slice(0, part.length).map((each, i) => join(each, part[i]!));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}
