/**
 * Requests of clients that have a session: which of them the front answers at once, and which go
 * to the keeper. The rule is short: with nothing in flight, a ping or a plain read is answered
 * here; everything else takes the ring, and so keeps its place in the session's line. Auth and
 * SASL packets concern the connection alone and are answered here too, when nothing is in flight:
 * a reply of the keeper may have arrived in part, and nothing may come between its parts.
 */

import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { countRead } from '../agents/keeper-monitor.ts';
import { isAuthEnough } from '../auth/enforce-auth.ts';
import type { Identities } from '../auth/identity.ts';
import { type AuthResult, authenticate, type SchemeTable } from '../auth/schemes.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { inFlightPerConnectionMax, replyHeaderBytes, requestHeaderBytes } from '../base/limits.ts';
import type { Logger } from '../base/ports.ts';
import { JuteError } from '../jute/jute-error.ts';
import { authPacket, OpCode, Xid } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { asksForWatch, opRow } from '../ops/op-table.ts';
import { readVolume } from '../ops/read-volume.ts';
import type { SessionTable } from '../state/session-table.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { FrontClient } from './client.ts';
import type { FrontCounts } from './front-counts.ts';
import { type FrontReads, writeReplyHeader } from './reads.ts';
import type { RequestThrottle } from './request-throttle.ts';
import type { FrontRequests } from './requests.ts';

export interface FrontSessionParts {
  readonly tree: TreeView;
  readonly reads: FrontReads;
  readonly requests: FrontRequests;
  readonly sessions: SessionTable;
  readonly schemes: SchemeTable;
  /** Schemes of which a connection needs one; empty when nothing is enforced. */
  readonly enforced: readonly string[];
  readonly inFlightMax: number;
  readonly counts: FrontCounts;
  readonly throttle: RequestThrottle;
  readonly metrics: MetricsRecorder;
  readonly logger: Logger;
}

export class FrontSession {
  private readonly parts: FrontSessionParts;
  private readonly reader = new JuteReader();
  /** Clients of this front with requests at the keeper. */
  waitingClients = 0;
  authFailed = 0;

  constructor(parts: FrontSessionParts) {
    this.parts = parts;
  }

  /**
   * A request of `client`, header included. Replies made here are appended to `out`. Returns false
   * when it has to wait: nothing was done, and it is to be offered again.
   */
  onRequest(
    client: FrontClient,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    nowMs: number,
    out: JuteWriter,
  ): boolean {
    const { parts } = this;
    if (end - start < requestHeaderBytes) {
      client.connection.destroy();
      return true;
    }
    const type = view.getInt32(start + 4);
    if (type === OpCode.auth || type === OpCode.sasl) {
      return this.onConnectionRequest(client, type, bytes, view, start, end, out);
    }
    if (!isAuthEnough(parts.enforced, client.identities)) {
      this.refuse(client, view.getInt32(start), ErrorCode.sessionClosedRequireSaslAuth, out);
      return true;
    }
    if (!this.hasSession(client)) return true;
    if (client.inFlight === 0 && this.answerHere(client, type, bytes, view, start, end, out)) {
      parts.sessions.touch(client.slot, nowMs);
      this.count(client, type, view.getInt32(start));
      client.countReply(0, nowMs, parts.tree);
      return true;
    }
    if (!this.mayForward(client)) return false;
    const verdict = parts.throttle.judge(client, type, end - start, nowMs);
    if (verdict === 'wait') return false;
    if (verdict === 'drop') {
      client.connection.destroy();
      return true;
    }
    parts.sessions.touch(client.slot, nowMs);
    this.count(client, type, view.getInt32(start));
    if (verdict === 'throttled') this.answerThrottled(client, view.getInt32(start), nowMs, out);
    else this.forward(client, type, bytes, start, end, nowMs);
    return true;
  }

  private forward(
    client: FrontClient,
    type: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    const { requests, throttle } = this.parts;
    requests.request(client.connection.cnxnId, bytes, start, end);
    throttle.onForwarded(client, end - start);
    if (client.inFlight === 0) this.waitingClients++;
    client.pushArrival(nowMs, opRow(type)?.kind === 'write');
    this.parts.counts.addInFlight(1);
  }

  private answerThrottled(client: FrontClient, xid: number, nowMs: number, out: JuteWriter): void {
    const { tree } = this.parts;
    this.writeEmptyReply(out, xid, tree.lastZxidHi, tree.lastZxidLo, ErrorCode.throttledOp);
    client.countReply(0, nowMs, tree);
  }

  /** A request of the client was answered, and `client.inFlight` counts it no more. */
  onAnswered(client: FrontClient): void {
    this.parts.counts.addInFlight(-1);
    this.parts.throttle.onAnswered(client);
    if (client.inFlight === 0) this.waitingClients--;
  }

  /** The client is gone; nobody answers what it had in flight. */
  onGone(client: FrontClient): void {
    this.parts.counts.addInFlight(-client.inFlight);
    if (client.inFlight > 0) this.waitingClients--;
    this.parts.throttle.onGone(client);
  }

  /** Not when it is closing, or has moved to another connection. */
  private hasSession({ connection, slot, sessionIdHi, sessionIdLo }: FrontClient): boolean {
    return this.parts.sessions.isOpenFor(connection.cnxnId, slot, sessionIdHi, sessionIdLo);
  }

  private count(client: FrontClient, type: number, xid: number): void {
    client.received++;
    client.lastType = type;
    if (xid >= 0) client.lastCxid = xid;
  }

  /** Apache's globalOutstandingLimit slows only clients that have something in flight. */
  private mayForward(client: FrontClient): boolean {
    const { requests, inFlightMax, counts } = this.parts;
    if (requests.stalled || client.inFlight >= inFlightPerConnectionMax) return false;
    return counts.inFlightOfAll < inFlightMax || client.inFlight === 0;
  }

  private answerHere(
    client: FrontClient,
    type: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    out: JuteWriter,
  ): boolean {
    const { tree, reads } = this.parts;
    if (type === OpCode.ping) {
      this.writeEmptyReply(out, Xid.ping, tree.lastZxidHi, tree.lastZxidLo, ErrorCode.ok);
      return true;
    }
    const row = opRow(type);
    if (row === undefined || row.kind !== 'read' || !row.fast) return false;
    if (asksForWatch(type, view, start, end)) return false;
    const mark = out.offset;
    if (!reads.tryRead(row.read, client.identities, bytes, view, start, end, out)) return false;
    this.countRead(type, bytes, view, start, out, mark);
    return true;
  }

  /** The reply at `mark` answers a read of the path behind the header at `start`. */
  private countRead(
    type: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    out: JuteWriter,
    mark: number,
  ): void {
    const bodyStart = mark + 4 + replyHeaderBytes;
    if (out.view.getInt32(bodyStart - 4) !== ErrorCode.ok) return;
    const pathStart = start + requestHeaderBytes + 4;
    const pathBytes = view.getInt32(pathStart - 4);
    const volume = readVolume(type, pathBytes, out.view, bodyStart, out.offset);
    if (volume === 0) return;
    countRead(this.parts.metrics, bytes, pathStart, pathStart + pathBytes, volume);
  }

  private onConnectionRequest(
    client: FrontClient,
    type: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    out: JuteWriter,
  ): boolean {
    if (this.parts.requests.stalled || client.inFlight > 0) return false;
    const xid = view.getInt32(start);
    this.count(client, type, -1);
    this.reader.reset(bytes, view, start + requestHeaderBytes, end);
    try {
      if (type === OpCode.sasl) this.onSasl(xid, out);
      else this.onAuth(client, xid, out);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      client.connection.destroy();
    }
    return true;
  }

  /** A server without SASL answers every token with a null token (Apache `processSasl`). */
  private onSasl(xid: number, out: JuteWriter): void {
    const { reader } = this;
    if (reader.readLength() < 0) throw new JuteError('null SASL token');
    const mark = out.offset;
    out.reserve(4 + replyHeaderBytes);
    out.writeInt(-1);
    writeReplyHeader(out, mark, xid, 0, 0, ErrorCode.ok);
  }

  private onAuth(client: FrontClient, xid: number, out: JuteWriter): void {
    const { schemes, logger } = this.parts;
    const packet = authPacket.read(this.reader);
    const result: AuthResult = authenticate(packet.scheme, packet.auth, client.identities, schemes);
    if (result.kind === 'ok') {
      this.becomeIdentified(client, result.identities);
      this.writeEmptyReply(out, xid, 0, 0, ErrorCode.ok);
      return;
    }
    this.authFailed++;
    logger.warn(
      { client: client.connection.remoteAddress, scheme: packet.scheme, reason: result.reason },
      'Authentication failed',
    );
    if (result.kind === 'close') client.connection.destroy();
    else this.refuse(client, xid, ErrorCode.authFailed, out);
  }

  private becomeIdentified(client: FrontClient, identities: Identities): void {
    client.identities = identities;
    this.parts.requests.identities(client.connection.cnxnId, identities);
  }

  /** Answers with an error, then closes; the session lives on until it expires. */
  private refuse(client: FrontClient, xid: number, err: number, out: JuteWriter): void {
    this.writeEmptyReply(out, xid, 0, 0, err);
    client.closeAfterTurn = true;
  }

  private writeEmptyReply(
    out: JuteWriter,
    xid: number,
    zxidHi: number,
    zxidLo: number,
    err: number,
  ): void {
    const mark = out.offset;
    out.reserve(4 + replyHeaderBytes);
    writeReplyHeader(out, mark, xid, zxidHi, zxidLo, err);
  }
}
