/**
 * Brings a state back from disk: the newest snapshot that verifies, then the logs behind it. It
 * either returns a state that is exactly the acknowledged history and is durable as a whole, or
 * throws a `RecoveryError` that says what is wrong and what to do; it never guesses. Repairs are
 * limited to what was never acknowledged: torn ends, empty files, unfinished temporary files.
 */
import type { Disk, Logger } from '../base/ports.ts';
import { hex64, type Zxid, zxidNone, zxidZero } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { digestVersion } from '../jute/txn.ts';
import {
  type DataDirectory,
  initializeName,
  joinPath,
  type LogFile,
  listStorage,
  type SnapshotFile,
  type StorageListing,
} from './data-directory.ts';
import { visitEmptyDatabase, writeEmptySnapshot } from './empty-snapshot.ts';
import { EpochFiles, type Epochs } from './epoch-files.ts';
import {
  LogReplay,
  type ReplayOptions,
  type ReplayResult,
  type ReplayStart,
  syncFile,
} from './log-replay.ts';
import { RecoveryError, type RecoverySink, restoreAdvice } from './recovery-sink.ts';
import type { Compression } from './snapshot-compression.ts';
import type { SnapshotTrailer } from './snapshot-format.ts';
import { finishInstall } from './snapshot-install.ts';
import { readSnapshotFile, snapshotDamage } from './snapshot-reader.ts';
import { payloadBytesMaxDefault } from './txn-log-format.ts';
import { TxnLogReader } from './txn-log-reader.ts';

export interface RecoveryOptions<State extends RecoverySink> {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly compression: Compression;
  readonly logger: Logger;
  /** Makes a brand-new state; called once for each snapshot that is tried. */
  readonly newState: () => State;
  /** `quorum` also settles the epoch files. */
  readonly role: 'standalone' | 'quorum';
  /**
   * The log's owner is at work and has made everything durable, by order of a leader. Then this
   * only reads, since files that look unfinished are the owner's: what needs a repair is refused.
   */
  readonly isReload?: boolean;
  /** `zookeeper.snapshot.trust.empty`: logs without any snapshot are replayed over nothing. */
  readonly trustEmptySnapshot?: boolean;
  /** `zookeeper.db.autocreate`, true unless set: an empty directory is a new database. */
  readonly autocreateDatabase?: boolean;
  /**
   * `zookeeper.recovery.truncateCorruptTail`, on a standalone server. A member of an ensemble that
   * has lost what it acknowledged must not vote, and a log that was cut would not tell any more.
   */
  readonly truncateCorruptTail?: boolean;
  readonly ignoreDigestMismatch?: boolean;
  /** Longest record and longest string, from `jute.maxbuffer`. */
  readonly payloadBytesMax?: number;
}

export interface RecoveryResult<State> {
  readonly state: State;
  /** -1 when there is no database yet: the member waits for a leader's SNAP. */
  readonly lastZxid: Zxid;
  readonly snapshotZxid: Zxid;
  readonly replayed: number;
  /** No snapshot on disk holds this state's beginning: write one before the first append. */
  readonly needsSnapshot: boolean;
  /** Null for a standalone server, and after a reload. */
  readonly epochs: Epochs | null;
}

interface Loaded<State> {
  readonly state: State;
  readonly path: string;
  readonly zxid: Zxid;
  readonly trailer: SnapshotTrailer;
  readonly needsSnapshot: boolean;
  readonly hasNoDatabase: boolean;
}

type RecoveryFiles = Pick<RecoveryOptions<RecoverySink>, 'disk' | 'directory' | 'role'>;

/** Throws `RecoveryError` or `DiskError`. */
export function recover<State extends RecoverySink>(
  options: RecoveryOptions<State>,
): RecoveryResult<State> {
  const { disk, directory, logger } = options;
  if (!options.isReload) finishInstallOnce(options);
  const listing = listStorage(disk, directory);
  for (const file of listing.foreign) logger.warn({ file }, 'ignoring a file that is not ours');
  if (!options.isReload) for (const path of listing.temporary) disk.remove(path);
  const loaded = loadNewestSnapshot(options, listing) ?? beginWithoutSnapshot(options, listing);
  const replayed = replay(options, listing.logs, loaded);
  refuseMissingEnd(listing, loaded.path, replayed.lastZxid);
  const lastZxid = loaded.hasNoDatabase ? zxidNone : replayed.lastZxid;
  return {
    state: loaded.state,
    lastZxid,
    snapshotZxid: loaded.zxid,
    replayed: replayed.replayed,
    needsSnapshot: loaded.needsSnapshot,
    epochs: options.isReload ? null : settleFiles(options, lastZxid),
  };
}

/** What a start leaves on disk is durable, and the epochs are those that its history proves. */
function settleFiles(options: RecoveryFiles, lastZxid: Zxid): Epochs | null {
  const { disk, directory, role } = options;
  makeDurable(disk, directory);
  const epochs = role === 'quorum' ? new EpochFiles(disk, directory).recover(lastZxid) : null;
  for (const path of initializeMarks(disk, directory)) disk.remove(path);
  return epochs;
}

function finishInstallOnce({ disk, directory, logger }: RecoveryOptions<RecoverySink>): void {
  const zxid = finishInstall(disk, directory);
  if (zxid === null) return;
  logger.warn({ zxid: hex64(zxid) }, "a leader's snapshot had been on its way: it is in place now");
}

/** Newest first; a damaged one is passed over. Null when there is none at all. */
function loadNewestSnapshot<State extends RecoverySink>(
  options: RecoveryOptions<State>,
  listing: StorageListing,
): Loaded<State> | null {
  const { disk, logger } = options;
  let newest: SnapshotFile | null = null;
  for (const snapshot of listing.snapshots) {
    newest ??= snapshot;
    const loaded = loadSnapshot(options, snapshot);
    if (typeof loaded === 'string') {
      logger.error({ file: snapshot.path }, `snapshot is damaged, trying an older one: ${loaded}`);
      continue;
    }
    if (snapshot.zxid < newest.zxid) {
      logger.error(
        { file: snapshot.path, newest: newest.path },
        'starting from a snapshot that is not the newest one',
      );
    }
    if (!options.isReload) syncFile(disk, snapshot.path);
    return loaded;
  }
  if (newest === null) return null;
  throw new RecoveryError(
    'bad-snapshot',
    { file: newest.path, offset: 0, zxid: newest.zxid },
    `no snapshot can be read, this is the newest: ${restoreAdvice}`,
  );
}

/** The reason as a string when the snapshot is damaged. */
function loadSnapshot<State extends RecoverySink>(
  options: RecoveryOptions<State>,
  snapshot: SnapshotFile,
): Loaded<State> | string {
  const { disk, compression } = options;
  const bufferBytesMax = options.payloadBytesMax ?? payloadBytesMaxDefault;
  const state = options.newState();
  try {
    state.beginSnapshot(snapshot.zxid);
    const trailer = readSnapshotFile(disk, snapshot, state, compression, bufferBytesMax);
    state.endSnapshot(fuzzyEndOf(snapshot.zxid, trailer));
    const { path, zxid } = snapshot;
    return { state, path, zxid, trailer, needsSnapshot: false, hasNoDatabase: false };
  } catch (error) {
    if (error instanceof JuteError) return error.message;
    // The state may have stumbled over bytes whose seal would not have held.
    const damage = snapshotDamage(disk, snapshot, compression, bufferBytesMax);
    if (damage !== null) return damage;
    throw error;
  }
}

/** Up to the txn after which the digest was taken; unknown without a usable digest section. */
function fuzzyEndOf(zxid: Zxid, trailer: SnapshotTrailer): Zxid | null {
  const digest = trailer.digest;
  if (digest === null) return null;
  return digest.zxid >= zxid ? digest.zxid : zxid;
}

function beginWithoutSnapshot<State extends RecoverySink>(
  options: RecoveryOptions<State>,
  listing: StorageListing,
): Loaded<State> {
  const { disk, directory, logger } = options;
  const log = listing.logs.find((file) => hasRecord(options, file));
  if (log !== undefined && options.trustEmptySnapshot !== true) {
    throw new RecoveryError(
      'no-snapshot',
      { file: log.path, offset: 0, zxid: log.zxid },
      `no snapshot found, but there are log entries: ${restoreAdvice}; or set snapshot.trust.empty`,
    );
  }
  const mayCreate =
    !options.isReload &&
    (options.autocreateDatabase !== false || initializeMarks(disk, directory).length > 0);
  if (log === undefined && mayCreate) {
    writeEmptySnapshot(disk, directory.snapshots);
    const [snapshot] = listStorage(disk, directory).snapshots;
    const loaded = loadSnapshot(options, snapshot);
    if (typeof loaded !== 'string') return loaded;
    throw new TypeError(`the empty snapshot cannot be read: ${loaded}`);
  }
  if (log === undefined && options.role === 'standalone') {
    // Nobody could send it a state. Apache's server starts with zxid -1 and refuses every client.
    throw new RecoveryError(
      'no-snapshot',
      { file: directory.snapshots, offset: 0, zxid: zxidZero },
      `there is no database, and db.autocreate is false: put an empty file ${initializeName} into ` +
        `${directory.dataDir} to begin a new one`,
    );
  }
  if (log !== undefined) {
    logger.warn(
      { file: log.path },
      'no snapshot: replaying all logs, as snapshot.trust.empty says',
    );
  }
  const state = options.newState();
  state.beginSnapshot(zxidZero);
  visitEmptyDatabase(state);
  state.endSnapshot(zxidZero);
  return {
    state,
    path: directory.snapshots,
    zxid: zxidZero,
    trailer: { digest: null, lastProcessedZxid: null },
    needsSnapshot: true,
    hasNoDatabase: log === undefined,
  };
}

function hasRecord<State extends RecoverySink>(
  options: RecoveryOptions<State>,
  log: LogFile,
): boolean {
  const file = options.disk.openRead(log.path);
  try {
    return new TxnLogReader(file, options.payloadBytesMax).next();
  } finally {
    file.close();
  }
}

function replay<State extends RecoverySink>(
  options: RecoveryOptions<State>,
  logs: LogFile[],
  loaded: Loaded<State>,
): ReplayResult {
  const { zxid, trailer } = loaded;
  const { digest } = trailer;
  const isUsable =
    digest !== null &&
    digest.zxid > zxidZero &&
    digest.zxid >= zxid &&
    digest.version === digestVersion;
  const start: ReplayStart = {
    state: loaded.state,
    snapshotPath: loaded.path,
    snapshotZxid: zxid,
    snapshotDigest: isUsable ? digest : null,
  };
  const replayOptions: ReplayOptions = {
    disk: options.disk,
    logger: options.logger,
    payloadBytesMax: options.payloadBytesMax ?? payloadBytesMaxDefault,
    mayRepair: !options.isReload,
    truncateCorruptTail: (options.truncateCorruptTail ?? false) && options.role === 'standalone',
    role: options.role,
    ignoreDigestMismatch: options.ignoreDigestMismatch ?? false,
  };
  return new LogReplay(replayOptions, start).run(logs);
}

/** A snapshot, even a damaged one, is proof that its txns were acknowledged. */
function refuseMissingEnd(listing: StorageListing, loadedPath: string, lastZxid: Zxid): void {
  const [newest] = listing.snapshots;
  if (newest === undefined || newest.zxid <= lastZxid) return;
  const last = `0x${lastZxid.toString(16)}`;
  throw new RecoveryError(
    'missing-txns',
    { file: newest.path, offset: 0, zxid: newest.zxid },
    `this snapshot is damaged, and ${loadedPath} with all logs ends at ${last}: ${restoreAdvice}`,
  );
}

/** Names: what was renamed or removed before the process died may not be durable yet. */
function makeDurable(disk: Disk, directory: DataDirectory): void {
  disk.syncDirectory(directory.snapshots);
  if (directory.logs !== directory.snapshots) disk.syncDirectory(directory.logs);
}

/** Apache looks for the mark in dataLogDir, its scripts and its manual put it into dataDir. */
function initializeMarks(disk: Disk, directory: DataDirectory): string[] {
  const paths = [directory.dataDir, directory.dataLogDir].map((at) => joinPath(at, initializeName));
  return [...new Set(paths)].filter((path) => disk.exists(path));
}
