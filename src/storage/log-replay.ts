/**
 * Replays the logs over a loaded snapshot. It owns what must hold from one record to the next:
 * no zxid is missing, only the very end of the history may be torn, and the digests that txns
 * carry are those that the tree then has. Whatever does not hold is refused with file, offset
 * and zxid; the only repair is to cut off a tail that was never acknowledged.
 */
import type { Disk, DiskFile, Logger } from '../base/ports.ts';
import { asZxid, joinHalves, lowHalf, type Zxid, zxidOf } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { digestVersion, TxnHeaderOffset } from '../jute/txn.ts';
import { measurePayload, newPayloadParts } from '../jute/txn-payload.ts';
import type { LogFile } from './data-directory.ts';
import { DigestCheck } from './digest-check.ts';
import {
  RecoveryError,
  type RecoveryErrorKind,
  type RecoverySink,
  restoreAdvice,
} from './recovery-sink.ts';
import type { SnapshotDigest } from './snapshot-format.ts';
import { batchBytesMax, logHeaderBytes } from './txn-log-format.ts';
import { TxnLogReader } from './txn-log-reader.ts';
import { inspectTail, type TailVerdict } from './txn-log-tail.ts';

export interface ReplayOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly payloadBytesMax: number;
  /** False: the log's owner has the files open, and an end that is not whole is refused. */
  readonly mayRepair: boolean;
  /** Cut off a damaged last record although it may have been acknowledged. */
  readonly truncateCorruptTail: boolean;
  readonly role: 'standalone' | 'quorum';
  /** Report a wrong digest and go on. */
  readonly ignoreDigestMismatch: boolean;
}

export interface ReplayStart {
  readonly state: RecoverySink;
  readonly snapshotPath: string;
  readonly snapshotZxid: Zxid;
  /** What the tree must have when replay reaches that zxid; null when nothing is known. */
  readonly snapshotDigest: SnapshotDigest | null;
}

export interface ReplayResult {
  readonly lastZxid: Zxid;
  readonly replayed: number;
}

/** Files without a single whole record at the end of the history, and the others. */
interface Surveyed {
  readonly withRecords: LogFile[];
  readonly recordFree: LogFile[];
}

const rewriteStepBytes = 1024 * 1024;
const dropAdvice =
  '; or set zookeeper.recovery.truncateCorruptTail to drop it, acknowledged or not';

export class LogReplay {
  private readonly options: ReplayOptions;
  private readonly state: RecoverySink;
  private readonly reader = new JuteReader();
  private readonly parts = newPayloadParts();
  private readonly snapshotPath: string;
  private lastZxid: Zxid;
  private lastFile: string;
  private replayed = 0;
  private awaitedDigest: SnapshotDigest | null;
  private readonly digests: DigestCheck;

  constructor(options: ReplayOptions, start: ReplayStart) {
    this.options = options;
    this.state = start.state;
    const { logger, ignoreDigestMismatch } = options;
    this.digests = new DigestCheck(start.state, logger, ignoreDigestMismatch);
    this.lastZxid = start.snapshotZxid;
    this.lastFile = this.snapshotPath = start.snapshotPath;
    this.awaitedDigest = start.snapshotDigest;
    this.checkAwaitedDigest(start.snapshotPath, 0);
  }

  /** Replays `logs` (oldest first), and repairs the end. Throws `RecoveryError`. */
  run(logs: LogFile[]): ReplayResult {
    const { withRecords, recordFree } = this.surveyEnd(logs);
    const from = firstToRead(withRecords, this.lastZxid);
    for (let index = from; index < withRecords.length; index++) {
      this.replayFile(withRecords[index], withRecords[index + 1] ?? null);
    }
    if (this.options.mayRepair) for (const log of recordFree) this.options.disk.remove(log.path);
    if (this.awaitedDigest !== null) {
      const zxid = `0x${this.awaitedDigest.zxid.toString(16)}`;
      this.options.logger.warn(
        { file: this.snapshotPath, zxid },
        'the logs end inside the fuzzy range of the snapshot: its digest could not be checked',
      );
    }
    return {
      lastZxid: this.lastZxid,
      replayed: this.replayed,
    };
  }

  /**
   * Newest first, until a file holds a whole record: what lies behind that one was never
   * acknowledged, and is removed when all else has gone well.
   */
  private surveyEnd(logs: LogFile[]): Surveyed {
    const withRecords = [...logs];
    const recordFree: LogFile[] = [];
    for (let log = withRecords.at(-1); log !== undefined; log = withRecords.at(-1)) {
      if (this.withFile(log, (file) => this.hasRecords(log as LogFile, file))) break;
      recordFree.push(log);
      withRecords.pop();
    }
    return { withRecords, recordFree };
  }

  private hasRecords(log: LogFile, file: DiskFile): boolean {
    const reader = new TxnLogReader(file, this.options.payloadBytesMax);
    if (reader.next()) return true;
    const { logger, payloadBytesMax } = this.options;
    const at = reader.stop?.reason === 'header' ? 0 : logHeaderBytes;
    const before = asZxid(log.zxid - 1n);
    if (at === 0) this.refuseHeaderWithContent(log, file);
    else {
      const verdict = inspectTail(file, at, before, payloadBytesMax);
      if (verdict.kind === 'corrupt') {
        if (!this.mayDrop(verdict)) this.refuseRecord(log, at, before, verdict);
      }
    }
    if (this.options.mayRepair) {
      logger.warn(
        { file: log.path, offset: at, bytes: file.size() },
        'removing a log file that holds no whole record',
      );
    }
    return false;
  }

  /** Our header is durable before the first record, so a file without one must be empty. */
  private refuseHeaderWithContent(log: LogFile, file: DiskFile): void {
    const verdict = inspectTail(file, logHeaderBytes, log.zxid, this.options.payloadBytesMax);
    if (file.size() <= logHeaderBytes || verdict.kind === 'clean') return;
    this.refuse(
      'bad-header',
      log.path,
      0,
      log.zxid,
      `the header is damaged but records follow: ${restoreAdvice}`,
    );
  }

  private replayFile(log: LogFile, next: LogFile | null): void {
    this.withFile(log, (file) => {
      const reader = new TxnLogReader(file, this.options.payloadBytesMax);
      if (reader.stop?.reason === 'header') {
        this.refuse(
          'bad-header',
          log.path,
          0,
          log.zxid,
          'not a log file, yet others follow it: restore it from a backup',
        );
      }
      let lastHere = asZxid(log.zxid - 1n);
      while (reader.next()) {
        lastHere = zxidOf(reader.zxidHi, reader.zxidLo);
        if (lastHere > this.lastZxid || this.replayed > 0) this.replayRecord(log, reader, lastHere);
      }
      if (next === null) this.digests.settle();
      const offset = reader.stop?.offset ?? 0;
      const verdict = inspectTail(file, offset, lastHere, this.options.payloadBytesMax);
      if (verdict.kind !== 'clean') this.settleEnd(log, next, offset, lastHere, verdict);
      if (next === null && this.options.mayRepair) {
        this.rewriteEnd(log, Math.min(reader.offset, offset), offset);
      }
    });
    if (this.options.mayRepair) syncFile(this.options.disk, log.path);
  }

  private replayRecord(log: LogFile, reader: TxnLogReader, zxid: Zxid): void {
    // Apache gives the error of a write that it cannot decode the zxid of the txn before it.
    if (zxid === this.lastZxid && isError(reader)) return;
    if (!follows(this.lastZxid, zxid)) {
      const last = `0x${this.lastZxid.toString(16)}`;
      const found = `0x${zxid.toString(16)}`;
      this.refuse(
        'gap',
        log.path,
        reader.offset,
        zxid,
        `txn ${found} follows ${last} of ${this.lastFile}: txns are missing; ${restoreAdvice}`,
      );
    }
    const { parts } = this;
    this.reader.reset(reader.bytes, reader.view, reader.start, reader.end);
    try {
      measurePayload(this.reader, parts);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.refuse(
        'bad-record',
        log.path,
        reader.offset,
        zxid,
        `${error.message} in a whole record: a newer server wrote it, or a faulty one`,
      );
    }
    this.state.applyTxn(reader.bytes, reader.start, parts.bodyEnd, reader.end);
    this.lastZxid = zxid;
    this.lastFile = log.path;
    this.replayed++;
    const isFuzzy = this.awaitedDigest !== null;
    this.checkAwaitedDigest(log.path, reader.offset);
    // An error has one at times: what Apache expected before it came to the part that failed.
    const hasDigest = parts.hasDigest && parts.type !== OpCode.error;
    if (!isFuzzy && hasDigest && parts.digestVersion === digestVersion) {
      const expected = joinHalves(parts.digestHi, parts.digestLo);
      this.digests.compare(expected, log.path, reader.offset, zxid);
    }
  }

  /** At exactly the zxid that the snapshot names; until then the tree may run ahead. */
  private checkAwaitedDigest(file: string, offset: number): void {
    const awaited = this.awaitedDigest;
    if (awaited === null || this.lastZxid < awaited.zxid) return;
    this.awaitedDigest = null;
    if (awaited.zxid !== this.lastZxid) return;
    this.digests.compare(awaited.digest, file, offset, this.lastZxid);
    this.digests.settle();
  }

  private settleEnd(
    log: LogFile,
    next: LogFile | null,
    offset: number,
    lastHere: Zxid,
    verdict: Exclude<TailVerdict, { kind: 'clean' }>,
  ): void {
    if (next !== null) {
      // Apache drops a torn end and goes on in a new file. No txn is missing between the two.
      const isHarmless = verdict.kind === 'torn' && follows(lastHere, next.zxid);
      if (!isHarmless) this.refuseRecord(log, offset, lastHere, verdict);
      const fields = { file: log.path, offset, next: next.path };
      this.options.logger.warn(
        fields,
        `${verdict.kind} end of a log that the next one goes on from`,
      );
      return;
    }
    if (!this.options.mayRepair) this.refuseRecord(log, offset, lastHere, verdict);
    if (verdict.kind === 'corrupt') {
      if (!this.mayDrop(verdict)) this.refuseRecord(log, offset, lastHere, verdict);
    }
    this.cut(log, offset, verdict);
  }

  private mayDrop(verdict: Extract<TailVerdict, { kind: 'corrupt' }>): boolean {
    return this.options.truncateCorruptTail && verdict.behind === null;
  }

  private cut(
    log: LogFile,
    offset: number,
    verdict: Exclude<TailVerdict, { kind: 'clean' }>,
  ): void {
    const file = this.options.disk.openWrite(log.path);
    try {
      const dropped = file.size() - offset;
      this.options.logger.warn(
        { file: log.path, offset, dropped, zxid: `0x${this.lastZxid.toString(16)}` },
        `cutting off the ${verdict.kind} end of the log: ${verdict.why}`,
      );
      file.truncate(offset);
    } finally {
      file.close();
    }
  }

  /**
   * Writes what the last flush may have written once more. When its fsync had failed, the page
   * cache still shows those bytes but takes them for written: a later fsync says that all is well
   * and does nothing, and the next power cut takes them away after they were acknowledged.
   */
  private rewriteEnd(log: LogFile, lastRecord: number, end: number): void {
    const file = this.options.disk.openWrite(log.path);
    const start = Math.max(0, Math.min(lastRecord, end - batchBytesMax));
    const bytes = new Uint8Array(Math.min(end - start, rewriteStepBytes));
    try {
      for (let at = start; at < end; at += bytes.byteLength) {
        const length = file.read(bytes, 0, Math.min(bytes.byteLength, end - at), at);
        file.write(bytes, 0, length, at);
      }
    } finally {
      file.close();
    }
  }

  private refuseRecord(
    log: LogFile,
    offset: number,
    lastHere: Zxid,
    verdict: Exclude<TailVerdict, { kind: 'clean' }>,
  ): never {
    const last = `the last good txn is 0x${lastHere.toString(16)}`;
    // What a damaged record says of itself may be the damage: believed only if it is the next.
    let zxid = asZxid(lastHere + 1n);
    let advice = restoreAdvice;
    if (verdict.kind === 'corrupt') {
      if (verdict.zxid !== null && follows(lastHere, verdict.zxid)) zxid = verdict.zxid;
      if (verdict.behind !== null) {
        const { offset: at, zxid: behind } = verdict.behind;
        advice = `txn 0x${behind.toString(16)} at offset ${at} behind it is whole; ${advice}`;
      } else {
        if (this.options.role === 'standalone') advice += dropAdvice;
      }
    }
    this.refuse('bad-record', log.path, offset, zxid, `${verdict.why}; ${last}; ${advice}`);
  }

  private refuse(
    kind: RecoveryErrorKind,
    file: string,
    offset: number,
    zxid: Zxid,
    message: string,
  ): never {
    throw new RecoveryError(kind, { file, offset, zxid }, message);
  }

  private withFile<T>(log: LogFile, use: (file: DiskFile) => T): T {
    const file = this.options.disk.openRead(log.path);
    try {
      return use(file);
    } finally {
      file.close();
    }
  }
}

/**
 * After the death of the process alone, what its last write left in the page cache is read like
 * anything else: it must be durable before anybody may be told of it.
 */
export function syncFile(disk: Disk, path: string): void {
  const file = disk.openWrite(path);
  try {
    file.sync();
  } finally {
    file.close();
  }
}

/** The newest file that begins at or before the first txn wanted, or the oldest of all. */
function firstToRead(logs: LogFile[], lastZxid: Zxid): number {
  const index = logs.findLastIndex((log) => log.zxid <= lastZxid + 1n);
  return Math.max(0, index);
}

function isError(record: TxnLogReader): boolean {
  return record.view.getInt32(record.start + TxnHeaderOffset.type) === OpCode.error;
}

/** The next of the same epoch, or the first of a later one. */
function follows(last: Zxid, next: Zxid): boolean {
  if (next >> 32n === last >> 32n) return next === last + 1n;
  return next > last && lowHalf(next) === 1;
}
