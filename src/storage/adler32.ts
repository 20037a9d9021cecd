/**
 * Adler-32 as zlib defines it: the checksum of log records and of snapshots. Incremental: the
 * value of a prefix is the seed of what follows. It never looks outside the range it is given.
 */

const modulus = 65521;
/** Most bytes that keep both sums below 2^31, so that they stay small integers in the engine. */
const bytesPerReduction = 3800;

export const adler32Seed = 1;

/** Checksum (unsigned 32 bits) of `bytes[start..end)`, going on from `seed`. */
export function adler32(bytes: Uint8Array, start: number, end: number, seed = adler32Seed): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  let at = start;
  while (at < end) {
    const stop = Math.min(end, at + bytesPerReduction);
    const unrolledStop = stop - 7;
    while (at < unrolledStop) {
      a = (a + bytes[at]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 1]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 2]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 3]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 4]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 5]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 6]) | 0;
      b = (b + a) | 0;
      a = (a + bytes[at + 7]) | 0;
      b = (b + a) | 0;
      at += 8;
    }
    while (at < stop) {
      a = (a + bytes[at]) | 0;
      b = (b + a) | 0;
      at++;
    }
    a %= modulus;
    b %= modulus;
  }
  return ((b << 16) | a) >>> 0;
}
