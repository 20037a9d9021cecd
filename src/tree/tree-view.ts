/**
 * The tree as every thread sees it: find a node by the bytes of its path, and know afterwards
 * whether what was read belongs together. Takes no lock, allocates nothing, never waits; a reader
 * that meets the writer too often goes another way. Never changes the tree.
 *
 *   const seq = view.beginRead();                      one observation: lastZxid, index, nodes,
 *   if (seq !== -1) {                                  data, Stat and ACLs of one moment between
 *     try { ...read, write a reply... } catch {}       two sections of the writer
 *     if (view.endRead(seq)) ...the reply is true...
 *   }
 */
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import { AclTableView } from './acl-table-view.ts';
import { indexFind } from './hash-index.ts';
import {
  Control,
  Directory,
  granuleShift,
  Node,
  nodeHeaderBytes,
  nodeHeaderWords,
  pathLengthMask,
  unitBytes,
} from './layout.ts';
import { NodeView } from './node-view.ts';
import { hashBegin, hashEnd, hashWord } from './path-hash.ts';
import type { TreeMemory } from './tree-memory.ts';

export const pathIndexPlace = { directory: Directory.paths, mask: Control.pathIndexMask };

const slash = 0x2f;
const keyWordsAtFirst = 256;

export class TreeView extends NodeView {
  readonly memory: TreeMemory;
  readonly acls: AclTableView;
  protected readonly control: Int32Array;
  protected readonly sources = new ViewCache();
  /** The path that is being looked up, as words padded with zeros. */
  private key = new Int32Array(keyWordsAtFirst);
  private readonly fence = new Int32Array(1);
  /** Nodes of one hash that are looked at: a chain that is being changed may lead in a circle. */
  protected chainMax = 4096;

  constructor(memory: TreeMemory) {
    super(memory);
    this.memory = memory;
    this.control = this.map.control;
    this.acls = new AclTableView(this.map);
  }

  /** Even number of the observation that begins, or -1 while the writer is in a section. */
  beginRead(): number {
    const seq = Atomics.load(this.control, Control.sequence);
    return (seq & 1) === 0 ? seq : -1;
  }

  /**
   * True when all reads since `beginRead` saw one state of the tree. The store, to nowhere, and
   * the load are together the fence that keeps the reads before the load: an atomic load alone
   * lets earlier plain reads pass it on machines with weak ordering.
   */
  endRead(seq: number): boolean {
    Atomics.store(this.fence, 0, seq);
    return Atomics.load(this.control, Control.sequence) === seq;
  }

  /** Ref of the node at a path, 0 when there is none. "" and "/" are both the root. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length <= 1 && (length === 0 || bytes[start] === slash)) return this.root;
    return this.findHashed(this.loadKey(bytes, start, length), length);
  }

  /** The node at the path that `hashOf` was asked for last: its hash and length. */
  findHashed(hash: number, length: number): number {
    if (length === 0) return this.root;
    let ref = indexFind(this.map, pathIndexPlace, hash);
    for (let hops = 0; ref !== 0; hops++) {
      if (this.hasKey(ref, length)) return ref;
      ref = this.wordOf(ref, Node.link);
      if (ref >>> 0 >= this.map.refEnd || hops > this.chainMax) throw new RangeError('torn chain');
    }
    return 0;
  }

  /** `pathHash` of a path as it is given ("" and "/" differ), with the seed of this tree. */
  hashOf(bytes: Uint8Array, start: number, end: number): number {
    return this.loadKey(bytes, start, end - start);
  }

  /** Bytes of the jute `vector<ustring>` of the children's names. */
  childNamesBytes(ref: number): number {
    const prefix = this.pathLength(ref) + 1;
    const begun = this.control[Control.sequence] as number;
    let left = this.childCount(ref);
    let bytes = 4;
    for (let child = this.firstChild(ref); child !== 0; child = this.nextSibling(child)) {
      this.checkChild(--left, begun);
      bytes += 4 + this.pathLength(child) - prefix;
    }
    return bytes;
  }

  /** Writes the jute `vector<ustring>` of the children's names; returns the bytes written. */
  writeChildNames(ref: number, out: Uint8Array, at: number): number {
    const to = this.outputs.viewOf(out);
    const prefix = this.pathLength(ref) + 1;
    const begun = this.control[Control.sequence] as number;
    let left = this.childCount(ref);
    let end = at + 4;
    to.setInt32(at, left);
    for (let child = this.firstChild(ref); child !== 0; child = this.nextSibling(child)) {
      this.checkChild(--left, begun);
      const length = this.pathLength(child) - prefix;
      if (length < 0) throw new RangeError('torn name');
      to.setInt32(end, length);
      copyBytes(this.viewOf(child), this.pathAt(child) + prefix, to, end + 4, length);
      end += 4 + length;
    }
    return end - at;
  }

  /** Torn links may lead in a circle, and a torn number of children far too often round it. */
  private checkChild(left: number, begun: number): void {
    const isTorn = left < 0 || left >= this.nodeCount;
    if (isTorn || ((left & 255) === 0 && Atomics.load(this.control, Control.sequence) !== begun)) {
      throw new RangeError('torn list of children');
    }
  }

  /** Nodes below a node, -1 when there are more than `limit`. The root's are always known. */
  descendantCount(ref: number, limit: number): number {
    if (ref === this.root) return this.nodeCount - 1;
    let count = 0;
    let node = ref;
    // Each node is entered once and left once.
    for (let moves = 2 * limit + 2; moves >= 0; moves--) {
      let next = this.firstChild(node);
      while (next === 0 && node !== ref && moves-- >= 0) {
        next = this.nextSibling(node);
        if (next === 0) node = this.parent(node);
        if (node === 0) throw new RangeError('torn ancestors');
      }
      if (next === 0 && node === ref) return count;
      if (next === 0) break;
      if (++count > limit) return -1;
      node = next;
    }
    throw new RangeError('torn subtree');
  }

  get root(): number {
    return this.control[Control.root] as number;
  }

  /** Nodes, the root once (Apache reports one more). */
  get nodeCount(): number {
    return this.control[Control.nodeCount] as number;
  }

  /** Bytes of all paths and data, the root's path as "/" (Apache `approximateDataSize`). */
  get approximateDataBytes(): number {
    const hi = this.control[Control.dataBytesHi] as number;
    return hi * 2 ** 32 + ((this.control[Control.dataBytesLo] as number) >>> 0);
  }

  /** Bytes of memory in whole units that nothing uses; free blocks inside spans do not count. */
  get memoryBytesFree(): number {
    return (this.control[Control.unitsFree] as number) * unitBytes;
  }

  get memoryBytesTotal(): number {
    return (this.control[Control.unitsTotal] as number) * unitBytes;
  }

  get lastZxidHi(): number {
    return this.control[Control.zxidHi] as number;
  }

  get lastZxidLo(): number {
    return this.control[Control.zxidLo] as number;
  }

  get digestHi(): number {
    return this.control[Control.digestHi] as number;
  }

  get digestLo(): number {
    return this.control[Control.digestLo] as number;
  }

  /** Copies a path into `key` and returns its hash: equal to `pathHash`, a word at a time. */
  private loadKey(bytes: Uint8Array, start: number, length: number): number {
    const view = this.sources.viewOf(bytes);
    if (length > this.key.length * 4 - 4) this.key = new Int32Array((length >> 2) * 2);
    const { key } = this;
    let hash = hashBegin(length, this.map.hashSeed);
    let at = start;
    let i = 0;
    for (const end = start + (length & ~3); at < end; at += 4, i++) {
      const word = view.getInt32(at, true);
      key[i] = word;
      hash = hashWord(hash, word);
    }
    if ((length & 3) !== 0) {
      let word = 0;
      for (let byte = (length & 3) - 1; byte >= 0; byte--) {
        word = (word << 8) | view.getUint8(at + byte);
      }
      key[i] = word;
      hash = hashWord(hash, word);
    }
    return hashEnd(hash);
  }

  private hasKey(ref: number, length: number): boolean {
    const words = this.wordsOf(ref);
    const base = this.baseOf(ref);
    if (((words[base + Node.pathAndFlags] as number) & pathLengthMask) !== length) return false;
    if (((base >> 2) << granuleShift) + nodeHeaderBytes + length > this.map.segmentBytes) {
      return false;
    }
    const { key } = this;
    const first = base + nodeHeaderWords;
    const count = (length + 3) >> 2;
    for (let i = 0; i < count; i++) if (words[first + i] !== key[i]) return false;
    return true;
  }
}
