/**
 * The threads of the stress test: one writes, some read, one walks. What the writer does with
 * zxid k can be recognised: every node that it touches has k as its mzxid, as its version, as the
 * first word of its data, and as the rest of it; accounts always have the same sum; twins come
 * and go together; numbered nodes exist up to a number that follows from k. Bounded in
 * operations. A broken rule ends the thread with an error.
 */
import assert from 'node:assert/strict';
import { workerData } from 'node:worker_threads';
import type { TreeMemory } from '../../../src/tree/tree-memory.ts';
import { TreeView } from '../../../src/tree/tree-view.ts';
import { TreeWalker, WalkStep } from '../../../src/tree/tree-walker.ts';
import { TreeWriter } from '../../../src/tree/tree-writer.ts';

export interface StressOrder {
  readonly role: 'writer' | 'reader' | 'walker';
  readonly memory: TreeMemory;
  /** One word a role: how much it has done; the writer's turns to -1 when it ends. */
  readonly progress: SharedArrayBuffer;
  readonly sections: number;
  /** What readers (observations) and the walker (nodes) must have done before the writer ends. */
  readonly enough: readonly number[];
}

const accounts = 8;
const sumOfAccounts = 1000;
const twins = 6;
const growEvery = 3;
const growUntil = 1500;
const aclUsers = 40;
const gapSteps = 20_000;
const sectionsMax = 400;

const order = workerData as StressOrder;
const progress = new Int32Array(order.progress);
const scratch = new Uint8Array(70_000);
const scratchView = new DataView(scratch.buffer);

if (order.role === 'writer') write(new TreeWriter(order.memory));
else if (order.role === 'reader') read(new TreeView(order.memory));
else walk();

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function aclOf(k: number): Uint8Array {
  const id = `user-${k % aclUsers}`.padEnd(8 + (k % aclUsers));
  const bytes = new Uint8Array(8 + 4 + 6 + 4 + id.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 1);
  view.setInt32(4, 4);
  view.setInt32(8, 6);
  bytes.set(text('digest'), 12);
  view.setInt32(18, id.length);
  bytes.set(text(id), 22);
  return bytes;
}

/** Length of what section k writes: mostly short, now and then a block of its own. */
function lengthOf(k: number): number {
  return k % 97 === 0 ? 60_000 : k % 13 === 0 ? 2500 : 8 + ((k * 7) % 300);
}

function fill(k: number, value: number): number {
  const length = lengthOf(k);
  scratch.fill(k & 255, 0, length);
  scratchView.setInt32(0, k);
  scratchView.setInt32(4, value);
  return length;
}

/**
 * The rules for one node; `stat` is where mzxid and version stand as in a Stat. A walker may meet
 * a node between its create and its setData in one section: then the version is 0.
 */
function checkNode(data: Uint8Array, start: number, length: number, stat: DataView): number {
  const view = new DataView(data.buffer, data.byteOffset + start, length);
  const k = view.getInt32(0);
  const version = stat.getInt32(32);
  assert.equal(stat.getInt32(12), k, 'mzxid belongs to the data');
  assert.ok(version === k || (version === 0 && order.role === 'walker'), 'and so the version');
  assert.equal(length, lengthOf(k), 'length belongs to the data');
  for (let i = 8; i < length; i++) assert.equal(data[start + i], k & 255, 'data is of one piece');
  return view.getInt32(4);
}

function write(tree: TreeWriter): void {
  const find = (path: string) => tree.find(text(path), 0, text(path).length);
  const create = (path: string, k: number, value: number) => {
    const bytes = text(path);
    const parent = tree.find(bytes, 0, path.lastIndexOf('/'));
    const list = aclOf(k);
    const acl = tree.acls.intern(list, 0, list.length);
    const length = fill(k, value);
    const ref = tree.create(parent, bytes, 0, bytes.length, scratch, 0, length, acl, 0, 0);
    tree.raiseParent(parent, -1);
    tree.setAcl(ref, acl, k);
    tree.setData(ref, scratch, 0, length, k);
    return ref;
  };
  const values = Array.from({ length: accounts }, (_, i) => (i === 0 ? sumOfAccounts : 0));
  const changeAt = (k: number) => {
    tree.beginTxn(0, k, 0, k);
    if (k === 1) {
      for (const path of ['/account', '/twin', '/grow', '/clock']) create(path, k, 0);
      for (let i = 0; i < accounts; i++) create(`/account/${i}`, k, values[i] as number);
      return;
    }
    const from = k % accounts;
    const to = (k * 5 + 3) % accounts;
    values[from]! -= k;
    values[to]! += k;
    for (const i of [from, to]) {
      const length = fill(k, values[i] as number);
      tree.setData(find(`/account/${i}`), scratch, 0, length, k);
    }
    const twin = (k * 11) % twins;
    const left = find(`/twin/l${twin}`);
    if (left !== 0) {
      tree.remove(left);
      tree.remove(find(`/twin/r${twin}`));
    } else {
      create(`/twin/l${twin}`, k, 0);
      create(`/twin/r${twin}`, k, 0);
    }
    if (k % growEvery === 0 && k <= growUntil) create(`/grow/${k / growEvery}`, k, 0);
    const list = aclOf(k);
    tree.setAcl(find('/clock'), tree.acls.intern(list, 0, list.length), k);
    tree.setData(find('/clock'), scratch, 0, fill(k, 0), k);
  };
  for (let k = 1; ; k++) {
    tree.openSection();
    changeAt(k);
    tree.closeSection(0, k);
    Atomics.store(progress, 0, k);
    const isEnough = order.enough.every((count, i) => Atomics.load(progress, i + 1) >= count);
    if (k >= order.sections && isEnough) break;
    assert.ok(k < order.sections * sectionsMax, 'the others make progress');
    if (Atomics.load(progress, progress.length - 1) !== 0) break;
    for (let i = 0; i < (k % 4 === 0 ? gapSteps : 10); i++) Atomics.load(progress, 0);
  }
  Atomics.store(progress, 0, -1);
}

function read(tree: TreeView): void {
  const out = new Uint8Array(70_000);
  const view = new DataView(out.buffer);
  const find = (path: string) => tree.find(text(path), 0, text(path).length);
  /** Reads within an observation; what it returns is checked only if the observation holds. */
  const observations: ((round: number) => () => void)[] = [
    () => {
      const zxid = tree.lastZxidLo;
      const clock = find('/clock');
      const length = clock === 0 ? 0 : tree.writeDataAndStat(clock, out, 0) - 72;
      const acl = clock === 0 ? null : tree.acls.bytesOf(tree.aclId(clock));
      const list = acl?.bytes.slice(acl.start, acl.end);
      const isReadable = clock !== 0 && tree.isReadableByAnyone(clock);
      return () => {
        if (zxid === 0) return;
        checkNode(out, 4, length, new DataView(out.buffer, 4 + length, 68));
        assert.equal(view.getInt32(0), length);
        assert.equal(view.getInt32(4), zxid, 'data and lastZxid are one observation');
        assert.deepEqual(list, aclOf(zxid));
        assert.equal(isReadable, false);
      };
    },
    () => {
      const nodes: { data: Uint8Array; stat: DataView }[] = [];
      for (let i = 0; i < accounts; i++) {
        const ref = find(`/account/${i}`);
        if (ref === 0) break;
        const data = out.slice(0, tree.writeData(ref, out, 0));
        tree.writeStat(ref, out, 0);
        nodes.push({ data, stat: new DataView(out.slice(0, 68).buffer) });
      }
      return () => {
        if (nodes.length === 0) return;
        let sum = 0;
        for (const { data, stat } of nodes) sum += checkNode(data, 0, data.length, stat);
        assert.equal(sum, sumOfAccounts, 'all of a section or nothing');
      };
    },
    () => {
      const parent = find('/twin');
      const count = parent === 0 ? 0 : tree.childCount(parent);
      const names: string[] = [];
      let child = parent === 0 ? 0 : tree.firstChild(parent);
      for (; child !== 0 && names.length <= 2 * twins; child = tree.nextSibling(child)) {
        const length = tree.writeName(child, out, 0);
        names.push(new TextDecoder().decode(out.slice(0, length)));
      }
      return () => {
        assert.equal(names.length, count);
        for (const name of names) {
          const other = (name[0] === 'l' ? 'r' : 'l') + name.slice(1);
          assert.ok(names.includes(other), 'twins come and go together');
        }
      };
    },
    (round) => {
      const last = Math.floor(Math.min(tree.lastZxidLo, growUntil) / growEvery);
      const number = 1 + ((round * 7919) % (last + 20));
      const ref = find(`/grow/${number}`);
      const length = ref === 0 ? 0 : tree.writeData(ref, out, 0);
      const path = ref === 0 ? 0 : tree.writePath(ref, out, length);
      return () => {
        assert.equal(ref !== 0, number <= last, 'what was created is found, the future is not');
        if (ref === 0) return;
        assert.equal(view.getInt32(0), number * growEvery);
        const read = new TextDecoder().decode(out.slice(length, length + path));
        assert.equal(read, `/grow/${number}`);
      };
    },
    () => {
      let sum = 0n;
      let nodes = 0;
      const add = (ref: number): void => {
        sum += BigInt(tree.nodeDigest(ref));
        assert.ok(++nodes < 1e6);
        let left = 4000;
        for (let child = tree.firstChild(ref); child !== 0 && --left > 0; ) {
          add(child);
          child = tree.nextSibling(child);
          if ((left & 63) === 0 && !tree.endRead(seq)) throw new RangeError('too late');
        }
      };
      if (tree.nodeCount > 600) return () => {};
      add(tree.root);
      const digest = (BigInt(tree.digestHi) << 32n) | BigInt(tree.digestLo >>> 0);
      const count = tree.nodeCount;
      return () => {
        assert.equal(nodes, count);
        assert.equal(BigInt.asUintN(64, digest), sum, 'the digest belongs to the nodes');
      };
    },
  ];
  let seq = -1;
  for (let round = 0; Atomics.load(progress, 0) >= 0; round++) {
    const observe = observations[round % observations.length] as (round: number) => () => void;
    for (let tries = 0; tries < 50; tries++) {
      seq = tree.beginRead();
      if (seq === -1) continue;
      let check: () => void;
      try {
        check = observe(round);
      } catch (error) {
        // Reading torn memory may fail with a RangeError, and then it was torn.
        if (!(error instanceof RangeError)) throw error;
        assert.ok(!tree.endRead(seq) || error.message === 'too late', error.message);
        continue;
      }
      if (!tree.endRead(seq)) continue;
      check();
      Atomics.add(progress, 1, 1);
      break;
    }
  }
}

function walk(): void {
  while (Atomics.load(progress, 0) >= 0) {
    const before = Math.floor(Math.min(Atomics.load(progress, 0), growUntil) / growEvery);
    const walker = new TreeWalker(order.memory);
    const seen = new Set<string>();
    for (;;) {
      const step = walker.step();
      if (step === WalkStep.busy) continue;
      if (step !== WalkStep.node) {
        assert.equal(step, WalkStep.end);
        break;
      }
      const { record, pathStart, pathLength, dataStart, dataLength, statStart } = walker;
      const path = new TextDecoder().decode(record.slice(pathStart, pathStart + pathLength));
      assert.ok(!seen.has(path), `${path} once`);
      seen.add(path);
      const parent = path.slice(0, path.lastIndexOf('/'));
      assert.ok(path === '' || seen.has(parent), `the parent of ${path} first`);
      if (path === '' || path.startsWith('/zookeeper')) continue;
      const stat = new DataView(record.buffer, record.byteOffset + statStart, 60);
      checkNode(record, dataStart, dataLength, stat);
      assert.ok(/^\/(account|twin|grow|clock)(\/[lr]?\d+)?$/.test(path), path);
      Atomics.add(progress, 2, 1);
    }
    for (let i = 1; i <= before; i++) assert.ok(seen.has(`/grow/${i}`), `/grow/${i} is there`);
    walker.close();
  }
}
