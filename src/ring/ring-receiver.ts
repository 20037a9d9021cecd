/**
 * The receiving end of a ring. `drain` hands out records in place; their bytes belong to the
 * sender again when it returns. It reads the tail once before and stores the head once after all
 * records, and wakes a sender that waits for room.
 */
import { assert } from '../base/assert.ts';
import type { AtomicsLike } from './atomics.ts';
import { Bell } from './bell.ts';
import { dataStart, RingWord, recordBytes, recordHeaderBytes, skipType } from './layout.ts';
import { type RingMemory, ringCapacity } from './ring.ts';

/**
 * Called for each record: `length` bytes at `offset` (a multiple of 8) of the receiver's `bytes`.
 * False means "not taken": the record stays and is the first of the next drain.
 */
export type RecordHandler = (type: number, offset: number, length: number) => boolean;

export class RingReceiver {
  /** The data area: the offsets of a handler point into it. */
  readonly bytes: Uint8Array;
  readonly view: DataView;

  private readonly words: Int32Array;
  private readonly control: Int32Array;
  private readonly capacity: number;
  private readonly atomics: AtomicsLike;
  private readonly senderBell: Bell;
  private head: number;
  private draining = false;

  constructor(memory: RingMemory, atomics: AtomicsLike = Atomics) {
    const { buffer } = memory;
    this.capacity = ringCapacity(memory);
    this.bytes = new Uint8Array(buffer, dataStart);
    this.view = new DataView(buffer, dataStart);
    this.words = new Int32Array(buffer, dataStart);
    this.control = new Int32Array(buffer, 0, dataStart / 4);
    this.atomics = atomics;
    this.senderBell = new Bell(memory.senderBell, atomics);
    this.head = atomics.load(this.control, RingWord.head);
  }

  /**
   * Hands at most `limit` records to `handle`, in the order in which they were claimed, until it
   * declines one. Returns how many it took. When it throws, the records before stay taken and
   * the one that it threw at does not.
   */
  drain(handle: RecordHandler, limit: number): number {
    assert(!this.draining, 'a handler does not drain its own ring');
    const tail = this.atomics.load(this.control, RingWord.tail);
    const start = this.head;
    assert(((tail - start) | 0) >= 0, 'the tail is never behind the head');
    let taken = 0;
    this.draining = true;
    try {
      while (this.head !== tail && taken < limit) {
        if (!this.take(handle, tail)) break;
        taken++;
      }
    } finally {
      this.draining = false;
      if (this.head !== start) this.publishHead();
    }
    return taken;
  }

  /** The head: up to here records have been taken. */
  get position(): number {
    return this.head;
  }

  /** Something has been published that is not taken yet. */
  hasWork(): boolean {
    return this.atomics.load(this.control, RingWord.tail) !== this.head;
  }

  private take(handle: RecordHandler, tail: number): boolean {
    let position = this.head;
    let word = (position & (this.capacity - 1)) >> 2;
    if (this.words[word + 1] === skipType) {
      position = (position + recordBytes(this.words[word]!)) | 0;
      word = 0;
    }
    const length = this.words[word]!;
    const next = (position + recordBytes(length)) | 0;
    assert(length >= 0 && ((tail - next) | 0) >= 0, 'a record lies between head and tail');
    if (!handle(this.words[word + 1]!, word * 4 + recordHeaderBytes, length)) return false;
    this.head = next;
    return true;
  }

  private publishHead(): void {
    this.atomics.store(this.control, RingWord.head, this.head);
    const wanted = this.atomics.load(this.control, RingWord.wanted);
    if (wanted !== 0) this.maybeRingSender(wanted);
  }

  /**
   * The tail is read anew, for the sender may have published after this drain began. The word is
   * cleared before the bell is rung: a sender that stalls again in between is woken once for
   * nothing, the other way round it might sleep forever.
   */
  private maybeRingSender(wanted: number): void {
    const tail = this.atomics.load(this.control, RingWord.tail);
    if (this.capacity - ((tail - this.head) | 0) < wanted) return;
    this.atomics.store(this.control, RingWord.wanted, 0);
    this.senderBell.ring();
  }
}
