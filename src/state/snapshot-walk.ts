/**
 * The walk of a fuzzy snapshot: sessions, ACL lists, nodes with parents first, from shared memory
 * into whatever takes them, while the keeper goes on writing. What it finds holds every effect up
 * to the zxid that was visible when it began, and perhaps some later ones, which replay repairs (as
 * in Apache's snapshots).
 */
import { type TreeWalker, WalkStep } from '../tree/tree-walker.ts';
import type { SessionTable } from './session-table.ts';

/** Takes a snapshot in the order in which it is stored. Bytes are valid during the call. */
export interface SnapshotSink {
  /** Exactly so many sessions, or ACL lists, follow. */
  beginSessions(count: number): void;
  session(idHi: number, idLo: number, timeoutMs: number): void;
  beginAcls(count: number): void;
  acl(id: number, bytes: Uint8Array, start: number, end: number): void;
  beginNodes(): void;
  node(
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    stat: Uint8Array,
    statStart: number,
  ): void;
}

/** How much lies between two pauses at the most: sessions or nodes, and bytes of nodes. */
export interface WalkSlice {
  readonly items: number;
  readonly bytes: number;
}

/** The tree was replaced during the walk: what came out of it is worth nothing. */
export class WalkAbandoned extends Error {
  constructor() {
    super('the tree was replaced during a snapshot');
  }
}

/**
 * The walk in slices; the caller decides how long to pause at each `yield`, and closes `walker`.
 * Throws `WalkAbandoned`.
 */
export function* walkSnapshot(
  walker: TreeWalker,
  sessions: SessionTable,
  sink: SnapshotSink,
  slice: WalkSlice,
): Generator<void, void> {
  yield* putSessions(sink, sessions, slice);
  const known = yield* putAcls(sink, walker);
  yield* putNodes(sink, walker, known, slice);
}

function* putSessions(sink: SnapshotSink, table: SessionTable, slice: WalkSlice) {
  const words: number[] = [];
  const count = table.walk((idHi, idLo, timeoutMs) => words.push(idHi, idLo, timeoutMs));
  sink.beginSessions(count);
  for (let i = 0; i < count; i++) {
    const [idHi, idLo, timeoutMs] = words.slice(3 * i, 3 * i + 3) as [number, number, number];
    sink.session(idHi, idLo, timeoutMs);
    if ((i + 1) % slice.items === 0) yield;
  }
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
function* putAcls(sink: SnapshotSink, walker: TreeWalker): Generator<void, KnownAcls> {
  const lists: { id: number; bytes: Uint8Array }[] = [];
  const take = (id: number, bytes: Uint8Array, start: number, end: number) =>
    lists.push({ id, bytes: bytes.slice(start, end) });
  while (!walker.forEachAcl(take)) yield;
  const ids = new Set(lists.map((list) => list.id));
  const placeholder = lists.reduce((highest, { id }) => Math.max(highest, id), 0) + 1;
  lists.push({ id: placeholder, bytes: closedAcl });
  sink.beginAcls(lists.length);
  for (const { id, bytes } of lists) sink.acl(id, bytes, 0, bytes.byteLength);
  return { ids, placeholder };
}

function* putNodes(sink: SnapshotSink, walker: TreeWalker, known: KnownAcls, slice: WalkSlice) {
  sink.beginNodes();
  for (let nodes = 0, bytes = 0; ; ) {
    const step = walker.step();
    if (step === WalkStep.end) return;
    if (step === WalkStep.abandoned) throw new WalkAbandoned();
    if (step === WalkStep.busy) {
      yield;
      continue;
    }
    const { record, pathStart, pathLength, dataStart, dataLength, statStart } = walker;
    const aclId =
      walker.aclId < 0 || known.ids.has(walker.aclId) ? walker.aclId : known.placeholder;
    const pathEnd = pathStart + pathLength;
    sink.node(
      ...([record, pathStart, pathEnd, record, dataStart, dataLength] as const),
      ...([aclId, record, statStart] as const),
    );
    nodes++;
    bytes += walker.recordLength;
    if (nodes < slice.items && bytes < slice.bytes) continue;
    nodes = bytes = 0;
    yield;
  }
}
