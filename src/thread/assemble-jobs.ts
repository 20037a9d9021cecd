/** Builds the housekeeper: which files the jobs work on follows from the settings. */
import { dataDirectoryOf, payloadBytesMax } from '../agents/storage-options.ts';
import type { Settings } from '../config/settings.ts';
import { Housekeeper } from '../jobs/housekeeper.ts';
import { inlineJobs, pooledJobs } from '../jobs/job-pool.ts';
import type { PurgeTask } from '../jobs/purge.ts';
import type { Ports } from './assemble.ts';
import { bundledEntry } from './bundled-entry.ts';
import type { SharedServer } from './shared.ts';

const hourMs = 3_600_000;

export function assembleHousekeeper(
  settings: Settings,
  shared: SharedServer,
  ports: Ports,
): Housekeeper {
  const directory = dataDirectoryOf(settings);
  const purgeHours = settings['autopurge.purgeInterval'];
  return new Housekeeper({
    jobs:
      shared.placement === 'inline'
        ? inlineJobs(ports.disk, ports.compression)
        : pooledJobs(bundledEntry('jobs/job.js')),
    snapshotTask: {
      tree: shared.tree,
      sessions: shared.sessions,
      status: shared.status,
      directory: directory.snapshots,
      encoding: settings['snapshot.compression.method'] || 'plain',
      withDigest: settings['digest.enabled'],
      withLastProcessedZxid: settings['serializeLastProcessedZxid.enabled'],
    },
    purgeTask: purgeHours > 0 ? purgeTaskFor(settings) : null,
    purgeEveryMs: purgeHours * hourMs,
    logger: ports.logger,
  });
}

function purgeTaskFor(settings: Settings): PurgeTask {
  return {
    directory: dataDirectoryOf(settings),
    retainCount: settings['autopurge.snapRetainCount'],
    bufferBytesMax: payloadBytesMax(settings),
  };
}
