/**
 * Loads as cases of a scenario: all servers stay up, the loads take turns on them, and each repeat
 * begins with another server, so that a noisy minute hits them alike.
 */
import { startLoad } from '../load/start.ts';
import { type LoadResult, type LoadSpec, type Mix, mixName } from '../load/workload.ts';
import type { Contender, RunningServer } from './contender.ts';
import type { LoadDetail, Measurement, Outcome, ServerName } from './measurement.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import { type ServerTold, ServerWatch } from './server-watch.ts';
import { type BenchSize, scaled } from './size.ts';

/** The parts of a load that a case says; all others follow from the size of the run. */
export interface LoadCase {
  readonly mix: Mix;
  readonly connections: number;
  readonly depth: number;
  /** 100 unless given. */
  readonly dataBytes?: number;
  /** 10,000 unless given. */
  readonly keys?: number;
  readonly keyChoice?: 'uniform' | 'zipf';
  readonly children?: number;
  readonly multiOperations?: number;
  readonly ratePerSecond?: number;
  /** Which of its numbers becomes smaller with the size of the run; keys always do. */
  readonly scales?: 'connections' | 'children';
  /** What the operations are called in figures; the names of the mix unless given. */
  readonly called?: string;
  /** `ops/s` tells throughput and p99, `us` the median; an open loop tells p50, p99 and p99.9. */
  readonly figure: 'ops/s' | 'us';
}

const dataBytesDefault = 100;
const keysDefault = 10_000;
const keysMin = 4;
/** Of all values that a load in the test suite moves. */
const limitBytes = 4_000_000;

export interface Running {
  readonly name: ServerName;
  readonly server: RunningServer;
  /** Answers nothing but get, and has one value. */
  readonly isEcho?: true;
}

interface LoadScenario {
  readonly name: string;
  readonly title: string;
  readonly isDefault: boolean;
  readonly cases: readonly LoadCase[];
}

/** A scenario that is nothing but loads on one server. */
export function loadScenario({ name, title, isDefault, cases }: LoadScenario): Scenario {
  const run = (contenders: readonly Contender[], size: BenchSize, progress: Progress) =>
    onServers(contenders, (running) => measureCases(running, cases, size, progress));
  return { name, title, isDefault, needsOwnServer: false, run };
}

/** Acquires a server of each contender for what `measure` yields, and releases them all. */
export async function* onServers(
  contenders: readonly Contender[],
  measure: (running: readonly Running[]) => AsyncGenerator<Outcome>,
): AsyncGenerator<Outcome> {
  const running: Running[] = [];
  try {
    for (const each of contenders) {
      running.push({ name: each.name, server: await each.acquire() });
    }
    yield* measure(running);
  } finally {
    for (const { server } of running) await server.release();
  }
}

/** `prefix` goes before the name of each figure. */
export async function* measureCases(
  running: readonly Running[],
  cases: readonly LoadCase[],
  size: BenchSize,
  progress: Progress,
  prefix = '',
): AsyncGenerator<Outcome> {
  const wanted = distinct(cases.map((each) => sized(each, size)));
  const total = (size.repeats + 1) * wanted.length * running.length;
  let done = 0;
  for (const to of running) {
    for (const each of wanted.filter((load) => isFor(to, load))) {
      progress(done++, total, `${to.name}: warm-up ${prefix}${caseName(each)}`);
      if (size.firstWarmupSeconds === 0) continue;
      await runCase(to, each, size, { warmupSeconds: 0, seconds: size.firstWarmupSeconds });
    }
  }
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    for (const each of wanted) {
      for (const to of inTurn(running, repeat).filter((server) => isFor(server, each))) {
        progress(done++, total, `${to.name}: ${prefix}${caseName(each)}`);
        const watch = await ServerWatch.begin(to.server);
        const result = await runCase(to, each, size, size);
        const about = { server: to.name, repeat, load: `${prefix}${caseName(each)}` };
        yield* figuresOf(about, each, result);
        yield loadDetail(about, result, await watch.end());
      }
    }
  }
}

/** As figures call it, e.g. `get 100 B 64x16`. */
export function caseName(each: LoadCase): string {
  const { connections, depth, dataBytes = dataBytesDefault, children, ratePerSecond } = each;
  const parts = [each.called ?? mixName(each.mix)];
  if (children === undefined) parts.push(`${grouped(dataBytes)} B`);
  else parts.push(`of ${grouped(children)}`);
  parts.push(`${connections}x${depth}`);
  if (ratePerSecond !== undefined) parts.push(`at ${grouped(ratePerSecond)}/s`);
  return parts.join(' ');
}

/** With separators between thousands, as figures have it. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** The case as a run of this size measures it. */
export function sized(each: LoadCase, size: BenchSize): LoadCase {
  const { wanted } = size;
  const { scales, connections, children, keys = keysDefault } = each;
  return {
    ...each,
    keys: Math.max(keysMin, scaled(keys, size)),
    connections:
      wanted.sessions ?? (scales === 'connections' ? scaled(connections, size) : connections),
    ...(scales === 'children' && children !== undefined
      ? { children: scaled(children, size) }
      : {}),
    depth: wanted.depth ?? each.depth,
    dataBytes: wanted.valueBytes ?? each.dataBytes ?? dataBytesDefault,
    ...(wanted.ratePerSecond === undefined ? {} : { ratePerSecond: wanted.ratePerSecond }),
  };
}

function isFor({ isEcho }: Running, { mix, ratePerSecond }: LoadCase): boolean {
  return isEcho === undefined || (mixName(mix) === 'get' && ratePerSecond === undefined);
}

/** Cases that the size of the run has made the same are measured once. */
function distinct(cases: readonly LoadCase[]): LoadCase[] {
  return [...new Map(cases.map((each) => [caseName(each), each])).values()];
}

/** Runs one load; rejects when a reply was wrong. */
export async function checkedLoad(spec: LoadSpec): Promise<LoadResult> {
  const result = await startLoad(spec);
  if (result.errors > 0) throw new Error(`${result.errors} wrong replies: ${result.firstError}`);
  return result;
}

function runCase(
  { server, isEcho }: Running,
  { figure: _, called: __, scales: ___, ...each }: LoadCase,
  size: BenchSize,
  { warmupSeconds, seconds }: Pick<BenchSize, 'warmupSeconds' | 'seconds'>,
): Promise<LoadResult> {
  return checkedLoad({
    keys: keysDefault,
    dataBytes: dataBytesDefault,
    ...each,
    ...(isEcho ? { keys: 1 } : {}),
    ...whereOf(server),
    seed: size.seed,
    warmupSeconds,
    seconds,
    ...limitsOf(size, each.dataBytes),
  });
}

/** In the test suite: few requests instead of a time, and no process of their own. */
export function limitsOf(
  { requests }: BenchSize,
  dataBytes = dataBytesDefault,
): Pick<LoadSpec, 'requests' | 'processes'> {
  if (requests === undefined) return {};
  return { requests: Math.min(requests, Math.ceil(limitBytes / (dataBytes + 1))), processes: 0 };
}

/** Where a load goes, and whose CPU time counts. */
export function whereOf(server: RunningServer): Pick<LoadSpec, 'servers' | 'serverPids'> {
  const { addresses, pids } = server;
  return { servers: addresses, ...(pids.length === 0 ? {} : { serverPids: pids }) };
}

export interface LoadAbout {
  readonly server: ServerName;
  readonly repeat: number;
  /** As its figures begin. */
  readonly load: string;
}

/** The figures of a result that a case asks for. */
export function* figuresOf(
  { load, ...about }: LoadAbout,
  { figure, ratePerSecond }: Pick<LoadCase, 'figure' | 'ratePerSecond'>,
  result: LoadResult,
): Generator<Measurement> {
  const common = { kind: 'measurement', ...about } as const;
  const us = { ...common, unit: 'us', better: 'lower' } as const;
  const isOpen = ratePerSecond !== undefined;
  const value = result.opsPerSecond;
  if (figure === 'ops/s' || isOpen) {
    yield { ...common, figure: load, unit: 'ops/s', better: 'higher', value };
  }
  if (figure === 'us' || isOpen) yield { ...us, figure: `${load} p50`, value: result.p50Us };
  if (figure === 'ops/s' || isOpen) yield { ...us, figure: `${load} p99`, value: result.p99Us };
  if (isOpen) yield { ...us, figure: `${load} p99.9`, value: result.p999Us };
  if (result.serverCpuUs !== null) {
    yield { ...us, figure: `${load} server CPU/op`, value: result.serverCpuUs };
  }
}

export function loadDetail(about: LoadAbout, result: LoadResult, told: ServerTold): LoadDetail {
  const { ops, seconds, latencyUs, loop, intervalMs, series, generatorCores } = result;
  const measured = { ops, seconds, latencyUs, loop, intervalMs, series, generatorCores };
  return { kind: 'load', ...about, ...measured, ...told };
}
