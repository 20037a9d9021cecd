/**
 * Answers what is no txn: plain reads, the requests about the connection itself, and writes that
 * are refused at once. It leaves the watch that a read asks for, in the same turn in which it reads.
 */
import type { Identities } from '../auth/identity.ts';
import type { SchemeTable } from '../auth/schemes.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { replyHeaderBytes, requestHeaderBytes } from '../base/limits.ts';
import { JuteError } from '../jute/jute-error.ts';
import { type EventType, OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { ConnectionContext } from '../ops/contexts.ts';
import {
  asksForWatch,
  clientOpRow,
  type ReadRow,
  type SpecialRow,
  type WriteRow,
} from '../ops/op-table.ts';
import { readVolume } from '../ops/read-volume.ts';
import { beginReply, dropReplyBody, finishReply, writeEvent } from '../ops/replies.ts';
import type { Ephemerals } from '../state/ephemerals.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { WatchTable } from '../state/watch-table.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { Connection } from './connection.ts';
import type { KeeperMonitor, KeeperOutput, KeeperParts } from './keeper-ports.ts';

export class ReadStage implements ConnectionContext {
  readonly tree: TreeView;
  readonly schemes: SchemeTable;
  readonly watches: WatchTable;
  readonly ephemerals: Ephemerals;
  private readonly sessions: SessionTracker;
  readonly nodesMax = 0x7fffffff;
  identities!: Identities;
  cnxnId = 0;
  sessionIdHi = 0;
  sessionIdLo = 0;
  private readonly eagerAclCheck: boolean;
  private readonly output: KeeperOutput;
  private readonly monitor: KeeperMonitor;
  private readonly request = new JuteReader();
  private readonly answer = new JuteWriter(4096);
  private readonly event = new JuteWriter(256);

  constructor(parts: KeeperParts) {
    this.tree = parts.tree;
    this.schemes = parts.schemes;
    this.watches = parts.watches;
    this.ephemerals = parts.ephemerals;
    this.sessions = parts.sessions;
    this.eagerAclCheck = parts.settings.eagerAclCheck;
    this.output = parts.output;
    this.monitor = parts.monitor;
  }

  replay(type: EventType, path: Uint8Array, start: number, end: number): void {
    writeEvent(this.event, type, -1, -1, path, start, end);
    this.output.replayEvent(this.cnxnId, this.event.bytes, 0, this.event.offset);
  }

  /** Answers the request in `bytes[start..end)`; false when it is to be the connection's last. */
  serve(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    this.cnxnId = connection.cnxnId;
    this.sessionIdHi = connection.sessionIdHi;
    this.sessionIdLo = connection.sessionIdLo;
    this.identities = connection.readIdentities;
    const xid = view.getInt32(start);
    const row = clientOpRow(view.getInt32(start + 4));
    beginReply(this.answer);
    if (row?.code === OpCode.closeSession) {
      // Of a local session: all others are closed by a txn.
      this.sessions.remove(connection.slot);
      finishReply(this.answer, xid, this.tree.lastZxidHi, this.tree.lastZxidLo, ErrorCode.ok);
      this.send(connection);
      return false;
    }
    if (row === null || row.kind === 'write' || row.kind === 'connection') {
      finishReply(this.answer, xid, -1, -1, ErrorCode.unimplemented);
      this.send(connection);
      return false;
    }
    this.request.reset(bytes, view, start + requestHeaderBytes, end);
    const err = this.run(row);
    if (row.kind === 'read') {
      this.maybeWatch(row, err, start, end);
      if (err === ErrorCode.ok) this.tellOfRead(row, view, start);
    }
    const replyXid = row.kind === 'special' && row.replyXid !== null ? row.replyXid : xid;
    finishReply(this.answer, replyXid, this.tree.lastZxidHi, this.tree.lastZxidLo, err);
    this.send(connection);
    return true;
  }

  /**
   * `zookeeper.enableEagerACLCheck`: why this write, from its header on, would be refused by the
   * tree as it is here, or ok.
   */
  checkEagerly(
    connection: Connection,
    row: WriteRow,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): ErrorCode {
    if (!this.eagerAclCheck || row.eagerCheck === null) return ErrorCode.ok;
    this.identities = connection.identities;
    this.request.reset(bytes, view, start + requestHeaderBytes, end);
    try {
      return row.eagerCheck(this, this.request);
    } catch (error) {
      if (error instanceof JuteError) return ErrorCode.ok;
      throw error;
    }
  }

  /** Answers a write that has become no txn: its reply has no zxid. */
  refuse(connection: Connection, xid: number, err: number): void {
    this.cnxnId = connection.cnxnId;
    beginReply(this.answer);
    finishReply(this.answer, xid, 0, 0, err);
    this.send(connection);
  }

  private tellOfRead(row: ReadRow, view: DataView, start: number): void {
    const { answer } = this;
    const pathStart = start + requestHeaderBytes + 4;
    const pathBytes = view.getInt32(pathStart - 4);
    const bodyStart = 4 + replyHeaderBytes;
    const bytes = readVolume(row.code, pathBytes, answer.view, bodyStart, answer.offset);
    if (bytes > 0) this.monitor.read(this.request.bytes, pathStart, pathStart + pathBytes, bytes);
  }

  private send(connection: Connection): void {
    connection.repliedBytes += this.answer.offset;
    this.output.reply(this.cnxnId, this.answer.bytes, 0, this.answer.offset);
  }

  private run(row: ReadRow | SpecialRow): number {
    try {
      const op = row.kind === 'read' ? row.read : row.run;
      const err = op(this, this.request, this.answer);
      const keepsBody = row.kind === 'read' && row.errorHasBody;
      if (err !== ErrorCode.ok && !keepsBody) dropReplyBody(this.answer);
      return err;
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      dropReplyBody(this.answer);
      return ErrorCode.marshallingError;
    }
  }

  /** The watch is left when the read succeeds, and by exists also on a node that is missing. */
  private maybeWatch(row: ReadRow, err: number, start: number, end: number): void {
    if (row.watch === 0) return;
    const armed = err === ErrorCode.ok || (row.watchesMissing && err === ErrorCode.noNode);
    const { bytes, view } = this.request;
    if (!armed || !asksForWatch(row.code, view, start, end)) return;
    const pathStart = start + requestHeaderBytes + 4;
    const pathEnd = pathStart + view.getInt32(pathStart - 4);
    this.watches.add(bytes, pathStart, pathEnd, this.cnxnId, row.watch);
  }
}
