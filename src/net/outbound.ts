/**
 * Bytes on their way to one client. Replies and events are gathered in a slab and leave in one
 * write; the slab goes back to the pool as soon as the kernel has taken all of it, which it
 * nearly always does at once. A slab that the kernel still reads from is never reused.
 */
import type { Socket } from 'node:net';
import { copyBytes } from '../base/copy-bytes.ts';
import type { Slab, SlabPool } from './slab-pool.ts';

/** The replies of a whole read event come from memory that is not shared: bulk copies are fast. */
const bulkBytesMin = 512;

export class Outbound {
  private readonly pool: SlabPool;
  private slab: Slab | null = null;
  private end = 0;

  constructor(pool: SlabPool) {
    this.pool = pool;
  }

  /** Bytes gathered since the last `flushTo`. */
  get pendingBytes(): number {
    return this.end;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const slab = this.roomFor(length);
    if (length >= bulkBytesMin) slab.bytes.set(bytes.subarray(start, end), this.end);
    else copyBytes(this.pool.sources.viewOf(bytes), start, slab.view, this.end, length);
    this.end += length;
  }

  private roomFor(length: number): Slab {
    const slab = this.slab;
    const needed = this.end + length;
    if (slab !== null && needed <= slab.bytes.byteLength) return slab;
    const larger = this.pool.take(needed);
    if (slab !== null) {
      slab.bytes.copy(larger.bytes, 0, 0, this.end);
      this.pool.give(slab);
    }
    this.slab = larger;
    return larger;
  }

  /** Hands everything gathered to the socket in one write. */
  flushTo(socket: Socket): void {
    const slab = this.slab;
    if (slab === null) return;
    this.slab = null;
    const bytes = slab.bytes.subarray(0, this.end);
    this.end = 0;
    socket.write(bytes);
    // A synchronous write leaves nothing behind; otherwise the slab is the kernel's until it is
    // written, and the garbage collector takes it after that.
    if (socket.writableLength === 0) this.pool.give(slab);
  }

  discard(): void {
    if (this.slab !== null) this.pool.give(this.slab);
    this.slab = null;
    this.end = 0;
  }
}
