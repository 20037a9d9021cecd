/** The shared tree against a naive one: same nodes, Stats, digest and counters after any change. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { highHalf, joinHalves, lowHalf } from '../../src/base/zxid.ts';
import { EphemeralTypes, plainEphemeralTypes } from '../../src/tree/ephemeral-type.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';
import { ModelTree, parentOf } from './support/model-tree.ts';
import {
  type AclName,
  aclNameOf,
  acls,
  find,
  rangeOf,
  readChildren,
  readData,
  readPath,
  readStat,
  TreeHand,
} from './support/tree-hand.ts';

type Change =
  | { kind: 'create'; path: string; data: Uint8Array | null; acl: AclName; owner: bigint }
  | { kind: 'remove'; path: string }
  | { kind: 'setData'; path: string; data: Uint8Array | null; version: number }
  | { kind: 'setAcl'; path: string; acl: AclName; aversion: number }
  | { kind: 'quota'; path: string; data: Uint8Array };

const name = fc.constantFrom('a', 'b', 'c', 'é', 'zookeeper', 'longer-name-of-a-node');
const path = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((names) => names.map((part) => `/${part}`).join(''));
const dataBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 0, max: 9000 }).map((length) => new Uint8Array(length).fill(length)),
);
const data = fc.option(dataBytes, { nil: null });
const acl = fc.constantFrom(...(Object.keys(acls) as AclName[]));
const owner = fc.constantFrom(0n, 0x1000000_00000007n, -(2n ** 63n), -1n);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create'), path, data, acl, owner }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove'), path }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('setData'), path, data, version: fc.integer() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('setAcl'), path, acl, aversion: fc.integer() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('quota'), path, data: dataBytes }) },
) as fc.Arbitrary<Change>;

/** Applies a change to both trees if it is legal; one txn each. */
function apply(hand: TreeHand, model: ModelTree, change: Change): void {
  const { writer } = hand;
  const exists = model.nodes.has(change.path);
  expect(hand.find(change.path) !== 0).toBe(exists);
  if (change.kind === 'create') {
    const parent = parentOf(change.path);
    if (exists || !model.nodes.has(parent)) return;
    hand.create(change.path, change.data, change.acl, change.owner);
    model.create(change.path, hand.zxid, hand.time(), change);
    model.raiseParent(parent, -1, hand.zxid);
    return;
  }
  if (!exists) return;
  const node = model.get(change.path);
  if (change.kind === 'remove') {
    if (model.children(change.path).length > 0) return;
    hand.remove(change.path);
    model.remove(change.path, hand.zxid);
  } else if (change.kind === 'setData') {
    hand.setData(change.path, change.data, change.version);
    Object.assign(node, { data: change.data, version: change.version });
    Object.assign(node, { mzxid: hand.zxid, mtime: hand.time() });
  } else if (change.kind === 'setAcl') {
    hand.setAcl(change.path, change.acl, change.aversion);
    Object.assign(node, { acl: change.acl, aversion: change.aversion });
  } else {
    hand.section(() => {
      writer.setQuotaData(hand.mustFind(change.path), change.data, 0, change.data.length);
    });
    node.data = change.data;
  }
}

function expectEqual(hand: TreeHand, model: ModelTree): void {
  const { writer } = hand;
  expect(writer.nodeCount).toBe(model.nodes.size);
  expect(hand.digest()).toBe(model.digest());
  expect(writer.approximateDataBytes).toBe(model.dataBytes());
  for (const [path, node] of model.nodes) {
    const ref = find(writer, path);
    expect(ref, path).toBeGreaterThan(0);
    expect(readPath(writer, ref)).toBe(path);
    expect(readData(writer, ref)).toEqual(node.data);
    expect(readStat(writer, ref)).toEqual(model.stat(path, node.owner === -(2n ** 63n)));
    expect(writer.cversion(ref)).toBe(node.cversion);
    expect(joinHalves(writer.ownerHi(ref), writer.ownerLo(ref))).toBe(node.owner);
    expect(writer.nodeDigest(ref)).toBe(model.nodeDigest(path));
    expect(readChildren(writer, ref)).toEqual(model.children(path));
    expect(writer.descendantCount(ref, 1e6)).toBe(model.descendants(path));
    expect(aclNameOf(writer, ref)).toBe(node.acl);
    expect(writer.isReadableByAnyone(ref)).toBe(['open', 'config', 'read'].includes(node.acl));
    const parent = path === '' ? 0 : find(writer, parentOf(path));
    expect(writer.parent(ref)).toBe(parent);
  }
}

describe('a tree under random changes', () => {
  test('equals a naive tree after every change, its digest computed from scratch', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const hand = new TreeHand();
        const model = ModelTree.ofEmptyServer();
        for (const each of changes) {
          apply(hand, model, each);
          expect(hand.digest()).toBe(model.digest());
        }
        expectEqual(hand, model);
      }),
      { numRuns: 150 },
    );
  });

  test('is empty of everything but the system nodes after all else was removed', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const hand = new TreeHand();
        const model = ModelTree.ofEmptyServer();
        for (const each of changes) apply(hand, model, each);
        const system = ModelTree.ofEmptyServer();
        const extra = [...model.nodes.keys()].filter((path) => !system.nodes.has(path));
        for (const path of extra.sort((a, b) => b.length - a.length)) {
          hand.remove(path);
          model.remove(path, hand.zxid);
        }
        expectEqual(hand, model);
        expect(hand.writer.nodeCount).toBe(4);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an empty tree', () => {
  test('has the nodes, Stats and digest of an empty Apache server', () => {
    const hand = new TreeHand();
    expect(hand.digest()).toBe(1371985504n);
    expectEqual(hand, ModelTree.ofEmptyServer());
    const { writer } = hand;
    expect(writer.nodeDigest(hand.mustFind(''))).toBe(68323592);
    expect(writer.nodeDigest(hand.mustFind('/zookeeper'))).toBe(1303661912);
    expect(readStat(writer, hand.mustFind('/')).cversion).toBe(-1);
    expect(readStat(writer, hand.mustFind('/zookeeper')).cversion).toBe(-2);
    const config = hand.mustFind('/zookeeper/config');
    expect(writer.aclId(config)).toBe(1);
    expect(writer.aversion(config)).toBe(-1);
    expect(writer.dataLength(config)).toBe(0);
    expect(writer.approximateDataBytes).toBe(44);
  });

  test('reports the digest that Apache logged for its first create', () => {
    const hand = new TreeHand();
    const { writer } = hand;
    writer.openSection();
    writer.beginTxn(0, 3, 0x1a2, 0x00585b01);
    const [bytes, start, end] = rangeOf('/app');
    const app = writer.create(writer.root, bytes, start, end, acls.open, 0, 0, -1, 0, 0);
    writer.setQuotaData(app, new TextEncoder().encode('hello'), 0, 5);
    writer.raiseParent(writer.root, 1);
    writer.closeSection(0, 3);
    expect(writer.nodeDigest(writer.root)).toBe(2212851693);
    expect(writer.nodeDigest(app)).toBe(1008881791);
    expect(hand.digest()).toBe(4525395396n);
  });
});

describe('a parent', () => {
  test('is raised only to a greater cversion, and then takes the zxid', () => {
    const hand = new TreeHand();
    const parent = hand.create('/p');
    const { writer } = hand;
    const raise = (cversion: number) => hand.section(() => writer.raiseParent(parent, cversion));
    raise(7);
    expect(writer.cversion(parent)).toBe(7);
    expect(writer.pzxidLo(parent)).toBe(lowHalf(hand.zxid));
    const before = hand.zxid;
    raise(7);
    raise(3);
    expect(writer.cversion(parent)).toBe(7);
    expect(writer.pzxidLo(parent)).toBe(lowHalf(before));
  });

  test('keeps its cversion when the next would overflow', () => {
    const hand = new TreeHand();
    const parent = hand.create('/p');
    hand.section(() => hand.writer.raiseParent(parent, 2 ** 31 - 1));
    const zxid = hand.zxid;
    hand.create('/p/c');
    expect(hand.writer.cversion(parent)).toBe(2 ** 31 - 1);
    expect(hand.writer.pzxidLo(parent)).toBe(lowHalf(zxid));
    expect(readStat(hand.writer, parent).cversion).toBe(-3);
  });

  test('never takes a smaller pzxid, in 64 bits', () => {
    const hand = new TreeHand();
    const parent = hand.create('/p');
    const { writer } = hand;
    const raise = (zxid: bigint) => {
      writer.openSection();
      writer.beginTxn(highHalf(zxid), lowHalf(zxid), 0, 0);
      writer.raisePzxid(parent);
      writer.closeSection(highHalf(zxid), lowHalf(zxid));
      return joinHalves(writer.pzxidHi(parent), writer.pzxidLo(parent));
    };
    expect(raise(0x1_ffffffffn)).toBe(0x1_ffffffffn);
    expect(raise(0x1_00000001n)).toBe(0x1_ffffffffn);
    expect(raise(0x2_00000000n)).toBe(0x2_00000000n);
  });
});

describe('owners', () => {
  const ttl = -(1n << 56n) | 5000n;
  const extended = new EphemeralTypes({ extendedTypesEnabled: true, emulate353TTLNodes: false });
  test.each([
    { owner: -(2n ** 63n), types: plainEphemeralTypes, seen: 0n },
    { owner: ttl, types: plainEphemeralTypes, seen: ttl },
    { owner: ttl, types: extended, seen: 0n },
  ])('$owner is seen as $seen', ({ owner, types, seen }) => {
    const hand = new TreeHand(undefined, undefined, types);
    const ref = hand.create('/n', 'x', 'open', owner);
    expect(readStat(hand.writer, ref).ephemeralOwner).toBe(seen);
    expect(joinHalves(hand.writer.ownerHi(ref), hand.writer.ownerLo(ref))).toBe(owner);
  });
});

describe('data', () => {
  test('null and empty are different, and both have length 0 in the Stat', () => {
    const hand = new TreeHand();
    const none = hand.create('/none', null);
    const empty = hand.create('/empty', '');
    const out = new Uint8Array(72);
    expect(hand.writer.dataLength(none)).toBe(-1);
    expect(hand.writer.writeDataAndStat(none, out, 0)).toBe(72);
    expect(new DataView(out.buffer).getInt32(0)).toBe(-1);
    expect(hand.writer.dataLength(empty)).toBe(0);
    hand.writer.writeDataAndStat(empty, out, 0);
    expect(new DataView(out.buffer).getInt32(0)).toBe(0);
    expect(readStat(hand.writer, none).dataLength).toBe(0);
    hand.setData('/none', '');
    hand.setData('/empty', null);
    expect([hand.writer.dataLength(none), hand.writer.dataLength(empty)]).toEqual([0, -1]);
  });

  test('null or empty may come with an offset that points nowhere', () => {
    const hand = new TreeHand();
    const ref = hand.create('/a', 'x');
    const { writer } = hand;
    writer.openSection();
    writer.beginTxn(0, 9, 0, 0);
    writer.setData(ref, null, 77, -1, 1);
    expect(writer.dataLength(ref)).toBe(-1);
    writer.setData(ref, new Uint8Array(0), 77, 0, 2);
    expect(writer.dataLength(ref)).toBe(0);
    writer.closeSection(0, 9);
  });

  test('of every size is kept while it grows, shrinks, and moves between blocks', () => {
    const hand = new TreeHand(32 << 20, 8 << 20);
    const ref = hand.create('/n', 'x', 'ann');
    hand.create('/other', new Uint8Array(3000).fill(9));
    const sizes = [0, 1, 99, 100, 101, 2047, 2049, 4000, 5000, 70_000, 2_000_000, 1_999_999, 3, 0];
    for (const size of [...sizes, ...sizes.toReversed()]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7 + size);
      hand.setData('/n', bytes, size);
      expect(hand.find('/n')).toBe(ref);
      expect(Buffer.compare(readData(hand.writer, ref) as Uint8Array, bytes)).toBe(0);
      expect(readStat(hand.writer, ref)).toMatchObject({ version: size, dataLength: size });
      expect(aclNameOf(hand.writer, ref)).toBe('ann');
    }
    expect(hand.writer.nodeCount).toBe(6);
  });
});

describe('paths', () => {
  test('of a hundred thousand bytes, and of five hundred levels, are found', () => {
    const hand = new TreeHand(16 << 20, 4 << 20);
    const long = `/${'n'.repeat(100_000)}`;
    hand.create(long, 'far');
    let deep = '';
    for (let level = 0; level < 500; level++) hand.create((deep += `/level-${level}`), 'd');
    expect(readData(hand.writer, hand.mustFind(long))).toEqual(new TextEncoder().encode('far'));
    expect(hand.find(`${long}n`)).toBe(0);
    expect(hand.find(long.slice(0, -1))).toBe(0);
    expect(readPath(hand.writer, hand.mustFind(deep))).toBe(deep);
    expect(hand.writer.descendantCount(hand.mustFind('/level-0'), 1000)).toBe(499);
    expect(hand.writer.descendantCount(hand.mustFind('/level-0'), 499)).toBe(499);
    expect(hand.writer.descendantCount(hand.mustFind('/level-0'), 498)).toBe(-1);
  });

  test('that differ only in the padding of their last word are different', () => {
    const hand = new TreeHand();
    const names = ['/a', '/a\0', '/a\0\0', '/a\0\0\0', '/ab', '/abc', '/abcd'];
    for (const each of names) hand.create(each, each);
    for (const each of names) {
      expect(readData(hand.writer, hand.mustFind(each))).toEqual(new TextEncoder().encode(each));
    }
  });

  test('that are no paths of the tree are not found', () => {
    const hand = new TreeHand();
    hand.create('/a');
    for (const each of ['a', '//', '/a/', '//a', '/A', '/a/b', 'x']) {
      expect(hand.find(each), each).toBe(0);
    }
    expect(hand.find('')).toBe(hand.writer.root);
    expect(hand.find('/')).toBe(hand.writer.root);
  });
});

describe('many children', () => {
  test('come and go in any order, and the memory of removed ones is used again', () => {
    const hand = new TreeHand(64 << 20, 8 << 20);
    const { writer } = hand;
    hand.create('/d');
    const count = 5000;
    const round = (step: number) => {
      hand.section(() => {
        for (let i = 0; i < count; i++) hand.create(`/d/child-${i}`, `data of ${i}`);
      });
      expect(writer.childCount(hand.mustFind('/d'))).toBe(count);
      expect(new Set(readChildren(writer, hand.mustFind('/d'))).size).toBe(count);
      hand.section(() => {
        for (let i = 0; i < count; i++) hand.remove(`/d/child-${(i * step) % count}`);
      });
      expect(readChildren(writer, hand.mustFind('/d'))).toEqual([]);
      expect(hand.find('/d/child-7')).toBe(0);
    };
    round(1);
    const free = writer.memoryBytesFree;
    for (const step of [7, 4999, count - 1]) round(step);
    expect(writer.memoryBytesFree).toBe(free);
    expect(free / writer.memoryBytesTotal).toBeGreaterThan(0.95);
    expect(writer.nodeCount).toBe(5);
  });
});

describe('loading a snapshot', () => {
  test('gives the tree that the snapshot was taken of', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const hand = new TreeHand();
        const model = ModelTree.ofEmptyServer();
        for (const each of changes) apply(hand, model, each);
        const loaded = new TreeHand();
        loaded.writer.clear();
        loaded.section(() => loadModel(loaded, model));
        expectEqual(loaded, model);
        expect(loaded.digest()).toBe(hand.digest());
      }),
      { numRuns: 50 },
    );
  });

  test('overwrites a node that stands in the tree already', () => {
    const hand = new TreeHand();
    hand.create('/a', 'something longer than what is loaded');
    hand.create('/a/b');
    const model = ModelTree.ofEmptyServer();
    model.create('/a', 1n, 2n, { data: null, acl: 'ann', owner: 5n });
    model.create('/a/b', 3n, 4n, { data: new Uint8Array(5000), acl: 'bob', owner: 0n });
    hand.section(() => loadModel(hand, model));
    expectEqual(hand, model);
  });

  test('refuses a node whose parent is missing', () => {
    const hand = new TreeHand();
    hand.section(() => {
      const [bytes, start, end] = rangeOf('/no/child');
      const stat = new Uint8Array(60);
      expect(hand.writer.load(bytes, start, end, null, 0, -1, -1, stat, 0)).toBe(0);
      const [odd, from, to] = rangeOf('odd');
      expect(hand.writer.load(odd, from, to, null, 0, -1, -1, stat, 0)).toBe(0);
    });
    expect(hand.writer.nodeCount).toBe(4);
  });
});

/** Loads the nodes of a model as a snapshot would hold them; parents first. */
function loadModel(hand: TreeHand, model: ModelTree): void {
  for (const path of [...model.nodes.keys()].sort((a, b) => a.length - b.length)) {
    const node = model.get(path);
    const stat = new DataView(new ArrayBuffer(63));
    const longs = [node.czxid, node.mzxid, node.ctime, node.mtime];
    longs.forEach((value, i) => {
      stat.setBigInt64(3 + 8 * i, value);
    });
    stat.setInt32(35, node.version);
    stat.setInt32(39, node.cversion);
    stat.setInt32(43, node.aversion);
    stat.setBigInt64(47, node.owner);
    stat.setBigInt64(55, node.pzxid);
    const ref = hand.writer.load(
      ...rangeOf(path),
      node.data,
      0,
      node.data?.length ?? -1,
      hand.aclId(node.acl as AclName),
      new Uint8Array(stat.buffer),
      3,
    );
    expect(ref).toBeGreaterThan(0);
  }
}

describe('the writer', () => {
  test('takes over a memory with nodes in it', () => {
    const hand = new TreeHand();
    hand.create('/a', 'x', 'ann');
    const other = new TreeWriter(hand.memory);
    other.openSection();
    other.beginTxn(0, 9, 0, 9);
    other.remove(find(other, '/a'));
    other.closeSection(0, 9);
    expect(hand.find('/a')).toBe(0);
    expect(other.lastZxidLo).toBe(9);
  });

  test('asserts that changes happen in sections, and that sections do not nest', () => {
    const hand = new TreeHand();
    const ref = hand.create('/a');
    expect(() => hand.writer.setData(ref, null, 0, -1, 1)).toThrow('section');
    expect(() => hand.writer.closeSection(0, 0)).toThrow('section');
    hand.writer.openSection();
    expect(() => hand.writer.openSection()).toThrow('nest');
    expect(() => new TreeWriter(hand.memory)).toThrow('left open');
  });

  test('refuses room long before the memory is full, and has room again after removals', () => {
    const hand = new TreeHand(2 << 20);
    hand.create('/d');
    const kib = new Uint8Array(1000);
    let count = 0;
    while (hand.writer.hasRoomFor(1100)) hand.create(`/d/${count++}`, kib);
    expect(count).toBeGreaterThan(1000);
    expect(hand.writer.hasRoomFor(100_000)).toBe(false);
    // What was being prepared when the mark was reached still fits.
    for (let i = 0; i < 100; i++) hand.create(`/d/late-${i}`, kib);
    for (let i = 0; i < count; i += 2) hand.remove(`/d/${i}`);
    expect(hand.writer.hasRoomFor(1000)).toBe(true);
    for (let i = 0; i < count; i += 2) hand.create(`/d/${i}`, kib);
    expect(hand.writer.childCount(hand.mustFind('/d'))).toBe(count + 100);
  });
});
