/** Snapshots that Apache servers wrote: the same digest, and the same bytes back from a walk. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { aclVector, statPersisted } from '../../src/jute/data.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { createTreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeWalker, WalkStep } from '../../src/tree/tree-walker.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';

const fixtures = new URL('../fixtures/', import.meta.url);
const headerBytes = 16;

/** Loads the file; returns the tree, its node records by path, and the digest the file claims. */
function load(file: string) {
  const bytes = new Uint8Array(readFileSync(new URL(file, fixtures)));
  const reader = new JuteReader(bytes);
  const tree = new TreeWriter(createTreeMemory({ bytesMax: 4 << 20 }));
  const records = new Map<string, Uint8Array>();
  reader.skip(headerBytes);
  tree.openSection();
  for (let sessions = reader.readInt(); sessions > 0; sessions--) reader.skip(12);
  for (let lists = reader.readInt(); lists > 0; lists--) {
    const id = Number(reader.readLong());
    const start = reader.offset;
    aclVector.read(reader);
    tree.acls.addAt(id, bytes, start, reader.offset);
  }
  for (;;) {
    const start = reader.offset;
    const path = reader.readString() as string;
    if (path === '/') break;
    const pathEnd = reader.offset;
    const dataLength = reader.readLength();
    const data = reader.skip(Math.max(dataLength, 0));
    const aclId = Number(reader.readLong());
    const stat = reader.offset;
    statPersisted.read(reader);
    tree.load(bytes, start + 4, pathEnd, bytes, data, dataLength, aclId, bytes, stat);
    records.set(path, bytes.slice(start, reader.offset));
  }
  tree.closeSection(0, 0x2a);
  reader.skip(13 + 8 + 4);
  return { tree, records, digest: reader.readLong() };
}

test('a tree that was loaded from an Apache snapshot has the digest that Apache computed', () => {
  const { tree, digest } = load('zk-3.8-datadir/main/version-2/snapshot.2a');
  expect(digest).toBe(62192386982n);
  expect((BigInt(tree.digestHi) << 32n) | BigInt(tree.digestLo >>> 0)).toBe(digest);
});

test.each([
  'zk-3.8-datadir/main/version-2/snapshot.0',
  'zk-3.8-datadir/main/version-2/snapshot.2a',
  'zk-3.9-datadir/main/version-2/snapshot.2a',
])('a walk gives the nodes of %s back byte for byte', (file) => {
  const { tree, records } = load(file);
  expect(records.size).toBe(tree.nodeCount);
  const walker = new TreeWalker(tree.memory);
  const decoder = new TextDecoder();
  while (walker.step() === WalkStep.node) {
    const record = walker.record.slice(0, walker.recordLength);
    const path = decoder.decode(record.slice(4, 4 + walker.pathLength));
    expect(Buffer.compare(record, records.get(path) as Uint8Array), path).toBe(0);
    records.delete(path);
  }
  walker.close();
  expect(records.size).toBe(0);
});
