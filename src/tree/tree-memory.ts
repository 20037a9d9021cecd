/**
 * The memory of a tree: shared buffers that are reserved at once and committed by the system when
 * they are touched first. A `TreeMemory` is a plain value that travels to other threads; each
 * thread makes its own `MappedTree`, the typed arrays on it. Nothing here knows what is stored.
 */
import { assert } from '../base/assert.ts';
import {
  Control,
  controlBytes,
  directoryBytes,
  granuleShift,
  segmentBytesMax,
  segmentBytesMin,
  segmentGuardBytes,
  treeBytesMax,
  unitBytes,
  unitShift,
  unitWordShift,
} from './layout.ts';

export interface TreeMemory {
  readonly control: SharedArrayBuffer;
  readonly directories: SharedArrayBuffer;
  readonly units: SharedArrayBuffer;
  readonly segments: readonly SharedArrayBuffer[];
}

export interface TreeMemoryOptions {
  /** Bytes for nodes, data, ACLs and index tables; rounded up to whole segments. */
  readonly bytesMax: number;
  /** Power of two, 1 MiB to 1 GiB. Default: 1 GiB, or less where `bytesMax` is less. */
  readonly segmentBytes?: number;
  /** Secret start value of the path hash, so that clients cannot choose collisions. Default 0. */
  readonly hashSeed?: number;
}

/** Reserves the memory of an empty tree (no nodes, not even the root). At most 32 GiB. */
export function createTreeMemory(options: TreeMemoryOptions): TreeMemory {
  const { bytesMax } = options;
  assert(bytesMax > 0 && bytesMax <= treeBytesMax, `tree memory of ${bytesMax} bytes`);
  const segmentBytes = options.segmentBytes ?? segmentBytesFor(bytesMax);
  assert(segmentBytes >= segmentBytesMin && segmentBytes <= segmentBytesMax, 'segment size');
  assert((segmentBytes & (segmentBytes - 1)) === 0, 'segment size is a power of two');
  const segmentCount = Math.ceil(bytesMax / segmentBytes);
  const units = segmentCount * (segmentBytes / unitBytes);
  const control = new SharedArrayBuffer(controlBytes);
  const words = new Int32Array(control);
  words[Control.segmentShift] = Math.log2(segmentBytes) - granuleShift;
  words[Control.segmentCount] = segmentCount;
  words[Control.hashSeed] = options.hashSeed ?? 0;
  words[Control.unitsTotal] = units;
  return {
    control,
    directories: new SharedArrayBuffer(directoryBytes),
    units: new SharedArrayBuffer(units << (unitWordShift + 2)),
    segments: Array.from(
      { length: segmentCount },
      () => new SharedArrayBuffer(segmentBytes + segmentGuardBytes),
    ),
  };
}

function segmentBytesFor(bytesMax: number): number {
  let bytes = segmentBytesMin;
  while (bytes < bytesMax && bytes < segmentBytesMax) bytes *= 2;
  return bytes;
}

/** One thread's typed arrays on the shared buffers, and the constants to find a ref in them. */
export class MappedTree {
  readonly control: Int32Array;
  readonly directories: Int32Array;
  readonly units: Int32Array;
  readonly words: readonly Int32Array[];
  readonly bytes: readonly Uint8Array[];
  readonly views: readonly DataView[];
  /** `segment = ref >>> segmentShift`, `granule = ref & segmentMask`. */
  readonly segmentShift: number;
  readonly segmentMask: number;
  readonly segmentBytes: number;
  /** Valid refs are below this; an unsigned number. */
  readonly refEnd: number;
  readonly hashSeed: number;

  constructor(memory: TreeMemory) {
    assert(new Uint8Array(new Int32Array([1]).buffer)[0] === 1, 'little-endian machine');
    this.control = new Int32Array(memory.control);
    this.directories = new Int32Array(memory.directories);
    this.units = new Int32Array(memory.units);
    this.words = memory.segments.map((segment) => new Int32Array(segment));
    this.bytes = memory.segments.map((segment) => new Uint8Array(segment));
    this.views = memory.segments.map((segment) => new DataView(segment));
    this.segmentShift = this.control[Control.segmentShift] as number;
    this.segmentMask = (1 << this.segmentShift) - 1;
    this.segmentBytes = 2 ** (this.segmentShift + granuleShift);
    this.refEnd = this.words.length * 2 ** this.segmentShift;
    this.hashSeed = this.control[Control.hashSeed] as number;
    assert(this.words.length === this.control[Control.segmentCount], 'all segments are here');
    assert(this.segmentShift + granuleShift >= unitShift, 'a segment is made of units');
  }
}
