/**
 * The hash of a path: 32 bits over the UTF-8 bytes, four at a time. The index of the tree and the
 * watch tables use the same value, so that it is computed once a request. It never decodes text.
 */

/** Bytes of `bytes[at..end)`, at most four, as a little-endian word; missing bytes are zero. */
export function tailWord(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = at, shift = 0; i < end; i++, shift += 8) word |= (bytes[i] as number) << shift;
  return word;
}

export function hashBegin(length: number, seed: number): number {
  return (seed ^ Math.imul(length, 0x9e3779b1)) | 0;
}

export function hashWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** Spreads every input bit over the high bits (slot) and the low bits (directory) alike. */
export function hashEnd(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  return h ^ (h >>> 16);
}

/** int32 hash of `bytes[start..end)`. `seed` must be the tree's (`TreeMemory.hashSeed`). */
export function pathHash(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let hash = hashBegin(end - start, seed);
  let at = start;
  for (const whole = end - 3; at < whole; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash = hashWord(hash, word);
  }
  if (at < end) hash = hashWord(hash, tailWord(bytes, at, end));
  return hashEnd(hash);
}
