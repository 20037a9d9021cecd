/**
 * Real threads on one tree: a writer with sections of many changes, readers that check every
 * observation, and a walker that walks again and again. See support/stress-worker.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';
import type { StressOrder } from './support/stress-worker.ts';

let directory = '';
let script = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tree-threads-'));
  script = join(directory, 'stress-worker.mjs');
  await build({
    entryPoints: [new URL('./support/stress-worker.ts', import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'error',
  });
});

afterAll(() => rmSync(directory, { recursive: true }));

test('readers see whole sections only, and walkers whole nodes', async () => {
  const memory = createTreeMemory({ bytesMax: 256 << 20, segmentBytes: 4 << 20 });
  const writer = new TreeWriter(memory);
  writer.createSystemNodes();
  const progress = new SharedArrayBuffer(16);
  const base = { memory, progress, sections: 3000, enough: [3000, 3000] };
  const roles = ['writer', 'reader', 'reader', 'walker'] as const;
  const failures: unknown[] = [];
  await Promise.all(roles.map((role) => run({ ...base, role }, failures)));
  expect(failures).toEqual([]);
  const [, observations = 0, nodesWalked = 0] = new Int32Array(progress);
  expect(observations).toBeGreaterThanOrEqual(3000);
  expect(nodesWalked).toBeGreaterThanOrEqual(3000);
  const view = new TreeView(memory);
  expect(view.endRead(view.beginRead())).toBe(true);
});

/** A thread that fails asks the writer to stop, so that the others end too. */
function run(order: StressOrder, failures: unknown[]): Promise<void> {
  return new Promise((resolve) => {
    const worker = new Worker(script, { workerData: order });
    worker.once('error', (error) => {
      failures.push(`${order.role}: ${error.message}`);
      Atomics.store(new Int32Array(order.progress), 3, 1);
      if (order.role === 'writer') Atomics.store(new Int32Array(order.progress), 0, -1);
    });
    worker.once('exit', () => resolve());
  });
}
