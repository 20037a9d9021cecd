/**
 * Writes while a snapshot of many znodes is written: the worst second against the mean. How often
 * a server writes one follows from its speed, so that one begins in the middle of the load.
 */

import type { OwnContender } from '../harness/contender.ts';
import {
  checkedLoad,
  figuresOf,
  grouped,
  limitsOf,
  loadDetail,
  whereOf,
} from '../harness/load-cases.ts';
import type { Outcome } from '../harness/measurement.ts';
import { createNodes, nodeDataBytes, noSnapshots, OwnServer } from '../harness/own-nodes.ts';
import { ownScenario, type Turn } from '../harness/own-scenario.ts';
import { pauseFigures } from '../harness/pause-figures.ts';
import { type ServerTold, ServerWatch } from '../harness/server-watch.ts';
import { type BenchSize, scaled } from '../harness/size.ts';
import type { LoadResult, LoadSpec } from '../load/workload.ts';

const nodeCount = 1_000_000;
/** The load is so many times as long as others. */
const stretch = 3;
const triesMax = 3;

interface Step {
  readonly nodes: number;
  /** As its figures begin. */
  readonly called: string;
}

export const snapshotUnderLoad = ownScenario<Step>({
  name: 'snapshot-under-load',
  title: 'set while a snapshot of 1,000,000 znodes is written: the worst second against the mean',
  steps: (size) => {
    const nodes = scaled(nodeCount, size);
    return [{ nodes, called: `set while ${grouped(nodes)} znodes are snapshot` }];
  },
  measure: measureOnce,
});

async function* measureOnce(
  contender: OwnContender,
  { step, size, about }: Turn<Step>,
): AsyncGenerator<Outcome> {
  const load = step.called;
  const { result, told } = await loadWithSnapshot(contender, step.nodes, size);
  const ofLoad = { ...about, load };
  yield* figuresOf(ofLoad, { figure: 'ops/s' }, result);
  yield {
    ...{ kind: 'measurement', ...about, unit: '%', better: 'higher' },
    figure: `${load}, worst second of mean`,
    value: (100 * worstSecond(result)) / result.opsPerSecond,
  };
  yield* pauseFigures(ofLoad, result, told);
  yield loadDetail(ofLoad, result, told);
}

interface Measured {
  readonly result: LoadResult;
  readonly told: ServerTold;
}

async function loadWithSnapshot(
  contender: OwnContender,
  nodes: number,
  size: BenchSize,
): Promise<Measured> {
  const server = await OwnServer.start(contender, { settings: noSnapshots, tellsPauses: true });
  try {
    await createNodes(server.running, nodes, size);
    const trial = await checkedLoad(loadOf(server, size, 1));
    const atStart = server.snapshots;
    // Servers begin one after between half and all of this many transactions.
    const snapCount = Math.ceil((trial.opsPerSecond * size.seconds * stretch * 2) / 3);
    await server.restart({
      snapCount: String(Math.min(snapCount, (size.requests ?? Infinity) / 2)),
    });
    await server.newSnapshot(atStart);
    for (let tries = 0; tries < triesMax; tries++) {
      const before = server.snapshotsBegun;
      const watch = await ServerWatch.begin(server.running);
      const result = await checkedLoad(loadOf(server, size, stretch));
      const told = await watch.end();
      if (server.snapshotsBegun.some((name) => !before.includes(name))) return { result, told };
    }
    throw new Error(`no snapshot began under load in ${triesMax} tries`);
  } finally {
    await server.release();
  }
}

function loadOf(server: OwnServer, size: BenchSize, times: number): LoadSpec {
  const { seed, warmupSeconds } = size;
  return {
    ...whereOf(server.running),
    ...{ mix: { set: 1 }, connections: 64, depth: 16, seed, warmupSeconds },
    ...{ keys: scaled(10_000, size), dataBytes: nodeDataBytes, seconds: size.seconds * times },
    ...limitsOf(size),
  };
}

/** The lowest throughput of any second in a row, ops/s; the mean when the load was shorter. */
function worstSecond({ series, intervalMs, opsPerSecond }: LoadResult): number {
  const perSecond = 1000 / intervalMs;
  const all = series.opsPerSecond;
  let worst = all.length < perSecond ? opsPerSecond : Number.POSITIVE_INFINITY;
  for (let at = 0; at + perSecond <= all.length; at++) {
    const second = all.slice(at, at + perSecond).reduce((sum, each) => sum + each, 0);
    worst = Math.min(worst, second / perSecond);
  }
  return worst;
}
