/**
 * Short byte strings in one big array: blocks of whole grains, freed blocks are kept by size and
 * given out again. Made for a million paths that would cost 200 bytes each as objects. It knows
 * no lengths; the owner keeps them.
 */
import { assert } from '../base/assert.ts';

const grainBytes = 16;
/** Blocks of more grains are rounded up to a power of two, so that few sizes exist. */
const exactGrainsMax = 32;

export class ByteArena {
  bytes = new Uint8Array(64 * 1024);
  private end = 0;
  /** Free blocks, by their size in grains. */
  private readonly free = new Map<number, number[]>();

  /** Copies `from[start..end)` in; returns where it is. */
  store(from: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const grains = grainsOf(length);
    const at = this.free.get(grains)?.pop() ?? this.extend(grains * grainBytes);
    const { bytes } = this;
    for (let i = 0; i < length; i++) bytes[at + i] = from[start + i] as number;
    return at;
  }

  release(at: number, length: number): void {
    const grains = grainsOf(length);
    const sameSize = this.free.get(grains);
    if (sameSize === undefined) this.free.set(grains, [at]);
    else sameSize.push(at);
  }

  private extend(length: number): number {
    const at = this.end;
    this.end += length;
    if (this.end > this.bytes.length) {
      assert(this.end < 2 ** 31, 'watched paths fit into 2 GiB');
      const bytes = new Uint8Array(Math.min(Math.max(this.end, 2 * this.bytes.length), 2 ** 31));
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    return at;
  }
}

function grainsOf(length: number): number {
  const grains = Math.max(1, Math.ceil(length / grainBytes));
  return grains <= exactGrainsMax ? grains : 2 ** Math.ceil(Math.log2(grains));
}
