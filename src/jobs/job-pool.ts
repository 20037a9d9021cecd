/**
 * Where jobs run: in a piscina pool of one worker that starts with the first job, or, for servers
 * that live inside somebody's own thread, right here. One job at a time.
 */
import type { Piscina } from 'piscina';
import type { Disk } from '../base/ports.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import { type PurgeTask, purgeDirectory } from './purge.ts';
import { type SnapshotResult, type SnapshotTask, snapshotSlices } from './snapshot.ts';

export interface Jobs {
  /** Null when there can be none at present, see `snapshotSlices`. */
  snapshot(task: SnapshotTask): Promise<SnapshotResult | null>;
  purge(task: PurgeTask): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * `entry` is the URL of the bundled `job.ts`. An idle worker ends after a while. The pool is loaded
 * at once, while the server starts: that holds the thread up for 15 ms, which clients would feel
 * at the first snapshot.
 */
export function pooledJobs(entry: URL): Jobs {
  const pool = openPool(entry);
  // The first job tells what went wrong.
  pool.catch(() => {});
  const run = async (name: string, task: object) => (await pool).run(task, { name });
  return {
    snapshot: (task) => run('snapshot', task),
    purge: (task) => run('purge', task),
    close: async () => (await pool).destroy(),
  };
}

async function openPool(entry: URL): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({ filename: entry.href, minThreads: 0, maxThreads: 1, idleTimeout: 10_000 });
}

/** Jobs on the caller's thread, over the ports given. */
export function inlineJobs(disk: Disk, compression: Compression): Jobs {
  return {
    async snapshot(task) {
      const slices = snapshotSlices(task, disk, compression);
      for (;;) {
        const slice = slices.next();
        if (slice.done) return slice.value;
      }
    },
    purge: async (task) => purgeDirectory(task, disk, compression),
    close: async () => {},
  };
}
