/**
 * Memory that a znode takes: growth of the resident set while many are created. Beside it what
 * cannot be less: the data, the path and the Stat.
 */

import type { OwnContender } from '../harness/contender.ts';
import { grouped } from '../harness/load-cases.ts';
import type { Measurement } from '../harness/measurement.ts';
import { createNodes, hasRoomFor, nodeDataBytes, OwnServer } from '../harness/own-nodes.ts';
import { ownScenario, type Turn } from '../harness/own-scenario.ts';
import { type BenchSize, scaled } from '../harness/size.ts';
import { createParent } from '../load/nodes.ts';

interface Step {
  readonly nodes: number;
  readonly isHuge: boolean;
  /** The figure. */
  readonly called: string;
}

const counts = [
  { nodes: 200_000, isHuge: false },
  { nodes: 1_000_000, isHuge: false },
  { nodes: 10_000_000, isHuge: true },
];
/** Four longs and seven ints, as the protocol sends them. */
const statBytes = 68;

export const memory = ownScenario<Step>({
  name: 'memory',
  title: 'memory of each of 200,000 and 1,000,000 znodes, and of 10,000,000 where there is room',
  steps: (size) => counts.map((each) => stepOf(each, size)),
  isFor: (contender, turn) => !turn.step.isHuge || hasRoomFor(contender, turn),
  measure: async function* (contender, turn) {
    yield figureOf(turn, await bytesEach(contender, turn));
  },
  reference: (turn) => (turn.step.isHuge ? [] : [figureOf(turn, leastBytes())]),
});

function stepOf(count: { nodes: number; isHuge: boolean }, size: BenchSize): Step {
  const nodes = scaled(count.nodes, size);
  const called = `memory per znode, ${grouped(nodes)} x ${nodeDataBytes} B`;
  return { nodes, isHuge: count.isHuge, called };
}

function figureOf({ step, about }: Turn<Step>, value: number): Measurement {
  const { called: figure } = step;
  return { kind: 'measurement', figure, ...about, unit: 'B', better: 'lower', value };
}

async function bytesEach(
  contender: OwnContender,
  { step: { nodes }, size }: Turn<Step>,
): Promise<number> {
  const server = await OwnServer.start(contender);
  try {
    const before = server.rssBytes;
    await createNodes(server.running, nodes, size);
    return (server.rssBytes - before) / nodes;
  } finally {
    await server.release();
  }
}

/** Of one of the nodes that `createNodes` makes. */
function leastBytes(): number {
  const path = `${createParent('run00000000', 0)}/n0000000000`;
  return nodeDataBytes + path.length + statBytes;
}
