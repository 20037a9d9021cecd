/**
 * Serves what is no write, in the order of each session: at once when nothing of the session waits,
 * else when it is at the head of its line. Syncs wait in line, too, and all of them in one queue,
 * in which they are done.
 *
 * A line also rests while its client has to read what it was sent, and while the ring is full. One
 * thing goes on all the same: what stands in front of a write that is applied now, for it may not
 * see that write.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { inFlightPerConnectionMax, repliedBytesMax } from '../base/limits.ts';
import { compareHalves } from '../base/zxid.ts';
import type { WriteRow } from '../ops/op-table.ts';
import type { TreeView } from '../tree/tree-view.ts';
import { BarrierQueue } from './barrier-queue.ts';
import { Waiting } from './commit-order.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { KeeperOutput, KeeperParts } from './keeper-ports.ts';
import { ReadStage } from './read-stage.ts';

/** Entries in one connection's line. The front stops reading a socket long before. */
const lineEntriesMax = 2 * inFlightPerConnectionMax;

export interface ServingOrderParts {
  readonly keeper: KeeperParts;
  readonly connections: Connections;
  /** Forgets a connection and closes it. */
  readonly end: (connection: Connection) => void;
}

export class ServingOrder {
  private readonly connections: Connections;
  private readonly tree: TreeView;
  private readonly output: KeeperOutput;
  private readonly end: (connection: Connection) => void;
  private readonly reads: ReadStage;
  private postponed: Connection[] = [];
  private readonly syncs = new BarrierQueue();

  constructor({ keeper, connections, end }: ServingOrderParts) {
    this.connections = connections;
    this.tree = keeper.tree;
    this.output = keeper.output;
    this.end = end;
    this.reads = new ReadStage(keeper);
  }

  /** A request, from its header on, in `bytes[start..end)`: now, or when it is its turn. */
  serve(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    const { line } = connection;
    if (line.count > 0 || connection.isHeld) line.pushRequest(bytes, start, end);
    else if (!this.reads.serve(connection, bytes, view, start, end)) this.end(connection);
    else this.maybeRest(connection);
    this.checkLength(connection);
  }

  /**
   * Is this write refused before anybody decides on it? Then it is answered when it is its turn;
   * Apache's server does so at once.
   */
  refuses(
    connection: Connection,
    row: WriteRow,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    const err = this.reads.checkEagerly(connection, row, bytes, view, start, end);
    if (err === ErrorCode.ok) return false;
    const xid = view.getInt32(start);
    const { line } = connection;
    if (line.count > 0 || connection.isHeld) line.pushRefusal(xid, err);
    else {
      this.reads.refuse(connection, xid, err);
      this.maybeRest(connection);
    }
    this.checkLength(connection);
    return true;
  }

  /** A sync: when it is done, at the earliest. The zxid is that of the last proposal, if any. */
  serveWhenSynced(
    connection: Connection,
    bytes: Uint8Array,
    start: number,
    end: number,
    zxidHi: number,
    zxidLo: number,
  ): void {
    connection.line.pushBarrier(bytes, start, end);
    this.syncs.push(connection.cnxnId, zxidHi, zxidLo);
    this.checkLength(connection);
  }

  /** Who has more in line than this does not play by the rules. */
  checkLength(connection: Connection): void {
    if (connection.line.count > lineEntriesMax) this.end(connection);
  }

  /** The oldest sync of all is done. */
  onSyncDone(): void {
    if (this.syncs.isEmpty) return;
    const connection = this.connections.get(this.syncs.shift());
    if (connection === undefined) return;
    connection.syncsDone++;
    this.moveOn(connection);
  }

  /** Where nobody else has a say: syncs are done whose proposals are applied. */
  onApplied(): void {
    const { syncs, tree } = this;
    while (
      !syncs.isEmpty &&
      compareHalves(syncs.headZxidHi, syncs.headZxidLo, tree.lastZxidHi, tree.lastZxidLo) <= 0
    ) {
      this.onSyncDone();
    }
  }

  /**
   * The oldest write in line is about to be applied. A sync in front of it is done then, since it
   * was asked for earlier; what stands between the two is answered now. False when the connection
   * ends over it.
   */
  bringWriteToHead(connection: Connection): boolean {
    this.serveLine(connection, true);
    return this.isThere(connection);
  }

  /** Serves what is at the head of the line, up to the next write that is not applied yet. */
  moveOn(connection: Connection): void {
    this.serveLine(connection, false);
  }

  /** What this connection was sent has been read: its line goes on. */
  onRoom(cnxnId: number): void {
    const connection = this.connections.get(cnxnId);
    if (connection === undefined) return;
    connection.repliedBytes = 0;
    connection.isHeld = false;
    this.moveOn(connection);
  }

  /** The ring has room again: the lines that waited for it go on. */
  goOn(): void {
    if (this.postponed.length === 0) return;
    const { postponed } = this;
    this.postponed = [];
    for (const connection of postponed) {
      connection.isPostponed = false;
      this.moveOn(connection);
    }
  }

  clear(): void {
    this.syncs.clear();
    this.postponed = [];
  }

  /** `isForced`: up to the write at any price, syncs in front of it count as done. */
  private serveLine(connection: Connection, isForced: boolean): void {
    const { line } = connection;
    while (this.isThere(connection)) {
      const kind = line.headKind;
      if (kind === Waiting.nothing || kind === Waiting.write) return;
      if (kind === Waiting.identities) {
        connection.readIdentities = line.shiftIdentities();
        continue;
      }
      const isAhead = kind === Waiting.barrier && connection.syncsDone <= 0;
      if (!isForced && (isAhead || !this.mayServe(connection))) return;
      if (kind === Waiting.barrier) connection.syncsDone--;
      this.serveHead(connection, kind);
    }
  }

  private mayServe(connection: Connection): boolean {
    if (connection.isHeld) return false;
    if (!this.output.isFull) return true;
    if (!connection.isPostponed) this.postponed.push(connection);
    connection.isPostponed = true;
    return false;
  }

  /** Much was sent: before more is, the client has to read. */
  private maybeRest(connection: Connection): void {
    if (connection.isHeld || connection.repliedBytes < repliedBytesMax) return;
    connection.isHeld = true;
    this.output.askRoom(connection.cnxnId);
  }

  private isThere(connection: Connection): boolean {
    return this.connections.get(connection.cnxnId) === connection;
  }

  private serveHead(connection: Connection, kind: Waiting): void {
    const { line } = connection;
    const { bytes, view, headStart, headEnd } = line;
    if (kind === Waiting.refusal) {
      this.reads.refuse(connection, view.getInt32(headStart), view.getInt32(headStart + 4));
    } else if (!this.reads.serve(connection, bytes, view, headStart, headEnd)) {
      this.end(connection);
      return;
    }
    line.shift(kind);
    this.maybeRest(connection);
  }
}
