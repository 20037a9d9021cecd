/**
 * What the txns that are proposed but not applied will do to the tree (Apache
 * `ZooKeeperServer.outstandingChanges`). A request is checked against the tree with these changes
 * on top; each txn's expected tree digest is foretold here, too. It never changes the tree.
 *
 *   oldest ──► ... ──► newest          all records, in zxid order
 *               │ older / newer        records of the same path
 *   bucket ──► latest ──► latest       by path hash, only the newest record of each path
 */
import { assert } from '../base/assert.ts';
import { compareHalves } from '../base/zxid.ts';
import type { PendingView } from '../ops/contexts.ts';
import { NodeState } from '../ops/node-state.ts';
import type { Ephemerals } from '../state/ephemerals.ts';
import { isOutsideDigest, statDigest } from '../tree/digest.ts';
import type { TreeView } from '../tree/tree-view.ts';

/** The state of a node after one txn. `exists` is false for a node that it deletes. */
class ChangeRecord extends NodeState {
  path = new Uint8Array(64);
  pathLength = 0;
  exists = false;
  zxidHi = 0;
  zxidLo = 0;
  previous: ChangeRecord | null = null;
  next: ChangeRecord | null = null;
  older: ChangeRecord | null = null;
  newer: ChangeRecord | null = null;
  bucketNext: ChangeRecord | null = null;
}

const bucketCount = 4096;
/** Records kept for reuse; more than that were needed once and are given back. */
const spareMax = 4096;

export class OutstandingChanges implements PendingView {
  /** Digest of the tree after all that is outstanding. */
  digestHi = 0;
  digestLo = 0;
  /** Records in the list. */
  count = 0;

  private readonly tree: TreeView;
  private readonly ephemerals: Ephemerals;
  private readonly buckets: (ChangeRecord | null)[] = new Array(bucketCount).fill(null);
  private oldest: ChangeRecord | null = null;
  private newest: ChangeRecord | null = null;
  private spare: ChangeRecord | null = null;
  private spareCount = 0;
  private zxidHi = 0;
  private zxidLo = 0;
  private digestBeforeHi = 0;
  private digestBeforeLo = 0;
  private scratch = new Uint8Array(256);

  constructor(tree: TreeView, ephemerals: Ephemerals) {
    this.tree = tree;
    this.ephemerals = ephemerals;
  }

  /** All that is recorded from here on belongs to this txn. */
  begin(zxidHi: number, zxidLo: number): void {
    if (this.oldest === null) {
      this.digestHi = this.tree.digestHi;
      this.digestLo = this.tree.digestLo;
    }
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.digestBeforeHi = this.digestHi;
    this.digestBeforeLo = this.digestLo;
  }

  read(path: Uint8Array, start: number, end: number, into: NodeState): boolean {
    const { tree } = this;
    const stop = pathEnd(start, end, path);
    const hash = tree.hashOf(path, start, stop);
    into.hash = hash;
    const record = this.latest(hash, path, start, stop);
    if (record !== null) {
      if (record.exists) into.copyFrom(record);
      return record.exists;
    }
    const ref = tree.findHashed(hash, stop - start);
    if (ref === 0) return false;
    readNode(tree, ref, into);
    return true;
  }

  put(path: Uint8Array, start: number, end: number, node: NodeState): void {
    const outside = isOutsideDigest(path, start, end);
    const digest = outside ? 0 : statDigest(node.dataPathCrc, node);
    this.addDigest(digest - node.digest);
    node.digest = digest;
    const record = this.record(node.hash, path, start, pathEnd(start, end, path));
    record.copyFrom(node);
    record.exists = true;
  }

  drop(path: Uint8Array, start: number, end: number, node: NodeState): void {
    this.addDigest(-node.digest);
    const record = this.record(node.hash, path, start, pathEnd(start, end, path));
    record.exists = false;
    record.acl = null;
  }

  /** First what the tree has, as far as it will still be there, then what will be created. */
  forEachEphemeral(
    idHi: number,
    idLo: number,
    visit: (path: Uint8Array, start: number, end: number) => void,
  ): void {
    const { tree } = this;
    for (const ref of this.ephemerals.refsOf(idHi, idLo)) {
      const length = tree.pathLength(ref);
      if (length > this.scratch.byteLength) this.scratch = new Uint8Array(length * 2);
      tree.writePath(ref, this.scratch, 0);
      const record = this.latest(tree.pathHashOf(ref), this.scratch, 0, length);
      if (record === null || ownedBy(record, idHi, idLo)) visit(this.scratch, 0, length);
    }
    for (let record = this.oldest; record !== null; record = record.next) {
      if (record.newer !== null || !ownedBy(record, idHi, idLo)) continue;
      const ref = tree.find(record.path, 0, record.pathLength);
      const applied = ref !== 0 && tree.ownerHi(ref) === idHi && tree.ownerLo(ref) === idLo;
      if (!applied) visit(record.path, 0, record.pathLength);
    }
  }

  /** The txn that began last changes nothing: all its records go, what was before them is back. */
  rollback(): void {
    while (this.newest !== null && this.isOfThisTxn(this.newest)) {
      const record = this.newest;
      this.newest = record.previous;
      if (this.newest === null) this.oldest = null;
      else this.newest.next = null;
      this.removeFromBucket(record);
      if (record.older !== null) {
        record.older.newer = null;
        this.addToBucket(record.older);
      }
      this.free(record);
    }
    this.digestHi = this.digestBeforeHi;
    this.digestLo = this.digestBeforeLo;
  }

  /** Everything up to this zxid is in the tree now. */
  release(zxidHi: number, zxidLo: number): void {
    for (;;) {
      const record = this.oldest;
      if (record === null) return;
      if (compareHalves(record.zxidHi, record.zxidLo, zxidHi, zxidLo) > 0) return;
      this.oldest = record.next;
      if (this.oldest === null) this.newest = null;
      else this.oldest.previous = null;
      if (record.newer === null) this.removeFromBucket(record);
      else record.newer.older = null;
      this.free(record);
    }
  }

  private isOfThisTxn(record: ChangeRecord): boolean {
    return record.zxidHi === this.zxidHi && record.zxidLo === this.zxidLo;
  }

  private addDigest(delta: number): void {
    const lo = (this.digestLo >>> 0) + delta;
    this.digestLo = lo | 0;
    this.digestHi = (this.digestHi + Math.floor(lo / 0x100000000)) | 0;
  }

  private latest(hash: number, path: Uint8Array, start: number, end: number): ChangeRecord | null {
    let record = this.buckets[hash & (bucketCount - 1)] as ChangeRecord | null;
    while (record !== null && !(record.hash === hash && hasPath(record, path, start, end))) {
      record = record.bucketNext;
    }
    return record;
  }

  /** The record of the path under this txn: the one it has already, or a new one. */
  private record(hash: number, path: Uint8Array, start: number, end: number): ChangeRecord {
    const latest = this.latest(hash, path, start, end);
    if (latest !== null && this.isOfThisTxn(latest)) return latest;
    const record = this.take();
    const length = end - start;
    if (length > record.path.byteLength) record.path = new Uint8Array(length * 2);
    for (let i = 0; i < length; i++) record.path[i] = path[start + i] as number;
    record.pathLength = length;
    record.hash = hash;
    record.zxidHi = this.zxidHi;
    record.zxidLo = this.zxidLo;
    if (latest !== null) {
      this.removeFromBucket(latest);
      latest.newer = record;
      record.older = latest;
    }
    this.addToBucket(record);
    record.previous = this.newest;
    if (this.newest === null) this.oldest = record;
    else this.newest.next = record;
    this.newest = record;
    return record;
  }

  private addToBucket(record: ChangeRecord): void {
    const index = record.hash & (bucketCount - 1);
    record.bucketNext = this.buckets[index] as ChangeRecord | null;
    this.buckets[index] = record;
  }

  private removeFromBucket(record: ChangeRecord): void {
    const index = record.hash & (bucketCount - 1);
    let at = this.buckets[index] as ChangeRecord | null;
    if (at === record) {
      this.buckets[index] = record.bucketNext;
    } else {
      while (at !== null && at.bucketNext !== record) at = at.bucketNext;
      assert(at !== null, 'the latest record of a path is in its bucket');
      at.bucketNext = record.bucketNext;
    }
    record.bucketNext = null;
  }

  private take(): ChangeRecord {
    this.count++;
    const record = this.spare;
    if (record === null) return new ChangeRecord();
    this.spare = record.next;
    this.spareCount--;
    record.next = null;
    return record;
  }

  private free(record: ChangeRecord): void {
    this.count--;
    record.previous = record.older = record.newer = record.next = null;
    record.acl = null;
    if (this.spareCount >= spareMax) return;
    record.next = this.spare;
    this.spare = record;
    this.spareCount++;
  }
}

/** "/" and "" are one node, here under the empty path. */
function pathEnd(start: number, end: number, path: Uint8Array): number {
  return end - start === 1 && path[start] === 0x2f ? start : end;
}

function hasPath(record: ChangeRecord, path: Uint8Array, start: number, end: number): boolean {
  if (record.pathLength !== end - start) return false;
  for (let i = record.pathLength - 1; i >= 0; i--) {
    if (record.path[i] !== path[start + i]) return false;
  }
  return true;
}

function ownedBy(record: ChangeRecord, idHi: number, idLo: number): boolean {
  return record.exists && record.ownerHi === idHi && record.ownerLo === idLo;
}

function readNode(tree: TreeView, ref: number, into: NodeState): void {
  tree.readDigestStat(ref, into);
  into.childCount = tree.childCount(ref);
  into.dataLength = tree.dataLength(ref);
  into.pathCrc = tree.pathCrc(ref);
  into.dataPathCrc = tree.dataPathCrc(ref);
  into.digest = tree.nodeDigest(ref);
  into.aclId = tree.aclId(ref);
  into.acl = null;
}
