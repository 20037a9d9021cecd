/**
 * How long a server with many znodes stands still while it is written to: its longest pause for
 * garbage, the longest stall of its event loop, and the longest request.
 */
import type { OwnContender } from '../harness/contender.ts';
import { checkedLoad, grouped, limitsOf, loadDetail, whereOf } from '../harness/load-cases.ts';
import type { Outcome } from '../harness/measurement.ts';
import { createNodes, hasRoomFor, nodeDataBytes, OwnServer } from '../harness/own-nodes.ts';
import { ownScenario, type Turn } from '../harness/own-scenario.ts';
import { pauseFigures } from '../harness/pause-figures.ts';
import { ServerWatch } from '../harness/server-watch.ts';
import { type BenchSize, scaled } from '../harness/size.ts';

interface Step {
  readonly nodes: number;
  readonly isHuge: boolean;
  /** As its figures begin. */
  readonly called: string;
}

const counts = [
  { nodes: 1_000_000, isHuge: false },
  { nodes: 5_000_000, isHuge: true },
];
/** Few requests at a time, so that the longest one does not wait for others. */
const load = { mix: { set: 80, createDelete: 20 }, connections: 16, depth: 1 } as const;

export const stalls = ownScenario<Step>({
  name: 'stalls',
  title:
    'longest pauses with 1,000,000 znodes under writes, and with 5,000,000 where there is room',
  steps: (size) => counts.map((each) => stepOf(each, size)),
  isFor: (contender, turn) => !turn.step.isHuge || hasRoomFor(contender, turn),
  measure: measureOnce,
});

function stepOf(count: { nodes: number; isHuge: boolean }, size: BenchSize): Step {
  const nodes = scaled(count.nodes, size);
  return { nodes, isHuge: count.isHuge, called: `writes with ${grouped(nodes)} znodes` };
}

async function* measureOnce(
  contender: OwnContender,
  { step, size, about }: Turn<Step>,
): AsyncGenerator<Outcome> {
  const server = await OwnServer.start(contender, { tellsPauses: true });
  try {
    await createNodes(server.running, step.nodes, size);
    const { seed, warmupSeconds, seconds } = size;
    const watch = await ServerWatch.begin(server.running);
    const result = await checkedLoad({
      ...whereOf(server.running),
      ...load,
      ...{ keys: scaled(10_000, size), dataBytes: nodeDataBytes, seed, warmupSeconds, seconds },
      ...limitsOf(size),
    });
    const told = await watch.end();
    const ofLoad = { ...about, load: step.called };
    yield* pauseFigures(ofLoad, result, told);
    yield loadDetail(ofLoad, result, told);
  } finally {
    await server.release();
  }
}
