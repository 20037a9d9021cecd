/**
 * How long a server takes from its start until it serves, empty and with many nodes, and how much
 * memory those nodes take. Every repeat starts processes of its own on fresh directories.
 */
import { rmSync } from 'node:fs';
import { type OwnContender, runningOf } from '../harness/contender.ts';
import { grouped } from '../harness/load-cases.ts';
import type { Measurement } from '../harness/measurement.ts';
import { createNodes } from '../harness/own-nodes.ts';
import { ownScenario, type Turn } from '../harness/own-scenario.ts';
import { bareProcess } from '../harness/references.ts';
import { processRssBytes } from '../load/process-usage.ts';

export const startAndMemory = ownScenario({
  name: 'start-and-memory',
  title: 'start until it serves, empty and with many nodes, and the memory that these take',
  isDefault: true,
  steps: () => [{ called: 'start and memory' }],
  measure: measureOnce,
  reference,
});

async function* measureOnce(
  contender: OwnContender,
  { size, about }: Turn<unknown>,
): AsyncGenerator<Measurement> {
  const { nodes } = size;
  const count = grouped(nodes);
  const common = { kind: 'measurement', better: 'lower', ...about } as const;
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
async function* reference({ about }: Turn<unknown>): AsyncGenerator<Measurement> {
  const common = { kind: 'measurement', better: 'lower', ...about } as const;
  const { startMs, rssBytes } = await bareProcess();
  yield { ...common, figure: 'start, empty', unit: 'ms', value: startMs };
  yield { ...common, figure: 'RSS, empty', unit: 'MiB', value: rssBytes / 2 ** 20 };
}
