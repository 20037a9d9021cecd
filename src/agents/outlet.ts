/**
 * The sending end of a ring as agents use it: a record can always be opened, even when the ring
 * is full. What does not fit waits in a spill queue that `flush` moves over in order. The owner
 * takes no new work while `stalled`, so the spill holds the output of one event at the most, and
 * a full ring slows its sender instead of losing or blocking anything.
 */
import { assert } from '../base/assert.ts';
import type { RingSender } from '../ring/ring-sender.ts';

interface Spilled {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export class Outlet {
  /** Where the record that was opened last is to be written. */
  bytes: Uint8Array;
  view: DataView;
  private readonly sender: RingSender;
  /** Records were opened since the last flush. */
  pending = false;
  private spill: Spilled[] = [];

  constructor(sender: RingSender) {
    this.sender = sender;
    this.bytes = sender.bytes;
    this.view = sender.view;
  }

  /** True while records wait outside the ring. */
  get stalled(): boolean {
    return this.spill.length > 0;
  }

  /** Opens a record of `length` bytes; returns where it begins in `bytes` and `view`. */
  open(type: number, length: number): number {
    this.pending = true;
    if (this.spill.length === 0) {
      const at = this.sender.claim(type, length);
      if (at >= 0) {
        this.bytes = this.sender.bytes;
        this.view = this.sender.view;
        return at;
      }
    }
    const bytes = new Uint8Array(length);
    this.spill.push({ type, bytes });
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    return 0;
  }

  /** Where the records end that the receiver can see. */
  get position(): number {
    return this.sender.position;
  }

  /** Hands out what was opened since the last flush, and takes it back. Not while stalled. */
  takeBack(handle: (type: number, offset: number, length: number) => void): void {
    assert(!this.stalled, 'what waits outside the ring is not taken back');
    this.pending = false;
    this.sender.takeBack(handle);
  }

  /** Makes what was opened visible; asks to be woken when the ring is still full. */
  flush(): void {
    this.pending = false;
    let moved = 0;
    for (const record of this.spill) {
      const at = this.sender.claim(record.type, record.bytes.byteLength);
      if (at < 0) break;
      this.sender.bytes.set(record.bytes, at);
      moved++;
    }
    if (moved > 0) this.spill = this.spill.slice(moved);
    this.sender.publish();
    if (this.spill.length > 0) this.sender.awaitRoom();
  }
}
