/**
 * How long a server with many znodes stands still while it is written to: its longest pause for
 * garbage, the longest stall of its event loop, and the longest request.
 */
import type { OwnContender } from './contender.ts';
import { checkedLoad, grouped, limitsOf, loadDetail, whereOf } from './load-cases.ts';
import type { Outcome } from './measurement.ts';
import { createNodes, hasRoomFor, nodeDataBytes, OwnServer } from './own-nodes.ts';
import { pauseFigures } from './pause-figures.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import { ServerWatch } from './server-watch.ts';
import { type BenchSize, scaled } from './size.ts';

const counts = [
  { nodes: 1_000_000, isHuge: false },
  { nodes: 5_000_000, isHuge: true },
];
/** Few requests at a time, so that the longest one does not wait for others. */
const load = { mix: { set: 80, createDelete: 20 }, connections: 16, depth: 1 } as const;

export const stalls: Scenario = {
  name: 'stalls',
  title:
    'longest pauses with 1,000,000 znodes under writes, and with 5,000,000 where there is room',
  isDefault: false,
  needsOwnServer: true,
  run,
};

async function* run(
  contenders: readonly OwnContender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const total = counts.length * size.repeats * contenders.length;
  let done = 0;
  for (const { nodes: wanted, isHuge } of counts) {
    const nodes = scaled(wanted, size);
    const called = `writes with ${grouped(nodes)} znodes`;
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      for (const contender of inTurn(contenders, repeat)) {
        progress(done++, total, `${contender.name}: ${called}`);
        if (isHuge && !hasRoomFor(contender, nodes, repeat)) continue;
        yield* measureOnce(contender, nodes, size, { repeat, load: called });
      }
    }
  }
}

async function* measureOnce(
  contender: OwnContender,
  nodes: number,
  size: BenchSize,
  rest: { readonly repeat: number; readonly load: string },
): AsyncGenerator<Outcome> {
  const server = await OwnServer.start(contender, { tellsPauses: true });
  try {
    await createNodes(server.running, nodes, size);
    const { seed, warmupSeconds, seconds } = size;
    const watch = await ServerWatch.begin(server.running);
    const result = await checkedLoad({
      ...whereOf(server.running),
      ...load,
      ...{ keys: scaled(10_000, size), dataBytes: nodeDataBytes, seed, warmupSeconds, seconds },
      ...limitsOf(size),
    });
    const told = await watch.end();
    const about = { server: contender.name, ...rest };
    yield* pauseFigures(about, result, told);
    yield loadDetail(about, result, told);
  } finally {
    await server.release();
  }
}
