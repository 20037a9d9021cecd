/**
 * The one writer of a shared tree. All changes happen in sections: readers see a section whole,
 * together with the zxid that closes it, or not at all. Says what each change does to Stat,
 * parent, digest and counters, as Apache's `DataTree` does; decides nothing that a txn has not
 * settled, and never fails on one: room, existence and emptiness were checked in prep, and are
 * asserted here.
 */
import { assert } from '../base/assert.ts';
import { copyBytes } from '../base/copy-bytes.ts';
import { compareHalves } from '../base/zxid.ts';
import { aclIdOpen } from './acl-table.ts';
import { crcEffect, DigestOffset, swapBytes } from './digest.ts';
import { type EphemeralTypes, plainEphemeralTypes } from './ephemeral-type.ts';
import { HashIndex } from './hash-index.ts';
import {
  Control,
  imageFrameBytes,
  Node,
  NodeFlag,
  nodeHeaderBytes,
  Persisted,
  Stat,
} from './layout.ts';
import { NodeWriter } from './node-writer.ts';
import type { TreeMemory } from './tree-memory.ts';
import { pathIndexPlace } from './tree-view.ts';

const slash = 0x2f;
/** Bytes of a record beside path and data; the path is padded to a word. */
const createOverheadBytes = nodeHeaderBytes + imageFrameBytes + 3;
const emptyData = new Uint8Array(0);
const zeroStat = new Uint8Array(60);

export class TreeWriter extends NodeWriter {
  private readonly index: HashIndex;
  private readonly ephemeralTypes: EphemeralTypes;
  private isOpen = false;

  /** Takes over the memory as it is. There must be no other writer. */
  constructor(memory: TreeMemory, ephemeralTypes = plainEphemeralTypes) {
    super(memory);
    this.ephemeralTypes = ephemeralTypes;
    this.index = new HashIndex(this.map, pathIndexPlace, this.allocator);
    const { control } = this;
    assert(((control[Control.sequence] as number) & 1) === 0, 'no section was left open');
    if (control[Control.generation] === 0) this.clear();
  }

  /** Begins a section: all changes until `closeSection` are seen together or not at all. */
  openSection(): void {
    assert(!this.isOpen, 'sections do not nest');
    this.isOpen = true;
    const sequence = ((this.control[Control.sequence] as number) + 1) | 0;
    Atomics.store(this.control, Control.sequence, sequence);
    this.walkers = this.reclaimer.beginSection();
  }

  /** Ends the section and publishes `lastZxid` with it. */
  closeSection(zxidHi: number, zxidLo: number): void {
    assert(this.isOpen, 'a section is open');
    this.isOpen = false;
    const { control } = this;
    control[Control.zxidHi] = zxidHi;
    control[Control.zxidLo] = zxidLo;
    const sequence = ((control[Control.sequence] as number) + 1) | 0;
    Atomics.store(control, Control.sequence, sequence);
  }

  /** The zxid and time (ms since the epoch) that the following changes are stamped with. */
  beginTxn(zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): void {
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.timeHi = timeHi;
    this.timeLo = timeLo;
  }

  /**
   * Adds a node that does not exist below a parent that does; returns its ref. Neither the raw
   * cversion nor the pzxid of the parent changes: `raiseParent` does that. `dataLength` is -1
   * for null data. Counts a use of the ACL.
   */
  create(
    parent: number,
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    ownerHi: number,
    ownerLo: number,
  ): number {
    assert(this.isOpen && parent !== 0, 'a node is created in a section, below its parent');
    const name = pathStart + this.pathLength(parent) + 1;
    assert(name < pathEnd && path[name - 1] === slash, 'the path continues that of the parent');
    const ref = this.makeRecord(parent, path, pathStart, pathEnd, data, dataStart, dataLength);
    this.setWord(ref, Node.ownerHi, ownerHi);
    this.setWord(ref, Node.ownerLo, ownerLo);
    const stat = this.findStat(ref);
    this.stampCreated(ref, stat, this.ephemeralTypes.isSession(ownerHi, ownerLo));
    this.adopt(ref, stat, aclId);
    return ref;
  }

  /** -1 stands for the current value + 1. Raises cversion and sets pzxid, or does nothing. */
  raiseParent(parent: number, parentCVersion: number): void {
    assert(this.isOpen, 'a section is open');
    const before = this.cversion(parent);
    const cversion = parentCVersion === -1 ? (before + 1) | 0 : parentCVersion;
    if (cversion <= before) return;
    let effect = crcEffect(swapBytes(before ^ cversion), DigestOffset.cversion);
    this.lockNode(parent);
    this.setWord(parent, Node.cversion, cversion);
    const stat = this.findStat(parent);
    effect ^= this.changeLong(stat, 'pzxid', this.zxidHi, this.zxidLo);
    this.showChildren(parent, stat);
    this.unlockNode(parent);
    this.changeDigest(parent, effect);
  }

  /** pzxid = max(pzxid, zxid of the txn): what a delete does to the parent. */
  raisePzxid(ref: number): void {
    assert(this.isOpen, 'a section is open');
    const { zxidHi, zxidLo } = this;
    const stat = this.findStat(ref);
    const hi = this.imageView.getInt32(stat + Stat.pzxid);
    const lo = this.imageView.getInt32(stat + Stat.pzxid + 4);
    if (compareHalves(hi, lo, zxidHi, zxidLo) >= 0) return;
    this.lockNode(ref);
    const effect = this.changeLong(stat, 'pzxid', zxidHi, zxidLo);
    this.unlockNode(ref);
    this.changeDigest(ref, effect);
  }

  /** Removes a node without children, and raises the pzxid of its parent. */
  remove(ref: number): void {
    assert(this.isOpen && this.isAlive(ref), 'a living node is removed in a section');
    const parent = this.parent(ref);
    assert(parent !== 0 && this.childCount(ref) === 0, 'a node without children is removed');
    this.dropDigest(ref);
    this.addNodes(-1);
    this.addDataBytes(-(this.pathLength(ref) + Math.max(this.dataLength(ref), 0)));
    this.index.remove(this.wordOf(ref, Node.hash), ref);
    this.lockNode(ref);
    this.setFlag(ref, NodeFlag.alive, false);
    this.unlockNode(ref);
    this.unlinkSibling(parent, ref);
    this.raisePzxid(parent);
    this.acls.removeUse(this.aclId(ref));
    this.retireRecord(ref);
  }

  /** New data, mzxid and mtime; the version is assigned. `length` is -1 for null data. */
  setData(
    ref: number,
    data: Uint8Array | null,
    start: number,
    length: number,
    version: number,
  ): void {
    assert(this.isOpen && this.isAlive(ref), 'a living node is changed in a section');
    this.lockNode(ref);
    // The Stat first: its cache lines come in while the data is copied.
    const stat = this.placeData(ref, length);
    let effect = this.changeLong(stat, 'mzxid', this.zxidHi, this.zxidLo);
    effect ^= this.changeLong(stat, 'mtime', this.timeHi, this.timeLo);
    effect ^= this.changeInt(stat, 'version', version);
    effect ^= this.fillData(ref, data, start, length);
    this.unlockNode(ref);
    this.changeDigest(ref, effect);
  }

  /** Nothing of the Stat changes but aversion, which is assigned. Moves the use of the ACL. */
  setAcl(ref: number, aclId: number, aversion: number): void {
    assert(this.isOpen && this.isAlive(ref), 'a living node is changed in a section');
    const before = this.aclId(ref);
    this.acls.addUse(aclId);
    this.lockNode(ref);
    this.assignAcl(ref, aclId);
    const effect = this.changeInt(this.findStat(ref), 'aversion', aversion);
    this.unlockNode(ref);
    this.acls.removeUse(before);
    this.changeDigest(ref, effect);
  }

  /** Replaces the data and nothing else: no version, no mzxid, no mtime (quota usage nodes). */
  setQuotaData(ref: number, data: Uint8Array, start: number, length: number): void {
    assert(this.isOpen && this.isAlive(ref), 'a living node is changed in a section');
    this.lockNode(ref);
    this.placeData(ref, length);
    const effect = this.fillData(ref, data, start, length);
    this.unlockNode(ref);
    this.changeDigest(ref, effect);
  }

  /**
   * Adds (or overwrites) a node as a snapshot holds it; `stat[statStart..+60)` is a StatPersisted.
   * "" and "/" are the root. Returns 0 when the parent does not exist. Counts a use of the ACL,
   * also of one whose list is not known.
   */
  load(
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    stat: Uint8Array,
    statStart: number,
  ): number {
    assert(this.isOpen, 'a section is open');
    const length = pathEnd - pathStart;
    const isRoot = length === 0 || (length === 1 && path[pathStart] === slash);
    if (!isRoot && path[pathStart] !== slash) return 0;
    const end = isRoot ? pathStart : pathEnd;
    let ref = this.find(path, pathStart, end);
    if (ref !== 0) {
      this.lockNode(ref);
      const at = this.placeData(ref, dataLength);
      this.fillData(ref, data, dataStart, dataLength);
      this.loadStat(ref, at, stat, statStart);
      this.unlockNode(ref);
      this.refreshDigest(ref, at);
      this.setAcl(ref, aclId, this.aversion(ref));
      return ref;
    }
    const parent = isRoot ? 0 : this.find(path, pathStart, parentEnd(path, pathStart, end));
    if (!isRoot && parent === 0) return 0;
    ref = this.makeRecord(parent, path, pathStart, end, data, dataStart, dataLength);
    const at = this.findStat(ref);
    this.loadStat(ref, at, stat, statStart);
    this.adopt(ref, at, aclId);
    return ref;
  }

  /**
   * False when a node of so many bytes of path and data would pass the high-water mark. Sum up
   * what is prepared and not yet applied: the mark leaves one sixteenth of the memory for it.
   */
  hasRoomFor(bytes: number): boolean {
    return this.allocator.hasRoomFor(bytes + createOverheadBytes);
  }

  /**
   * Fills a memory without nodes with the tree of an empty server (Apache `DataTree`): its
   * digest is 1371985504. A section of its own, with zxid 0.
   */
  createSystemNodes(): void {
    assert(this.root === 0, 'a tree without nodes');
    this.openSection();
    this.loadSystemNode('', aclIdOpen);
    this.loadSystemNode('/zookeeper', aclIdOpen);
    this.loadSystemNode('/zookeeper/quota', aclIdOpen);
    const config = this.loadSystemNode('/zookeeper/config', this.acls.intern(configAcl, 0, 27));
    this.setStat(config, Stat.aversion, -1);
    this.closeSection(0, 0);
  }

  /**
   * Empties the memory: no nodes, no ACLs, zxid 0; refs and ACL ids from before mean nothing.
   * Walks that go on learn that they are worth nothing. In the section that is open, or in one of
   * its own.
   */
  clear(): void {
    const isAlone = !this.isOpen;
    if (isAlone) this.openSection();
    const { control } = this;
    Atomics.add(control, Control.generation, 1);
    this.allocator.reset();
    this.index.reset();
    this.acls.reset();
    control[Control.root] = 0;
    control[Control.nodeCount] = 0;
    control[Control.dataBytesHi] = 0;
    control[Control.dataBytesLo] = 0;
    control[Control.digestHi] = 0;
    control[Control.digestLo] = 0;
    control[Control.deferredFirst] = 0;
    control[Control.deferredLast] = 0;
    control[Control.deferredBlocks] = 0;
    if (isAlone) this.closeSection(0, 0);
  }

  /** Makes a finished record part of the tree: digest, counters, ACL, index, parent. */
  private adopt(ref: number, stat: number, aclId: number): void {
    const parent = this.parent(ref);
    this.acls.addUse(aclId);
    this.assignAcl(ref, aclId);
    this.refreshDigest(ref, stat);
    this.addNodes(1);
    const pathBytes = parent === 0 ? 1 : this.pathLength(ref);
    this.addDataBytes(pathBytes + Math.max(this.dataLength(ref), 0));
    if (parent === 0) {
      this.control[Control.root] = ref;
      return;
    }
    assert(this.index.insert(this.wordOf(ref, Node.hash), ref), 'room for an index table');
    const next = this.firstChild(parent);
    this.setWord(ref, Node.nextSibling, next);
    if (next !== 0) this.setWord(next, Node.prevSibling, ref);
    this.setFirstChild(parent, ref);
    this.countChild(parent, 1);
  }

  /** The node keeps its own links: a walker that stands on it goes on from there. */
  private unlinkSibling(parent: number, ref: number): void {
    const next = this.nextSibling(ref);
    const previous = this.wordOf(ref, Node.prevSibling);
    if (next !== 0) this.setWord(next, Node.prevSibling, previous);
    if (previous === 0) this.setFirstChild(parent, next);
    else this.setWord(previous, Node.nextSibling, next);
    this.countChild(parent, -1);
  }

  private countChild(parent: number, difference: number): void {
    this.lockNode(parent);
    this.setWord(parent, Node.childCount, this.childCount(parent) + difference);
    this.showChildren(parent, this.findStat(parent));
    this.unlockNode(parent);
  }

  private assignAcl(ref: number, aclId: number): void {
    this.setWord(ref, Node.aclId, aclId);
    this.setFlag(ref, NodeFlag.readableByAnyone, this.acls.isReadableByAnyone(aclId));
  }

  /** Fills the Stat at `at` from a StatPersisted. */
  private loadStat(ref: number, at: number, stat: Uint8Array, start: number): void {
    const from = this.sources.viewOf(stat);
    const to = this.imageView;
    // Everything up to cversion stands at the same place in both.
    copyBytes(from, start, to, at, Persisted.cversion);
    this.setWord(ref, Node.cversion, from.getInt32(start + Persisted.cversion));
    to.setInt32(at + Stat.aversion, from.getInt32(start + Persisted.aversion));
    const ownerHi = from.getInt32(start + Persisted.ephemeralOwner);
    const ownerLo = from.getInt32(start + Persisted.ephemeralOwner + 4);
    this.setWord(ref, Node.ownerHi, ownerHi);
    this.setWord(ref, Node.ownerLo, ownerLo);
    const isShown = this.ephemeralTypes.isSession(ownerHi, ownerLo);
    this.setHalves(at + Stat.ephemeralOwner, isShown ? ownerHi : 0, isShown ? ownerLo : 0);
    to.setInt32(at + Stat.dataLength, Math.max(this.dataLength(ref), 0));
    copyBytes(from, start + Persisted.pzxid, to, at + Stat.pzxid, 8);
    this.showChildren(ref, at);
  }

  private loadSystemNode(path: string, aclId: number): number {
    const bytes = Uint8Array.from(path, (character) => character.charCodeAt(0));
    return this.load(bytes, 0, bytes.length, emptyData, 0, 0, aclId, zeroStat, 0);
  }
}

/** Jute `vector<ACL>` of /zookeeper/config: world:anyone may read. */
const configAcl = Uint8Array.from(
  '\0\0\0\x01\0\0\0\x01\0\0\0\x05world\0\0\0\x06anyone',
  (character) => character.charCodeAt(0),
);

/** End of the parent's path: the last slash, or the start when there is none before it. */
function parentEnd(path: Uint8Array, start: number, end: number): number {
  let at = end - 1;
  while (at > start && path[at] !== slash) at--;
  return at;
}
