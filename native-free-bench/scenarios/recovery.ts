/**
 * How long a server that was killed takes until it serves again, when all it knows is in the log,
 * and when a snapshot holds it. What a server writes at its start before it serves is part of it.
 */
import { RawClient } from '../../test/support/raw-client.ts';
import type { OwnContender } from '../harness/contender.ts';
import { grouped } from '../harness/load-cases.ts';
import type { Measurement } from '../harness/measurement.ts';
import { createNodes, noSnapshots, OwnServer } from '../harness/own-nodes.ts';
import { ownScenario, type Turn } from '../harness/own-scenario.ts';
import { scaled } from '../harness/size.ts';

const nodeCount = 1_000_000;

export const recovery = ownScenario({
  name: 'recovery',
  title: 'start after kill -9 with 1,000,000 znodes, from the log only and from a snapshot',
  steps: (size) => [{ called: 'recovery', nodes: scaled(nodeCount, size) }],
  measure: measureOnce,
});

async function* measureOnce(
  contender: OwnContender,
  { step: { nodes }, size, about }: Turn<{ readonly nodes: number }>,
): AsyncGenerator<Measurement> {
  const ms = { kind: 'measurement', unit: 'ms', better: 'lower', ...about } as const;
  const server = await OwnServer.start(contender, { settings: noSnapshots });
  try {
    await createNodes(server.running, nodes, size);
    const before = server.snapshots;
    const fromLog = await server.restart(noSnapshots);
    yield { ...ms, figure: `recovery of ${grouped(nodes)} znodes, log only`, value: fromLog };
    // Both kinds of servers write one when they have replayed a log: before they serve, or behind.
    await server.newSnapshot(before);
    // A transaction begins a new log, so that none of what the snapshot holds is read again.
    const client = await RawClient.connect({ port: server.process.port });
    await client.close();
    const fromSnapshot = await server.restart(noSnapshots);
    yield { ...ms, figure: `recovery of ${grouped(nodes)} znodes, snapshot`, value: fromSnapshot };
  } finally {
    await server.release();
  }
}
