/**
 * The bell of a thread: what wakes it when it sleeps. Everybody may ring, only the owner sleeps.
 * A ring is remembered until the owner takes it, hence none is lost between the owner's last look
 * at its rings and its sleep, and the owner needs no second look:
 *
 *                 sleep                      ring
 *      awake ───────────────► asleep ───────────────────► rung     (this ring also notifies)
 *        │ ▲                                               │ ▲
 *        │ └───────────────────────────────────────────────┘ │
 *        │        the owner takes the ring, then looks       │
 *        └───────────────────────────────────────────────────┘
 *                                ring
 *
 * The rule of the senders: publish first, ring after. The rule of the owner: after `sleep` (or
 * `disarm`) it looks at everything that may have arrived before it sleeps again. While a ring
 * waits to be taken, another one costs a single load; `notify` is called for a sleeper only.
 */
import { assert } from '../base/assert.ts';
import type { AtomicsLike } from './atomics.ts';
import { bellBytes, bellStateWord } from './layout.ts';

/** What threads share of a bell; it can be posted to a worker. */
export interface BellMemory {
  readonly buffer: SharedArrayBuffer;
}

export function createBell(): BellMemory {
  return { buffer: new SharedArrayBuffer(bellBytes) };
}

const awake = 0;
const asleep = 1;
const rung = 2;

/**
 * A main thread may block while an older `waitAsync` of its own is still pending. Both wait then,
 * and the older one is notified first: with a count of 1 the blocked thread would sleep on.
 */
const waitersMax = 2;

export class Bell {
  private readonly words: Int32Array;
  private readonly atomics: AtomicsLike;
  /** A `waitAsync` is pending. It cannot be taken back, so it serves for the next sleep too. */
  private waiting = false;
  private onRung: () => void = nothing;

  constructor(memory: BellMemory, atomics: AtomicsLike = Atomics) {
    assert(memory.buffer.byteLength === bellBytes, 'a bell has its own size');
    this.words = new Int32Array(memory.buffer);
    this.atomics = atomics;
  }

  /** Wakes the owner, or keeps it from falling asleep. Any thread may call it at any time. */
  ring(): void {
    const { words, atomics } = this;
    if (atomics.load(words, bellStateWord) === rung) return;
    if (atomics.exchange(words, bellStateWord, rung) !== asleep) return;
    atomics.notify(words, bellStateWord, waitersMax);
  }

  /**
   * Blocks the owner, a worker, until somebody rings, `timeoutMs` (>= 0 or Infinity) has passed,
   * or not at all if the bell was rung since the last sleep.
   */
  sleep(timeoutMs: number): void {
    assert(timeoutMs >= 0, 'a sleep has an end or none');
    if (this.arm()) this.atomics.wait(this.words, bellStateWord, asleep, timeoutMs);
    this.disarm();
  }

  /**
   * The sleep of an owner that must not block, the main thread: `onRung` is called, from the event
   * loop, when somebody rings. Until the owner calls `disarm` everybody takes it for asleep.
   * `onRung` may come late, when the owner has been up again by other means: it must not mind.
   * Returns false if the bell was rung already: then nothing is armed and the owner looks again.
   * A pending wait does not keep the process alive.
   */
  sleepAsync(onRung: () => void): boolean {
    this.onRung = onRung;
    if (this.arm() && (this.waiting || this.wait())) return true;
    this.disarm();
    return false;
  }

  /** The owner is up, and takes the ring if there is one: it must look at its rings after this. */
  disarm(): void {
    this.atomics.store(this.words, bellStateWord, awake);
  }

  private arm(): boolean {
    const before = this.atomics.compareExchange(this.words, bellStateWord, awake, asleep);
    assert(before !== asleep, 'a bell has one owner, who is awake when it goes to sleep');
    return before === awake;
  }

  /**
   * There is at most one pending wait. One that was notified while its callback has not run yet
   * counts as pending: nobody can notify it again, but its callback is bound to come, and that is
   * all that a sleeper needs.
   */
  private wait(): boolean {
    const wait = this.atomics.waitAsync(this.words, bellStateWord, asleep);
    if (!wait.async) return false;
    this.waiting = true;
    wait.value.then(() => {
      this.waiting = false;
      this.onRung();
    });
    return true;
  }
}

function nothing(): void {}
