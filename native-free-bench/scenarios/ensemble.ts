/**
 * Throughput and latency of three servers that are one: clients are spread over all three. All
 * ensembles stay up, the loads take turns on them, and each repeat begins with another one.
 */
import type { EnsembleProcesses } from '../../test/support/ensemble-processes.ts';
import { startLoad } from '../load/start.ts';
import type { LoadResult } from '../load/workload.ts';
import type { Contender } from './contender.ts';
import { startEnsemble } from './ensemble-start.ts';
import type { BenchSize, Measurement } from './measurement.ts';
import { figuresOf, type SpeedCase } from './speed.ts';

const cases: readonly SpeedCase[] = [
  { operation: 'set', connections: 64, depth: 16, figure: 'ops/s' },
  { operation: 'set', connections: 1, depth: 1, figure: 'us' },
  { operation: 'get', connections: 64, depth: 16, figure: 'ops/s' },
];

/** Yields a measurement as soon as it is known. Fails when a reply was wrong. */
export async function* measureEnsemble(
  contenders: readonly Contender[],
  size: BenchSize,
): AsyncGenerator<Measurement> {
  const running: { contender: Contender; ensemble: EnsembleProcesses }[] = [];
  try {
    for (const contender of contenders) {
      running.push({ contender, ensemble: await startEnsemble(contender) });
    }
    for (const { ensemble } of running) {
      for (const each of cases) await load(ensemble, each, 0, size.firstWarmupSeconds);
    }
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      const inTurn = repeat % 2 === 0 ? running : running.toReversed();
      for (const speedCase of cases) {
        for (const { contender, ensemble } of inTurn) {
          const result = await load(ensemble, speedCase, size.warmupSeconds, size.seconds);
          yield* figuresOf(contender, speedCase, result, 'ensemble ');
        }
      }
    }
  } finally {
    for (const { ensemble } of running) await ensemble.close();
  }
}

async function load(
  ensemble: EnsembleProcesses,
  { operation, connections, depth }: SpeedCase,
  warmupSeconds: number,
  seconds: number,
): Promise<LoadResult> {
  const result = await startLoad({
    host: '127.0.0.1',
    ports: ensemble.ports,
    operation,
    connections,
    depth,
    keys: 10_000,
    dataBytes: 100,
    warmupSeconds,
    seconds,
    serverPids: ensemble.members.map(({ pid }) => pid),
  });
  if (result.errors > 0) throw new Error(`${result.errors} wrong replies: ${result.firstError}`);
  return result;
}
