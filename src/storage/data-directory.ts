/**
 * Names and places: the layout of a data directory, the names of snapshots and logs, and what is
 * found there. It creates directories, and it never reads a file's content.
 *
 *   <dataDir>/version-2/snapshot.<hex zxid>[.gz|.snappy]   currentEpoch   acceptedEpoch
 *   <dataLogDir>/version-2/log.<hex zxid of the first record>
 *
 * Apache takes every name that starts with `log.` or `snapshot.` for a real file and so replays
 * leftovers of tools; only exact names count here, others are reported as foreign.
 */
import { type Disk, DiskError } from '../base/ports.ts';
import { type Zxid, zxidZero } from '../base/zxid.ts';

export interface DataDirectory {
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** `<dataDir>/version-2`: snapshots and epoch files. */
  readonly snapshots: string;
  /** `<dataLogDir>/version-2`: logs. */
  readonly logs: string;
}

export type SnapshotEncoding = 'plain' | 'gz' | 'snappy';

export interface LogFile {
  readonly name: string;
  readonly path: string;
  /** Zxid of the first record, from the name. */
  readonly zxid: Zxid;
}

export interface SnapshotFile extends LogFile {
  readonly encoding: SnapshotEncoding;
}

export interface StorageListing {
  /** Newest first; of one zxid the plain one first. */
  readonly snapshots: SnapshotFile[];
  /** Oldest first. */
  readonly logs: LogFile[];
  /** Logs that a full sync has moved out of the way, oldest first. */
  readonly obsoleteLogs: LogFile[];
  /** Paths of our own unfinished atomic writes of snapshots. */
  readonly temporary: string[];
  /** Paths of names that mean nothing to us. */
  readonly foreign: string[];
}

/** The directory cannot be used at all; the process ends with exit code 3, as Apache's does. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
  readonly exitCode = 3;
}

export const currentEpochName = 'currentEpoch';
export const acceptedEpochName = 'acceptedEpoch';
export const temporarySuffix = '.tmp';
export const lockName = '.lock';
export const initializeName = 'initialize';
/** There while a leader's snapshot takes the place of the history; its content is a zxid. */
export const installMarkName = 'installing';
/** Where it comes in; no snapshot that this server takes itself has this name. */
export const installTemporaryName = installMarkName + temporarySuffix;

const ourOtherNames = new Set([
  currentEpochName,
  acceptedEpochName,
  currentEpochName + temporarySuffix,
  acceptedEpochName + temporarySuffix,
  lockName,
  installMarkName,
  installTemporaryName,
]);
const extensions: Record<SnapshotEncoding, string> = { plain: '', gz: '.gz', snappy: '.snappy' };
const encodingOrder: SnapshotEncoding[] = ['plain', 'gz', 'snappy'];
const logPattern = /^(obsolete-)?log\.(0|[1-9a-f][0-9a-f]{0,15})$/;
const snapshotPattern = /^snapshot\.(0|[1-9a-f][0-9a-f]{0,15})(?:\.(gz|snappy))?(\.tmp)?$/;
const zxidMax = 0x7fffffffffffffffn;

export function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

export function parentPath(path: string): string {
  const at = path.lastIndexOf('/');
  if (at < 0) return '.';
  return at === 0 ? '/' : path.slice(0, at);
}

export function dataDirectory(dataDir: string, dataLogDir: string = dataDir): DataDirectory {
  const data = withoutSlash(dataDir);
  const log = withoutSlash(dataLogDir);
  return {
    dataDir: data,
    dataLogDir: log,
    snapshots: joinPath(data, 'version-2'),
    logs: joinPath(log, 'version-2'),
  };
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

export function logFileName(zxid: Zxid): string {
  return `log.${zxid.toString(16)}`;
}

export function snapshotFileName(zxid: Zxid, encoding: SnapshotEncoding = 'plain'): string {
  return `snapshot.${zxid.toString(16)}${extensions[encoding]}`;
}

export function obsoleteLogFileName(zxid: Zxid): string {
  return `obsolete-${logFileName(zxid)}`;
}

/**
 * Makes both `version-2` directories durable, and refuses a mix of logs and snapshots when the
 * two places differ (Apache `FileTxnSnapLog.checkLogDir`, `checkSnapDir`). Without `autocreate`
 * (`zookeeper.datadir.autocreate`) a missing directory is an error. Throws `DataDirectoryError`.
 */
export function openDataDirectory(disk: Disk, directory: DataDirectory, autocreate: boolean): void {
  try {
    makeUsable(disk, directory, autocreate);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const { message } = error;
    throw new DataDirectoryError(`the data directory cannot be used: ${message}`, { cause: error });
  }
  if (directory.logs === directory.snapshots) return;
  refuseNames(disk, directory.logs, 'snapshot.', 'the log directory');
  refuseNames(disk, directory.snapshots, 'log.', 'the snapshot directory');
}

function makeUsable(disk: Disk, directory: DataDirectory, autocreate: boolean): void {
  for (const path of new Set([directory.snapshots, directory.logs])) {
    if (disk.exists(path)) {
      // A start before may have died between the directory and its entry.
      disk.syncDirectory(parentPath(path));
      continue;
    }
    if (!autocreate) {
      throw new DataDirectoryError(
        `${path} does not exist and zookeeper.datadir.autocreate is false: create it first`,
      );
    }
    makeDirectories(disk, path);
  }
}

function makeDirectories(disk: Disk, path: string): void {
  if (disk.exists(path)) return;
  const parent = parentPath(path);
  if (parent !== path) makeDirectories(disk, parent);
  disk.makeDirectory(path);
  disk.syncDirectory(parent);
}

function refuseNames(disk: Disk, directory: string, prefix: string, what: string): void {
  const found = disk.list(directory).find((name) => name.startsWith(prefix));
  if (found === undefined) return;
  throw new DataDirectoryError(
    `${what} ${directory} holds ${found}: check dataDir and dataLogDir, or move the file`,
  );
}

/** What lies in the two directories, by exact names. */
export function listStorage(disk: Disk, directory: DataDirectory): StorageListing {
  const listing: StorageListing = {
    snapshots: [],
    logs: [],
    obsoleteLogs: [],
    temporary: [],
    foreign: [],
  };
  const shared = directory.logs === directory.snapshots;
  for (const name of disk.list(directory.snapshots)) {
    const path = joinPath(directory.snapshots, name);
    if (takeSnapshotName(listing, name, path)) continue;
    if (shared && takeLogName(listing, name, path)) continue;
    if (!ourOtherNames.has(name)) listing.foreign.push(path);
  }
  if (!shared) {
    for (const name of disk.list(directory.logs)) {
      const path = joinPath(directory.logs, name);
      if (!takeLogName(listing, name, path) && name !== lockName) listing.foreign.push(path);
    }
  }
  listing.snapshots.sort((a, b) => byZxid(b, a) || byEncoding(a, b));
  listing.logs.sort(byZxid);
  listing.obsoleteLogs.sort(byZxid);
  return listing;
}

function takeSnapshotName(listing: StorageListing, name: string, path: string): boolean {
  const match = snapshotPattern.exec(name);
  const zxid = match === null ? null : parseZxid(match[1]);
  if (match === null || zxid === null) return false;
  if (match[3] !== undefined) listing.temporary.push(path);
  else {
    const encoding = (match[2] ?? 'plain') as SnapshotEncoding;
    listing.snapshots.push({ name, path, zxid, encoding });
  }
  return true;
}

function takeLogName(listing: StorageListing, name: string, path: string): boolean {
  const match = logPattern.exec(name);
  const zxid = match === null ? null : parseZxid(match[2]);
  if (match === null || zxid === null) return false;
  (match[1] === undefined ? listing.logs : listing.obsoleteLogs).push({ name, path, zxid });
  return true;
}

function parseZxid(hex: string | undefined): Zxid | null {
  if (hex === undefined) return null;
  const value = BigInt(`0x${hex}`);
  return value >= zxidZero && value <= zxidMax ? (value as Zxid) : null;
}

function byZxid(a: LogFile, b: LogFile): number {
  return a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : 0;
}

function byEncoding(a: SnapshotFile, b: SnapshotFile): number {
  return encodingOrder.indexOf(a.encoding) - encodingOrder.indexOf(b.encoding);
}
