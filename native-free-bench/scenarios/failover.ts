/**
 * How long three servers take until they serve, and how long nobody can write when the leader is
 * killed: the longest time between two acknowledged writes of clients that write all the time.
 * Every repeat starts an ensemble of its own.
 */
import type { EnsembleProcesses } from '../../test/support/ensemble-processes.ts';
import { EnsembleWriter } from '../../test/support/ensemble-writer.ts';
import type { OwnContender } from '../harness/contender.ts';
import { startEnsemble } from '../harness/ensemble-start.ts';
import type { Measurement } from '../harness/measurement.ts';
import { ownScenario, type Turn } from '../harness/own-scenario.ts';
import { scaled } from '../harness/size.ts';

const writesPerSecond = 500;
const writers = 5;
/** Of each writer, before the kill and after it. */
const writesAround = 200;
const writesMin = 10;

export const failover = ownScenario({
  name: 'failover',
  title: 'start of three servers, and how long nobody can write when the leader is killed',
  steps: () => [{ called: 'failover' }],
  measure: measureOnce,
});

async function* measureOnce(
  contender: OwnContender,
  { size, about }: Turn<unknown>,
): AsyncGenerator<Measurement> {
  const ms = { kind: 'measurement', unit: 'ms', better: 'lower', ...about } as const;
  const startedMs = performance.now();
  const ensemble = await startEnsemble(contender);
  try {
    yield { ...ms, figure: 'ensemble start', value: performance.now() - startedMs };
    const value = await longestGapMs(ensemble, Math.max(writesMin, scaled(writesAround, size)));
    yield { ...ms, figure: 'kill -9 of the leader, no write for', value };
  } finally {
    await ensemble.close();
  }
}

async function longestGapMs(ensemble: EnsembleProcesses, writes: number): Promise<number> {
  let lastMs = performance.now();
  let gapMs = 0;
  const onAcknowledged = (atMs: number): void => {
    gapMs = Math.max(gapMs, atMs - lastMs);
    lastMs = atMs;
  };
  const { ports } = ensemble;
  const running = Array.from({ length: writers }, (_, i) =>
    EnsembleWriter.start({
      ports: [...ports.slice(i % ports.length), ...ports.slice(0, i % ports.length)],
      root: `/failover-${i}`,
      writesPerSecond: writesPerSecond / writers,
      onAcknowledged,
    }),
  );
  await Promise.all(running.map((writer) => writer.wrote(writes)));
  const leader = await ensemble.leader();
  gapMs = 0;
  await ensemble.kill(leader);
  await Promise.all(running.map((writer) => writer.wrote(writes)));
  const wrong = running.flatMap(({ wrongAnswers }) => wrongAnswers);
  await Promise.all(running.map((writer) => writer.stop()));
  if (wrong.length > 0) throw new Error(`${wrong.length} wrong answers: ${wrong[0]}`);
  return gapMs;
}
