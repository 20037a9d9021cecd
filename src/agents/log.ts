/**
 * The log agent: appends all txns that wait on its ring, makes them durable with one fsync, then
 * reports the last zxid. It owns the log files, with synchronous calls. The batch is what arrived
 * during the fsync before it; there is no timer and nothing to tune. What else the peer asks is done
 * in its place in line, when everything before it is durable. With nothing left to do it lends the
 * end of the log to the ensemble's thread (`LogLoan`), until that has something on the ring again.
 */
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import type { Agent } from '../base/agent.ts';
import { assert, unreachable } from '../base/assert.ts';
import type { Clock, Logger, Random } from '../base/ports.ts';
import { lowHalf, type Zxid, zxidOf } from '../base/zxid.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import { batchBytesMax, recordOverheadBytes } from '../storage/txn-log-format.ts';
import type { TxnLogWriter } from '../storage/txn-log-writer.ts';
import type { DiskAsk } from '../zab/peer-ports.ts';
import { BatchSync } from './batch-sync.ts';
import type { LogAsks } from './log-asks.ts';
import type { LogLoan } from './log-loan.ts';
import { AppendLayout, diskAsks, ToEnsemble, ToLog } from './messages.ts';
import type { Outlet } from './outlet.ts';

export interface LogSettings {
  /** Txns and log bytes after which a snapshot is due; each is spread by a random half. */
  readonly snapCount: number;
  readonly snapSizeLimitBytes: number;
  /** Above this length a log file is rolled, without a snapshot; 0 = never. */
  readonly fileBytesMax: number;
  readonly fsyncWarningThresholdMs: number;
}

export interface LogParts {
  readonly appends: RingReceiver;
  readonly synced: Outlet;
  readonly loan: LogLoan;
  /** Opens the log behind the last txn that is on disk. */
  readonly openWriter: (lastZxid: Zxid) => TxnLogWriter;
  /** Of a member of an ensemble; null on a standalone server. */
  readonly asks: LogAsks | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRecorder;
  readonly settings: LogSettings;
}

const recordsPerBatchMax = 1 << 20;

export class LogAgent implements Agent {
  readonly name = 'log';
  private readonly parts: LogParts;
  private readonly sync: BatchSync;
  private writer: TxnLogWriter | null = null;
  /** The ensemble has the end of the log, until there is a record on the ring. */
  private isLent = false;
  private lastHi = 0;
  private lastLo = 0;
  private batchTxns = 0;
  private txnsSinceSnapshot = 0;
  private bytesSinceSnapshot = 0;
  private rollAsked = false;
  private snapshotAtTxns = 0;
  private snapshotAtBytes = 0;

  constructor(parts: LogParts) {
    this.parts = parts;
    const { clock, logger, metrics, loan, settings } = parts;
    const warningThresholdMs = settings.fsyncWarningThresholdMs;
    this.sync = new BatchSync({ clock, logger, metrics, loan, warningThresholdMs });
  }

  start(): void {
    this.drawSnapshotTrigger();
  }

  dutyCycle(): number {
    const { appends, synced, metrics } = this.parts;
    synced.flush();
    metrics.maybeReset();
    if (synced.stalled) return 0;
    if (this.isLent) {
      if (!appends.hasWork()) return 0;
      this.takeBack();
    }
    this.batchTxns = 0;
    const taken = appends.drain(this.onRecord, recordsPerBatchMax);
    const { writer } = this;
    if (writer === null) return taken;
    if (this.batchTxns > 0) this.syncBatch(writer);
    if (this.isSnapshotDue()) this.rollForSnapshot(writer);
    else if (this.isFileFull(writer)) writer.roll();
    synced.flush();
    // With nothing to sync there is time to make room ahead, in steps that delay no txn for long.
    if (taken > 0 || writer.prepareAhead()) return taken + 1;
    if (!synced.stalled) this.lend(writer);
    return 0;
  }

  stop(): void {
    if (this.isLent) this.takeBack();
    this.writer?.close();
  }

  /** Nothing is left to do; the ensemble may append by itself until it has more to ask for. */
  private lend(writer: TxnLogWriter): void {
    const { loan, appends, settings } = this.parts;
    if (!writer.lend(loan)) return;
    loan.txnsLeft = this.snapshotAtTxns - this.txnsSinceSnapshot;
    const bytesLeft = this.snapshotAtBytes - this.bytesSinceSnapshot;
    loan.bytesLeft = settings.snapSizeLimitBytes > 0 ? bytesLeft : Number.POSITIVE_INFINITY;
    this.isLent = true;
    loan.loan.lend(appends.position);
  }

  private takeBack(): void {
    const { loan, settings } = this.parts;
    this.isLent = false;
    loan.loan.takeBack();
    this.writer?.goOnAt(loan);
    this.txnsSinceSnapshot = this.snapshotAtTxns - loan.txnsLeft;
    if (settings.snapSizeLimitBytes <= 0) return;
    this.bytesSinceSnapshot = this.snapshotAtBytes - loan.bytesLeft;
  }

  private readonly onRecord = (type: number, offset: number, length: number): boolean => {
    const kind = type as (typeof ToLog)[keyof typeof ToLog];
    const { view } = this.parts.appends;
    switch (kind) {
      case ToLog.append:
        return this.onAppend(offset, length);
      case ToLog.roll:
        this.rollAsked = true;
        return true;
      case ToLog.begin: {
        assert(this.writer === null, 'the log is opened once');
        const lastZxid = zxidOf(view.getInt32(offset), view.getInt32(offset + 4));
        this.writer = this.parts.openWriter(lastZxid);
        return true;
      }
      case ToLog.ask:
        return this.onAsk(offset);
      case ToLog.snapshotBytes:
        this.mustAsks().snapshotBytes(this.parts.appends.bytes, offset, offset + length);
        return true;
      default:
        return unreachable(kind);
    }
  };

  /** Declines what does not fit into this batch, and everything behind a roll. */
  private onAppend(offset: number, length: number): boolean {
    const { writer } = this;
    const { view, bytes } = this.parts.appends;
    assert(writer !== null, 'a txn is appended to a log that is open');
    const payloadBytes = length - AppendLayout.payload;
    const pending = writer.pendingBytes;
    const fits = pending + payloadBytes + recordOverheadBytes <= batchBytesMax;
    if (this.rollAsked || (pending > 0 && !fits)) return false;
    this.lastHi = view.getInt32(offset + AppendLayout.zxid);
    this.lastLo = view.getInt32(offset + AppendLayout.zxid + 4);
    this.parts.asks?.beforeAppend(this.lastHi);
    const start = offset + AppendLayout.payload;
    writer.append(bytes, start, offset + length, this.lastHi, this.lastLo);
    this.batchTxns++;
    this.txnsSinceSnapshot++;
    this.bytesSinceSnapshot += payloadBytes;
    return true;
  }

  /** Waits until the batch before it is durable, and so is answered behind it. */
  private onAsk(offset: number): boolean {
    const { writer } = this;
    const { appends, synced } = this.parts;
    assert(writer !== null, 'a log that is asked is open');
    if (writer.pendingTxns > 0) return false;
    const { view } = appends;
    const kind = diskAsks[view.getInt32(offset)];
    assert(kind !== undefined, 'the log knows what it is asked');
    const zxid = zxidOf(view.getInt32(offset + 4), view.getInt32(offset + 8));
    const ask = { kind, zxid, epoch: lowHalf(zxid) } as DiskAsk;
    const outcome = this.mustAsks().carryOut(ask, writer);
    const at = synced.open(ToEnsemble.asked, 4);
    synced.view.setInt32(at, outcome === 'done' ? 1 : 0);
    return true;
  }

  private mustAsks(): LogAsks {
    const { asks } = this.parts;
    assert(asks !== null, 'a standalone server asks the log for nothing but appends');
    return asks;
  }

  /** A failed write or fsync throws through here and ends the process: it is never retried. */
  private syncBatch(writer: TxnLogWriter): void {
    const { synced } = this.parts;
    this.sync.run(writer, this.batchTxns);
    const at = synced.open(ToEnsemble.synced, 8);
    synced.view.setInt32(at, this.lastHi);
    synced.view.setInt32(at + 4, this.lastLo);
  }

  /** Apache `SyncRequestProcessor.shouldSnapshot`: a random half keeps members out of step. */
  private isSnapshotDue(): boolean {
    const { snapSizeLimitBytes } = this.parts.settings;
    const byBytes = snapSizeLimitBytes > 0 && this.bytesSinceSnapshot > this.snapshotAtBytes;
    return this.rollAsked || byBytes || this.txnsSinceSnapshot > this.snapshotAtTxns;
  }

  private isFileFull(writer: TxnLogWriter): boolean {
    const { fileBytesMax } = this.parts.settings;
    return fileBytesMax > 0 && writer.fileBytes > fileBytesMax;
  }

  private rollForSnapshot(writer: TxnLogWriter): void {
    this.rollAsked = false;
    this.txnsSinceSnapshot = 0;
    this.bytesSinceSnapshot = 0;
    writer.roll();
    this.drawSnapshotTrigger();
    this.parts.synced.open(ToEnsemble.snapshotDue, 0);
  }

  private drawSnapshotTrigger(): void {
    const { random, settings } = this.parts;
    const txns = Math.floor(Math.max(settings.snapCount, 2) / 2);
    this.snapshotAtTxns = txns + (random.next32() % Math.max(txns, 1));
    const bytes = Math.floor(settings.snapSizeLimitBytes / 2);
    this.snapshotAtBytes = bytes + (random.next32() % Math.max(bytes, 1));
  }
}
