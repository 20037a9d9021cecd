/**
 * Removes snapshots and logs that no recovery can need any more (Apache `PurgeTxnLog`). A snapshot
 * counts as kept only when all its seals hold: with damaged ones in between, older ones and every
 * log behind them stay. Foreign names are never touched. It has its own thread; when the log is
 * cut or replaced at the same time, it leaves everything for the next time.
 */
import { assert } from '../base/assert.ts';
import type { Disk, Lock } from '../base/ports.ts';
import type { Zxid } from '../base/zxid.ts';
import { type DataDirectory, type LogFile, listStorage } from './data-directory.ts';
import type { Compression } from './snapshot-compression.ts';
import { snapshotDamage } from './snapshot-reader.ts';

/** `autopurge.snapRetainCount` has this minimum and default. */
export const snapRetainCountMin = 3;

export interface PurgeOptions {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly compression: Compression;
  /** Held by whoever cuts or replaces the history: what one of them lists, no other removes. */
  readonly lock: Lock;
  /** Snapshots (of different zxids) to keep, at least `snapRetainCountMin`. */
  readonly retainCount: number;
  readonly bufferBytesMax?: number;
}

export interface PurgeResult {
  /** Paths, in the order of removal. */
  readonly removed: string[];
  /** Snapshots that do not verify; those older than every kept one are removed. */
  readonly damaged: string[];
}

/** Throws `DiskError`; what was removed until then was not needed. */
export function purge(options: PurgeOptions): PurgeResult {
  const { disk, directory, retainCount } = options;
  assert(retainCount >= snapRetainCountMin, `at least ${snapRetainCountMin} snapshots are kept`);
  const listing = listStorage(disk, directory);
  // Names that a crash could still take away must not be counted on.
  disk.syncDirectory(directory.snapshots);
  const damaged: string[] = [];
  const kept = new Set<Zxid>();
  for (const snapshot of listing.snapshots) {
    if (kept.size === retainCount && !kept.has(snapshot.zxid)) break;
    const damage = snapshotDamage(disk, snapshot, options.compression, options.bufferBytesMax);
    if (damage === null) kept.add(snapshot.zxid);
    else damaged.push(snapshot.path);
  }
  return { removed: kept.size === 0 ? [] : removeUnneeded(options, kept), damaged };
}

/** The snapshots of `kept` were verified; whether they are still there is looked up again. */
function removeUnneeded({ disk, directory, lock }: PurgeOptions, kept: Set<Zxid>): string[] {
  if (!lock.tryTake()) return [];
  try {
    const listing = listStorage(disk, directory);
    const present = new Set(listing.snapshots.map(({ zxid }) => zxid));
    if ([...kept].some((zxid) => !present.has(zxid))) return [];
    const oldest = [...kept].at(-1) as Zxid;
    const unneeded: LogFile[] = [
      ...listing.snapshots.filter((file) => file.zxid < oldest),
      ...unneededLogs(listing.logs, oldest),
      ...listing.obsoleteLogs.filter((file) => file.zxid < oldest),
    ];
    for (const file of unneeded) disk.remove(file.path);
    return unneeded.map((file) => file.path);
  } finally {
    lock.release();
  }
}

/** The newest log that begins at or before `oldest` may hold txns behind it; it stays. */
function unneededLogs(logs: LogFile[], oldest: Zxid): LogFile[] {
  const firstNeeded = logs.findLastIndex((log) => log.zxid <= oldest);
  return logs.slice(0, Math.max(0, firstNeeded));
}
