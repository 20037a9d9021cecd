/**
 * Slots by the tick in which they are to be looked at: one list a tick, linked through arrays, so
 * that moving a slot costs the same however many there are (after Apache `ExpiryQueue`). Knows
 * nothing of sessions and of why a slot is due.
 */
import { assert } from '../base/assert.ts';

export class ExpiryBuckets {
  private readonly tickMs: number;
  /** First slot of each bucket, plus 1; a bucket stays until it is due, empty or not. */
  private readonly heads = new Map<number, number>();
  /** Neighbours in the list, plus 1; 0 = none. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** Due time of the bucket that holds the slot; 0 = in none. */
  private readonly dueMs: Float64Array;
  private earliestMs = Number.POSITIVE_INFINITY;

  constructor(slotsMax: number, tickMs: number) {
    assert(Number.isInteger(tickMs) && tickMs > 0, 'a tick is a positive number of whole ms');
    this.tickMs = tickMs;
    this.next = new Int32Array(slotsMax);
    this.previous = new Int32Array(slotsMax);
    this.dueMs = new Float64Array(slotsMax);
  }

  /** The end of the tick in which `timeMs` lies (Apache `ExpiryQueue.roundToNextInterval`). */
  roundUp(timeMs: number): number {
    return (Math.floor(timeMs / this.tickMs) + 1) * this.tickMs;
  }

  has(slot: number): boolean {
    return this.dueMs[slot] !== 0;
  }

  /** Moves the slot into the bucket that is due at `dueMs`, a value of `roundUp`. */
  put(slot: number, dueMs: number): void {
    assert(dueMs > 0 && dueMs % this.tickMs === 0, 'buckets are due at ticks');
    if (this.dueMs[slot] === dueMs) return;
    this.remove(slot);
    const head = this.heads.get(dueMs) ?? 0;
    this.next[slot] = head;
    if (head !== 0) this.previous[head - 1] = slot + 1;
    this.heads.set(dueMs, slot + 1);
    this.dueMs[slot] = dueMs;
    if (dueMs < this.earliestMs) this.earliestMs = dueMs;
  }

  /** No-op when it is in no bucket. */
  remove(slot: number): void {
    const dueMs = this.dueMs[slot] as number;
    if (dueMs === 0) return;
    const next = this.next[slot] as number;
    const previous = this.previous[slot] as number;
    if (next !== 0) this.previous[next - 1] = previous;
    if (previous !== 0) this.next[previous - 1] = next;
    else this.heads.set(dueMs, next);
    this.next[slot] = 0;
    this.previous[slot] = 0;
    this.dueMs[slot] = 0;
  }

  /** When the next bucket is due; Infinity when there is none. */
  nextDueMs(): number {
    return this.earliestMs;
  }

  /** Empties the buckets that are due, the earliest first; the slots are in none afterwards. */
  takeDue(nowMs: number): number[] {
    const taken: number[] = [];
    if (nowMs < this.earliestMs) return taken;
    const due = [...this.heads.keys()].filter((dueMs) => dueMs <= nowMs).sort((a, b) => a - b);
    for (const dueMs of due) {
      for (let head = this.heads.get(dueMs) ?? 0; head !== 0; head = this.heads.get(dueMs) ?? 0) {
        taken.push(head - 1);
        this.remove(head - 1);
      }
      this.heads.delete(dueMs);
    }
    this.earliestMs = Number.POSITIVE_INFINITY;
    for (const dueMs of this.heads.keys()) this.earliestMs = Math.min(this.earliestMs, dueMs);
    return taken;
  }
}
