/**
 * Throughput and latency of three servers that are one: clients are spread over all three. All
 * ensembles stay up, the loads take turns on them, and each repeat begins with another one.
 */
import type { OwnContender, RunningServer } from '../harness/contender.ts';
import { startEnsemble } from '../harness/ensemble-start.ts';
import { type LoadCase, measureCases, type Running } from '../harness/load-cases.ts';
import type { Outcome } from '../harness/measurement.ts';
import type { Progress, Scenario } from '../harness/scenario.ts';
import type { BenchSize } from '../harness/size.ts';

const cases: readonly LoadCase[] = [
  { mix: { set: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
  { mix: { set: 1 }, connections: 1, depth: 1, figure: 'us' },
  { mix: { get: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
];

export const ensemble: Scenario = {
  name: 'ensemble',
  title: 'throughput, latency and server CPU of get and set on three servers',
  isDefault: false,
  needsOwnServer: true,
  run,
};

async function* run(
  contenders: readonly OwnContender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const running: Running[] = [];
  try {
    for (const contender of contenders) {
      running.push({ name: contender.name, server: await acquireEnsemble(contender) });
    }
    yield* measureCases(running, cases, size, progress, 'ensemble ');
  } finally {
    for (const { server } of running) await server.release();
  }
}

async function acquireEnsemble(contender: OwnContender): Promise<RunningServer> {
  const started = await startEnsemble(contender);
  return {
    addresses: started.ports.map((port) => ({ host: '127.0.0.1', port })),
    pids: started.members.map(({ pid }) => pid),
    release: () => started.close(),
  };
}
