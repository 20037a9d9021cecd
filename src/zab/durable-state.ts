/**
 * What this server has promised, logged and may say of itself to others: its two epochs and the
 * end of its log. Memory follows the disk here, never the other way round: an epoch counts when its
 * file is durable, and a history that is cut or replaced counts when it is loaded again. That holds
 * even when the role that asked for it has ended in the meantime.
 */
import { assert } from '../base/assert.ts';
import { compareHalves, type Epoch, highHalf, lowHalf, zxidOf } from '../base/zxid.ts';
import type { DiskOutcome, DiskOutput, RecoveredEpochs, Replica } from './peer-ports.ts';
import type { TxnHistory } from './txn-history.ts';

export interface DurableParts {
  readonly disk: DiskOutput;
  readonly replica: Replica;
  readonly history: TxnHistory;
}

const nothing = () => {};

export class DurableState {
  /** Highest epoch that this server has promised to follow. */
  acceptedEpoch = 0 as Epoch;
  /** Epoch whose initial history this server holds. */
  currentEpoch = 0 as Epoch;
  /** Up to here the log is durable. */
  syncedHi = 0;
  syncedLo = 0;
  /** What is on disk cannot be brought in line with a leader's history: ask for a snapshot. */
  snapshotNeeded = false;
  private readonly disk: DiskOutput;
  private readonly replica: Replica;
  private readonly history: TxnHistory;

  constructor(parts: DurableParts) {
    this.disk = parts.disk;
    this.replica = parts.replica;
    this.history = parts.history;
  }

  /**
   * After a start. A log that ends in a later epoch than the files say was cut off by a crash
   * between the two (ZOOKEEPER-1653), and what was read back may never have reached the disk:
   * both are mended before anybody hears of it.
   */
  begin(recovered: RecoveredEpochs, then: () => void): void {
    this.syncedHi = this.history.lastHi;
    this.syncedLo = this.history.lastLo;
    const { acceptedEpoch, currentEpoch } = recovered;
    this.acceptedEpoch = acceptedEpoch;
    this.currentEpoch = currentEpoch;
    const entered = Math.max(currentEpoch, this.history.lastHi) as Epoch;
    const promised = Math.max(acceptedEpoch, entered) as Epoch;
    if (promised > acceptedEpoch) this.accept(promised, nothing);
    if (entered > currentEpoch) this.enter(entered, nothing);
    this.flush(then);
  }

  /** A proposal. `onSynced` tells when it is durable. */
  append(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    this.history.append(payload, start, end, zxidHi, zxidLo);
    this.disk.append(payload, start, end, zxidHi, zxidLo);
  }

  onSynced(zxidHi: number, zxidLo: number): void {
    if (compareHalves(zxidHi, zxidLo, this.syncedHi, this.syncedLo) <= 0) return;
    this.syncedHi = zxidHi;
    this.syncedLo = zxidLo;
  }

  /** `then`: all that was appended before is durable. */
  flush(then: () => void): void {
    this.disk.ask({ kind: 'flush' }, then);
  }

  /** Promises to follow no leader of an earlier epoch. */
  accept(epoch: Epoch, then: () => void): void {
    assert(epoch >= this.acceptedEpoch, 'a promise is not taken back');
    this.disk.ask({ kind: 'acceptedEpoch', epoch }, () => {
      this.acceptedEpoch = epoch;
      then();
    });
  }

  /**
   * Everything appended so far becomes durable, and after it the epoch that it was the history for:
   * in the other order a crash leaves a server that claims a history it does not have
   * (ZOOKEEPER-3911, 4643, 4646).
   */
  enter(epoch: Epoch, then: () => void): void {
    assert(epoch >= this.currentEpoch, 'epochs only grow');
    this.flush(nothing);
    this.disk.ask({ kind: 'currentEpoch', epoch }, () => {
      this.currentEpoch = epoch;
      then();
    });
  }

  /** Drops what is logged above this zxid; 'refused' when the disk cannot do that. */
  truncate(zxidHi: number, zxidLo: number, then: (outcome: DiskOutcome) => void): void {
    const zxid = zxidOf(zxidHi, zxidLo);
    this.disk.ask({ kind: 'truncate', zxid }, (outcome) => {
      if (outcome === 'done') this.forgetAbove(zxidHi, zxidLo);
      const { lastHi, lastLo } = this.history;
      const isCut = outcome === 'done' && lastHi === zxidHi && lastLo === zxidLo;
      if (!isCut) this.snapshotNeeded = true;
      then(isCut ? 'done' : 'refused');
    });
  }

  beginSnapshot(zxidHi: number, zxidLo: number): void {
    this.disk.ask({ kind: 'beginSnapshot', zxid: zxidOf(zxidHi, zxidLo) }, nothing);
  }

  snapshotBytes(bytes: Uint8Array, start: number, end: number): void {
    this.disk.snapshotBytes(bytes, start, end);
  }

  abandonSnapshot(): void {
    this.disk.ask({ kind: 'abandonSnapshot' }, nothing);
  }

  /** The snapshot is complete: it replaces everything on disk, and then in memory. */
  install(then: (outcome: DiskOutcome) => void): void {
    this.disk.ask({ kind: 'install' }, (outcome) => {
      if (outcome === 'done') {
        this.snapshotNeeded = false;
        this.reload();
      }
      then(outcome);
    });
  }

  private forgetAbove(zxidHi: number, zxidLo: number): void {
    const { history } = this;
    const isApplied = compareHalves(history.deliveredHi, history.deliveredLo, zxidHi, zxidLo) > 0;
    if (isApplied || !history.contains(zxidHi, zxidLo)) this.reload();
    else history.truncate(zxidHi, zxidLo);
    this.syncedHi = history.lastHi;
    this.syncedLo = history.lastLo;
  }

  private reload(): void {
    const { history } = this;
    const last = this.replica.reload();
    assert(
      history.lastHi === highHalf(last) && history.lastLo === lowHalf(last),
      'the history ends where the disk does',
    );
    this.syncedHi = history.lastHi;
    this.syncedLo = history.lastLo;
  }
}
