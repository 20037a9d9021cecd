/**
 * A lock between threads, for work that is rare and short. Who holds it waits for nobody else, so
 * that who waits for it is not kept for long; a thread that dies with it takes the process along.
 */
import type { Lock } from '../base/ports.ts';
import type { AtomicsLike } from './atomics.ts';

/** What threads share of a lock; it can be posted to a worker. */
export interface LockMemory {
  readonly buffer: SharedArrayBuffer;
}

const free = 0;
const held = 1;

export function createLock(): LockMemory {
  return { buffer: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
}

export class ThreadLock implements Lock {
  private readonly words: Int32Array;
  private readonly atomics: AtomicsLike;

  constructor(memory: LockMemory, atomics: AtomicsLike = Atomics) {
    this.words = new Int32Array(memory.buffer);
    this.atomics = atomics;
  }

  tryTake(): boolean {
    return this.atomics.compareExchange(this.words, 0, free, held) === free;
  }

  take(): void {
    while (!this.tryTake()) this.atomics.wait(this.words, 0, held, Number.POSITIVE_INFINITY);
  }

  release(): void {
    this.atomics.store(this.words, 0, free);
    this.atomics.notify(this.words, 0, 1);
  }
}
