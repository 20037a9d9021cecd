/**
 * Writes node records: places path, data and Stat, keeps the digest and the counters true with
 * each change. What a change means is decided above (tree-writer.ts); here is where it goes.
 * While a walk goes on, each change of a node happens under the lock of its stripe, and memory
 * that the walker may read without that lock is not written again.
 */
import { assert } from '../base/assert.ts';
import { copyBytes } from '../base/copy-bytes.ts';
import { AclTable } from './acl-table.ts';
import { Allocator } from './allocator.ts';
import { copyWithCrc } from './copy.ts';
import {
  crcBegin,
  crcEffect,
  crcEnd,
  crcStatWords,
  crcView,
  DigestOffset,
  isOutsideDigest,
  swapBytes,
} from './digest.ts';
import {
  Control,
  imageBlockHeaderBytes,
  imageFrameBytes,
  Node,
  NodeFlag,
  nodeHeaderBytes,
  overwriteBytesMax,
  pathBytesMax,
  recordBytesMax,
  Stat,
  statBytes,
  stripeMask,
} from './layout.ts';
import { Reclaimer } from './reclaim.ts';
import type { TreeMemory } from './tree-memory.ts';
import { TreeView } from './tree-view.ts';

type StatField = Exclude<keyof typeof DigestOffset, 'cversion'>;

/** A block that is this many times larger than its content is exchanged for a smaller one. */
const shrinkFactor = 4;
const noData = new Uint8Array(0);

export class NodeWriter extends TreeView {
  override readonly acls: AclTable;
  protected readonly allocator: Allocator;
  protected readonly reclaimer: Reclaimer;
  /** Walks that go on; constant during a section. */
  protected walkers = 0;
  protected zxidHi = 0;
  protected zxidLo = 0;
  protected timeHi = 0;
  protected timeLo = 0;
  private readonly statWords = new Int32Array(15);
  private readonly savedStat = new DataView(new ArrayBuffer(statBytes));

  constructor(memory: TreeMemory) {
    super(memory);
    this.allocator = new Allocator(this.map);
    this.reclaimer = new Reclaimer(this.map, this.allocator, (id) => this.acls.releaseId(id));
    this.acls = new AclTable(this.map, this.allocator, this.reclaimer);
    this.chainMax = Number.POSITIVE_INFINITY;
  }

  /**
   * A record for `path[pathStart..pathEnd)` with `data`; links are zero, the Stat is undefined.
   * Nothing points to it yet. `parent` is 0 for the root only.
   */
  protected makeRecord(
    parent: number,
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
  ): number {
    const pathLength = pathEnd - pathStart;
    assert(pathLength >= 0 && pathLength <= pathBytesMax, `path of ${pathLength} bytes`);
    const fixedBytes = nodeHeaderBytes + ((pathLength + 3) & ~3);
    const imageBytes = imageFrameBytes + Math.max(dataLength, 0);
    const isApart = fixedBytes + imageBytes > recordBytesMax;
    const ref = this.mustAllocate(isApart ? fixedBytes : fixedBytes + imageBytes);
    const words = this.wordsOf(ref);
    const base = this.baseOf(ref);
    words[base + Node.link] = 0;
    words[base + Node.prevSibling] = 0;
    words[base + Node.nextSibling] = 0;
    words[base + Node.firstChild] = 0;
    words[base + Node.parent] = parent;
    words[base + Node.childCount] = 0;
    words[base + Node.imageRef] = isApart
      ? this.mustAllocate(imageBlockHeaderBytes + imageBytes)
      : 0;
    words[base + Node.cversion] = 0;
    words[base + Node.digest] = 0;
    words[base + Node.hash] = this.hashOf(path, pathStart, pathEnd);
    const isOutside = isOutsideDigest(path, pathStart, pathEnd);
    words[base + Node.pathAndFlags] =
      pathLength | NodeFlag.alive | (isOutside ? NodeFlag.outsideDigest : 0);
    // The last word of the path is compared as a whole: what lies behind its end is zero.
    words[(this.pathAt(ref) + pathLength) >> 2] = 0;
    const from = this.sources.viewOf(path);
    copyBytes(from, pathStart, this.viewOf(ref), this.pathAt(ref), pathLength);
    const known = parent === 0 ? 0 : this.pathLength(parent);
    const crc = parent === 0 ? crcBegin : this.wordOf(parent, Node.pathCrc);
    words[base + Node.pathCrc] = crcView(crc, from, pathStart + known, pathEnd);
    this.fillData(ref, data, dataStart, dataLength);
    return ref;
  }

  /** The Stat of a node that this txn creates. `showsOwner`: clients see it, not 0. */
  protected stampCreated(ref: number, at: number, showsOwner: boolean): void {
    const { zxidHi, zxidLo, timeHi, timeLo } = this;
    const view = this.imageView;
    view.setInt32(at + Stat.czxid, zxidHi);
    view.setInt32(at + Stat.czxid + 4, zxidLo);
    view.setInt32(at + Stat.mzxid, zxidHi);
    view.setInt32(at + Stat.mzxid + 4, zxidLo);
    view.setInt32(at + Stat.ctime, timeHi);
    view.setInt32(at + Stat.ctime + 4, timeLo);
    view.setInt32(at + Stat.mtime, timeHi);
    view.setInt32(at + Stat.mtime + 4, timeLo);
    view.setInt32(at + Stat.version, 0);
    view.setInt32(at + Stat.cversion, 0);
    view.setInt32(at + Stat.aversion, 0);
    view.setInt32(at + Stat.ephemeralOwner, showsOwner ? this.ownerHi(ref) : 0);
    view.setInt32(at + Stat.ephemeralOwner + 4, showsOwner ? this.ownerLo(ref) : 0);
    view.setInt32(at + Stat.dataLength, Math.max(this.dataLength(ref), 0));
    view.setInt32(at + Stat.numChildren, 0);
    view.setInt32(at + Stat.pzxid, zxidHi);
    view.setInt32(at + Stat.pzxid + 4, zxidLo);
  }

  /**
   * Makes room for data of a length, which `fillData` then writes. The Stat stands where it
   * belongs, and nothing of it has changed but the length; returns where that is.
   */
  protected placeData(ref: number, length: number): number {
    const before = this.dataLength(ref);
    const mayOverwrite = this.walkers === 0 || before <= overwriteBytesMax;
    if (length !== before || !mayOverwrite) this.moveStat(ref, before, length);
    return this.findStat(ref);
  }

  /** Finds a place for an image with data of another length, and puts the Stat behind it. */
  private moveStat(ref: number, before: number, length: number): void {
    const { savedStat } = this;
    const kept = Math.max(length, 0);
    const stat = this.findStat(ref);
    copyBytes(this.imageView, stat, savedStat, 0, statBytes);
    savedStat.setInt32(Stat.dataLength, kept);
    const block = this.wordOf(ref, Node.imageRef);
    const place = this.placeFor(ref, block, before, imageFrameBytes + kept);
    this.setWord(ref, Node.imageRef, place);
    const image = this.findImage(ref);
    this.imageView.setInt32(image, length);
    copyBytes(savedStat, 0, this.imageView, image + 4 + kept, statBytes);
    if (block !== 0 && block !== place) this.reclaimer.retire(block);
    this.addDataBytes(kept - Math.max(before, 0));
  }

  /** Block for an image of so many bytes: 0 for the record, the present one, or a new one. */
  private placeFor(ref: number, block: number, before: number, imageBytes: number): number {
    const isFree = this.walkers === 0;
    const fixedBytes = nodeHeaderBytes + ((this.pathLength(ref) + 3) & ~3);
    const fitsRecord = this.allocator.blockBytes(ref) - fixedBytes >= imageBytes;
    if (block === 0) {
      if (fitsRecord && (isFree || before <= overwriteBytesMax)) return 0;
    } else {
      // A walker may still read an older value in the record, so nobody moves back meanwhile.
      if (fitsRecord && isFree) return 0;
      const room = this.allocator.blockBytes(block) - imageBlockHeaderBytes;
      const isWaste = room > imageBytes * shrinkFactor;
      if (room >= imageBytes && !isWaste && (isFree || before <= overwriteBytesMax)) return block;
    }
    return this.mustAllocate(imageBlockHeaderBytes + imageBytes);
  }

  /** Writes the data, there is room for it; returns its effect on the digest of the node. */
  protected fillData(ref: number, data: Uint8Array | null, start: number, length: number): number {
    const at = this.findImage(ref);
    const kept = length === -1 ? 0 : length;
    assert(kept >= 0 && (length === -1 || data !== null), 'null data has length -1');
    this.imageView.setInt32(at, length);
    const from = this.sources.viewOf(data ?? noData);
    const words = this.wordsOf(ref);
    const base = this.baseOf(ref);
    const before = words[base + Node.dataCrc] as number;
    const path = words[base + Node.pathCrc] as number;
    // Null data may come with any offset: there is nothing to be read.
    const crc = copyWithCrc(from, kept === 0 ? 0 : start, this.imageView, at + 4, kept, path);
    words[base + Node.dataCrc] = crc;
    return crcEffect(before ^ crc, 0);
  }

  /** Gives the memory of a node back, which nothing points to any more. */
  protected retireRecord(ref: number): void {
    const block = this.wordOf(ref, Node.imageRef);
    if (block !== 0) this.reclaimer.retire(block);
    this.reclaimer.retire(ref);
  }

  private mustAllocate(bytes: number): number {
    const ref = this.allocator.allocate(bytes);
    assert(ref !== 0, `the memory of the tree is full (${bytes} bytes wanted)`);
    return ref;
  }

  protected setWord(ref: number, word: number, value: number): void {
    this.wordsOf(ref)[this.baseOf(ref) + word] = value;
  }

  /** Makes a child the first one: a walker that sees the link sees the whole record. */
  protected setFirstChild(parent: number, child: number): void {
    if (this.walkers === 0) this.setWord(parent, Node.firstChild, child);
    else Atomics.store(this.wordsOf(parent), this.baseOf(parent) + Node.firstChild, child);
  }

  protected setFlag(ref: number, flag: number, isSet: boolean): void {
    const word = this.wordOf(ref, Node.pathAndFlags);
    this.setWord(ref, Node.pathAndFlags, isSet ? word | flag : word & ~flag);
  }

  protected setStat(ref: number, offset: number, value: number): void {
    const at = this.findStat(ref);
    this.imageView.setInt32(at + offset, value);
  }

  protected setHalves(at: number, hi: number, lo: number): void {
    this.imageView.setInt32(at, hi);
    this.imageView.setInt32(at + 4, lo);
  }

  /** Writes into the Stat at `at` what clients see of cversion and the number of children. */
  protected showChildren(ref: number, at: number): void {
    const count = this.wordOf(ref, Node.childCount);
    this.imageView.setInt32(at + Stat.numChildren, count);
    const cversion = this.wordOf(ref, Node.cversion);
    this.imageView.setInt32(at + Stat.cversion, (2 * cversion - count) | 0);
  }

  /**
   * Computes the digest of a node anew and carries the difference into that of the tree. The
   * Stat is at `stat` in `imageView`: call it before another node is looked at.
   */
  protected refreshDigest(ref: number, stat: number): void {
    const words = this.wordsOf(ref);
    const base = this.baseOf(ref);
    if (((words[base + Node.pathAndFlags] as number) & NodeFlag.outsideDigest) !== 0) return;
    const view = this.imageView;
    const out = this.statWords;
    out[0] = view.getInt32(stat + Stat.czxid, true);
    out[1] = view.getInt32(stat + Stat.czxid + 4, true);
    out[2] = view.getInt32(stat + Stat.mzxid, true);
    out[3] = view.getInt32(stat + Stat.mzxid + 4, true);
    out[4] = view.getInt32(stat + Stat.pzxid, true);
    out[5] = view.getInt32(stat + Stat.pzxid + 4, true);
    out[6] = view.getInt32(stat + Stat.ctime, true);
    out[7] = view.getInt32(stat + Stat.ctime + 4, true);
    out[8] = view.getInt32(stat + Stat.mtime, true);
    out[9] = view.getInt32(stat + Stat.mtime + 4, true);
    out[10] = view.getInt32(stat + Stat.version, true);
    out[11] = swapBytes(words[base + Node.cversion] as number);
    out[12] = view.getInt32(stat + Stat.aversion, true);
    out[13] = swapBytes(words[base + Node.ownerHi] as number);
    out[14] = swapBytes(words[base + Node.ownerLo] as number);
    const digest = crcEnd(crcStatWords(words[base + Node.dataCrc] as number, out));
    this.addToDigest(digest - ((words[base + Node.digest] as number) >>> 0));
    words[base + Node.digest] = digest;
  }

  /** Changes the digest of a node by the xor of the `crcEffect`s of what was changed. */
  protected changeDigest(ref: number, effect: number): void {
    const words = this.wordsOf(ref);
    const base = this.baseOf(ref);
    if (((words[base + Node.pathAndFlags] as number) & NodeFlag.outsideDigest) !== 0) return;
    const before = words[base + Node.digest] as number;
    const digest = before ^ effect;
    this.addToDigest((digest >>> 0) - (before >>> 0));
    words[base + Node.digest] = digest;
  }

  /** Writes a field of the Stat at `at`; returns its effect on the digest of the node. */
  protected changeInt(at: number, field: StatField, value: number): number {
    const view = this.imageView;
    const before = view.getInt32(at + Stat[field], true);
    view.setInt32(at + Stat[field], value);
    return crcEffect(before ^ swapBytes(value), DigestOffset[field]);
  }

  /** The same for a field of 64 bits. */
  protected changeLong(at: number, field: StatField, hi: number, lo: number): number {
    const view = this.imageView;
    const from = at + Stat[field];
    const beforeHi = view.getInt32(from, true);
    const beforeLo = view.getInt32(from + 4, true);
    view.setInt32(from, hi);
    view.setInt32(from + 4, lo);
    const offset = DigestOffset[field];
    const effect = crcEffect(beforeHi ^ swapBytes(hi), offset);
    return effect ^ crcEffect(beforeLo ^ swapBytes(lo), offset + 4);
  }

  /** Takes the digest of a node that goes out of that of the tree. */
  protected dropDigest(ref: number): void {
    this.addToDigest(-this.nodeDigest(ref));
    this.setWord(ref, Node.digest, 0);
  }

  private addToDigest(difference: number): void {
    const { control } = this;
    const low = ((control[Control.digestLo] as number) >>> 0) + difference;
    control[Control.digestLo] = low;
    control[Control.digestHi]! += Math.floor(low / 2 ** 32);
  }

  protected addDataBytes(difference: number): void {
    const total = this.approximateDataBytes + difference;
    this.control[Control.dataBytesHi] = Math.floor(total / 2 ** 32);
    this.control[Control.dataBytesLo] = total;
  }

  protected addNodes(difference: number): void {
    this.control[Control.nodeCount]! += difference;
  }

  /**
   * Begins a change that a walker must not see half done. The load keeps the writes that follow
   * behind the odd number. Stripes are shared: unlock before the next lock.
   */
  protected lockNode(ref: number): void {
    if (this.walkers === 0) return;
    const stripe = Control.stripes + (ref & stripeMask);
    Atomics.store(this.control, stripe, ((this.control[stripe] as number) + 1) | 0);
    Atomics.load(this.control, stripe);
  }

  protected unlockNode(ref: number): void {
    if (this.walkers === 0) return;
    const stripe = Control.stripes + (ref & stripeMask);
    Atomics.store(this.control, stripe, ((this.control[stripe] as number) + 1) | 0);
  }

  protected isAlive(ref: number): boolean {
    const word = this.wordOf(ref, Node.pathAndFlags);
    return (word & NodeFlag.alive) !== 0;
  }
}
