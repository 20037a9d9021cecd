/**
 * Throughput and latency under load: all servers stay up, the loads take turns on them, and each
 * repeat begins with another server, so that a noisy minute hits them alike.
 */
import { startLoad } from '../load/start.ts';
import type { LoadResult, OperationName } from '../load/workload.ts';
import type { Contender, RunningServer } from './contender.ts';
import type { Measurement, Outcome, ServerName } from './measurement.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import type { BenchSize } from './size.ts';

export interface SpeedCase {
  readonly operation: OperationName;
  readonly connections: number;
  readonly depth: number;
  readonly figure: 'ops/s' | 'us';
}

const cases: readonly SpeedCase[] = [
  { operation: 'get', connections: 64, depth: 16, figure: 'ops/s' },
  { operation: 'get', connections: 16, depth: 1, figure: 'ops/s' },
  { operation: 'get', connections: 1, depth: 1, figure: 'us' },
  { operation: 'set', connections: 64, depth: 16, figure: 'ops/s' },
  { operation: 'set', connections: 1, depth: 1, figure: 'us' },
];

export const speed: Scenario = {
  name: 'speed',
  title: 'throughput, latency and server CPU of get and set on one server',
  isDefault: true,
  needsOwnServer: false,
  run,
};

interface Running {
  readonly name: ServerName;
  readonly server: RunningServer;
}

async function* run(
  contenders: readonly Contender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const running: Running[] = [];
  try {
    for (const each of contenders) {
      running.push({ name: each.name, server: await each.acquire() });
    }
    yield* measureCases(running, cases, size, progress);
  } finally {
    for (const { server } of running) await server.release();
  }
}

/** `prefix` goes before the name of each figure. */
export async function* measureCases(
  running: readonly Running[],
  speedCases: readonly SpeedCase[],
  size: BenchSize,
  progress: Progress,
  prefix = '',
): AsyncGenerator<Outcome> {
  const total = (size.repeats + 1) * speedCases.length * running.length;
  let done = 0;
  for (const { name, server } of running) {
    for (const each of speedCases) {
      progress(done++, total, `${name}: warm-up ${prefix}${loadName(each)}`);
      await load(server, each, 0, size.firstWarmupSeconds);
    }
  }
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    for (const each of speedCases) {
      for (const { name, server } of inTurn(running, repeat)) {
        progress(done++, total, `${name}: ${prefix}${loadName(each)}`);
        const result = await load(server, each, size.warmupSeconds, size.seconds);
        yield* figuresOf({ name, repeat, load: `${prefix}${loadName(each)}` }, each, result);
      }
    }
  }
}

async function load(
  server: RunningServer,
  { operation, connections, depth }: SpeedCase,
  warmupSeconds: number,
  seconds: number,
): Promise<LoadResult> {
  const result = await startLoad({
    host: server.addresses[0]!.host,
    ports: server.addresses.map(({ port }) => port),
    operation,
    connections,
    depth,
    keys: 10_000,
    dataBytes: 100,
    warmupSeconds,
    seconds,
    ...(server.pids.length === 0 ? {} : { serverPids: server.pids }),
  });
  if (result.errors > 0) throw new Error(`${result.errors} wrong replies: ${result.firstError}`);
  return result;
}

function loadName({ operation, connections, depth }: SpeedCase): string {
  return `${operation} 100 B ${connections}x${depth}`;
}

function* figuresOf(
  { name: server, repeat, load }: { name: ServerName; repeat: number; load: string },
  { figure }: SpeedCase,
  result: LoadResult,
): Generator<Measurement> {
  const common = { kind: 'measurement', server, repeat } as const;
  const us = { ...common, unit: 'us', better: 'lower' } as const;
  if (figure === 'us') {
    yield { ...us, figure: `${load} p50`, value: result.p50Us };
  } else {
    const value = result.opsPerSecond;
    yield { ...common, figure: load, unit: 'ops/s', better: 'higher', value };
    yield { ...us, figure: `${load} p99`, value: result.p99Us };
  }
  if (result.serverCpuUs !== null) {
    yield { ...us, figure: `${load} server CPU/op`, value: result.serverCpuUs };
  }
}
