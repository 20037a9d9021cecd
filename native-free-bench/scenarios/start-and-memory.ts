/**
 * How long a server takes from its start until it serves, empty and with many nodes, and how much
 * memory those nodes take. Every repeat starts processes of its own on fresh directories.
 */
import { rmSync } from 'node:fs';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { processRssBytes } from '../load/process-usage.ts';
import { startLoad } from '../load/start.ts';
import type { Contender } from './contender.ts';
import type { BenchSize, Measurement } from './measurement.ts';

export async function* measureStartAndMemory(
  contenders: readonly Contender[],
  size: BenchSize,
): AsyncGenerator<Measurement> {
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    const inTurn = repeat % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of inTurn) yield* measureOnce(contender, size.nodes);
  }
}

async function* measureOnce(contender: Contender, nodes: number): AsyncGenerator<Measurement> {
  const name = contender.name;
  const count = nodes.toLocaleString('en-US');
  let server = await contender.start();
  try {
    yield { scenario: 'start, empty', unit: 'ms', server: name, value: server.startMs };
    const before = processRssBytes(server.pid);
    await createNodes(server, nodes);
    const grown = (processRssBytes(server.pid) - before) / 2 ** 20;
    yield { scenario: `memory of ${count} nodes`, unit: 'MiB', server: name, value: grown };
    await server.stop();
    server = await contender.start({ dataDir: server.dataDir });
    yield { scenario: `start, ${count} nodes`, unit: 'ms', server: name, value: server.startMs };
    const rss = processRssBytes(server.pid) / 2 ** 20;
    yield { scenario: `RSS with ${count} nodes`, unit: 'MiB', server: name, value: rss };
  } finally {
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  }
}

async function createNodes(server: ServerProcess, operations: number): Promise<void> {
  const result = await startLoad({
    host: '127.0.0.1',
    ports: [server.port],
    operation: 'create',
    connections: 8,
    depth: 64,
    keys: 0,
    dataBytes: 100,
    warmupSeconds: 0,
    seconds: 0,
    operations,
  });
  if (result.errors > 0) throw new Error(`${result.errors} wrong replies: ${result.firstError}`);
}
