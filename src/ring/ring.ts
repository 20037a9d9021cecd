/**
 * Makes the shared memory of a ring: a queue of records from exactly one sender to exactly one
 * receiver. Neither end allocates, copies or blocks; both may live on one thread.
 */
import { assert } from '../base/assert.ts';
import type { BellMemory } from './bell.ts';
import { dataStart, ringCapacityMax, ringCapacityMin } from './layout.ts';

/** What both ends share; it can be posted to a worker. */
export interface RingMemory {
  readonly buffer: SharedArrayBuffer;
  /** Wakes the thread of the sender when there is room again. */
  readonly senderBell: BellMemory;
  /** Wakes the thread of the receiver when records have arrived. */
  readonly receiverBell: BellMemory;
}

/** A ring with a data area of `bytes`, a power of two; records may be half as long, less 8. */
export function createRing(
  bytes: number,
  senderBell: BellMemory,
  receiverBell: BellMemory,
): RingMemory {
  assertCapacity(bytes);
  return { buffer: new SharedArrayBuffer(dataStart + bytes), senderBell, receiverBell };
}

/** Bytes of the data area. */
export function ringCapacity(memory: RingMemory): number {
  const bytes = memory.buffer.byteLength - dataStart;
  assertCapacity(bytes);
  return bytes;
}

function assertCapacity(bytes: number): void {
  assert(bytes >= ringCapacityMin && bytes <= ringCapacityMax, 'a ring is neither tiny nor huge');
  assert((bytes & (bytes - 1)) === 0, 'the data area of a ring is a power of two');
}
