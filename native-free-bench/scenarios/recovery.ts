/**
 * How long a server that was killed takes until it serves again, when all it knows is in the log,
 * and when a snapshot holds it. What a server writes at its start before it serves is part of it.
 */
import type { OwnContender } from './contender.ts';
import { grouped } from './load-cases.ts';
import type { Measurement, Outcome } from './measurement.ts';
import { createNodes, noSnapshots, OwnServer } from './own-nodes.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import { type BenchSize, scaled } from './size.ts';

const nodeCount = 1_000_000;

export const recovery: Scenario = {
  name: 'recovery',
  title: 'start after kill -9 with 1,000,000 znodes, from the log only and from a snapshot',
  isDefault: false,
  needsOwnServer: true,
  run,
};

async function* run(
  contenders: readonly OwnContender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  let done = 0;
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    for (const contender of inTurn(contenders, repeat)) {
      progress(done++, size.repeats * contenders.length, `${contender.name}: recovery`);
      const ms = { kind: 'measurement', unit: 'ms', better: 'lower', repeat } as const;
      yield* measureOnce(contender, { ...ms, server: contender.name }, size);
    }
  }
}

async function* measureOnce(
  contender: OwnContender,
  ms: Omit<Measurement, 'figure' | 'value'>,
  size: BenchSize,
): AsyncGenerator<Measurement> {
  const nodes = scaled(nodeCount, size);
  const server = await OwnServer.start(contender, { settings: noSnapshots });
  try {
    await createNodes(server.running, nodes, size);
    const before = server.snapshots;
    const fromLog = await server.restart(noSnapshots);
    yield { ...ms, figure: `recovery of ${grouped(nodes)} znodes, log only`, value: fromLog };
    // Both kinds of servers write one when they have replayed a log: before they serve, or behind.
    await server.newSnapshot(before);
    const fromSnapshot = await server.restart(noSnapshots);
    yield { ...ms, figure: `recovery of ${grouped(nodes)} znodes, snapshot`, value: fromSnapshot };
  } finally {
    await server.release();
  }
}
