/** A snapshot that nobody wants any more leaves no file. */
import { describe, expect, it } from 'vitest';
import { type SnapshotTask, snapshotSlices } from '../../src/jobs/snapshot.ts';
import { createSessionTable } from '../../src/state/session-table.ts';
import { createSharedStatus, Serving, SharedStatus } from '../../src/state/shared-status.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { createTreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';
import { directory, newDisk } from '../storage/sim-directory.ts';

/** So many that the walk takes several slices. */
const nodes = 10_000;

function makeWorld() {
  const memory = createTreeMemory({ bytesMax: 16 << 20 });
  const tree = new TreeWriter(memory);
  tree.createSystemNodes();
  tree.openSection();
  for (let i = 0; i < nodes; i++) {
    const path = new TextEncoder().encode(`/${i}`);
    tree.create(tree.root, path, 0, path.byteLength, null, 0, -1, -1, 0, 0);
  }
  tree.closeSection(0, nodes);
  const statusMemory = createSharedStatus();
  const status = new SharedStatus(statusMemory);
  status.serving = Serving.serving;
  status.stateIsCommitted = true;
  const disk = newDisk();
  const task: SnapshotTask = {
    ...{ tree: memory, status: statusMemory, directory: directory.snapshots },
    sessions: createSessionTable({ sessionsMax: 1, nowMs: 0 }),
    encoding: 'plain',
    ...{ withDigest: true, withLastProcessedZxid: true },
  };
  return { status, disk, slices: snapshotSlices(task, disk, nodeCompression) };
}

describe('a snapshot', () => {
  it('is written in slices', () => {
    const { disk, slices } = makeWorld();
    let count = 0;
    while (!slices.next().done) count++;
    expect(count).toBeGreaterThan(1);
    expect(disk.list(directory.snapshots)).toEqual([`snapshot.${nodes.toString(16)}`]);
  });

  it.each([
    ['the server stops', (status: SharedStatus) => (status.serving = Serving.stopping)],
    ['there is no leader', (status: SharedStatus) => (status.stateIsCommitted = false)],
  ])('is given up at the next slice when %s', (_why, change) => {
    const { status, disk, slices } = makeWorld();
    slices.next();
    expect(disk.list(directory.snapshots)).toEqual([`snapshot.${nodes.toString(16)}.tmp`]);
    change(status);
    expect(slices.next()).toEqual({ done: true, value: null });
    expect(disk.list(directory.snapshots)).toEqual([]);
  });
});
