/** A snapshot written from the tree, and read again, without the disk. */
import { zxidOf } from '../../../src/base/zxid.ts';
import { createSessionTable, SessionTable } from '../../../src/state/session-table.ts';
import { type WalkSlice, walkSnapshot } from '../../../src/state/snapshot-walk.ts';
import { nodeCompression } from '../../../src/storage/node-compression.ts';
import type { SnapshotVisitor } from '../../../src/storage/recovery-sink.ts';
import { readSnapshotFile } from '../../../src/storage/snapshot-reader.ts';
import { SnapshotWriter } from '../../../src/storage/snapshot-writer.ts';
import { TreeWalker } from '../../../src/tree/tree-walker.ts';
import type { Subject } from '../subject.ts';
import { Forest } from '../tree/forest.ts';
import { MemoryDisk, memoryDirectory } from './memory-disk.ts';

const slice: WalkSlice = { items: 4096, bytes: 16 * 1024 * 1024 };
const zxid = zxidOf(0, 1);

export const snapshots: Subject = {
  name: 'storage/snapshot',
  prepare: ({ items }) => {
    const { memory } = new Forest(items);
    const sessions = new SessionTable(createSessionTable({ sessionsMax: 1, nowMs: 0 }));
    const disk = new MemoryDisk();
    const write = () => {
      const walker = new TreeWalker(memory);
      const writer = new SnapshotWriter({ disk, directory: memoryDirectory.snapshots, zxid });
      for (const _ of walkSnapshot(walker, sessions, writer, slice));
      walker.close();
      writer.publish({ digest: null, lastProcessedZxid: null });
      return writer.nodeCount;
    };
    write();
    const file = { zxid, name: 'snapshot', path: '/snapshot', encoding: 'plain' } as const;
    let nodes = 0;
    const visitor: SnapshotVisitor = {
      session() {},
      acl() {},
      node: () => {
        nodes++;
      },
    };
    return [
      { name: `${items} nodes written`, operations: items, run: write },
      {
        name: `${items} nodes read and verified`,
        operations: items,
        run() {
          nodes = 0;
          readSnapshotFile(disk, file, visitor, nodeCompression);
          return nodes;
        },
      },
    ];
  },
};
