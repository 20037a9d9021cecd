/**
 * Reads the fields of a node record, from any thread, without a lock. A value read here means
 * something only when the surrounding observation holds (`TreeView.endRead`); until then it may
 * be torn, so every ref and every length is checked before it is used, and a read that cannot go
 * on throws a RangeError. Refs that come out of here always lie inside the memory.
 */
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import type { DigestStat } from './digest.ts';
import {
  granuleShift,
  granuleWordShift,
  imageBlockHeaderBytes,
  imageFrameBytes,
  Node,
  NodeFlag,
  nodeHeaderBytes,
  pathLengthMask,
  Stat,
  statBytes,
} from './layout.ts';
import { MappedTree, type TreeMemory } from './tree-memory.ts';

export class NodeView {
  protected readonly map: MappedTree;
  protected readonly words: readonly Int32Array[];
  protected readonly views: readonly DataView[];
  protected readonly outputs = new ViewCache();
  private readonly shift: number;
  private readonly mask: number;
  /** The segment that `findImage` and `findStat` found their offset in. */
  protected imageView: DataView;

  constructor(memory: TreeMemory) {
    this.map = new MappedTree(memory);
    this.words = this.map.words;
    this.views = this.map.views;
    this.shift = this.map.segmentShift;
    this.mask = this.map.segmentMask;
    this.imageView = this.views[0] as DataView;
  }

  /** 0 for the root. */
  parent(ref: number): number {
    return this.refOf(ref, Node.parent);
  }

  firstChild(ref: number): number {
    return this.refOf(ref, Node.firstChild);
  }

  nextSibling(ref: number): number {
    return this.refOf(ref, Node.nextSibling);
  }

  childCount(ref: number): number {
    return this.wordOf(ref, Node.childCount);
  }

  /** 0 for the root. */
  pathLength(ref: number): number {
    return this.wordOf(ref, Node.pathAndFlags) & pathLengthMask;
  }

  /** Writes the path ("" for the root) and returns its length. */
  writePath(ref: number, out: Uint8Array, at: number): number {
    const length = this.pathLength(ref);
    copyBytes(this.viewOf(ref), this.pathAt(ref), this.outputs.viewOf(out), at, length);
    return length;
  }

  nameLength(ref: number): number {
    const parent = this.parent(ref);
    if (parent === 0) return 0;
    return Math.max(this.pathLength(ref) - this.pathLength(parent) - 1, 0);
  }

  /** Writes the last component of the path and returns its length. */
  writeName(ref: number, out: Uint8Array, at: number): number {
    const length = this.nameLength(ref);
    const from = this.pathAt(ref) + this.pathLength(ref) - length;
    copyBytes(this.viewOf(ref), from, this.outputs.viewOf(out), at, length);
    return length;
  }

  version(ref: number): number {
    return this.statWord(ref, Stat.version);
  }

  /** Raw: how many children were ever created (as persisted). */
  cversion(ref: number): number {
    return this.wordOf(ref, Node.cversion);
  }

  aversion(ref: number): number {
    return this.statWord(ref, Stat.aversion);
  }

  czxidHi(ref: number): number {
    return this.statWord(ref, Stat.czxid);
  }

  czxidLo(ref: number): number {
    return this.statWord(ref, Stat.czxid + 4);
  }

  mzxidHi(ref: number): number {
    return this.statWord(ref, Stat.mzxid);
  }

  mzxidLo(ref: number): number {
    return this.statWord(ref, Stat.mzxid + 4);
  }

  pzxidHi(ref: number): number {
    return this.statWord(ref, Stat.pzxid);
  }

  pzxidLo(ref: number): number {
    return this.statWord(ref, Stat.pzxid + 4);
  }

  ctimeHi(ref: number): number {
    return this.statWord(ref, Stat.ctime);
  }

  ctimeLo(ref: number): number {
    return this.statWord(ref, Stat.ctime + 4);
  }

  mtimeHi(ref: number): number {
    return this.statWord(ref, Stat.mtime);
  }

  mtimeLo(ref: number): number {
    return this.statWord(ref, Stat.mtime + 4);
  }

  /** Raw ephemeral owner: a session id, 0, or the mark of a container or TTL node. */
  ownerHi(ref: number): number {
    return this.wordOf(ref, Node.ownerHi);
  }

  ownerLo(ref: number): number {
    return this.wordOf(ref, Node.ownerLo);
  }

  /** -1 for null data. */
  dataLength(ref: number): number {
    const at = this.findImage(ref);
    return this.imageView.getInt32(at);
  }

  /** Writes the data without its length; returns the bytes written, 0 for null data. */
  writeData(ref: number, out: Uint8Array, at: number): number {
    const from = this.findImage(ref) + 4;
    const length = Math.max(this.imageView.getInt32(from - 4), 0);
    copyBytes(this.imageView, from, this.outputs.viewOf(out), at, length);
    return length;
  }

  /** 4 + data + 68: what `writeDataAndStat` will write. */
  dataAndStatBytes(ref: number): number {
    return imageFrameBytes + Math.max(this.dataLength(ref), 0);
  }

  /** Writes `buffer data, Stat` as getData answers them, in one copy; returns the bytes. */
  writeDataAndStat(ref: number, out: Uint8Array, at: number): number {
    const from = this.findImage(ref);
    const length = imageFrameBytes + Math.max(this.imageView.getInt32(from), 0);
    copyBytes(this.imageView, from, this.outputs.viewOf(out), at, length);
    return length;
  }

  /** The Stat as the digest covers it, all at once: cversion and owner are raw. */
  readDigestStat(ref: number, into: DigestStat): void {
    const at = this.findStat(ref);
    const view = this.imageView;
    into.czxidHi = view.getInt32(at + Stat.czxid);
    into.czxidLo = view.getInt32(at + Stat.czxid + 4);
    into.mzxidHi = view.getInt32(at + Stat.mzxid);
    into.mzxidLo = view.getInt32(at + Stat.mzxid + 4);
    into.pzxidHi = view.getInt32(at + Stat.pzxid);
    into.pzxidLo = view.getInt32(at + Stat.pzxid + 4);
    into.ctimeHi = view.getInt32(at + Stat.ctime);
    into.ctimeLo = view.getInt32(at + Stat.ctime + 4);
    into.mtimeHi = view.getInt32(at + Stat.mtime);
    into.mtimeLo = view.getInt32(at + Stat.mtime + 4);
    into.version = view.getInt32(at + Stat.version);
    into.aversion = view.getInt32(at + Stat.aversion);
    into.cversion = this.wordOf(ref, Node.cversion);
    into.ownerHi = this.wordOf(ref, Node.ownerHi);
    into.ownerLo = this.wordOf(ref, Node.ownerLo);
  }

  /** Writes the Stat as clients see it: 68 bytes, which is what it returns. */
  writeStat(ref: number, out: Uint8Array, at: number): number {
    const from = this.findStat(ref);
    copyBytes(this.imageView, from, this.outputs.viewOf(out), at, statBytes);
    return statBytes;
  }

  aclId(ref: number): number {
    return this.wordOf(ref, Node.aclId);
  }

  isReadableByAnyone(ref: number): boolean {
    return (this.wordOf(ref, Node.pathAndFlags) & NodeFlag.readableByAnyone) !== 0;
  }

  /** Unsigned 32-bit digest of a node, 0 below /zookeeper/. */
  nodeDigest(ref: number): number {
    return this.wordOf(ref, Node.digest) >>> 0;
  }

  /** CRC-32 state (int32, not inverted) after the path; the root's is empty. */
  pathCrc(ref: number): number {
    return this.wordOf(ref, Node.pathCrc);
  }

  /** CRC-32 state (int32, not inverted) after path and data: `statDigest` continues from it. */
  dataPathCrc(ref: number): number {
    return this.wordOf(ref, Node.dataCrc);
  }

  /** What `TreeView.hashOf` gives for the path of the node; the root counts as "". */
  pathHashOf(ref: number): number {
    return this.wordOf(ref, Node.hash);
  }

  protected wordsOf(ref: number): Int32Array {
    return this.words[ref >>> this.shift] as Int32Array;
  }

  protected viewOf(ref: number): DataView {
    return this.views[ref >>> this.shift] as DataView;
  }

  /** Index of the first header word in `wordsOf(ref)`. */
  protected baseOf(ref: number): number {
    return (ref & this.mask) << granuleWordShift;
  }

  protected wordOf(ref: number, word: number): number {
    return (this.words[ref >>> this.shift] as Int32Array)[
      ((ref & this.mask) << granuleWordShift) + word
    ] as number;
  }

  private refOf(ref: number, word: number): number {
    const value = this.wordOf(ref, word);
    return value >>> 0 < this.map.refEnd ? value : 0;
  }

  protected pathAt(ref: number): number {
    return ((ref & this.mask) << granuleShift) + nodeHeaderBytes;
  }

  /** Byte offset of the image in `imageView`; at least its length can be read. */
  protected findImage(ref: number): number {
    const words = this.wordsOf(ref);
    const base = this.baseOf(ref);
    const block = words[base + Node.imageRef] as number;
    if (block === 0) {
      const length = (words[base + Node.pathAndFlags] as number) & pathLengthMask;
      const at = (base << 2) + nodeHeaderBytes + ((length + 3) & ~3);
      if (at > this.map.segmentBytes) throw new RangeError('torn path length');
      this.imageView = this.viewOf(ref);
      return at;
    }
    if (block >>> 0 >= this.map.refEnd) throw new RangeError('torn image ref');
    this.imageView = this.viewOf(block);
    return ((block & this.mask) << granuleShift) + imageBlockHeaderBytes;
  }

  /** Byte offset of the Stat in `imageView`, which refuses a torn one with a RangeError. */
  protected findStat(ref: number): number {
    const at = this.findImage(ref);
    const length = this.imageView.getInt32(at);
    return length > 0 ? at + 4 + length : at + 4;
  }

  protected statWord(ref: number, offset: number): number {
    const at = this.findStat(ref);
    return this.imageView.getInt32(at + offset);
  }
}
