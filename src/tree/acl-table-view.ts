/**
 * Reads the ACL lists of the tree from any thread. A list is named by a number and never changes
 * while a node uses it; nodes with equal lists share one. Reads are bounded on torn values, and
 * mean something only when the surrounding observation holds (`TreeView.endRead`).
 */
import {
  Acl,
  aclChunkShift,
  aclChunksMax,
  aclHeaderBytes,
  aclReadableByAnyone,
  Directory,
  granuleShift,
  granuleWordShift,
} from './layout.ts';
import type { MappedTree } from './tree-memory.ts';

/** world:anyone with all permissions: never stored, always known (Apache `OPEN_UNSAFE_ACL_ID`). */
export const aclIdOpen = -1;

/** Jute `vector<ACL>` of `aclIdOpen`. */
export const aclBytesOpen = Uint8Array.from(
  '\0\0\0\x01\0\0\0\x1f\0\0\0\x05world\0\0\0\x06anyone',
  (character) => character.charCodeAt(0),
);

/** A range of bytes; the object is reused by the next call that returns it. */
export interface AclBytes {
  bytes: Uint8Array;
  start: number;
  end: number;
}

export class AclTableView {
  protected readonly map: MappedTree;
  private readonly range: AclBytes = { bytes: aclBytesOpen, start: 0, end: 0 };

  constructor(map: MappedTree) {
    this.map = map;
  }

  /** Jute `vector<ACL>` of a list: valid until the next call; null for an unknown id. */
  bytesOf(id: number): AclBytes | null {
    const { range, map } = this;
    if (id === aclIdOpen) {
      range.bytes = aclBytesOpen;
      range.start = 0;
      range.end = aclBytesOpen.length;
      return range;
    }
    const entry = this.entryOf(id);
    if (entry === 0) return null;
    const length = this.wordOf(entry, Acl.length);
    if (length < 0) return null;
    const start = ((entry & map.segmentMask) << granuleShift) + aclHeaderBytes;
    if (length > map.segmentBytes - start) throw new RangeError('torn ACL entry');
    range.bytes = map.bytes[entry >>> map.segmentShift] as Uint8Array;
    range.start = start;
    range.end = start + length;
    return range;
  }

  /** Bytes of the list, -1 when the id is unknown. */
  length(id: number): number {
    const range = this.bytesOf(id);
    return range === null ? -1 : range.end - range.start;
  }

  /** Copies the list to `out[at..]` and returns the bytes written. Throws for an unknown id. */
  writeTo(id: number, out: Uint8Array, at: number): number {
    const range = this.bytesOf(id);
    if (range === null) throw new RangeError(`unknown ACL id ${id}`);
    const { bytes, start, end } = range;
    if (end - start > out.length - at) throw new RangeError('ACL list does not fit');
    for (let from = start, to = at; from < end; ) out[to++] = bytes[from++] as number;
    return end - start;
  }

  /** World:anyone may read, or the list is empty (then Apache checks nothing). */
  isReadableByAnyone(id: number): boolean {
    if (id === aclIdOpen) return true;
    const entry = this.entryOf(id);
    return entry !== 0 && (this.wordOf(entry, Acl.flags) & aclReadableByAnyone) !== 0;
  }

  /** Ref of the entry of an id, 0 when it has none. */
  protected entryOf(id: number): number {
    const at = this.chunkWordOf(id);
    if (at < 0) return 0;
    const entry = this.chunkWords(id)[at] as number;
    return entry > 0 && entry < this.map.refEnd ? entry : 0;
  }

  /** Index of the word of an id in `chunkWords(id)`, -1 when its chunk does not exist. */
  protected chunkWordOf(id: number): number {
    if (id <= 0 || id >>> aclChunkShift >= aclChunksMax) return -1;
    const chunk = this.map.directories[Directory.aclIds + (id >>> aclChunkShift)] as number;
    if (chunk === 0) return -1;
    const first = (chunk & this.map.segmentMask) << granuleWordShift;
    return first + (id & ((1 << aclChunkShift) - 1));
  }

  /** The words that hold the chunk of an id; the chunk must exist. */
  protected chunkWords(id: number): Int32Array {
    const chunk = this.map.directories[Directory.aclIds + (id >>> aclChunkShift)] as number;
    return this.map.words[chunk >>> this.map.segmentShift] as Int32Array;
  }

  protected wordOf(entry: number, word: number): number {
    const words = this.map.words[entry >>> this.map.segmentShift] as Int32Array;
    return words[((entry & this.map.segmentMask) << granuleWordShift) + word] as number;
  }
}
