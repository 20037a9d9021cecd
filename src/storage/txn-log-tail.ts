/**
 * Judges what lies behind the last whole record of a log file: zeros, a write that a power cut
 * tore, or damage to something that may have been acknowledged. It only looks; it never repairs.
 *
 * A torn write leaves traces that bit rot does not. Files are written front to back over zeros or
 * past their end, and never a second time, so whatever a power cut took away reads as zeros or is
 * cut off: a record whose end and everything behind it is missing, or, since pages reach the disk
 * in any order, a record in which a whole sector is zero. The latter may have whole records of
 * the same batch behind it; they were never acknowledged either, because a batch is acknowledged
 * as a whole. Damage that leaves no such trace, or that lies farther from the end of the file
 * than one batch can reach, is corruption.
 */
import type { DiskFile } from '../base/ports.ts';
import { type Zxid, zxidOf } from '../base/zxid.ts';
import { TxnHeaderOffset, txnHeaderBytes } from '../jute/txn.ts';
import { adler32 } from './adler32.ts';
import {
  batchBytesMax,
  recordEndMark,
  recordHeaderBytes,
  recordOverheadBytes,
} from './txn-log-format.ts';

/** What a disk writes as a whole. */
const sectorBytes = 512;
/** A record begins with four zero bytes (the checksum is 32 bits wide): these tell nothing. */
const zerosThatTellNothing = 4;
const scanBytes = 256 * 1024;
/** Work that the search for further records may cost: about a second. */
const checksummedBytesMax = 1024 * 1024 * 1024;

export type TailVerdict =
  /** Zeros or nothing. */
  | { readonly kind: 'clean' }
  /** A write that was never acknowledged; `bytes` from the stop on are not zero. */
  | { readonly kind: 'torn'; readonly why: string; readonly bytes: number }
  /** `zxid` of the damaged record if it can be read. */
  | {
      readonly kind: 'corrupt';
      readonly why: string;
      readonly zxid: Zxid | null;
      /** A whole record behind the damage: the damage is not at the end of the log. */
      readonly behind: { readonly offset: number; readonly zxid: Zxid } | null;
    };

/**
 * Judges `file` from `offset` on, where no whole record begins. `lastZxid` is the last good one.
 */
export function inspectTail(
  file: DiskFile,
  offset: number,
  lastZxid: Zxid,
  payloadBytesMax: number,
): TailVerdict {
  const size = file.size();
  const tail = readUntilZeros(file, offset, size);
  if (tail.byteLength === 0) return { kind: 'clean' };
  const left = size - offset;
  const length = lengthField(tail);
  const plausible = length >= txnHeaderBytes && length <= payloadBytesMax;
  const extent = plausible ? length + recordOverheadBytes : recordHeaderBytes;
  const bytes = tail.byteLength;
  const behind = findRecordBehind(tail, lastZxid, payloadBytesMax);
  // Whatever the length says, the record ends before the next one, and before the last zeros.
  const end = behind?.at ?? bytes;
  const hasWrongLength = isWholeUpTo(tail, end) && extent !== end;
  if (!hasWrongLength) {
    const why = whyTorn(tail, left, plausible ? extent : null, behind !== null);
    if (why !== null) return { kind: 'torn', why, bytes };
    const tearBytesMax = Math.max(batchBytesMax, payloadBytesMax + recordOverheadBytes);
    const covered = behind === null ? extent : Math.min(extent, behind.at);
    if (bytes <= tearBytesMax && hasLostSector(tail, offset, covered, size)) {
      return { kind: 'torn', why: 'a sector of the record was never written', bytes };
    }
  }
  return {
    kind: 'corrupt',
    why: whyCorrupt(tail, length, plausible && extent <= left && !hasWrongLength),
    zxid: zxidIn(tail, 0),
    behind: behind === null ? null : { offset: offset + behind.at, zxid: behind.zxid },
  };
}

/** Null when that is not how the record ends. `extent` is null when its length is none. */
function whyTorn(
  tail: Uint8Array,
  left: number,
  extent: number | null,
  hasBehind: boolean,
): string | null {
  if (hasBehind) return null;
  if (extent === null) return 'the length is not one of a record';
  if (extent > left) return 'the file ends inside the record';
  return tail.byteLength < extent ? 'the record has no end and only zeros follow' : null;
}

/** Whether all but the length is as in a whole record that ends at `end`. */
function isWholeUpTo(tail: Uint8Array, end: number): boolean {
  const payloadEnd = end - 1;
  if (payloadEnd < recordHeaderBytes + txnHeaderBytes) return false;
  if (tail[payloadEnd] !== recordEndMark) return false;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const checksum = adler32(tail, recordHeaderBytes, payloadEnd);
  return view.getInt32(0) === 0 && view.getUint32(4) === checksum;
}

function whyCorrupt(tail: Uint8Array, length: number, isFramed: boolean): string {
  if (!isFramed) return `the length of the record, ${length}, is wrong`;
  const end = recordHeaderBytes + length;
  if (tail[end] !== recordEndMark) return 'the end mark of the record is wrong';
  return 'the checksum does not match the record';
}

/** The bytes from `offset` to the last one that is not zero. */
function readUntilZeros(file: DiskFile, offset: number, size: number): Uint8Array {
  const piece = new Uint8Array(scanBytes);
  let end = size;
  while (end > offset) {
    const start = Math.max(offset, end - scanBytes);
    const length = file.read(piece, 0, end - start, start);
    let last = length - 1;
    while (last >= 0 && piece[last] === 0) last--;
    end = start + last + 1;
    if (last >= 0) break;
  }
  const tail = new Uint8Array(Math.max(0, end - offset));
  file.read(tail, 0, tail.byteLength, offset);
  return tail;
}

function lengthField(tail: Uint8Array): number {
  const at = (index: number) => tail[index] ?? 0;
  return (at(8) << 24) | (at(9) << 16) | (at(10) << 8) | at(11);
}

function zxidIn(tail: Uint8Array, at: number): Zxid | null {
  const zxidAt = at + recordHeaderBytes + TxnHeaderOffset.zxid;
  if (zxidAt + 8 > tail.byteLength) return null;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  return zxidOf(view.getInt32(zxidAt), view.getInt32(zxidAt + 4));
}

/**
 * A whole record anywhere behind the stop, with a zxid above the last good one. The first bytes
 * are tested one by one, so that the checksum of a range is computed only where a frame fits. Data
 * made to look like thousands of frames ends the search: it then counts as a record.
 */
function findRecordBehind(
  tail: Uint8Array,
  lastZxid: Zxid,
  payloadBytesMax: number,
): { at: number; zxid: Zxid } | null {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let checksummed = 0;
  const lastStart = tail.byteLength - txnHeaderBytes - recordOverheadBytes;
  for (let at = 1; at <= lastStart; at++) {
    if (tail[at] !== 0 || tail[at + 8] !== 0 || view.getInt32(at) !== 0) continue;
    const length = view.getInt32(at + 8);
    if (length < txnHeaderBytes || length > payloadBytesMax) continue;
    const start = at + recordHeaderBytes;
    const end = start + length;
    if (end >= tail.byteLength || tail[end] !== recordEndMark) continue;
    const zxid = zxidIn(tail, at) as Zxid;
    if (zxid <= lastZxid) continue;
    checksummed += length;
    const isWhole = view.getUint32(at + 4) === adler32(tail, start, end);
    if (isWhole || checksummed > checksummedBytesMax) return { at, zxid };
  }
  return null;
}

/** Whether a sector that the record covers is zero from its begin, or the record's, to its end. */
function hasLostSector(tail: Uint8Array, offset: number, extent: number, size: number): boolean {
  const recordEnd = Math.min(offset + extent, size);
  let sector = offset - (offset % sectorBytes);
  for (; sector < recordEnd; sector += sectorBytes) {
    const start = Math.max(sector, offset);
    const end = Math.min(sector + sectorBytes, size);
    if (end - start > zerosThatTellNothing && isZero(tail, start - offset, end - offset)) {
      return true;
    }
  }
  return false;
}

/** Bytes past the end of `tail` are zero by its definition. */
function isZero(tail: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, tail.byteLength);
  for (let at = start; at < stop; at++) if (tail[at] !== 0) return false;
  return true;
}
