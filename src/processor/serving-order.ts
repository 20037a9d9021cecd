/**
 * Serves what is no write, in the order of each session: at once when nothing of the session waits,
 * else when it is at the head of its line. Syncs wait in line, too, and all of them in one queue,
 * in which they are done.
 */
import { inFlightPerConnectionMax } from '../base/limits.ts';
import { compareHalves } from '../base/zxid.ts';
import type { TreeView } from '../tree/tree-view.ts';
import { BarrierQueue } from './barrier-queue.ts';
import { Waiting } from './commit-order.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { KeeperParts } from './keeper-ports.ts';
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
  private readonly end: (connection: Connection) => void;
  private readonly reads: ReadStage;
  private readonly syncs = new BarrierQueue();

  constructor({ keeper, connections, end }: ServingOrderParts) {
    this.connections = connections;
    this.tree = keeper.tree;
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
    if (connection.line.count > 0) connection.line.pushRequest(bytes, start, end);
    else if (!this.reads.serve(connection, bytes, view, start, end)) this.end(connection);
    this.checkLength(connection);
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
    while (connection.line.headKind === Waiting.barrier) {
      connection.syncsDone--;
      this.serveHead(connection, Waiting.barrier);
      this.moveOn(connection);
      if (!this.isThere(connection)) return false;
    }
    return true;
  }

  /** Serves what is at the head of the line, up to the next write that is not applied yet. */
  moveOn(connection: Connection): void {
    const { line } = connection;
    while (this.isThere(connection)) {
      const kind = line.headKind;
      if (kind === Waiting.nothing || kind === Waiting.write) return;
      if (kind === Waiting.identities) {
        connection.readIdentities = line.shiftIdentities();
        continue;
      }
      if (kind === Waiting.barrier) {
        if (connection.syncsDone <= 0) return;
        connection.syncsDone--;
      }
      this.serveHead(connection, kind);
    }
  }

  clear(): void {
    this.syncs.clear();
  }

  private isThere(connection: Connection): boolean {
    return this.connections.get(connection.cnxnId) === connection;
  }

  private serveHead(connection: Connection, kind: Waiting): void {
    const { line } = connection;
    const { bytes, view, headStart, headEnd } = line;
    if (!this.reads.serve(connection, bytes, view, headStart, headEnd)) this.end(connection);
    else line.shift(kind);
  }
}
