/**
 * Throughput and latency under load: all servers stay up, the loads take turns on them, and each
 * repeat begins with another server, so that a noisy minute hits them alike.
 */
import { rmSync } from 'node:fs';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { startLoad } from '../load/start.ts';
import type { LoadResult, OperationName } from '../load/workload.ts';
import type { Contender } from './contender.ts';
import type { BenchSize, Measurement } from './measurement.ts';

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

type Running = readonly { contender: Contender; server: ServerProcess }[];

/** Yields a measurement as soon as it is known. Fails when a reply was wrong. */
export async function* measureSpeed(
  contenders: readonly Contender[],
  size: BenchSize,
): AsyncGenerator<Measurement> {
  const running = await Promise.all(
    contenders.map(async (contender) => ({ contender, server: await contender.start() })),
  );
  try {
    await warmUp(running, size);
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      const inTurn = repeat % 2 === 0 ? running : running.toReversed();
      for (const speedCase of cases) {
        for (const { contender, server } of inTurn) {
          const result = await load(server, speedCase, size.warmupSeconds, size.seconds);
          yield* figuresOf(contender, speedCase, result);
        }
      }
    }
  } finally {
    for (const { server } of running) {
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    }
  }
}

async function warmUp(running: Running, size: BenchSize): Promise<void> {
  for (const { server } of running) {
    for (const speedCase of cases) await load(server, speedCase, 0, size.firstWarmupSeconds);
  }
}

async function load(
  server: ServerProcess,
  speedCase: SpeedCase,
  warmupSeconds: number,
  seconds: number,
): Promise<LoadResult> {
  const { operation, connections, depth } = speedCase;
  const result = await startLoad({
    host: '127.0.0.1',
    ports: [server.port],
    operation,
    connections,
    depth,
    keys: 10_000,
    dataBytes: 100,
    warmupSeconds,
    seconds,
    serverPids: [server.pid],
  });
  if (result.errors > 0) throw new Error(`${result.errors} wrong replies: ${result.firstError}`);
  return result;
}

/** The figures of one load; `prefix` goes before the name of the scenario. */
export function* figuresOf(
  contender: Contender,
  { operation, connections, depth, figure }: SpeedCase,
  result: LoadResult,
  prefix = '',
): Generator<Measurement> {
  const scenario = `${prefix}${operation} 100 B ${connections}x${depth}`;
  const server = contender.name;
  if (figure === 'us') {
    yield { scenario: `${scenario} p50`, unit: 'us', server, value: result.p50Us };
  } else {
    yield { scenario, unit: 'ops/s', server, value: result.opsPerSecond };
    yield { scenario: `${scenario} p99`, unit: 'us', server, value: result.p99Us };
  }
  const value = result.serverCpuUs ?? 0;
  yield { scenario: `${scenario} server CPU/op`, unit: 'us', server, value };
}
