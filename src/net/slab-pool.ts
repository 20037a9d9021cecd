/**
 * Buffers for outbound bytes, reused by all connections of one thread. A slab that the kernel may
 * still read from is never given back.
 */
const slabBytes = 16 * 1024;
const slabsPooledMax = 1024;

export class SlabPool {
  private readonly free: Buffer[] = [];

  take(bytes: number): Buffer {
    if (bytes > slabBytes) return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
    return this.free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  }

  give(slab: Buffer): void {
    if (slab.byteLength === slabBytes && this.free.length < slabsPooledMax) this.free.push(slab);
  }
}
