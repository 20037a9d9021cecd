/**
 * The value of a key: one word that follows from the key, again and again. Whoever writes a key
 * writes this value, so whoever reads it knows what must come, whatever happened in between.
 */

/** Every so many replies are compared byte by byte, the others in their first and last word. */
const wholeEvery = 64;

export function wordOf(key: number): number {
  return Math.imul(key + 1, 0x9e3779b1) | 0;
}

export function valueOfKey(key: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const word = wordOf(key);
  for (let i = 0; i < length; i++) bytes[i] = byteAt(word, i);
  return bytes;
}

/** Whether `length` bytes at `at` are the value of the key with this word. */
export function isValue(
  view: DataView,
  at: number,
  { length, word, sequence }: { length: number; word: number; sequence: number },
): boolean {
  if (length < 4 || sequence % wholeEvery === 0) return isWholeValue(view, at, length, word);
  const lastAt = at + (length & ~3) - 4;
  return view.getInt32(at) === word && view.getInt32(lastAt) === word;
}

function isWholeValue(view: DataView, at: number, length: number, word: number): boolean {
  for (let i = 0; i < length; i++) if (view.getUint8(at + i) !== byteAt(word, i)) return false;
  return true;
}

function byteAt(word: number, index: number): number {
  return (word >>> (24 - 8 * (index & 3))) & 0xff;
}
