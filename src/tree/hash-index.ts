/**
 * A hash table in shared memory that grows one table at a time (extendible hashing; drawn in
 * layout.ts). It maps a 32-bit hash to the first block of a chain; whether that block is the one
 * wanted is the caller's question. The reader is bounded whatever it meets; the writer changes
 * the index only inside a section, so that a reader notices.
 */
import { assert } from '../base/assert.ts';
import type { Allocator } from './allocator.ts';
import {
  Block,
  granuleWordShift,
  indexDepthMax,
  tableBytes,
  tableFillMax,
  tableSlotShift,
  tableSlots,
} from './layout.ts';
import type { MappedTree } from './tree-memory.ts';

const slotMask = tableSlots - 1;
const slotShift = 32 - tableSlotShift;

/** Where an index has its directory and its mask: word offsets in `directories` and `control`. */
export interface IndexPlace {
  readonly directory: number;
  readonly mask: number;
}

/**
 * First ref of the chain of a hash, 0 when there is none. Directory entries are always tables or
 * 0, and tables are never given back; only what stands in their slots can be half written.
 */
export function indexFind(map: MappedTree, place: IndexPlace, hash: number): number {
  const mask = map.control[place.mask] as number;
  const table = map.directories[place.directory + (hash & mask)] as number;
  if (table === 0) return 0;
  const words = map.words[table >>> map.segmentShift] as Int32Array;
  const base = (table & map.segmentMask) << granuleWordShift;
  let slot = hash >>> slotShift;
  for (let probes = 0; probes < tableSlots; probes++) {
    const at = base + (slot << 1);
    const ref = words[at + 1] as number;
    if (ref === 0) return 0;
    if (words[at] === hash) return ref >>> 0 < map.refEnd ? ref : 0;
    slot = (slot + 1) & slotMask;
  }
  return 0;
}

/** The writer's side. A table keeps its fill and its depth in the bookkeeping of its first unit. */
export class HashIndex {
  private readonly map: MappedTree;
  private readonly place: IndexPlace;
  private readonly allocator: Allocator;
  private readonly scratch = new Int32Array(tableSlots * 2);

  constructor(map: MappedTree, place: IndexPlace, allocator: Allocator) {
    this.map = map;
    this.place = place;
    this.allocator = allocator;
  }

  /** Starts over with one empty table; the old ones must have been taken back as a whole. */
  reset(): void {
    const table = this.openTable(0);
    assert(table !== 0, 'room for the first index table');
    this.map.control[this.place.mask] = 0;
    this.map.directories[this.place.directory] = table;
  }

  /** False when a table had to split and there is no room; then nothing was changed. */
  insert(hash: number, ref: number): boolean {
    for (;;) {
      const table = this.tableOf(hash);
      const words = this.wordsOf(table);
      const base = this.baseOf(table);
      const at = findSlot(words, base, hash);
      const head = words[at + 1] as number;
      const owner = this.allocator.ownerWord(table);
      if (head === 0 && this.mustSplit(owner)) {
        if (!this.split(table, hash)) return false;
        continue;
      }
      this.setLink(ref, head);
      words[at] = hash;
      words[at + 1] = ref;
      if (head === 0) this.map.units[owner]! += 1;
      return true;
    }
  }

  remove(hash: number, ref: number): void {
    const table = this.tableOf(hash);
    const words = this.wordsOf(table);
    const base = this.baseOf(table);
    const at = findSlot(words, base, hash);
    const head = words[at + 1] as number;
    const rest = this.linkOf(ref);
    if (head !== ref) {
      let before = head;
      while (this.linkOf(before) !== ref) {
        before = this.linkOf(before);
        assert(before !== 0, 'a removed block stands in the index');
      }
      this.setLink(before, rest);
    } else if (rest !== 0) {
      words[at + 1] = rest;
    } else {
      eraseSlot(words, base, (at - base) >> 1);
      this.map.units[this.allocator.ownerWord(table)]! -= 1;
    }
  }

  /** At full depth the slots alone tell the hashes apart, and each has a place. */
  private mustSplit(owner: number): boolean {
    const fill = this.map.units[owner] as number;
    return fill >= tableFillMax && (this.map.units[owner + 1] as number) < indexDepthMax;
  }

  /** Moves the hashes with the next bit set into a table of their own. */
  private split(table: number, hash: number): boolean {
    const { directories, units } = this.map;
    const owner = this.allocator.ownerWord(table);
    const depth = units[owner + 1] as number;
    const sibling = this.openTable(depth + 1);
    if (sibling === 0) return false;
    const bit = 1 << depth;
    if (bit > this.mask) this.doubleDirectory();
    const first = (hash & (bit - 1)) | bit;
    for (let entry = first; entry <= this.mask; entry += bit * 2) {
      directories[this.place.directory + entry] = sibling;
    }
    const words = this.wordsOf(table);
    const base = this.baseOf(table);
    const { scratch } = this;
    for (let i = 0; i < scratch.length; i++) scratch[i] = words[base + i] as number;
    words.fill(0, base, base + scratch.length);
    units[owner] = 0;
    units[owner + 1] = depth + 1;
    for (let i = 0; i < scratch.length; i += 2) {
      if (scratch[i + 1] === 0) continue;
      const moved = scratch[i] as number;
      this.moveSlot(moved & bit ? sibling : table, moved, scratch[i + 1] as number);
    }
    return true;
  }

  private moveSlot(table: number, hash: number, head: number): void {
    const words = this.wordsOf(table);
    const at = findSlot(words, this.baseOf(table), hash);
    words[at] = hash;
    words[at + 1] = head;
    this.map.units[this.allocator.ownerWord(table)]! += 1;
  }

  private doubleDirectory(): void {
    const entries = this.mask + 1;
    const from = this.place.directory;
    this.map.directories.copyWithin(from + entries, from, from + entries);
    this.map.control[this.place.mask] = entries * 2 - 1;
  }

  private openTable(depth: number): number {
    const table = this.allocator.allocate(tableBytes);
    if (table === 0) return 0;
    const owner = this.allocator.ownerWord(table);
    this.map.units[owner] = 0;
    this.map.units[owner + 1] = depth;
    const base = this.baseOf(table);
    this.wordsOf(table).fill(0, base, base + tableSlots * 2);
    return table;
  }

  private get mask(): number {
    return this.map.control[this.place.mask] as number;
  }

  private tableOf(hash: number): number {
    return this.map.directories[this.place.directory + (hash & this.mask)] as number;
  }

  private wordsOf(ref: number): Int32Array {
    return this.map.words[ref >>> this.map.segmentShift] as Int32Array;
  }

  private baseOf(ref: number): number {
    return (ref & this.map.segmentMask) << granuleWordShift;
  }

  private linkOf(ref: number): number {
    return this.wordsOf(ref)[this.baseOf(ref) + Block.link] as number;
  }

  private setLink(ref: number, link: number): void {
    this.wordsOf(ref)[this.baseOf(ref) + Block.link] = link;
  }
}

/** Word of the slot that holds the hash, or of the empty one where it belongs. */
function findSlot(words: Int32Array, base: number, hash: number): number {
  let slot = hash >>> slotShift;
  for (;;) {
    const at = base + (slot << 1);
    if (words[at + 1] === 0 || words[at] === hash) return at;
    slot = (slot + 1) & slotMask;
  }
}

/** Empties a slot and moves the ones behind it forward, so that no probe ends too early. */
function eraseSlot(words: Int32Array, base: number, slot: number): void {
  let hole = slot;
  let next = (slot + 1) & slotMask;
  for (; next !== slot && words[base + (next << 1) + 1] !== 0; next = (next + 1) & slotMask) {
    const home = (words[base + (next << 1)] as number) >>> slotShift;
    if (((next - home) & slotMask) < ((next - hole) & slotMask)) continue;
    words[base + (hole << 1)] = words[base + (next << 1)] as number;
    words[base + (hole << 1) + 1] = words[base + (next << 1) + 1] as number;
    hole = next;
  }
  words[base + (hole << 1) + 1] = 0;
}
