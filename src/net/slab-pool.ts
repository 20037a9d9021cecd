/**
 * Buffers for outbound bytes, reused by all connections of one thread. A slab that the kernel may
 * still read from is never given back.
 */
import { ViewCache } from '../base/copy-bytes.ts';

const slabBytes = 16 * 1024;
const slabsPooledMax = 1024;

class Slab {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafeSlow(length);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, length);
  }
}

export type { Slab };

export class SlabPool {
  /** Views of what is copied into slabs. */
  readonly sources = new ViewCache();
  private readonly free: Slab[] = [];

  take(bytes: number): Slab {
    if (bytes > slabBytes) return new Slab(2 ** Math.ceil(Math.log2(bytes)));
    return this.free.pop() ?? new Slab(slabBytes);
  }

  give(slab: Slab): void {
    if (slab.bytes.byteLength === slabBytes && this.free.length < slabsPooledMax)
      this.free.push(slab);
  }
}
