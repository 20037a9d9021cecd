/** What the settings mean for the files: shared by recovery, the log and the jobs. */
import type { Settings } from '../config/settings.ts';
import { type DataDirectory, dataDirectory } from '../storage/data-directory.ts';
import { payloadBytesMaxDefault } from '../storage/txn-log-format.ts';

const extraBytesMin = 1024;

/**
 * Longest log payload that Apache's reader accepts: a frame and the slack it allows for txns. Never
 * less than by default, since a txn may be longer than any request: a closeSession lists nodes.
 */
export function payloadBytesMax(settings: Settings): number {
  const frame = settings['jute.maxbuffer'];
  const extra = settings['jute.maxbuffer.extrasize'];
  const bytes = frame + Math.max(extra < 0 ? frame : extra, extraBytesMin);
  return Math.max(bytes, payloadBytesMaxDefault);
}

export function dataDirectoryOf(settings: Settings): DataDirectory {
  return dataDirectory(settings.dataDir, settings.dataLogDir || settings.dataDir);
}
