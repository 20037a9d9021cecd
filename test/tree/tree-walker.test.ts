/**
 * Walks that go on while the tree changes between any two steps, also in the middle of sections.
 * On one thread the copy of a node must equal what a naive tree holds at that very moment: a
 * walker that reads memory which was given away already shows nonsense here at once.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinHalves } from '../../src/base/zxid.ts';
import { statPersisted } from '../../src/jute/data.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { Control, stripeMask } from '../../src/tree/layout.ts';
import { TreeWalker, WalkStep } from '../../src/tree/tree-walker.ts';
import { ModelTree, parentOf } from './support/model-tree.ts';
import { type AclName, acls, TreeHand } from './support/tree-hand.ts';

/** A walk under observation: what it reported, and what it must report. */
class WatchedWalk {
  readonly walker: TreeWalker;
  readonly reported = new Set<string>();
  /** Nodes that were there when the walk began and were never removed. */
  readonly owed: Set<string>;
  private readonly hand: TreeHand;
  private readonly model: ModelTree;

  constructor(hand: TreeHand, model: ModelTree) {
    this.hand = hand;
    this.model = model;
    this.walker = new TreeWalker(hand.memory);
    this.owed = new Set(model.nodes.keys());
  }

  step(): WalkStep {
    const step = this.walker.step();
    if (step === WalkStep.node) this.checkNode();
    if (step === WalkStep.end) {
      for (const path of this.owed) expect(this.reported, path).toContain(path);
    }
    return step;
  }

  finish(): void {
    while (this.step() === WalkStep.node) {}
    this.walker.close();
  }

  private checkNode(): void {
    const { walker, model } = this;
    const reader = new JuteReader(walker.record.slice(0, walker.recordLength));
    const path = reader.readString() as string;
    const data = reader.readBuffer();
    const aclId = Number(reader.readLong());
    const stat = statPersisted.read(reader);
    expect(reader.remaining()).toBe(0);
    expect(this.reported.has(path), `${path} twice`).toBe(false);
    if (path !== '') expect(this.reported.has(parentOf(path)), `parent of ${path}`).toBe(true);
    this.reported.add(path);
    const node = model.get(path);
    expect(isEqual(data, node.data), `data of ${path}`).toBe(true);
    const { owner, acl, data: _, ...rest } = node;
    expect(stat).toEqual({ ...rest, ephemeralOwner: owner });
    const range = this.hand.writer.acls.bytesOf(aclId);
    const list = range?.bytes.slice(range.start, range.end) ?? null;
    expect(isEqual(list, acls[acl as AclName]), `ACL of ${path}`).toBe(true);
    expect(walker.aclId).toBe(aclId);
    expect(walker.dataLength).toBe(data?.length ?? -1);
    expect(walker.dataStart).toBe(8 + walker.pathLength);
  }
}

function isEqual(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

const paths = ['a', 'b', 'c'].flatMap((x) =>
  ['', '/a', '/b', '/c', '/d'].flatMap((y) => ['', '/x', '/y'].map((z) => `/${x}${y}${z}`)),
);
const path = fc.constantFrom(...new Set(paths));
const size = fc.oneof(fc.nat(30), fc.constantFrom(300, 2047, 2049, 4200, 9000));
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('create'), path, size }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove'), path }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('setData'), path, size }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('setAcl'), path, size }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin') }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('step'), walk: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('section') }) },
) as fc.Arbitrary<{ kind: string; path?: string; size?: number; walk?: number }>;

const aclNames = Object.keys(acls) as AclName[];

/** A change, if it is legal at this moment. */
function change(hand: TreeHand, model: ModelTree, kind: string, path: string, size: number) {
  const exists = model.nodes.has(path);
  const data = size === 7 ? null : new Uint8Array(size).fill(size + Number(hand.zxid));
  const acl = aclNames[size % aclNames.length] as AclName;
  if (kind === 'create' && !exists && model.nodes.has(parentOf(path))) {
    hand.create(path, data, acl);
    model.create(path, hand.zxid, hand.time(), { data, acl, owner: 0n });
    model.raiseParent(parentOf(path), -1, hand.zxid);
  } else if (kind === 'remove' && exists && model.children(path).length === 0) {
    hand.remove(path);
    model.remove(path, hand.zxid);
    return path;
  } else if (kind === 'setData' && exists) {
    hand.setData(path, data, size);
    Object.assign(model.get(path), { data, version: size, mzxid: hand.zxid, mtime: hand.time() });
  } else if (kind === 'setAcl' && exists) {
    hand.setAcl(path, acl, size);
    Object.assign(model.get(path), { acl, aversion: size });
  }
  return undefined;
}

type Event = { kind: string; path?: string; size?: number; walk?: number };

/** Plays events; those between the first and the second `section` happen in one, and so on. */
function play(hand: TreeHand, model: ModelTree, events: readonly Event[], walks: WatchedWalk[]) {
  const playOne = ({ kind, path, size = 0, walk = 0 }: Event): void => {
    if (kind === 'begin' && walks.length < 3) walks.push(new WatchedWalk(hand, model));
    else if (kind === 'step') walks[walk]?.step();
    else if (path !== undefined) {
      const removed = change(hand, model, kind, path, size);
      if (removed !== undefined) for (const each of walks) each.owed.delete(removed);
    }
  };
  let isSection = false;
  let rest = events;
  while (rest.length > 0) {
    const cut = rest.findIndex(({ kind }) => kind === 'section') + 1 || rest.length;
    const part = rest.slice(0, cut);
    rest = rest.slice(cut);
    if (isSection) hand.section(() => part.forEach(playOne));
    else part.forEach(playOne);
    isSection = !isSection;
  }
}

describe('a walk', () => {
  test('reports each lasting node once, its parent first, as it is at that moment', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 150 }), (events) => {
        const hand = new TreeHand();
        const model = ModelTree.ofEmptyServer();
        for (const path of paths.slice(0, 40)) change(hand, model, 'create', path, path.length);
        const walks: WatchedWalk[] = [];
        play(hand, model, [{ kind: 'begin' }, ...events], walks);
        for (const walk of walks) walk.finish();
        // After the walks all that was kept for them is given back.
        for (let i = 0; i < 5; i++) hand.section(() => {});
        expect(hand.writer.nodeCount).toBe(model.nodes.size);
        expect(deferredBlocks(hand)).toBe(0);
        expect(hand.digest()).toBe(model.digest());
      }),
      { numRuns: 150 },
    );
  });

  test('that nobody disturbs reports the whole tree', () => {
    const hand = new TreeHand(64 << 20, 8 << 20);
    hand.section(() => {
      for (let i = 0; i < 300; i++) {
        hand.create(`/n${i}`, new Uint8Array(i * 20), i % 2 ? 'ann' : 'open');
        for (let j = 0; j < i % 7; j++) hand.create(`/n${i}/c${j}`, `${j}`, 'bob', BigInt(-j));
      }
    });
    hand.create('/large', new Uint8Array(1_500_000).fill(3));
    const walker = new TreeWalker(hand.memory);
    let count = 0;
    for (; walker.step() === WalkStep.node; count++) expect(walker.recordLength).toBeGreaterThan(0);
    expect(count).toBe(hand.writer.nodeCount);
    expect(walker.step()).toBe(WalkStep.end);
    walker.close();
    walker.close();
  });

  test('that stands on removed nodes finds the way to what is left', () => {
    const hand = new TreeHand();
    const model = ModelTree.ofEmptyServer();
    for (const path of ['/p', '/p/q']) change(hand, model, 'create', path, 1);
    for (let i = 0; i < 9; i++) change(hand, model, 'create', `/p/q/${i}`, i);
    const walk = new WatchedWalk(hand, model);
    while (!walk.reported.has('/p/q/8')) walk.step();
    // All but the last sibling go, one by one from the walker on, and others take their memory.
    for (let i = 8; i > 0; i--)
      walk.owed.delete(change(hand, model, 'remove', `/p/q/${i}`, 0) ?? '');
    for (let i = 10; i < 40; i++) change(hand, model, 'create', `/p/q/${i}`, i);
    walk.step();
    expect(walk.reported).toContain('/p/q/0');
    // Now the whole branch under its feet.
    for (const path of [...model.nodes.keys()].filter((each) => each.startsWith('/p/q/'))) {
      walk.owed.delete(change(hand, model, 'remove', path, 0) ?? '');
    }
    for (const path of ['/p/q', '/p']) {
      walk.owed.delete(change(hand, model, 'remove', path, 0) ?? '');
    }
    for (const path of ['/p', '/p/q', '/p/q/0']) change(hand, model, 'create', path, 5);
    walk.finish();
    expect(walk.reported).toContain('/zookeeper/quota');
  });

  test('waits with its first step until the section that it met is closed', () => {
    const hand = new TreeHand();
    hand.create('/a');
    const walker = new TreeWalker(hand.memory);
    hand.section(() => {
      expect(walker.step()).toBe(WalkStep.busy);
      expect(walker.forEachAcl(() => {})).toBe(false);
    });
    expect(walker.step()).toBe(WalkStep.node);
    hand.section(() => expect(walker.step()).toBe(WalkStep.node));
    walker.close();
  });

  test('is busy while its node is being written, and goes on after that', () => {
    const hand = new TreeHand();
    const walker = new TreeWalker(hand.memory);
    const control = new Int32Array(hand.memory.control);
    const stripe = Control.stripes + (hand.writer.root & stripeMask);
    Atomics.add(control, stripe, 1);
    expect(walker.step()).toBe(WalkStep.busy);
    expect(walker.step()).toBe(WalkStep.busy);
    Atomics.add(control, stripe, 1);
    expect(walker.step()).toBe(WalkStep.node);
    expect(walker.pathLength).toBe(0);
    walker.close();
  });

  test('copies a node again that changes in the middle of the copy', () => {
    const hand = new TreeHand();
    hand.create('/n', new Uint8Array(600).fill(1));
    for (const change of ['setData', 'remove'] as const) {
      const walker = new TreeWalker(hand.memory);
      expect(walker.step()).toBe(WalkStep.node);
      let writes = 0;
      const nodes = Reflect.get(walker, 'nodes') as { recordView: DataView };
      nodes.recordView = Object.assign(new DataView(nodes.recordView.buffer), {
        setInt32(this: DataView, at: number, value: number, isLittle?: boolean): void {
          DataView.prototype.setInt32.call(this, at, value, isLittle);
          if (++writes !== 60) return;
          if (change === 'remove') hand.remove('/n');
          else hand.setData('/n', new Uint8Array(600).fill(2), 2);
        },
      });
      expect(walker.step()).toBe(WalkStep.node);
      const isNode = new TextDecoder().decode(walker.record.slice(4, 6)) === '/n';
      expect(isNode).toBe(change === 'setData');
      expect(writes).toBeGreaterThan(60);
      const data = walker.record.slice(walker.dataStart, walker.dataStart + walker.dataLength);
      if (isNode) expect(data.every((byte) => byte === 2) && data.length === 600).toBe(true);
      walker.close();
    }
  });

  test('is abandoned when the tree is cleared', () => {
    const hand = new TreeHand();
    for (let i = 0; i < 100; i++) hand.create(`/n${i}`, `${i}`);
    const walker = new TreeWalker(hand.memory);
    expect(walker.step()).toBe(WalkStep.node);
    hand.writer.clear();
    expect(hand.writer.root).toBe(0);
    expect(hand.writer.lastZxidLo).toBe(0);
    expect(hand.digest()).toBe(0n);
    hand.writer.createSystemNodes();
    for (let i = 0; i < 100; i++) hand.create(`/other${i}`, new Uint8Array(i).fill(i));
    expect(walker.step()).toBe(WalkStep.abandoned);
    expect(walker.step()).toBe(WalkStep.abandoned);
    walker.close();
    expect(hand.writer.nodeCount).toBe(104);
    expect(hand.find('/n5')).toBe(0);
  });

  test('of an empty memory ends at once', () => {
    const hand = new TreeHand();
    hand.writer.clear();
    const walker = new TreeWalker(hand.memory);
    expect(walker.step()).toBe(WalkStep.end);
    walker.close();
  });

  test('is one of sixteen at the most', () => {
    const hand = new TreeHand();
    const walkers = Array.from({ length: 16 }, () => new TreeWalker(hand.memory));
    expect(() => new TreeWalker(hand.memory)).toThrow('16 walks');
    walkers[3]?.close();
    walkers.push(new TreeWalker(hand.memory));
    for (const walker of walkers) walker.close();
  });
});

test('blocks are kept for the walks that may know them, and for no others', () => {
  const hand = new TreeHand();
  for (const path of ['/a', '/b', '/c']) hand.create(path);
  const first = new TreeWalker(hand.memory);
  first.step();
  hand.remove('/a');
  const second = new TreeWalker(hand.memory);
  second.step();
  hand.remove('/b');
  expect(deferredBlocks(hand)).toBe(2);
  first.close();
  hand.section(() => {});
  expect(deferredBlocks(hand)).toBe(1);
  second.close();
  hand.section(() => {});
  expect(deferredBlocks(hand)).toBe(0);
  hand.remove('/c');
  expect(deferredBlocks(hand)).toBe(0);
});

function deferredBlocks(hand: TreeHand): number {
  return new Int32Array(hand.memory.control)[Control.deferredBlocks] as number;
}

test('a value longer than what is overwritten stays whole for a walk that copies it', () => {
  const hand = new TreeHand();
  const ref = hand.create('/n', new Uint8Array(3000).fill(1));
  const walker = new TreeWalker(hand.memory);
  walker.step();
  const memory = new Uint8Array(hand.memory.segments[0] as SharedArrayBuffer);
  const at = memory.indexOf(1, ref * 16 + 64 + 4);
  for (let i = 2; i < 6; i++) hand.setData('/n', new Uint8Array(10 * i).fill(i));
  hand.setData('/n', new Uint8Array(3000).fill(7));
  expect(memory.slice(at, at + 3000).every((byte) => byte === 1)).toBe(true);
  expect(joinHalves(0, hand.writer.dataLength(ref))).toBe(3000n);
  walker.close();
});
