/**
 * What the peer asks of the disk besides appends: promises of epochs, a history that is cut or
 * replaced. Each is carried out with synchronous calls and durable when it returns, so the answer
 * to the peer stands for the disk. Nothing waits in the log's batch meanwhile.
 */
import { assert } from '../base/assert.ts';
import type { Disk, Lock, Logger } from '../base/ports.ts';
import { type Epoch, hex64, type Zxid } from '../base/zxid.ts';
import type { DataDirectory } from '../storage/data-directory.ts';
import { EpochFiles } from '../storage/epoch-files.ts';
import { SnapshotInstall } from '../storage/snapshot-install.ts';
import type { TxnLogWriter } from '../storage/txn-log-writer.ts';
import type { DiskAsk, DiskOutcome } from '../zab/peer-ports.ts';

export interface LogAsksParts {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  /** Held while files of the history are removed: a purge would remove the same ones. */
  readonly lock: Lock;
  readonly logger: Logger;
}

export class LogAsks {
  private readonly parts: LogAsksParts;
  private readonly epochs: EpochFiles;
  /** The epoch that a start would find, at least. */
  private announced = 0;
  private install: SnapshotInstall | null = null;

  constructor(parts: LogAsksParts) {
    this.parts = parts;
    this.epochs = new EpochFiles(parts.disk, parts.directory);
  }

  /**
   * A txn of this epoch is about to be logged, perhaps before the epoch is entered: a start that
   * finds it without this mark would take the directory for inconsistent (ZOOKEEPER-1653).
   */
  beforeAppend(epoch: number): void {
    if (epoch > this.announced) this.announce(epoch as Epoch);
  }

  /** Throws `DiskError`. */
  carryOut(ask: DiskAsk, writer: TxnLogWriter): DiskOutcome {
    assert(writer.pendingTxns === 0, 'what was appended before is durable');
    switch (ask.kind) {
      case 'flush':
        break;
      case 'acceptedEpoch':
        this.epochs.writeAcceptedEpoch(ask.epoch);
        break;
      case 'currentEpoch':
        this.epochs.writeCurrentEpoch(ask.epoch);
        this.announced = Math.max(this.announced, ask.epoch);
        break;
      case 'truncate':
        return this.exclusively(() => this.truncate(ask.zxid, writer));
      case 'beginSnapshot':
        this.beginSnapshot(ask.zxid);
        break;
      case 'install':
        this.exclusively(() => this.finishSnapshot(writer));
        break;
      case 'abandonSnapshot':
        this.abandonSnapshot();
    }
    return 'done';
  }

  snapshotBytes(bytes: Uint8Array, start: number, end: number): void {
    assert(this.install !== null, 'a snapshot comes in');
    this.install.write(bytes, start, end);
  }

  private exclusively<T>(change: () => T): T {
    const { lock } = this.parts;
    lock.take();
    try {
      return change();
    } finally {
      lock.release();
    }
  }

  private announce(epoch: Epoch): void {
    this.epochs.prepareCurrentEpoch(epoch);
    this.announced = epoch;
  }

  private truncate(zxid: Zxid, writer: TxnLogWriter): DiskOutcome {
    const outcome = writer.truncate(zxid);
    const { logger } = this.parts;
    if (outcome.kind === 'needs-snapshot') {
      logger.warn({ zxid: hex64(zxid) }, 'No snapshot is old enough to cut the log there');
      return 'refused';
    }
    const { files, dropped } = outcome;
    logger.info({ zxid: hex64(zxid), files, dropped }, 'The log ends there now');
    return 'done';
  }

  private beginSnapshot(zxid: Zxid): void {
    this.abandonSnapshot();
    const { disk, directory } = this.parts;
    this.install = new SnapshotInstall(disk, directory, zxid);
  }

  private finishSnapshot(writer: TxnLogWriter): void {
    const { install } = this;
    assert(install !== null, 'a snapshot has come in');
    this.install = null;
    const epoch = Number(install.zxid >> 32n);
    if (epoch > this.announced) this.announce(epoch as Epoch);
    install.publish();
    writer.replaceHistory(install.zxid);
    install.finish();
  }

  private abandonSnapshot(): void {
    this.install?.abandon();
    this.install = null;
  }
}
