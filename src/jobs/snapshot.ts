/**
 * Takes a fuzzy snapshot: walks the shared tree while the keeper goes on writing. The name is the
 * zxid that was visible when the walk began, so the file holds every effect up to it and perhaps
 * some later ones, which replay repairs (as in Apache's `SyncRequestProcessor` snapshots). It
 * touches nothing but its own temporary file until it publishes.
 */
import type { Disk } from '../base/ports.ts';
import { joinHalves, type Zxid, zxidOf } from '../base/zxid.ts';
import { digestVersion } from '../jute/txn.ts';
import { SessionTable, type SessionTableMemory } from '../state/session-table.ts';
import { Serving, SharedStatus, type SharedStatusMemory } from '../state/shared-status.ts';
import { WalkAbandoned, type WalkSlice, walkSnapshot } from '../state/snapshot-walk.ts';
import { joinPath, type SnapshotEncoding, snapshotFileName } from '../storage/data-directory.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import { SnapshotWriter } from '../storage/snapshot-writer.ts';
import type { TreeMemory } from '../tree/tree-memory.ts';
import { TreeView } from '../tree/tree-view.ts';
import { TreeWalker } from '../tree/tree-walker.ts';

/** Plain data, so that it can be posted to a worker. */
export interface SnapshotTask {
  readonly tree: TreeMemory;
  readonly sessions: SessionTableMemory;
  readonly status: SharedStatusMemory;
  /** The `version-2` directory of snapshots. */
  readonly directory: string;
  readonly encoding: SnapshotEncoding;
  /** `zookeeper.digest.enabled` and `serializeLastProcessedZxid.enabled`. */
  readonly withDigest: boolean;
  readonly withLastProcessedZxid: boolean;
}

export interface SnapshotResult {
  /** False when a snapshot of this zxid is there already. */
  readonly written: boolean;
  readonly zxid: Zxid;
  readonly path: string;
  readonly nodes: number;
  readonly bytes: number;
}

const observationsMax = 1_000_000;
/** Short enough that a keeper on the same core is not held up. */
const slice: WalkSlice = { items: 4096, bytes: 16 * 1024 * 1024 };

/**
 * The work in slices; the caller decides how long to pause at each `yield`. Null, and no file, when
 * the tree holds what a leader may yet order to forget: a snapshot would bring it back; and when the
 * server stops, for nobody waits for it then. Throws `DiskError`, and then there is no file, either.
 */
export function* snapshotSlices(
  task: SnapshotTask,
  disk: Disk,
  compression: Compression,
): Generator<void, SnapshotResult | null> {
  const walker = new TreeWalker(task.tree);
  try {
    while (!walker.begin()) yield;
    const status = new SharedStatus(task.status);
    if (!isWanted(status)) return null;
    // Behind the begin: a tree that is replaced from here on is noticed, its zxid names no file.
    const { zxid } = observe(new TreeView(task.tree));
    const path = joinPath(task.directory, snapshotFileName(zxid, task.encoding));
    if (disk.exists(path)) return { written: false, zxid, path, nodes: 0, bytes: 0 };
    const { directory, encoding } = task;
    const writer = new SnapshotWriter({ disk, directory, zxid, encoding, compression });
    try {
      for (const _ of walkSnapshot(walker, new SessionTable(task.sessions), writer, slice)) {
        yield;
        if (!isWanted(status)) return null;
      }
      if (!isWanted(status)) return null;
      publish(writer, task, zxid);
    } finally {
      writer.abort();
    }
    return { written: true, zxid, path, nodes: writer.nodeCount, bytes: writer.fileBytes };
  } catch (error) {
    if (error instanceof WalkAbandoned) return null;
    throw error;
  } finally {
    walker.close();
  }
}

function isWanted(status: SharedStatus): boolean {
  return status.stateIsCommitted && status.serving !== Serving.stopping;
}

/** Zxid and digest of one state. */
function observe(view: TreeView): { zxid: Zxid; digest: bigint } {
  for (let tries = 0; tries < observationsMax; tries++) {
    const sequence = view.beginRead();
    if (sequence < 0) continue;
    const zxid = zxidOf(view.lastZxidHi, view.lastZxidLo);
    const digest = joinHalves(view.digestHi, view.digestLo);
    if (view.endRead(sequence)) return { zxid, digest };
  }
  throw new Error('the tree was never at rest: no snapshot this time');
}

/** The digest section says how far the walk may have gone: the state when it ended. */
function publish(writer: SnapshotWriter, task: SnapshotTask, zxid: Zxid): void {
  const end = observe(new TreeView(task.tree));
  writer.publish({
    digest: task.withDigest ? { ...end, version: digestVersion } : null,
    lastProcessedZxid: task.withLastProcessedZxid ? zxid : null,
  });
}
