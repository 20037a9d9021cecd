/**
 * Appends txns to the log. Records gather in a batch; `flush` makes the whole batch durable with
 * one write and one fdatasync, and only when it has returned may anything in it be acknowledged.
 * The writer owns the newest log file and the zero-filled room behind its records. It never
 * appends to a file of an earlier start, never retries a failed disk operation (what is on disk is
 * unknown then: it refuses everything afterwards), and never looks into a payload.
 *
 * Two writers on two threads may take turns in the room: the one that makes files, pads and rolls
 * lends it (`lend`), the other one writes there (`goOnAt`).
 *
 *   header, durable with   records,                 zero-filled   not there yet, up to
 *   its directory entry    durable by flush         ahead         Apache's padded size
 *   ├──────────────────────┼────────────────────────┼─────────────┼─ ─ ─ ─ ─ ─ ─ ─ ┤
 *   0                      16                position     allocated           padded
 */
import { assert } from '../base/assert.ts';
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import type { Disk, DiskFile } from '../base/ports.ts';
import { compareHalves, highHalf, lowHalf, type Zxid, zxidOf } from '../base/zxid.ts';
import { adler32 } from './adler32.ts';
import { type DataDirectory, joinPath, logFileName } from './data-directory.ts';
import {
  batchBytesMax,
  logHeaderBytes,
  payloadBytesMaxDefault,
  recordEndMark,
  recordHeaderBytes,
  recordOverheadBytes,
  writeLogHeader,
} from './txn-log-format.ts';
import { retireHistory, type TruncateOutcome, truncateHistory } from './txn-log-history.ts';

const mib = 1024 * 1024;
/** Apache pads when fewer bytes than this are left (`FilePadding`). */
const paddingMarginBytes = 4096;
/** Zeros written at once: about a millisecond of disk time. */
const zeroStepBytes = 1 * mib;
/** `prepareAhead` stops when so many zero bytes lie ahead. */
const aheadBytesDefault = 4 * mib;
const batchBytesInitial = 256 * 1024;

export const preallocBytesDefault = 64 * mib;

/** The end of the newest log file, as one writer leaves it to another. */
export interface LogEnd {
  /** First zxid of the file, which is its name. */
  fileHi: number;
  fileLo: number;
  /** Where the next record begins, in bytes from the start of the file. */
  position: number;
  /** Up to here there are zeros on disk for records, so that no metadata changes. */
  roomEnd: number;
  /** The last txn of the log, which is durable. */
  lastHi: number;
  lastLo: number;
}

export interface TxnLogWriterOptions {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  /** The last txn that is on disk: the next append must be its successor. */
  readonly lastZxid: Zxid;
  /** `zookeeper.preAllocSize`, in bytes; 0 lets files grow record by record. */
  readonly preallocBytes?: number;
  /** False is `forceSync=no`: nothing is synced, and a power cut may lose what was acknowledged. */
  readonly forceSync?: boolean;
  readonly payloadBytesMax?: number;
  readonly aheadBytes?: number;
}

export class TxnLogWriter {
  private readonly options: TxnLogWriterOptions;
  private readonly preallocBytes: number;
  private readonly forceSync: boolean;
  private readonly payloadBytesMax: number;
  private readonly aheadBytes: number;
  private readonly zeros: Uint8Array;

  private file: DiskFile | null = null;
  private fileHi = 0;
  private fileLo = 0;
  private position = 0;
  private allocated = 0;
  private padded = 0;

  private batch = new Uint8Array(batchBytesInitial);
  private batchView = new DataView(this.batch.buffer);
  private batchLength = 0;
  private readonly payloads = new ViewCache();
  private batchTxns = 0;
  private batchFirstHi = 0;
  private batchFirstLo = 0;

  private appendedHi: number;
  private appendedLo: number;
  private failure: unknown = null;

  /** Last txn that a flush has made durable, as halves. */
  syncedHi: number;
  syncedLo: number;
  /** Txns and bytes (of records) appended since the last roll, for the snapshot triggers. */
  txnsSinceRoll = 0;
  bytesSinceRoll = 0;

  constructor(options: TxnLogWriterOptions) {
    this.options = options;
    this.preallocBytes = options.preallocBytes ?? preallocBytesDefault;
    this.forceSync = options.forceSync ?? true;
    this.payloadBytesMax = options.payloadBytesMax ?? payloadBytesMaxDefault;
    this.aheadBytes = options.aheadBytes ?? aheadBytesDefault;
    this.zeros = new Uint8Array(Math.min(zeroStepBytes, this.preallocBytes));
    this.appendedHi = this.syncedHi = highHalf(options.lastZxid);
    this.appendedLo = this.syncedLo = lowHalf(options.lastZxid);
  }

  /** Bytes and txns that wait for `flush`. */
  get pendingBytes(): number {
    return this.batchLength;
  }

  get pendingTxns(): number {
    return this.batchTxns;
  }

  /** Length of the current file with its padding: what `txnLogSizeLimitInKb` is compared with. */
  get fileBytes(): number {
    return Math.max(this.allocated, this.position);
  }

  /** Whether the writer refuses everything because a disk operation has failed. */
  get hasFailed(): boolean {
    return this.failure !== null;
  }

  /**
   * Frames `bytes[start..end)` (header, body and digest of one txn) into the batch. The zxid must
   * be the successor of the last one, or open a later epoch with counter 1: recovery would refuse
   * anything else.
   */
  append(bytes: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    this.refuseAfterFailure();
    const length = end - start;
    assert(length >= 32 && length <= this.payloadBytesMax, `log payload of ${length} bytes`);
    this.assertSuccessor(zxidHi, zxidLo);
    const at = this.batchLength;
    const next = at + length + recordOverheadBytes;
    assert(at === 0 || next <= batchBytesMax, 'log batch too long: flush first');
    if (next > this.batch.byteLength) this.growBatch(next);
    const view = this.batchView;
    view.setInt32(at, 0);
    view.setUint32(at + 4, adler32(bytes, start, end));
    view.setInt32(at + 8, length);
    copyBytes(this.payloads.viewOf(bytes), start, view, at + recordHeaderBytes, length);
    this.batch[next - 1] = recordEndMark;
    if (at === 0) {
      this.batchFirstHi = zxidHi;
      this.batchFirstLo = zxidLo;
    }
    this.batchLength = next;
    this.batchTxns++;
    this.appendedHi = zxidHi;
    this.appendedLo = zxidLo;
    this.txnsSinceRoll++;
    this.bytesSinceRoll += next - at;
  }

  /** Makes the batch durable. Nothing of it may be acknowledged before this has returned. */
  flush(): void {
    this.refuseAfterFailure();
    if (this.batchLength === 0) return;
    try {
      const file = this.file ?? this.openFile();
      const end = this.position + this.batchLength;
      this.padded = paddedSize(this.position, this.padded, this.preallocBytes);
      if (end > this.padded) this.padded = paddedSize(end, this.padded, this.preallocBytes);
      file.write(this.batch, 0, this.batchLength, this.position);
      this.position = end;
      if (end > this.allocated) {
        this.allocated = end;
        this.writeZeros(file);
      }
      if (this.forceSync) file.sync();
    } catch (error) {
      this.fail(error);
    }
    this.syncedHi = this.appendedHi;
    this.syncedLo = this.appendedLo;
    this.batchLength = 0;
    this.batchTxns = 0;
  }

  /**
   * Says where the log ends, while nothing waits to be written. False: there is no room with zeros
   * now, for anybody else to write to.
   */
  lend(end: LogEnd): boolean {
    assert(this.batchLength === 0, 'the end of a log is lent when all before it is durable');
    end.fileHi = this.fileHi;
    end.fileLo = this.fileLo;
    end.position = this.position;
    end.roomEnd = this.allocated - paddingMarginBytes;
    end.lastHi = this.syncedHi;
    end.lastLo = this.syncedLo;
    return this.file !== null && end.position < end.roomEnd;
  }

  /** Goes on where another writer has ended, whose file is opened if it is not the same. */
  goOnAt(end: LogEnd): void {
    this.refuseAfterFailure();
    assert(this.batchLength === 0, 'what waits here would come before the end');
    const { fileHi, fileLo, position, roomEnd, lastHi, lastLo } = end;
    assert(position <= roomEnd, 'who was lent the end of a log stays in the room that was lent');
    const isOpen = this.file !== null && fileHi === this.fileHi && fileLo === this.fileLo;
    if (!isOpen) this.openAgain(fileHi, fileLo);
    this.allocated = roomEnd + paddingMarginBytes;
    this.position = position;
    this.appendedHi = this.syncedHi = lastHi;
    this.appendedLo = this.syncedLo = lastLo;
  }

  /**
   * Writes one step of zeros ahead of the records, so that later flushes change no metadata. For
   * moments when nothing waits; returns whether a further step is due.
   */
  prepareAhead(): boolean {
    this.refuseAfterFailure();
    const file = this.file;
    if (file === null || this.batchLength > 0 || !this.wantsZeros()) return false;
    try {
      this.writeZeros(file);
      if (this.forceSync) file.sync();
    } catch (error) {
      this.fail(error);
    }
    return this.wantsZeros();
  }

  /** Ends the current file; the next append begins a new one, named after its zxid. */
  roll(): void {
    this.flush();
    this.closeFile();
    this.txnsSinceRoll = 0;
    this.bytesSinceRoll = 0;
  }

  /**
   * Drops every txn after `zxid` from disk, snapshots above it included, all durable on return
   * (TRUNC). `needs-snapshot` means that nothing was changed and only a full SNAP can help. The
   * caller reloads its state from disk afterwards.
   */
  truncate(zxid: Zxid): TruncateOutcome {
    this.refuseAfterFailure();
    assert(this.batchLength === 0, 'truncate of a log with unflushed txns');
    this.closeFile();
    try {
      const { disk, directory } = this.options;
      const outcome = truncateHistory(disk, directory, zxid, this.payloadBytesMax);
      if (outcome.kind === 'truncated') this.restartAfter(zxid);
      return outcome;
    } catch (error) {
      return this.fail(error);
    }
  }

  /**
   * After a SNAP whose snapshot of `zxid` is durable: moves every log out of the way, for none
   * belongs to the history of that snapshot. Durable on return.
   */
  replaceHistory(zxid: Zxid): void {
    this.roll();
    try {
      retireHistory(this.options.disk, this.options.directory, zxid);
    } catch (error) {
      this.fail(error);
    }
    this.restartAfter(zxid);
  }

  /** The history on disk now ends at `zxid`: after a SNAP, or after a reload that ended earlier. */
  restartAfter(zxid: Zxid): void {
    this.roll();
    this.appendedHi = this.syncedHi = highHalf(zxid);
    this.appendedLo = this.syncedLo = lowHalf(zxid);
  }

  /** Flushes and closes. */
  close(): void {
    this.roll();
  }

  /**
   * The header and the directory entry are durable before the first record is written: a file
   * whose header is damaged can therefore hold no acknowledged txn.
   */
  private openFile(): DiskFile {
    const { disk, directory } = this.options;
    const path = this.name(this.batchFirstHi, this.batchFirstLo);
    assert(!disk.exists(path), `${path} exists: a log is never appended to a second time`);
    const file = disk.create(path);
    this.file = file;
    const header = new Uint8Array(logHeaderBytes);
    writeLogHeader(new DataView(header.buffer));
    file.write(header, 0, logHeaderBytes, 0);
    if (this.forceSync) {
      file.sync();
      disk.syncDirectory(directory.logs);
    }
    this.position = this.allocated = this.padded = logHeaderBytes;
    return file;
  }

  /** A file that another writer has made, for its last records alone. */
  private openAgain(fileHi: number, fileLo: number): void {
    this.closeFile();
    try {
      this.file = this.options.disk.openWrite(this.name(fileHi, fileLo));
    } catch (error) {
      this.fail(error);
    }
  }

  /** The path of the file whose first txn this is; the writer takes it for its own. */
  private name(fileHi: number, fileLo: number): string {
    this.fileHi = fileHi;
    this.fileLo = fileLo;
    return joinPath(this.options.directory.logs, logFileName(zxidOf(fileHi, fileLo)));
  }

  private closeFile(): void {
    const file = this.file;
    this.file = null;
    this.position = this.allocated = this.padded = 0;
    try {
      file?.close();
    } catch (error) {
      this.fail(error);
    }
  }

  private wantsZeros(): boolean {
    return this.allocated < this.padded && this.allocated - this.position < this.aheadBytes;
  }

  private writeZeros(file: DiskFile): void {
    assert(this.allocated >= this.position, 'zeros are written behind the records only');
    const length = Math.min(this.zeros.byteLength, this.padded - this.allocated);
    if (length <= 0) return;
    file.write(this.zeros, 0, length, this.allocated);
    this.allocated += length;
  }

  private assertSuccessor(zxidHi: number, zxidLo: number): void {
    const grows = compareHalves(zxidHi, zxidLo, this.appendedHi, this.appendedLo) > 0;
    const follows =
      zxidHi === this.appendedHi ? zxidLo >>> 0 === (this.appendedLo >>> 0) + 1 : zxidLo === 1;
    if (grows && follows) return;
    const last = zxidOf(this.appendedHi, this.appendedLo).toString(16);
    assert(false, `zxid 0x${zxidOf(zxidHi, zxidLo).toString(16)} does not follow 0x${last}`);
  }

  private growBatch(needed: number): void {
    const batch = new Uint8Array(Math.max(needed, this.batch.byteLength * 2));
    batch.set(this.batch.subarray(0, this.batchLength));
    this.batch = batch;
    this.batchView = new DataView(batch.buffer);
  }

  private refuseAfterFailure(): void {
    if (this.failure !== null) throw this.failure;
  }

  private fail(error: unknown): never {
    this.failure = error;
    throw error;
  }
}

/** Apache's rule (`FilePadding.calculateFileSizeWithPadding`), in bytes. */
export function paddedSize(position: number, size: number, preallocBytes: number): number {
  if (preallocBytes <= 0 || position + paddingMarginBytes < size) return size;
  if (position > size) {
    const target = position + preallocBytes;
    return target - (target % preallocBytes);
  }
  return size + preallocBytes;
}
