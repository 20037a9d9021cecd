/**
 * CRC-32 and the tree digest (Apache `DigestCalculator`, `AdHash`; digest version 2). The CRC state
 * is kept uninverted between pieces: begin with `crcBegin`, end with `crcEnd`.
 */
const tables = buildTables();

function buildTables(): Int32Array {
  const table = new Int32Array(1024);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[i] = crc;
  }
  for (let i = 256; i < 1024; i++) {
    const crc = table[i - 256] as number;
    table[i] = (table[crc & 255] as number) ^ (crc >>> 8);
  }
  return table;
}

export const crcBegin = -1;

/** The CRC-32 that a state stands for, unsigned. */
export function crcEnd(state: number): number {
  return ~state >>> 0;
}

/** State after four more bytes, given as a little-endian word. */
export function crcWord(state: number, word: number): number {
  const x = state ^ word;
  return (
    (tables[768 + (x & 255)] as number) ^
    (tables[512 + ((x >>> 8) & 255)] as number) ^
    (tables[256 + ((x >>> 16) & 255)] as number) ^
    (tables[x >>> 24] as number)
  );
}

export function crcByte(state: number, byte: number): number {
  return (state >>> 8) ^ (tables[(state ^ byte) & 255] as number);
}

/** State after `bytes[start..end)`. */
export function crcBytes(state: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = state;
  let at = start;
  for (const whole = end - 3; at < whole; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc = crcWord(crc, word);
  }
  for (; at < end; at++) crc = crcByte(crc, bytes[at] as number);
  return crc;
}

/** Unsigned CRC-32 (IEEE, as zlib) of `bytes[start..end)`. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  return crcEnd(crcBytes(crcBegin, bytes, start, end));
}

/** The 60 bytes of a node that the digest covers, as int32 halves; `cversion` and owner raw. */
export interface DigestStat {
  czxidHi: number;
  czxidLo: number;
  mzxidHi: number;
  mzxidLo: number;
  pzxidHi: number;
  pzxidLo: number;
  ctimeHi: number;
  ctimeLo: number;
  mtimeHi: number;
  mtimeLo: number;
  version: number;
  cversion: number;
  aversion: number;
  ownerHi: number;
  ownerLo: number;
}

function crcIntBigEndian(state: number, value: number): number {
  const swapped =
    (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
  return crcWord(state, swapped);
}

/** Node digest from the CRC state after path and data: what prep needs to foretell a change. */
export function statDigest(pathAndData: number, stat: DigestStat): number {
  let crc = pathAndData;
  crc = crcIntBigEndian(crc, stat.czxidHi);
  crc = crcIntBigEndian(crc, stat.czxidLo);
  crc = crcIntBigEndian(crc, stat.mzxidHi);
  crc = crcIntBigEndian(crc, stat.mzxidLo);
  crc = crcIntBigEndian(crc, stat.pzxidHi);
  crc = crcIntBigEndian(crc, stat.pzxidLo);
  crc = crcIntBigEndian(crc, stat.ctimeHi);
  crc = crcIntBigEndian(crc, stat.ctimeLo);
  crc = crcIntBigEndian(crc, stat.mtimeHi);
  crc = crcIntBigEndian(crc, stat.mtimeLo);
  crc = crcIntBigEndian(crc, stat.version);
  crc = crcIntBigEndian(crc, stat.cversion);
  crc = crcIntBigEndian(crc, stat.aversion);
  crc = crcIntBigEndian(crc, stat.ownerHi);
  return crcEnd(crcIntBigEndian(crc, stat.ownerLo));
}

/** True when the digest ignores the node: paths that begin with "/zookeeper/". */
export function isOutsideDigest(path: Uint8Array, start: number, end: number): boolean {
  if (end - start < systemPrefix.length) return false;
  for (let i = 0; i < systemPrefix.length; i++) {
    if (path[start + i] !== systemPrefix[i]) return false;
  }
  return true;
}

const systemPrefix = Uint8Array.from('/zookeeper/', (c) => c.charCodeAt(0));
