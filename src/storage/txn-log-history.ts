/**
 * Takes txns out of the history on disk when a leader says that they never happened: TRUNC cuts
 * the log after a zxid, SNAP puts all older logs out of the way. Every step is durable before the
 * next begins, newest file first, so that a crash at any moment leaves a history without holes.
 */
import { assert } from '../base/assert.ts';
import type { Disk } from '../base/ports.ts';
import { type Zxid, zxidOf } from '../base/zxid.ts';
import {
  type DataDirectory,
  joinPath,
  type LogFile,
  listStorage,
  obsoleteLogFileName,
  type StorageListing,
} from './data-directory.ts';
import { logHeaderBytes, payloadBytesMaxDefault } from './txn-log-format.ts';
import { TxnLogReader } from './txn-log-reader.ts';

export type TruncateOutcome =
  /** `dropped` bytes of records were cut off in the file that holds the last txn. */
  | { readonly kind: 'truncated'; readonly files: number; readonly dropped: number }
  | { readonly kind: 'needs-snapshot' };

/**
 * Drops every txn after `zxid`: snapshots above it first (a reload would pick them), then whole
 * log files, then the rest of the last one. Padding goes too. Nothing is changed when no snapshot
 * at or below `zxid` exists: the state could not be rebuilt, and the leader must send a SNAP.
 */
export function truncateHistory(
  disk: Disk,
  directory: DataDirectory,
  zxid: Zxid,
  payloadBytesMax: number = payloadBytesMaxDefault,
): TruncateOutcome {
  const listing = listStorage(disk, directory);
  if (!listing.snapshots.some((file) => file.zxid <= zxid)) return { kind: 'needs-snapshot' };
  let files = removeSnapshotsAbove(disk, directory, listing, zxid);
  const newestFirst = listing.logs.toReversed();
  for (const file of newestFirst) {
    if (file.zxid <= zxid) break;
    disk.remove(file.path);
    disk.syncDirectory(directory.logs);
    files++;
  }
  const last = newestFirst.find((file) => file.zxid <= zxid);
  const dropped = last === undefined ? 0 : cutAfter(disk, last, zxid, payloadBytesMax);
  return { kind: 'truncated', files, dropped };
}

function removeSnapshotsAbove(
  disk: Disk,
  directory: DataDirectory,
  listing: StorageListing,
  zxid: Zxid,
): number {
  let removed = 0;
  for (const file of listing.snapshots) {
    if (file.zxid <= zxid) continue;
    disk.remove(file.path);
    disk.syncDirectory(directory.snapshots);
    removed++;
  }
  return removed;
}

/** Cuts before the first record above `zxid`, or behind the last whole one. */
function cutAfter(disk: Disk, log: LogFile, zxid: Zxid, payloadBytesMax: number): number {
  const file = disk.openWrite(log.path);
  try {
    const reader = new TxnLogReader(file, payloadBytesMax);
    let cutAt = logHeaderBytes;
    while (reader.next() && zxidOf(reader.zxidHi, reader.zxidLo) <= zxid) {
      cutAt = reader.nextOffset;
    }
    assert(reader.stop?.reason !== 'header', `${log.path} is no log`);
    const size = file.size();
    if (size > cutAt) {
      file.truncate(cutAt);
      file.sync();
    }
    return size - cutAt;
  } finally {
    file.close();
  }
}

/**
 * After a SNAP: the snapshot of `zxid` is durable, and no log on disk belongs to its history any
 * more. Snapshots above it are removed, logs are renamed so that no reader takes them for real.
 */
export function retireHistory(disk: Disk, directory: DataDirectory, zxid: Zxid): number {
  const listing = listStorage(disk, directory);
  assert(
    listing.snapshots.some((file) => file.zxid === zxid),
    `no snapshot of zxid 0x${zxid.toString(16)} to stand on`,
  );
  const removed = removeSnapshotsAbove(disk, directory, listing, zxid);
  for (const file of listing.logs.toReversed()) {
    disk.rename(file.path, joinPath(directory.logs, obsoleteLogFileName(file.zxid)));
    disk.syncDirectory(directory.logs);
  }
  return removed + listing.logs.length;
}
