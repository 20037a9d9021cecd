/** Copies data into the tree and computes its part of the digest in the same pass. */
import { crcByte, crcPair, crcWord } from './digest.ts';

/** Copies like `copyBytes`, and returns the CRC state after the bytes. */
export function copyWithCrc(
  from: DataView,
  fromStart: number,
  to: DataView,
  toStart: number,
  length: number,
  crcBefore: number,
): number {
  if (length > to.byteLength - toStart || length > from.byteLength - fromStart) {
    throw new RangeError('copy does not fit');
  }
  let crc = crcBefore;
  let at = fromStart;
  let out = toStart;
  for (const end = fromStart + (length & ~7); at < end; at += 8, out += 8) {
    const first = from.getInt32(at, true);
    const second = from.getInt32(at + 4, true);
    to.setInt32(out, first, true);
    to.setInt32(out + 4, second, true);
    crc = crcPair(crc, first, second);
  }
  if ((length & 4) !== 0) {
    const word = from.getInt32(at, true);
    to.setInt32(out, word, true);
    crc = crcWord(crc, word);
    at += 4;
    out += 4;
  }
  for (const end = fromStart + length; at < end; at++, out++) {
    const byte = from.getUint8(at);
    to.setUint8(out, byte);
    crc = crcByte(crc, byte);
  }
  return crc;
}
