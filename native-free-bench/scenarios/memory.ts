/**
 * Memory that a znode takes: growth of the resident set while many are created. Beside it what
 * cannot be less: the data, the path and the Stat.
 */
import { createParent } from '../load/nodes.ts';
import type { OwnContender } from './contender.ts';
import { grouped } from './load-cases.ts';
import type { Measurement, Outcome } from './measurement.ts';
import { createNodes, hasRoomFor, nodeDataBytes, OwnServer } from './own-nodes.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import { type BenchSize, scaled } from './size.ts';

interface NodeCount {
  readonly nodes: number;
  /** Only in the first repeat, and only for servers whose memory has no fixed limit. */
  readonly isHuge: boolean;
}

const counts: readonly NodeCount[] = [
  { nodes: 200_000, isHuge: false },
  { nodes: 1_000_000, isHuge: false },
  { nodes: 10_000_000, isHuge: true },
];
/** Four longs and seven ints, as the protocol sends them. */
const statBytes = 68;

export const memory: Scenario = {
  name: 'memory',
  title: 'memory of each of 200,000 and 1,000,000 znodes, and of 10,000,000 where there is room',
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
    const figure = `memory per znode, ${grouped(nodes)} x ${nodeDataBytes} B`;
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      const common = { kind: 'measurement', unit: 'B', better: 'lower', figure, repeat } as const;
      for (const contender of inTurn(contenders, repeat)) {
        progress(done++, total, `${contender.name}: ${figure}`);
        if (isHuge && !hasRoomFor(contender, nodes, repeat)) continue;
        yield { ...common, server: contender.name, value: await bytesEach(contender, nodes, size) };
      }
      if (!isHuge) yield { ...common, server: 'reference', value: leastBytes() };
    }
  }
}

async function bytesEach(
  contender: OwnContender,
  nodes: number,
  size: BenchSize,
): Promise<Measurement['value']> {
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
