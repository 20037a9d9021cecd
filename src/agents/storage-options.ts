/** What the settings mean for the files: shared by recovery, the log and the jobs. */
import type { Settings } from '../config/settings.ts';
import { type DataDirectory, dataDirectory } from '../storage/data-directory.ts';

const extraBytesMin = 1024;

/** Longest log payload that Apache's reader accepts: a frame and the slack it allows for txns. */
export function payloadBytesMax(settings: Settings): number {
  const frame = settings['jute.maxbuffer'];
  const extra = settings['jute.maxbuffer.extrasize'];
  return frame + Math.max(extra < 0 ? frame : extra, extraBytesMin);
}

export function dataDirectoryOf(settings: Settings): DataDirectory {
  return dataDirectory(settings.dataDir, settings.dataLogDir || settings.dataDir);
}
