/**
 * CRC-32 and the tree digest (Apache `DigestCalculator`, `AdHash`; digest version 2). The CRC state
 * is kept uninverted between pieces: begin with `crcBegin`, end with `crcEnd`.
 */
const digestStatBytes = 60;
/** `tables[n][b]` is what byte `b` does to the state after n more bytes. */
const tables = buildTables();
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as EightTables;

type Table = Int32Array;
type EightTables = [Table, Table, Table, Table, Table, Table, Table, Table];

function buildTables(): Table[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  const all = [first];
  for (let table = first; all.length < digestStatBytes; all.push(table)) {
    table = table.map((crc) => (first[crc & 255] as number) ^ (crc >>> 8));
  }
  return all;
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
    (t3[x & 255] as number) ^
    (t2[(x >>> 8) & 255] as number) ^
    (t1[(x >>> 16) & 255] as number) ^
    (t0[x >>> 24] as number)
  );
}

/** State after eight more bytes, given as two little-endian words: two steps for one wait. */
export function crcPair(state: number, first: number, second: number): number {
  const x = state ^ first;
  return (
    (t7[x & 255] as number) ^
    (t6[(x >>> 8) & 255] as number) ^
    (t5[(x >>> 16) & 255] as number) ^
    (t4[x >>> 24] as number) ^
    (t3[second & 255] as number) ^
    (t2[(second >>> 8) & 255] as number) ^
    (t1[(second >>> 16) & 255] as number) ^
    (t0[second >>> 24] as number)
  );
}

export function crcByte(state: number, byte: number): number {
  return (state >>> 8) ^ (t0[(state ^ byte) & 255] as number);
}

/** State after `view[start..end)`. */
export function crcView(state: number, view: DataView, start: number, end: number): number {
  let crc = state;
  let at = start;
  for (const whole = end - 7; at < whole; at += 8) {
    crc = crcPair(crc, view.getInt32(at, true), view.getInt32(at + 4, true));
  }
  for (const whole = end - 3; at < whole; at += 4) crc = crcWord(crc, view.getInt32(at, true));
  for (; at < end; at++) crc = crcByte(crc, view.getUint8(at));
  return crc;
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

/** Node digest from the CRC state after path and data: what prep needs to foretell a change. */
export function statDigest(pathAndData: number, stat: DigestStat): number {
  let crc = crcPair(pathAndData, swapBytes(stat.czxidHi), swapBytes(stat.czxidLo));
  crc = crcPair(crc, swapBytes(stat.mzxidHi), swapBytes(stat.mzxidLo));
  crc = crcPair(crc, swapBytes(stat.pzxidHi), swapBytes(stat.pzxidLo));
  crc = crcPair(crc, swapBytes(stat.ctimeHi), swapBytes(stat.ctimeLo));
  crc = crcPair(crc, swapBytes(stat.mtimeHi), swapBytes(stat.mtimeLo));
  crc = crcPair(crc, swapBytes(stat.version), swapBytes(stat.cversion));
  crc = crcPair(crc, swapBytes(stat.aversion), swapBytes(stat.ownerHi));
  return crcEnd(crcWord(crc, swapBytes(stat.ownerLo)));
}

/** State after the 60 bytes of a Stat, given as 15 little-endian words in digest order. */
export function crcStatWords(state: number, words: Int32Array): number {
  let crc = state;
  for (let i = 0; i < 14; i += 2) crc = crcPair(crc, words[i] as number, words[i + 1] as number);
  return crcWord(crc, words[14] as number);
}

export function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | ((word >>> 24) & 0xff);
}

/** Offsets in the 60 bytes of a Stat as the digest sees them. */
export const DigestOffset = {
  mzxid: 8,
  pzxid: 16,
  mtime: 32,
  version: 40,
  cversion: 44,
  aversion: 48,
} as const;

/**
 * What a changed word does to the digest of a node. CRCs are linear: the digests of two Stats
 * differ by what the difference of the Stats gives, so a change costs its own bytes instead of
 * all 60. `difference` is old xor new as little-endian word; `offset` is where it stands among
 * the 60 bytes. The state before them (path and data) enters with the first word, at offset 0.
 */
export function crcEffect(difference: number, offset: number): number {
  if (difference === 0) return 0;
  const last = digestStatBytes - 4 - offset;
  return (
    ((tables[last + 3] as Table)[difference & 255] as number) ^
    ((tables[last + 2] as Table)[(difference >>> 8) & 255] as number) ^
    ((tables[last + 1] as Table)[(difference >>> 16) & 255] as number) ^
    ((tables[last] as Table)[difference >>> 24] as number)
  );
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
