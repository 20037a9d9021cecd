/**
 * Gives out blocks of the segments and takes them back. Small blocks come from spans of one size
 * class each, big ones are runs of units; a span without blocks becomes a free run again, and
 * free runs that touch grow together, so that memory can change its purpose. All state is in
 * shared memory. For the one writer only; knows nothing of walks (see reclaim.ts).
 */
import { assert } from '../base/assert.ts';
import {
  Control,
  granuleBytes,
  granuleShift,
  granuleWordShift,
  runBuckets,
  spanBytes,
  spanClassMask,
  spanPlaceShift,
  spanUnits,
  UnitKind,
  unitBytes,
  unitGranuleShift,
  unitKindMask,
  unitShift,
  unitValueShift,
  unitWordShift,
} from './layout.ts';
import type { MappedTree } from './tree-memory.ts';

/** Blocks up to this size come from spans. */
const smallBytesMax = 16 * 1024;
/** Below this a class for each granule, above eight a doubling. */
const exactBytesMax = 2 * 1024;
/** Share of the memory that creates may not use: what is being prepared still must fit. */
const reserveShare = 1 / 16;
const reserveUnitsMin = 64;
/**
 * When the mark is passed, so many free blocks of its class, or of the few classes above, still
 * make room for a small block: what was removed can come back.
 */
const freeBlocksEnough = 256;
const classesAlike = 8;
/** Free runs of the smallest fitting bucket that are tried before a larger one is cut. */
const fitTries = 8;

const classGranules = buildClasses();
const classOfGranules = buildClassOf(classGranules);

function buildClasses(): readonly number[] {
  const sizes: number[] = [];
  for (let bytes = granuleBytes; bytes <= exactBytesMax; bytes += granuleBytes) sizes.push(bytes);
  for (let low = exactBytesMax; low < smallBytesMax; low *= 2) {
    for (let step = 1; step <= 8; step++) sizes.push(low + (low / 8) * step);
  }
  assert(sizes.length <= spanClassMask + 1, 'a class fits into eight bits');
  return sizes.map((bytes) => bytes >>> granuleShift);
}

function buildClassOf(sizes: readonly number[]): Uint8Array {
  const classes = new Uint8Array((smallBytesMax >>> granuleShift) + 1);
  let sizeClass = 0;
  for (let granules = 0; granules < classes.length; granules++) {
    if (granules > (sizes[sizeClass] as number)) sizeClass++;
    classes[granules] = sizeClass;
  }
  return classes;
}

export class Allocator {
  private readonly map: MappedTree;
  private readonly control: Int32Array;
  private readonly units: Int32Array;
  private readonly runs: UnitRuns;

  /** Takes over the memory as it is; a fresh one must be given to `reset` first. */
  constructor(map: MappedTree) {
    this.map = map;
    this.control = map.control;
    this.units = map.units;
    this.runs = new UnitRuns(map);
  }

  /** Forgets all blocks: everything is free. */
  reset(): void {
    this.control.fill(0, Control.partialSpans, Control.freeBlocks + spanClassMask + 1);
    this.runs.reset();
  }

  /** A block of at least `bytes` bytes with undefined content, or 0 when there is no room. */
  allocate(bytes: number): number {
    if (bytes > smallBytesMax) {
      const unit = this.runs.allocate(Math.ceil(bytes / unitBytes));
      return unit << unitGranuleShift;
    }
    const sizeClass = classOfGranules[(bytes + granuleBytes - 1) >>> granuleShift] as number;
    const span = this.control[Control.partialSpans + sizeClass] as number;
    if (span !== 0) return this.takeBlock(span, sizeClass);
    const opened = this.openSpan(sizeClass);
    return opened !== 0 ? this.takeBlock(opened, sizeClass) : this.takeLarger(sizeClass);
  }

  /** Takes a block back; it may be given out again by the very next call. */
  free(ref: number): void {
    const unit = ref >>> unitGranuleShift;
    const word = this.units[unit << unitWordShift] as number;
    const kind = word & unitKindMask;
    if (kind === UnitKind.run) {
      assert(ref << (32 - unitGranuleShift) === 0, 'a run begins at a unit');
      this.runs.free(unit, word >>> unitValueShift);
      return;
    }
    assert(kind === UnitKind.span, 'a block that was given out');
    const span = unit - ((word >>> spanPlaceShift) & (spanUnits - 1));
    this.giveBlock(span, (word >>> unitValueShift) & spanClassMask, ref);
  }

  /** Bytes that a block can hold. */
  blockBytes(ref: number): number {
    const word = this.units[(ref >>> unitGranuleShift) << unitWordShift] as number;
    if ((word & unitKindMask) === UnitKind.run) return (word >>> unitValueShift) * unitBytes;
    const sizeClass = (word >>> unitValueShift) & spanClassMask;
    return (classGranules[sizeClass] as number) << granuleShift;
  }

  /** Index of the word of bookkeeping that a block of whole units has left for its owner. */
  ownerWord(ref: number): number {
    return ((ref >>> unitGranuleShift) << unitWordShift) + 1;
  }

  /** False when `bytes` more would cut into the reserve. */
  hasRoomFor(bytes: number): boolean {
    const units = Math.ceil(bytes / unitBytes);
    const free = this.control[Control.unitsFree] as number;
    const total = this.control[Control.unitsTotal] as number;
    // Every create may need a span or an index table.
    if (!this.runs.hasRun(Math.max(units, spanUnits))) return false;
    if (free - units >= Math.max(total * reserveShare, reserveUnitsMin)) return true;
    if (bytes > smallBytesMax) return false;
    const sizeClass = classOfGranules[(bytes + granuleBytes - 1) >>> granuleShift] as number;
    let blocks = 0;
    for (let alike = 0; alike < classesAlike; alike++) {
      blocks += this.control[Control.freeBlocks + sizeClass + alike] as number;
    }
    return blocks >= freeBlocksEnough;
  }

  /** The last resort: a block that is larger than need be. */
  private takeLarger(than: number): number {
    for (let sizeClass = than + 1; sizeClass < classGranules.length; sizeClass++) {
      const span = this.control[Control.partialSpans + sizeClass] as number;
      if (span !== 0) return this.takeBlock(span, sizeClass);
    }
    return 0;
  }

  private openSpan(sizeClass: number): number {
    const span = this.runs.allocate(spanUnits);
    if (span === 0) return 0;
    const at = span << unitWordShift;
    for (let place = 0; place < spanUnits; place++) {
      const word = UnitKind.span | (sizeClass << unitValueShift) | (place << spanPlaceShift);
      this.units[at + (place << unitWordShift)] = word;
    }
    this.units[at + 1] = 0;
    this.units[at + 2] = 0;
    this.units[at + 3] = 0;
    this.control[Control.freeBlocks + sizeClass]! += blocksIn(sizeClass);
    this.linkSpan(span, sizeClass);
    return span;
  }

  private takeBlock(span: number, sizeClass: number): number {
    const { units, control } = this;
    const at = span << unitWordShift;
    const granules = classGranules[sizeClass] as number;
    let ref = units[at + 2] as number;
    if (ref !== 0) {
      units[at + 2] = this.linkOf(ref);
    } else {
      const fresh = units[at + 3] as number;
      ref = (span << unitGranuleShift) + fresh * granules;
      units[at + 3] = fresh + 1;
    }
    const used = (units[at + 1] as number) + 1;
    units[at + 1] = used;
    control[Control.freeBlocks + sizeClass]! -= 1;
    if (used === blocksIn(sizeClass)) this.unlinkSpan(span, sizeClass);
    return ref;
  }

  private giveBlock(span: number, sizeClass: number, ref: number): void {
    const { units, control } = this;
    const at = span << unitWordShift;
    const used = units[at + 1] as number;
    assert(used > 0, 'a span with blocks in use');
    this.setLink(ref, units[at + 2] as number);
    units[at + 2] = ref;
    units[at + 1] = used - 1;
    control[Control.freeBlocks + sizeClass]! += 1;
    if (used === blocksIn(sizeClass)) this.linkSpan(span, sizeClass);
    if (used > 1) return;
    // The last span of a class stays, so that one block coming and going costs nothing.
    const first = control[Control.partialSpans + sizeClass] as number;
    if (first === span && units[at + 5] === 0) return;
    this.unlinkSpan(span, sizeClass);
    control[Control.freeBlocks + sizeClass]! -= blocksIn(sizeClass);
    this.runs.free(span, spanUnits);
  }

  private linkSpan(span: number, sizeClass: number): void {
    const first = this.control[Control.partialSpans + sizeClass] as number;
    this.units[(span << unitWordShift) + 5] = first;
    this.units[(span << unitWordShift) + 6] = 0;
    if (first !== 0) this.units[(first << unitWordShift) + 6] = span;
    this.control[Control.partialSpans + sizeClass] = span;
  }

  private unlinkSpan(span: number, sizeClass: number): void {
    const next = this.units[(span << unitWordShift) + 5] as number;
    const previous = this.units[(span << unitWordShift) + 6] as number;
    if (next !== 0) this.units[(next << unitWordShift) + 6] = previous;
    if (previous !== 0) this.units[(previous << unitWordShift) + 5] = next;
    else this.control[Control.partialSpans + sizeClass] = next;
  }

  private linkOf(ref: number): number {
    const { map } = this;
    const words = map.words[ref >>> map.segmentShift] as Int32Array;
    return words[(ref & map.segmentMask) << granuleWordShift] as number;
  }

  private setLink(ref: number, link: number): void {
    const { map } = this;
    const words = map.words[ref >>> map.segmentShift] as Int32Array;
    words[(ref & map.segmentMask) << granuleWordShift] = link;
  }
}

function blocksIn(sizeClass: number): number {
  return Math.floor((spanBytes >>> granuleShift) / (classGranules[sizeClass] as number));
}

/** Runs of units: segregated by the logarithm of their length, merged with free neighbours. */
class UnitRuns {
  private readonly control: Int32Array;
  private readonly units: Int32Array;
  private readonly segmentUnits: number;

  constructor(map: MappedTree) {
    this.control = map.control;
    this.units = map.units;
    this.segmentUnits = map.segmentBytes >>> unitShift;
  }

  reset(): void {
    this.control.fill(0, Control.freeRuns, Control.freeRuns + runBuckets);
    this.control[Control.unitsFree] = 0;
    const total = this.control[Control.unitsTotal] as number;
    // The first segment comes out on top of its list: low addresses are used first.
    for (let unit = total - this.segmentUnits; unit >= 0; unit -= this.segmentUnits) {
      if (unit > 0) this.addFree(unit, this.segmentUnits);
    }
    this.units[0] = UnitKind.inner;
    this.addFree(1, this.segmentUnits - 1);
  }

  /** First unit of a run of `count` units, 0 when there is none. */
  allocate(count: number): number {
    const run = this.findRun(count);
    if (run === 0) return 0;
    const length = (this.units[run << unitWordShift] as number) >>> unitValueShift;
    this.removeFree(run, length);
    if (length > count) this.addFree(run + count, length - count);
    this.units[(run + count - 1) << unitWordShift] = UnitKind.inner;
    this.units[run << unitWordShift] = UnitKind.run | (count << unitValueShift);
    return run;
  }

  free(unit: number, count: number): void {
    let first = unit;
    let length = count;
    const behind = unit + count;
    if (behind % this.segmentUnits !== 0) {
      const word = this.units[behind << unitWordShift] as number;
      if ((word & unitKindMask) === UnitKind.free) {
        this.removeFree(behind, word >>> unitValueShift);
        length += word >>> unitValueShift;
      }
    }
    if (unit % this.segmentUnits !== 0) {
      const word = this.units[(unit - 1) << unitWordShift] as number;
      if ((word & unitKindMask) === UnitKind.free) {
        first -= word >>> unitValueShift;
        this.removeFree(first, word >>> unitValueShift);
        length += word >>> unitValueShift;
      }
    }
    this.addFree(first, length);
  }

  hasRun(count: number): boolean {
    return this.findRun(count) !== 0;
  }

  private findRun(count: number): number {
    const { control, units } = this;
    const floor = 31 - Math.clz32(count);
    let run = control[Control.freeRuns + floor] as number;
    for (let tries = 0; run !== 0 && tries < fitTries; tries++) {
      if ((units[run << unitWordShift] as number) >>> unitValueShift >= count) return run;
      run = units[(run << unitWordShift) + 1] as number;
    }
    for (let bucket = floor + 1; bucket < runBuckets; bucket++) {
      run = control[Control.freeRuns + bucket] as number;
      if (run !== 0) return run;
    }
    return 0;
  }

  private addFree(run: number, length: number): void {
    const { control, units } = this;
    const bucket = Control.freeRuns + 31 - Math.clz32(length);
    const at = run << unitWordShift;
    const word = UnitKind.free | (length << unitValueShift);
    const next = control[bucket] as number;
    units[at] = word;
    units[(run + length - 1) << unitWordShift] = word;
    units[at + 1] = next;
    units[at + 2] = 0;
    if (next !== 0) units[(next << unitWordShift) + 2] = run;
    control[bucket] = run;
    control[Control.unitsFree]! += length;
  }

  private removeFree(run: number, length: number): void {
    const { control, units } = this;
    const at = run << unitWordShift;
    const next = units[at + 1] as number;
    const previous = units[at + 2] as number;
    if (next !== 0) units[(next << unitWordShift) + 2] = previous;
    if (previous !== 0) units[(previous << unitWordShift) + 1] = next;
    else control[Control.freeRuns + 31 - Math.clz32(length)] = next;
    control[Control.unitsFree]! -= length;
  }
}
