/** Entry of the piscina workers: one exported function a task. A task is plain data. */
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeCompression } from '../storage/node-compression.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import { type PurgeTask, purgeDirectory } from './purge.ts';
import { type SnapshotResult, type SnapshotTask, snapshotSlices } from './snapshot.ts';

/** Long enough to leave a core to the keeper, short enough that a million nodes take seconds. */
const pauseMs = 1;

export async function snapshot(task: SnapshotTask): Promise<SnapshotResult | null> {
  const slices = snapshotSlices(task, new NodeDisk(), nodeCompression);
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
    await sleep(pauseMs);
  }
}

export function purge(task: PurgeTask): string[] {
  return purgeDirectory(task, new NodeDisk(), nodeCompression);
}
