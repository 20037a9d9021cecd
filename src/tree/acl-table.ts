/**
 * The writer's side of the ACL lists: equal lists get one id, uses are counted, and a list whose
 * last use ends is forgotten (Apache `ReferenceCountedACLCache`). An id that a snapshot mentions
 * without defining it is kept as unresolved: nobody may do anything with such a node until a txn
 * or the table says what it is. Never decodes more of a list than "may anyone read".
 */
import { assert } from '../base/assert.ts';
import { AclTableView, aclBytesOpen, aclIdOpen } from './acl-table-view.ts';
import type { Allocator } from './allocator.ts';
import { HashIndex, indexFind } from './hash-index.ts';
import {
  Acl,
  aclChunkShift,
  aclChunksMax,
  aclHeaderBytes,
  aclReadableByAnyone,
  Control,
  Directory,
  granuleShift,
  granuleWordShift,
  unitBytes,
} from './layout.ts';
import { pathHash } from './path-hash.ts';
import type { MappedTree } from './tree-memory.ts';

export { type AclBytes, AclTableView, aclIdOpen } from './acl-table-view.ts';

const place = { directory: Directory.acls, mask: Control.aclIndexMask };
const noBytes = new Uint8Array(0);
/** Entries with this length stand for lists that are not known yet. */
const unresolved = -1;
/** Uses of an entry that waits to be given back. */
const removed = -1;

/** Where entries go that no node uses any more (`Reclaimer`). */
export interface AclRetirement {
  retire(entry: number): void;
  /** Calls `releaseId` when the entry is given back. */
  retireAcl(entry: number): void;
}

export class AclTable extends AclTableView {
  private readonly allocator: Allocator;
  private readonly index: HashIndex;
  private readonly retirement: AclRetirement;

  constructor(map: MappedTree, allocator: Allocator, retirement: AclRetirement) {
    super(map);
    this.allocator = allocator;
    this.index = new HashIndex(map, place, allocator);
    this.retirement = retirement;
  }

  /** Forgets all lists, after the allocator has. */
  reset(): void {
    const { control, directories } = this.map;
    const last = (control[Control.aclIdNext] as number) >>> aclChunkShift;
    directories.fill(0, Directory.aclIds, Directory.aclIds + last + 1);
    control[Control.aclIdNext] = 1;
    control[Control.aclIdFree] = 0;
    this.index.reset();
  }

  /**
   * Id of an equal list, or a new one. Does not count as a use: `create`, `load`, `setAcl` and
   * `remove` of the writer count uses; a list is forgotten when its last use ends.
   */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (isEqual(aclBytesOpen, 0, aclBytesOpen.length, bytes, start, end)) return aclIdOpen;
    const hash = pathHash(bytes, start, end, this.map.hashSeed);
    const known = this.findEntry(hash, bytes, start, end);
    if (known !== 0) return this.wordOf(known, Acl.id);
    const id = this.takeFreeId();
    this.define(id, hash, bytes, start, end);
    return id;
  }

  /** Defines the list of an id that a snapshot names; the id must be new or unresolved. */
  addAt(id: number, bytes: Uint8Array, start: number, end: number): void {
    if (id === aclIdOpen) return;
    const before = this.entryOf(id);
    let uses = 0;
    if (before === 0) {
      this.claimId(id);
    } else {
      assert(this.wordOf(before, Acl.length) === unresolved, `ACL id ${id} is defined twice`);
      uses = this.wordOf(before, Acl.uses);
      // The id passes on to the new entry: the old one goes alone.
      this.retirement.retire(before);
    }
    const hash = pathHash(bytes, start, end, this.map.hashSeed);
    const entry = this.define(id, hash, bytes, start, end);
    this.setWord(entry, Acl.uses, uses);
  }

  /** One more node uses the list; an id that nobody defined becomes an unresolved one. */
  addUse(id: number): void {
    if (id === aclIdOpen) return;
    let entry = this.entryOf(id);
    if (entry === 0) {
      this.claimId(id);
      entry = this.newEntry(id, 0, noBytes, 0, unresolved);
    }
    const uses = this.wordOf(entry, Acl.uses);
    assert(uses !== removed, 'a list that is forgotten is not used again');
    this.setWord(entry, Acl.uses, uses + 1);
  }

  removeUse(id: number): void {
    if (id === aclIdOpen) return;
    const entry = this.entryOf(id);
    assert(entry !== 0, `ACL id ${id} is in use`);
    const uses = this.wordOf(entry, Acl.uses);
    assert(uses > 0, `ACL id ${id} is in use`);
    if (uses > 1) {
      this.setWord(entry, Acl.uses, uses - 1);
      return;
    }
    this.setWord(entry, Acl.uses, removed);
    if (this.wordOf(entry, Acl.length) !== unresolved) {
      this.index.remove(this.wordOf(entry, Acl.hash), entry);
    }
    this.retirement.retireAcl(entry);
  }

  /** The entry of the id is gone: the id may name another list. */
  releaseId(id: number): void {
    const { control } = this.map;
    this.chunkWords(id)[this.chunkWordOf(id)] = -1 - (control[Control.aclIdFree] as number);
    control[Control.aclIdFree] = id;
  }

  private findEntry(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { map } = this;
    let entry = indexFind(map, place, hash);
    for (; entry !== 0; entry = this.wordOf(entry, Acl.link)) {
      const own = map.bytes[entry >>> map.segmentShift] as Uint8Array;
      const from = ((entry & map.segmentMask) << granuleShift) + aclHeaderBytes;
      const length = this.wordOf(entry, Acl.length);
      if (this.wordOf(entry, Acl.hash) !== hash) continue;
      if (isEqual(own, from, from + length, bytes, start, end)) return entry;
    }
    return 0;
  }

  private define(id: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const entry = this.newEntry(id, hash, bytes, start, end - start);
    assert(this.index.insert(hash, entry), 'room for the index of ACL lists');
    return entry;
  }

  private newEntry(
    id: number,
    hash: number,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): number {
    const { map } = this;
    const kept = Math.max(length, 0);
    const entry = this.allocator.allocate(aclHeaderBytes + kept);
    assert(entry !== 0, 'room for an ACL list');
    this.setWord(entry, Acl.link, 0);
    this.setWord(entry, Acl.id, id);
    this.setWord(entry, Acl.uses, 0);
    this.setWord(entry, Acl.hash, hash);
    this.setWord(entry, Acl.length, length);
    const isOpen = length >= 0 && mayAnyoneRead(bytes, start, start + length);
    this.setWord(entry, Acl.flags, isOpen ? aclReadableByAnyone : 0);
    const own = map.bytes[entry >>> map.segmentShift] as Uint8Array;
    const to = ((entry & map.segmentMask) << granuleShift) + aclHeaderBytes;
    for (let i = 0; i < kept; i++) own[to + i] = bytes[start + i] as number;
    // A walker that finds the entry must find it complete.
    Atomics.store(this.chunkWords(id), this.chunkWordOf(id), entry);
    return entry;
  }

  private takeFreeId(): number {
    const { control } = this.map;
    const id = control[Control.aclIdFree] as number;
    if (id === 0) {
      const next = control[Control.aclIdNext] as number;
      this.claimId(next);
      return next;
    }
    const word = this.chunkWords(id)[this.chunkWordOf(id)] as number;
    control[Control.aclIdFree] = -1 - word;
    return id;
  }

  /** Takes a certain id, which has no entry, from the free ones. */
  private claimId(id: number): void {
    const { control, directories } = this.map;
    assert(id > 0 && id >>> aclChunkShift < aclChunksMax, `ACL id ${id} out of range`);
    if (this.chunkWordOf(id) < 0) this.openChunk(id, directories);
    if (id >= (control[Control.aclIdNext] as number)) control[Control.aclIdNext] = id + 1;
    const word = this.chunkWords(id)[this.chunkWordOf(id)] as number;
    if (word === 0) return;
    const next = -1 - word;
    if (control[Control.aclIdFree] === id) {
      control[Control.aclIdFree] = next;
      return;
    }
    let before = control[Control.aclIdFree] as number;
    for (;;) {
      const after = -1 - (this.chunkWords(before)[this.chunkWordOf(before)] as number);
      if (after === id) break;
      assert(after !== 0, 'a free id stands in the list of free ids');
      before = after;
    }
    this.chunkWords(before)[this.chunkWordOf(before)] = -1 - next;
  }

  private openChunk(id: number, directories: Int32Array): void {
    const { map } = this;
    const chunk = this.allocator.allocate(unitBytes);
    assert(chunk !== 0, 'room for a chunk of ACL ids');
    const first = (chunk & map.segmentMask) << granuleWordShift;
    (map.words[chunk >>> map.segmentShift] as Int32Array).fill(0, first, first + unitBytes / 4);
    directories[Directory.aclIds + (id >>> aclChunkShift)] = chunk;
  }

  private setWord(entry: number, word: number, value: number): void {
    const { map } = this;
    const words = map.words[entry >>> map.segmentShift] as Int32Array;
    words[((entry & map.segmentMask) << granuleWordShift) + word] = value;
  }
}

function isEqual(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/** Reads a jute `vector<ACL>`; anything malformed means no. */
function mayAnyoneRead(bytes: Uint8Array, start: number, end: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  if (view.byteLength < 4) return false;
  const count = view.getInt32(0);
  if (count <= 0) return true;
  let at = 4;
  for (let i = 0; i < count; i++) {
    if (at + 8 > view.byteLength) return false;
    const perms = view.getInt32(at);
    const scheme = at + 8;
    const schemeLength = Math.max(view.getInt32(at + 4), 0);
    if (schemeLength > view.byteLength - scheme - 4) return false;
    const id = scheme + schemeLength + 4;
    const idLength = Math.max(view.getInt32(id - 4), 0);
    if (idLength > view.byteLength - id) return false;
    const isWorld = isText(view, scheme, schemeLength, 'world');
    if (isWorld && isText(view, id, idLength, 'anyone') && (perms & 1) !== 0) return true;
    at = id + idLength;
  }
  return false;
}

function isText(view: DataView, at: number, length: number, text: string): boolean {
  if (length !== text.length) return false;
  for (let i = 0; i < length; i++) if (view.getUint8(at + i) !== text.charCodeAt(i)) return false;
  return true;
}
