/**
 * How long a server takes from its start until it serves, empty and with many nodes, and how much
 * memory those nodes take. Every repeat starts processes of its own on fresh directories.
 */
import { rmSync } from 'node:fs';
import { processRssBytes } from '../load/process-usage.ts';
import { type OwnContender, runningOf } from './contender.ts';
import { grouped } from './load-cases.ts';
import type { Measurement, Outcome } from './measurement.ts';
import { createNodes } from './own-nodes.ts';
import { bareProcess } from './references.ts';
import { inTurn, type Progress, type Scenario } from './scenario.ts';
import type { BenchSize } from './size.ts';

export const startAndMemory: Scenario = {
  name: 'start-and-memory',
  title: 'start until it serves, empty and with many nodes, and the memory that these take',
  isDefault: true,
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
      progress(done++, size.repeats * contenders.length, `${contender.name}: start and memory`);
      yield* measureOnce(contender, size, repeat);
    }
    yield* reference(repeat);
  }
}

async function* measureOnce(
  contender: OwnContender,
  size: BenchSize,
  repeat: number,
): AsyncGenerator<Measurement> {
  const common = { kind: 'measurement', better: 'lower', server: contender.name, repeat } as const;
  const { nodes } = size;
  const count = grouped(nodes);
  let server = await contender.start();
  try {
    yield { ...common, figure: 'start, empty', unit: 'ms', value: server.startMs };
    const before = processRssBytes(server.pid);
    yield { ...common, figure: 'RSS, empty', unit: 'MiB', value: before / 2 ** 20 };
    await createNodes(runningOf(server), nodes, size);
    const grown = (processRssBytes(server.pid) - before) / 2 ** 20;
    yield { ...common, figure: `memory of ${count} nodes`, unit: 'MiB', value: grown };
    await server.stop();
    server = await contender.start({ dataDir: server.dataDir });
    yield { ...common, figure: `start, ${count} nodes`, unit: 'ms', value: server.startMs };
    const rss = processRssBytes(server.pid) / 2 ** 20;
    yield { ...common, figure: `RSS with ${count} nodes`, unit: 'MiB', value: rss };
  } finally {
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  }
}

/** `node -e 0`: no server in Node starts faster or is smaller. */
async function* reference(repeat: number): AsyncGenerator<Measurement> {
  const common = { kind: 'measurement', better: 'lower', server: 'reference', repeat } as const;
  const { startMs, rssBytes } = await bareProcess();
  yield { ...common, figure: 'start, empty', unit: 'ms', value: startMs };
  yield { ...common, figure: 'RSS, empty', unit: 'MiB', value: rssBytes / 2 ** 20 };
}
