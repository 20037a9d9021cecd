/**
 * Reads the records of one log file in order, and says exactly where and why it stopped. It
 * judges nothing: whether a stop is a clean end, a torn write or corruption is decided in
 * `txn-log-tail.ts`, and what that means for the whole directory in `recovery.ts`.
 */
import type { DiskFile } from '../base/ports.ts';
import { TxnHeaderOffset, txnHeaderBytes } from '../jute/txn.ts';
import { adler32 } from './adler32.ts';
import {
  logHeaderBytes,
  logMagic,
  payloadBytesMaxDefault,
  recordEndMark,
  recordHeaderBytes,
  recordOverheadBytes,
} from './txn-log-format.ts';

const windowBytesMin = 256 * 1024;

export type LogStopReason =
  /** Fewer bytes than a file header, or another magic. */
  | 'header'
  /** The file ends right after a record. */
  | 'end-of-file'
  /** A length of zero. */
  | 'zero-length'
  /** The file ends inside the record. */
  | 'cut'
  /** A length that no record can have. */
  | 'length'
  | 'checksum'
  | 'mark';

export interface LogStop {
  readonly reason: LogStopReason;
  /** First byte that was not part of a whole record. */
  readonly offset: number;
}

export class TxnLogReader {
  private readonly file: DiskFile;
  private readonly payloadBytesMax: number;
  private readonly size: number;
  private windowOffset = 0;
  private windowLength = 0;

  /** The window; `start` and `end` are the payload of the current record in it. */
  bytes: Uint8Array;
  view: DataView;
  start = 0;
  end = 0;
  zxidHi = 0;
  zxidLo = 0;
  /** Where the current record begins, and where the next one would, as offsets in the file. */
  offset = 0;
  nextOffset = logHeaderBytes;
  /** Set when `next` has returned false. */
  stop: LogStop | null = null;

  /** Reads on from the first record. The file stays the caller's to close. */
  constructor(file: DiskFile, payloadBytesMax: number = payloadBytesMaxDefault) {
    this.file = file;
    this.payloadBytesMax = payloadBytesMax;
    this.size = file.size();
    const windowBytes = Math.min(windowBytesMin, Math.max(this.size, logHeaderBytes));
    this.bytes = new Uint8Array(windowBytes);
    this.view = new DataView(this.bytes.buffer);
    if (this.size < logHeaderBytes || this.view.getInt32(this.load(0, 4)) !== logMagic) {
      this.stop = { reason: 'header', offset: 0 };
    }
  }

  /** Moves to the next whole record; false when there is none, and `stop` says why. */
  next(): boolean {
    if (this.stop !== null) return false;
    const offset = this.nextOffset;
    const left = this.size - offset;
    if (left === 0) return this.stopAt('end-of-file', offset);
    if (left < recordHeaderBytes) return this.stopAt('cut', offset);
    let at = this.load(offset, recordHeaderBytes);
    const checksumHi = this.view.getInt32(at);
    const checksumLo = this.view.getUint32(at + 4);
    const length = this.view.getInt32(at + 8);
    if (length === 0) return this.stopAt('zero-length', offset);
    if (length < txnHeaderBytes || length > this.payloadBytesMax) {
      return this.stopAt('length', offset);
    }
    if (length + recordOverheadBytes > left) return this.stopAt('cut', offset);
    at = this.load(offset, length + recordOverheadBytes) + recordHeaderBytes;
    const end = at + length;
    if (this.bytes[end] !== recordEndMark) return this.stopAt('mark', offset);
    if (checksumHi !== 0 || checksumLo !== adler32(this.bytes, at, end)) {
      return this.stopAt('checksum', offset);
    }
    this.start = at;
    this.end = end;
    this.zxidHi = this.view.getInt32(at + TxnHeaderOffset.zxid);
    this.zxidLo = this.view.getInt32(at + TxnHeaderOffset.zxid + 4);
    this.offset = offset;
    this.nextOffset = offset + length + recordOverheadBytes;
    return true;
  }

  private stopAt(reason: LogStopReason, offset: number): false {
    this.stop = { reason, offset };
    return false;
  }

  /** Brings `length` bytes at `offset` (all inside the file) into the window; returns where. */
  private load(offset: number, length: number): number {
    const at = offset - this.windowOffset;
    if (at >= 0 && at + length <= this.windowLength) return at;
    if (length > this.bytes.byteLength) {
      this.bytes = new Uint8Array(Math.max(length, this.bytes.byteLength * 2));
      this.view = new DataView(this.bytes.buffer);
    }
    const wanted = Math.min(this.bytes.byteLength, this.size - offset);
    this.windowOffset = offset;
    this.windowLength = this.file.read(this.bytes, 0, wanted, offset);
    if (this.windowLength < length) throw new RangeError(`${this.file.path} shrinks while read`);
    return 0;
  }
}
