/** The purge as a job: what `storage/purge.ts` does, as a task of plain data. */
import type { Disk } from '../base/ports.ts';
import { type LockMemory, ThreadLock } from '../ring/thread-lock.ts';
import type { DataDirectory } from '../storage/data-directory.ts';
import { purge } from '../storage/purge.ts';
import type { Compression } from '../storage/snapshot-compression.ts';

export interface PurgeTask {
  readonly directory: DataDirectory;
  /** Of the files of the history. */
  readonly lock: LockMemory;
  /** Snapshots that verify and are kept, with every log they need. */
  readonly retainCount: number;
  /** Longest data and names that are read, as for recovery: what it would read is no damage. */
  readonly bufferBytesMax?: number;
}

/** Returns the paths that were removed. Throws `DiskError`. */
export function purgeDirectory(task: PurgeTask, disk: Disk, compression: Compression): string[] {
  const lock = new ThreadLock(task.lock);
  return purge({ ...task, lock, disk, compression }).removed;
}
