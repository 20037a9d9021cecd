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
import { joinPath, type SnapshotEncoding, snapshotFileName } from '../storage/data-directory.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import { SnapshotWriter } from '../storage/snapshot-writer.ts';
import type { TreeMemory } from '../tree/tree-memory.ts';
import { TreeView } from '../tree/tree-view.ts';
import { TreeWalker, WalkStep } from '../tree/tree-walker.ts';

/** Plain data, so that it can be posted to a worker. */
export interface SnapshotTask {
  readonly tree: TreeMemory;
  readonly sessions: SessionTableMemory;
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

/** Nodes between two pauses: short enough that a keeper on the same core is not held up. */
const nodesPerSlice = 4096;
const observationsMax = 1_000_000;

/**
 * The work in slices; the caller decides how long to pause at each `yield`. Throws `DiskError`,
 * and then there is no file.
 */
export function* snapshotSlices(
  task: SnapshotTask,
  disk: Disk,
  compression: Compression,
): Generator<void, SnapshotResult> {
  const walker = new TreeWalker(task.tree);
  try {
    const { zxid } = observe(new TreeView(task.tree));
    const path = joinPath(task.directory, snapshotFileName(zxid, task.encoding));
    if (disk.exists(path)) return { written: false, zxid, path, nodes: 0, bytes: 0 };
    const { directory, encoding } = task;
    const writer = new SnapshotWriter({ disk, directory, zxid, encoding, compression });
    try {
      writeSessions(writer, new SessionTable(task.sessions));
      const known = yield* writeAcls(writer, walker);
      yield* writeNodes(writer, walker, known);
      publish(writer, task, zxid);
    } finally {
      writer.abort();
    }
    return { written: true, zxid, path, nodes: writer.nodeCount, bytes: writer.fileBytes };
  } finally {
    walker.close();
  }
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

function writeSessions(writer: SnapshotWriter, table: SessionTable): void {
  const sessions: [idHi: number, idLo: number, timeoutMs: number][] = [];
  table.walk((idHi, idLo, timeoutMs) => sessions.push([idHi, idLo, timeoutMs]));
  writer.beginSessions(sessions.length);
  for (const session of sessions) writer.session(...session);
}

/** What a snapshot knows of ACLs: the ids in its table, and one that stands for all others. */
interface KnownAcls {
  readonly ids: ReadonlySet<number>;
  readonly placeholder: number;
}

/** A list that permits nothing. */
const closedAcl = Uint8Array.from([
  ...[0, 0, 0, 1, 0, 0, 0, 0],
  ...[0, 0, 0, 5, 0x77, 0x6f, 0x72, 0x6c, 0x64],
  ...[0, 0, 0, 6, 0x61, 0x6e, 0x79, 0x6f, 0x6e, 0x65],
]);

/**
 * The ACL table stands in front of the nodes, so a node may be met whose list is younger than the
 * table. Its txn is younger than the snapshot's name too: replay sets the list anew. Until then
 * it has a list that permits nothing, for Apache's loader refuses ids that are not in the table.
 */
function* writeAcls(writer: SnapshotWriter, walker: TreeWalker): Generator<void, KnownAcls> {
  const lists: { id: number; bytes: Uint8Array }[] = [];
  const take = (id: number, bytes: Uint8Array, start: number, end: number) =>
    lists.push({ id, bytes: bytes.slice(start, end) });
  while (!walker.forEachAcl(take)) yield;
  const ids = new Set(lists.map((list) => list.id));
  const placeholder = Math.max(0, ...ids) + 1;
  lists.push({ id: placeholder, bytes: closedAcl });
  writer.beginAcls(lists.length);
  for (const { id, bytes } of lists) writer.acl(id, bytes, 0, bytes.byteLength);
  return { ids, placeholder };
}

function* writeNodes(writer: SnapshotWriter, walker: TreeWalker, known: KnownAcls) {
  writer.beginNodes();
  for (let nodes = 0; ; ) {
    const step = walker.step();
    if (step === WalkStep.end) return;
    if (step === WalkStep.abandoned) throw new Error('the tree was replaced during a snapshot');
    if (step === WalkStep.busy) {
      yield;
      continue;
    }
    const { record, pathStart, pathLength, dataStart, dataLength, statStart } = walker;
    const aclId =
      walker.aclId < 0 || known.ids.has(walker.aclId) ? walker.aclId : known.placeholder;
    const pathEnd = pathStart + pathLength;
    writer.node(
      ...([record, pathStart, pathEnd, record, dataStart, dataLength] as const),
      ...([aclId, record, statStart] as const),
    );
    if (++nodes % nodesPerSlice === 0) yield;
  }
}

/** The digest section says how far the walk may have gone: the state when it ended. */
function publish(writer: SnapshotWriter, task: SnapshotTask, zxid: Zxid): void {
  const end = observe(new TreeView(task.tree));
  writer.publish({
    digest: task.withDigest ? { ...end, version: digestVersion } : null,
    lastProcessedZxid: task.withLastProcessedZxid ? zxid : null,
  });
}
