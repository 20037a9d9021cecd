/** gzip by Node's zlib, for `snapshot-compression.ts`. Synchronous: meant for jobs and start-up. */
import { constants, deflateRawSync, gunzipSync } from 'node:zlib';
import type { Compression } from './snapshot-compression.ts';

/** Magic, deflate, no flags, no time, no extra flags, unknown system. */
const gzipHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
const gzipTrailerBytes = 8;

/**
 * Each part is deflated by itself. All but the last end with a sync flush, that is on a byte
 * boundary and without a final block, so that the parts in a row are one deflate stream, and the
 * memory needed does not depend on the length of the snapshot.
 */
export const nodeCompression: Compression = {
  gunzip: (bytes) => gunzipSync(bytes),
  gzipPart(state, bytes, isLast) {
    state.crc = crc32(bytes, state.crc);
    state.length = (state.length + bytes.byteLength) >>> 0;
    const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    const parts: Uint8Array[] = [deflateRawSync(bytes, { finishFlush })];
    if (!state.hasBegun) parts.unshift(gzipHeader);
    state.hasBegun = true;
    if (isLast) {
      const trailer = new Uint8Array(gzipTrailerBytes);
      const view = new DataView(trailer.buffer);
      view.setUint32(0, state.crc, true);
      view.setUint32(4, state.length, true);
      parts.push(trailer);
    }
    return Buffer.concat(parts);
  },
};

const crcTable = makeCrcTable();

function makeCrcTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[byte] = value;
  }
  return table;
}

/** zlib's CRC-32; Node's own `zlib.crc32` is younger than the oldest Node we run on. */
function crc32(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (let at = 0; at < bytes.byteLength; at++) {
    crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[at]) & 0xff];
  }
  return ~crc >>> 0;
}
