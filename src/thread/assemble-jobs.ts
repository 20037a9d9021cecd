/** Builds the housekeeper: which files the jobs work on follows from the settings. */
import { basic } from '../admin/metrics-layout.ts';
import { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { dataDirectoryOf, payloadBytesMax } from '../agents/storage-options.ts';
import type { Settings } from '../config/settings.ts';
import { Housekeeper } from '../jobs/housekeeper.ts';
import { inlineJobs, pooledJobs } from '../jobs/job-pool.ts';
import type { PurgeTask } from '../jobs/purge.ts';
import { type SnapshotTask, snapshotSlices } from '../jobs/snapshot.ts';
import { SharedStatus } from '../state/shared-status.ts';
import type { Ports } from './assemble.ts';
import { bundledEntry } from './bundled-entry.ts';
import type { SharedServer } from './shared.ts';

const hourMs = 3_600_000;

export function assembleHousekeeper(
  settings: Settings,
  shared: SharedServer,
  ports: Ports,
): Housekeeper {
  // The housekeeper is on the first front's thread.
  const metrics = new MetricsRecorder(shared.fronts[0]!.metrics, ports.random);
  const purgeHours = settings['autopurge.purgeInterval'];
  return new Housekeeper({
    jobs:
      shared.placement === 'inline'
        ? inlineJobs(ports.disk, ports.compression)
        : pooledJobs(bundledEntry('jobs/job.js')),
    snapshotTask: snapshotTaskFor(settings, shared),
    purgeTask: purgeHours > 0 ? purgeTaskFor(settings, shared) : null,
    purgeEveryMs: purgeHours * hourMs,
    logger: ports.logger,
    clock: ports.clock,
    onSnapshot: (tookMs) => metrics.add(basic.snapshottime, Math.round(tookMs)),
  });
}

/** A snapshot here and now, before anybody is served: all that was loaded is taken for committed. */
export function takeFirstSnapshot(
  settings: Settings,
  shared: SharedServer,
  { disk, compression }: Pick<Ports, 'disk' | 'compression'>,
): void {
  new SharedStatus(shared.status).stateIsCommitted = true;
  const slices = snapshotSlices(snapshotTaskFor(settings, shared), disk, compression);
  while (!slices.next().done);
}

function snapshotTaskFor(settings: Settings, shared: SharedServer): SnapshotTask {
  return {
    tree: shared.tree,
    sessions: shared.sessions,
    status: shared.status,
    directory: dataDirectoryOf(settings).snapshots,
    encoding: settings['snapshot.compression.method'] || 'plain',
    withDigest: settings['digest.enabled'],
    withLastProcessedZxid: settings['serializeLastProcessedZxid.enabled'],
  };
}

function purgeTaskFor(settings: Settings, shared: SharedServer): PurgeTask {
  return {
    lock: shared.historyLock,
    directory: dataDirectoryOf(settings),
    retainCount: settings['autopurge.snapRetainCount'],
    bufferBytesMax: payloadBytesMax(settings),
  };
}
