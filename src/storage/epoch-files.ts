/**
 * `acceptedEpoch` and `currentEpoch`: one decimal line each, replaced atomically (temporary name,
 * fsync, rename, fsync of the directory). A value is durable when the call returns, and only then
 * may a packet leave that depends on it. Standalone servers neither read nor write them.
 *
 * acceptedEpoch is written before ACKEPOCH; currentEpoch after the synchronized txns are durable
 * and before NEWLEADER is acknowledged. `prepareCurrentEpoch` leaves a mark beforehand, so that a
 * crash between the txns and the epoch does not make the directory look inconsistent.
 */
import type { Disk } from '../base/ports.ts';
import { type Epoch, highHalf, type Zxid } from '../base/zxid.ts';
import { decodeUtf8, encodeUtf8 } from '../jute/utf8.ts';
import {
  acceptedEpochName,
  currentEpochName,
  type DataDirectory,
  joinPath,
  temporarySuffix,
} from './data-directory.ts';
import { RecoveryError, restoreAdvice } from './recovery-sink.ts';

export interface Epochs {
  readonly accepted: Epoch;
  readonly current: Epoch;
}

const epochMax = 0x7fffffff;
const textBytesMax = 64;

export class EpochFiles {
  private readonly disk: Disk;
  private readonly directory: string;

  constructor(disk: Disk, directory: DataDirectory) {
    this.disk = disk;
    this.directory = directory.snapshots;
  }

  writeAcceptedEpoch(epoch: Epoch): void {
    this.replace(acceptedEpochName, epoch);
  }

  writeCurrentEpoch(epoch: Epoch): void {
    this.replace(currentEpochName, epoch);
  }

  /** Before the txns of a leader are written: announces the epoch that will be current. */
  prepareCurrentEpoch(epoch: Epoch): void {
    this.writeTemporary(currentEpochName, epoch);
    this.disk.syncDirectory(this.directory);
  }

  /**
   * The epochs at start, given the last zxid on disk. Both files are written anew: what was found
   * need not be durable, for the sync of the directory may be what ended the process before. A currentEpoch
   * behind the last zxid is raised to it when its temporary file shows that a synchronization was
   * cut short: that epoch's history is in the log, and nothing later was ever acknowledged.
   * (Apache takes the value in the temporary file, which may promise more than the log holds.)
   * Throws `RecoveryError`.
   */
  recover(lastZxid: Zxid): Epochs {
    const epochOfLast = Math.max(0, highHalf(lastZxid)) as Epoch;
    const current = this.read(currentEpochName, lastZxid);
    const settledCurrent = this.settleCurrent(current, epochOfLast, lastZxid);
    this.writeCurrentEpoch(settledCurrent);
    const accepted = this.read(acceptedEpochName, lastZxid);
    const settledAccepted = this.settleAccepted(accepted, settledCurrent, epochOfLast, lastZxid);
    this.writeAcceptedEpoch(settledAccepted);
    for (const name of [currentEpochName, acceptedEpochName]) {
      const path = joinPath(this.directory, name + temporarySuffix);
      if (this.disk.exists(path)) this.disk.remove(path);
    }
    return { accepted: settledAccepted, current: settledCurrent };
  }

  private settleCurrent(current: Epoch | null, epochOfLast: Epoch, lastZxid: Zxid): Epoch {
    if (current === null) return epochOfLast;
    if (current >= epochOfLast) return current;
    if (this.disk.exists(joinPath(this.directory, currentEpochName + temporarySuffix))) {
      return epochOfLast;
    }
    throw this.refusal(
      currentEpochName,
      lastZxid,
      `currentEpoch ${current} is older than the last txn: ${restoreAdvice}`,
    );
  }

  private settleAccepted(
    accepted: Epoch | null,
    current: Epoch,
    epochOfLast: Epoch,
    lastZxid: Zxid,
  ): Epoch {
    if (accepted === null) return Math.max(epochOfLast, current) as Epoch;
    if (accepted >= current) return accepted;
    const unfinished = this.parse(acceptedEpochName + temporarySuffix);
    if (typeof unfinished === 'number' && unfinished >= current) return unfinished;
    throw this.refusal(
      acceptedEpochName,
      lastZxid,
      `acceptedEpoch ${accepted} is less than currentEpoch ${current}: restore the file`,
    );
  }

  /** Null when there is no such file. Anything but a decimal number is refused. */
  private read(name: string, lastZxid: Zxid): Epoch | null {
    const epoch = this.parse(name);
    if (epoch !== 'garbage') return epoch;
    throw this.refusal(name, lastZxid, 'not a decimal epoch: restore the file');
  }

  private parse(name: string): Epoch | null | 'garbage' {
    const path = joinPath(this.directory, name);
    if (!this.disk.exists(path)) return null;
    const file = this.disk.openRead(path);
    try {
      const bytes = new Uint8Array(textBytesMax);
      const length = file.read(bytes, 0, textBytesMax, 0);
      const line = decodeUtf8(bytes, 0, length).split('\n')[0].trim();
      const isEpoch = /^\d{1,10}$/.test(line) && Number(line) <= epochMax;
      return isEpoch ? (Number(line) as Epoch) : 'garbage';
    } finally {
      file.close();
    }
  }

  private refusal(name: string, zxid: Zxid, message: string): RecoveryError {
    const file = joinPath(this.directory, name);
    return new RecoveryError('epoch', { file, offset: 0, zxid }, message);
  }

  private replace(name: string, epoch: Epoch): void {
    const temporary = this.writeTemporary(name, epoch);
    this.disk.rename(temporary, joinPath(this.directory, name));
    this.disk.syncDirectory(this.directory);
  }

  private writeTemporary(name: string, epoch: Epoch): string {
    const path = joinPath(this.directory, name + temporarySuffix);
    const file = this.disk.create(path);
    try {
      const text = encodeUtf8(String(epoch));
      file.write(text, 0, text.byteLength, 0);
      file.sync();
    } finally {
      file.close();
    }
    return path;
  }
}
