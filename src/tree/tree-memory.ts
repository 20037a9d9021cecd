/**
 * The memory of a tree: shared buffers that are reserved at once and committed by the system when
 * they are touched first. A `TreeMemory` is a plain value that travels to other threads.
 */

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

export function createTreeMemory(options: TreeMemoryOptions): TreeMemory {
  void options;
  throw new Error('not built yet');
}
