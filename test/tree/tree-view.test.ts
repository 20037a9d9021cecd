/** Reads from another view: wire images, names, observations, and memory full of nonsense. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { getDataResponse } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { ustring, vector } from '../../src/jute/schema.ts';
import { Node, nodeHeaderWords } from '../../src/tree/layout.ts';
import { createTreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import { find, readData, readStat, TreeHand } from './support/tree-hand.ts';

describe('a reply', () => {
  test('of getData is one copy of data and Stat, at any place in the output', () => {
    const hand = new TreeHand(16 << 20, 4 << 20);
    for (const size of [0, 1, 2, 3, 4, 5, 100, 4095, 9000, 100_000]) {
      const data = Uint8Array.from({ length: size }, (_, i) => i * 31);
      const ref = hand.create(`/n${size}`, data);
      const view = new TreeView(hand.memory);
      for (const at of [0, 1, 2, 3, 21]) {
        const out = new Uint8Array(size + 72 + at + 5).fill(0xee);
        expect(view.dataAndStatBytes(ref)).toBe(size + 72);
        expect(view.writeDataAndStat(ref, out, at)).toBe(size + 72);
        const reply = getDataResponse.read(new JuteReader(out.slice(at)));
        expect(Buffer.compare(reply.data as Uint8Array, data)).toBe(0);
        expect(reply.stat).toEqual(readStat(view, ref));
        expect([...out.slice(0, at), ...out.slice(-5)].every((byte) => byte === 0xee)).toBe(true);
        expect(() => view.writeDataAndStat(ref, out, at + 6)).toThrow(RangeError);
      }
    }
  });

  test('of getChildren is a vector of names', () => {
    const hand = new TreeHand();
    hand.create('/d');
    const names = ['a', 'bb', 'ccc', 'dddd', 'é', 'x'.repeat(300)];
    for (const name of names) hand.create(`/d/${name}`);
    hand.create('/d/a/below');
    const view = new TreeView(hand.memory);
    for (const [path, expected] of [
      ['/d', names],
      ['/', ['zookeeper', 'd']],
      ['/d/bb', []],
    ] as const) {
      const ref = find(view, path);
      const out = new Uint8Array(view.childNamesBytes(ref) + 1);
      expect(view.writeChildNames(ref, out, 1)).toBe(out.length - 1);
      const read = vector(ustring).read(new JuteReader(out.slice(1)));
      expect(read?.toSorted()).toEqual([...expected].sort());
    }
  });

  test('keeps Stat fields of 64 bits apart', () => {
    const hand = new TreeHand();
    hand.zxid = 0x7_fffffffen;
    const ref = hand.create('/n', 'x');
    hand.setData('/n', 'y', -5);
    hand.setAcl('/n', 'ann', 3);
    hand.create('/n/c');
    const view = new TreeView(hand.memory);
    expect([view.czxidHi(ref), view.czxidLo(ref) >>> 0]).toEqual([7, 0xffffffff]);
    expect([view.mzxidHi(ref), view.mzxidLo(ref)]).toEqual([8, 0]);
    expect([view.pzxidHi(ref), view.pzxidLo(ref)]).toEqual([8, 2]);
    expect([view.version(ref), view.cversion(ref), view.aversion(ref)]).toEqual([-5, 1, 3]);
    expect([view.ctimeHi(ref), view.mtimeHi(ref)]).toEqual([9, 9]);
    expect(view.ctimeLo(ref) | 0).toBe(0x80000000 + 0xffffffff - 2 ** 32);
    expect(view.mtimeLo(ref) | 0).toBe(0x80000000 | 0);
    expect([view.lastZxidHi, view.lastZxidLo]).toEqual([8, 2]);
  });
});

describe('an observation', () => {
  test('holds while no section closes, and does not begin inside one', () => {
    const hand = new TreeHand();
    const view = new TreeView(hand.memory);
    const seq = view.beginRead();
    expect(seq & 1).toBe(0);
    expect(view.endRead(seq)).toBe(true);
    hand.section(() => {
      expect(view.beginRead()).toBe(-1);
      expect(view.endRead(seq)).toBe(false);
    });
    expect(view.endRead(seq)).toBe(false);
    expect(view.endRead(view.beginRead())).toBe(true);
  });

  test('spans the whole of a section with many changes and its zxid', () => {
    const hand = new TreeHand();
    const view = new TreeView(hand.memory);
    hand.section(() => {
      hand.create('/a', '1');
      hand.create('/a/b', '2');
      hand.setData('/a', '3');
      expect(view.lastZxidLo).toBe(0);
    });
    expect(view.lastZxidLo).toBe(1);
    expect(readData(view, find(view, '/a'))).toEqual(new TextEncoder().encode('3'));
    expect(view.mzxidLo(find(view, '/a/b'))).toBe(1);
  });
});

describe('torn memory', () => {
  /** Calls every read; anything but a value or a RangeError fails the test. */
  function readEverything(view: TreeView, ref: number): void {
    const out = new Uint8Array(4096);
    const reads = [
      () => view.find(out, 0, 0),
      () => find(view, '/zookeeper/quota'),
      () => find(view, '/a/b/c'),
      () => view.parent(ref) + view.firstChild(ref) + view.nextSibling(ref),
      () => view.writeName(ref, out, 0),
      () => view.writePath(ref, out, 0),
      () => view.version(ref) + view.aversion(ref) + view.cversion(ref) + view.dataLength(ref),
      () => view.writeData(ref, out, 0),
      () => view.writeDataAndStat(ref, out, 0),
      () => view.dataAndStatBytes(ref),
      () => view.writeStat(ref, out, 0),
      () => view.childNamesBytes(ref),
      () => view.writeChildNames(ref, out, 0),
      () => view.descendantCount(ref, 1000),
      () => view.isReadableByAnyone(ref),
      () => view.acls.bytesOf(view.aclId(ref)),
      () => view.acls.writeTo(1, out, 0),
      () => view.acls.isReadableByAnyone(view.aclId(ref)),
    ];
    for (const read of reads) {
      try {
        read();
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  }

  test('makes a read fail or answer nonsense, but never leave the memory or loop', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(65_535), fc.nat(3), (seed, ref, density) => {
        const hand = new TreeHand(1 << 20);
        for (const path of ['/a', '/a/b', '/a/b/c', '/a/d']) hand.create(path, path, 'ann');
        const view = new TreeView(hand.memory);
        const refs = ['/', '/a', '/a/b', '/a/d'].map((path) => find(view, path));
        const memory = new Int32Array(hand.memory.segments[0] as SharedArrayBuffer);
        // Nonsense everywhere, also in the index tables and ACL entries.
        let random = seed;
        for (let i = 0; i < 30_000; i++) {
          random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + i;
          // Whole words, small numbers such as lengths, and refs that lie inside the memory.
          const word = [random, random >> 22, random >>> 16][random & 3] ?? 0;
          memory[(i * (1 + density)) % memory.length] = word;
        }
        for (const each of [...refs, ref, 65_535]) readEverything(view, each);
      }),
      { numRuns: 100 },
    );
  });

  test('that leads in a circle is left after a bounded number of steps', () => {
    const hand = new TreeHand();
    hand.create('/a');
    const child = hand.create('/a/b');
    const parent = hand.mustFind('/a');
    const view = new TreeView(hand.memory);
    const words = new Int32Array(hand.memory.segments[0] as SharedArrayBuffer);
    words[child * 4 + Node.nextSibling] = child;
    words[parent * 4 + Node.childCount] = 2 ** 31 - 1;
    expect(() => view.childNamesBytes(parent)).toThrow(RangeError);
    expect(() => view.writeChildNames(parent, new Uint8Array(4096), 0)).toThrow(RangeError);
    expect(view.descendantCount(parent, 1000)).toBe(-1);
    // Another path under the same hash, and a chain that never ends.
    words[child * 4 + Node.link] = child;
    words[child * 4 + nodeHeaderWords]! += 1;
    expect(() => find(view, '/a/b')).toThrow(RangeError);
  });

  test('of a tree without any node holds nothing', () => {
    const view = new TreeView(createTreeMemory({ bytesMax: 1 << 20 }));
    expect(view.root).toBe(0);
    expect(find(view, '/a')).toBe(0);
    expect(view.nodeCount).toBe(0);
  });
});
