/**
 * The sending end of a ring. The caller claims room for a record, writes the payload in place,
 * claims more, and publishes all of it with one store. It never blocks and never spins: when the
 * ring is full the agent stops taking input, asks with `awaitRoom` to be woken, and returns.
 */
import { assert } from '../base/assert.ts';
import type { AtomicsLike } from './atomics.ts';
import { Bell } from './bell.ts';
import { dataStart, RingWord, recordBytes, recordHeaderBytes, skipType } from './layout.ts';
import { type RingMemory, ringCapacity } from './ring.ts';

export class RingSender {
  /** The data area: `claim` returns offsets into it. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Longest payload that finds room at any place of the ring. */
  readonly recordBytesMax: number;

  private readonly words: Int32Array;
  private readonly control: Int32Array;
  private readonly capacity: number;
  private readonly atomics: AtomicsLike;
  private readonly senderBell: Bell;
  private readonly receiverBell: Bell;
  /** Where the next record begins; what lies between `published` and here nobody sees yet. */
  private claimed: number;
  private published: number;
  /** The head as last read. The true one is never behind it, so there is at least this room. */
  private headSeen: number;
  /** Free bytes that the last refused claim would have needed. */
  private refused = 0;

  constructor(memory: RingMemory, atomics: AtomicsLike = Atomics) {
    const { buffer } = memory;
    this.capacity = ringCapacity(memory);
    this.bytes = new Uint8Array(buffer, dataStart);
    this.view = new DataView(buffer, dataStart);
    this.words = new Int32Array(buffer, dataStart);
    this.control = new Int32Array(buffer, 0, dataStart / 4);
    this.recordBytesMax = this.capacity / 2 - recordHeaderBytes;
    this.atomics = atomics;
    this.senderBell = new Bell(memory.senderBell, atomics);
    this.receiverBell = new Bell(memory.receiverBell, atomics);
    this.claimed = this.published = atomics.load(this.control, RingWord.tail);
    this.headSeen = atomics.load(this.control, RingWord.head);
  }

  /**
   * Room for a record of `type` (>= 0) with a payload of `length` bytes (<= `recordBytesMax`).
   * Returns the offset of the payload in `bytes`, a multiple of 8, or -1 when the ring is full.
   * The payload must be written before the next `claim` or `publish`; what was there before is
   * not cleared.
   */
  claim(type: number, length: number): number {
    assert(type >= 0 && type <= 0x7fffffff, 'a record has a type');
    assert(length >= 0 && length <= this.recordBytesMax, 'a record fits into half of the ring');
    const size = recordBytes(length);
    let at = this.claimed & (this.capacity - 1);
    const rest = this.capacity - at;
    const skipped = size <= rest ? 0 : rest;
    if (skipped + size > this.free() && !this.isRoomAfterAll(skipped + size)) return -1;
    if (skipped > 0) {
      this.writeHeader(at, skipped - recordHeaderBytes, skipType);
      at = 0;
    }
    this.writeHeader(at, length, type);
    this.claimed = (this.claimed + skipped + size) | 0;
    return at + recordHeaderBytes;
  }

  /** The tail: up to here the receiver can see records. */
  get position(): number {
    return this.published;
  }

  /**
   * Hands out everything that was claimed since the last `publish`, in its order, and takes it
   * back: the receiver never sees it.
   */
  takeBack(handle: (type: number, offset: number, length: number) => void): void {
    let position = this.published;
    while (position !== this.claimed) {
      const word = (position & (this.capacity - 1)) >> 2;
      const length = this.words[word] as number;
      const type = this.words[word + 1] as number;
      if (type !== skipType) handle(type, word * 4 + recordHeaderBytes, length);
      position = (position + recordBytes(length)) | 0;
    }
    this.claimed = this.published;
  }

  /** Everything claimed becomes visible at once, and the receiver is woken if it sleeps. */
  publish(): void {
    if (this.claimed === this.published) return;
    this.published = this.claimed;
    this.atomics.store(this.control, RingWord.tail, this.claimed);
    this.receiverBell.ring();
  }

  /**
   * Publishes, and has `senderBell` rung as soon as half of the ring is free and the claim that
   * was refused last finds room; at once if that is so already. Call it after a refused claim and
   * before the thread sleeps; calling it again does no harm.
   */
  awaitRoom(): void {
    this.publish();
    const wanted = Math.max(this.refused, this.capacity / 2);
    // The order matters: the receiver moves the head first and looks for a waiting sender after,
    // so either it sees `wanted`, or the room it made is seen here.
    this.atomics.store(this.control, RingWord.wanted, wanted);
    this.headSeen = this.atomics.load(this.control, RingWord.head);
    if (this.free() < wanted) return;
    this.atomics.store(this.control, RingWord.wanted, 0);
    this.senderBell.ring();
  }

  private free(): number {
    return this.capacity - ((this.claimed - this.headSeen) | 0);
  }

  private isRoomAfterAll(needed: number): boolean {
    this.headSeen = this.atomics.load(this.control, RingWord.head);
    const free = this.free();
    assert(free >= 0 && free <= this.capacity, 'the head is between the tail and a ring before it');
    this.refused = needed;
    return needed <= free;
  }

  private writeHeader(at: number, length: number, type: number): void {
    this.words[at >> 2] = length;
    this.words[(at >> 2) + 1] = type;
  }
}
