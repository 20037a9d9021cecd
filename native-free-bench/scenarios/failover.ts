/**
 * How long three servers take until they serve, and how long nobody can write when the leader is
 * killed: the longest time between two acknowledged writes of clients that write all the time.
 * Every repeat starts an ensemble of its own.
 */
import type { EnsembleProcesses } from '../../test/support/ensemble-processes.ts';
import { EnsembleWriter } from '../../test/support/ensemble-writer.ts';
import type { Contender } from './contender.ts';
import { startEnsemble } from './ensemble-start.ts';
import type { BenchSize, Measurement } from './measurement.ts';

const writesPerSecond = 500;
const writers = 5;
/** Of each writer, before the kill and after it. */
const writesAround = 200;

export async function* measureFailover(
  contenders: readonly Contender[],
  size: BenchSize,
): AsyncGenerator<Measurement> {
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    const inTurn = repeat % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of inTurn) yield* measureOnce(contender);
  }
}

async function* measureOnce(contender: Contender): AsyncGenerator<Measurement> {
  const server = contender.name;
  const startedMs = performance.now();
  const ensemble = await startEnsemble(contender);
  try {
    const value = performance.now() - startedMs;
    yield { scenario: 'ensemble start', unit: 'ms', server, value };
    const gapMs = await longestGapMs(ensemble);
    yield { scenario: 'kill -9 of the leader, no write for', unit: 'ms', server, value: gapMs };
  } finally {
    await ensemble.close();
  }
}

async function longestGapMs(ensemble: EnsembleProcesses): Promise<number> {
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
  await Promise.all(running.map((writer) => writer.wrote(writesAround)));
  const leader = await ensemble.leader();
  gapMs = 0;
  await ensemble.kill(leader);
  await Promise.all(running.map((writer) => writer.wrote(writesAround)));
  const wrong = running.flatMap(({ wrongAnswers }) => wrongAnswers);
  await Promise.all(running.map((writer) => writer.stop()));
  if (wrong.length > 0) throw new Error(`${wrong.length} wrong answers: ${wrong[0]}`);
  return gapMs;
}
