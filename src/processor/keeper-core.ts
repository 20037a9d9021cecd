/**
 * The core of the server: everything between a request's bytes and its reply's bytes, without any
 * I/O, clock or randomness of its own. Calls come in, output leaves through a port; what is to be
 * durable or replicated leaves by `propose` and comes back as `commit`. It owns the stages, the
 * connections and their order, and the times at which sessions and containers end.
 *
 *   request ─► write: Prep ─► propose ... commit ─► FinalStage ─► reply ─┐
 *          └─► other: ReadStage, at once or when it is its turn  ◄───────┘ the line moves on
 */
import type { Identities } from '../auth/identity.ts';
import { inFlightPerConnectionMax, requestHeaderBytes } from '../base/limits.ts';
import { compareHalves } from '../base/zxid.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { JuteWriter } from '../jute/writer.ts';
import { clientOpRow, opRow, type WriteRow } from '../ops/op-table.ts';
import { BarrierQueue } from './barrier-queue.ts';
import { Waiting } from './commit-order.ts';
import { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { FinalStage } from './final.ts';
import type { ConnectAnswer, ConnectAsk, KeeperParts } from './keeper-ports.ts';
import { OutstandingChanges } from './outstanding-changes.ts';
import { noRequester, Prep, type Requester } from './prep.ts';
import { noConnection, type Proposal, Proposals } from './proposals.ts';
import { answerQuery, type QueryAnswers, type QueryKind } from './queries.ts';
import { ReadStage } from './read-stage.ts';
import { Reaper } from './reaper.ts';
import { isPasswordOf, passwordBytes, SessionIds, sessionPassword } from './session-password.ts';

const invalidAnswer: ConnectAnswer = {
  valid: false,
  sessionIdHi: 0,
  sessionIdLo: 0,
  slot: -1,
  timeoutMs: 0,
  passwd: new Uint8Array(passwordBytes),
};

export class KeeperCore {
  private readonly parts: KeeperParts;
  private readonly connections = new Connections();
  private readonly proposals = new Proposals();
  private readonly barriers = new BarrierQueue();
  private readonly changes: OutstandingChanges;
  private readonly prep: Prep;
  private readonly reads: ReadStage;
  private readonly reaper: Reaper;
  private readonly final: FinalStage;
  private readonly reader = new JuteReader();
  private readonly internal = new JuteWriter(256);
  private sessionIds: SessionIds | null = null;
  private nowWallMs = 0;
  private nowMs = 0;

  /** The tree, sessions, ephemerals and quotas are recovered; the tree tells the last zxid. */
  constructor(parts: KeeperParts) {
    this.parts = parts;
    this.changes = new OutstandingChanges(parts.tree, parts.ephemerals);
    this.prep = new Prep(parts, this.changes, this.proposals);
    this.reads = new ReadStage(parts);
    this.reaper = new Reaper(parts.tree, parts.settings);
    this.reaper.adoptTree();
    this.final = new FinalStage(parts, this.connections, this.reaper);
  }

  /** Txns that are proposed and not committed. */
  get outstanding(): number {
    return this.proposals.count;
  }

  /** The time of this duty cycle: the wall clock for txns and TTLs, monotonic for all else. */
  begin(nowWallMs: number, nowMs: number): void {
    this.nowWallMs = nowWallMs;
    this.nowMs = nowMs;
    this.prep.setTime(nowWallMs);
  }

  /** A handshake. The answer leaves by `connected`, or the connection is closed without one. */
  connect(cnxnId: number, ask: ConnectAsk, address: string): void {
    const { tree, settings, output, watches } = this.parts;
    const { lastZxidSeenHi, lastZxidSeenLo } = ask;
    // The client has seen what this server has not: it must not see time go back.
    if (compareHalves(lastZxidSeenHi, lastZxidSeenLo, tree.lastZxidHi, tree.lastZxidLo) > 0) {
      output.close(cnxnId);
      return;
    }
    const connection = new Connection(cnxnId, address);
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = settings;
    const atLeastMs = Math.max(ask.timeOut, minSessionTimeoutMs);
    connection.timeoutMs = Math.min(atLeastMs, maxSessionTimeoutMs);
    this.connections.add(connection);
    watches.openConnection(cnxnId);
    if ((ask.sessionIdHi | ask.sessionIdLo) === 0) this.createSession(connection);
    else this.reopenSession(connection, ask);
  }

  /** From the front, after auth: for the requests that arrive from here on. */
  setIdentities(cnxnId: number, identities: Identities): void {
    this.connections.get(cnxnId)?.setIdentities(identities);
  }

  /** A request frame without its length, from its header on, in `bytes[start..end)`. */
  request(cnxnId: number, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const connection = this.connections.get(cnxnId);
    if (connection === undefined || connection.isEnding) return;
    if (end - start < requestHeaderBytes || connection.slot < 0) {
      this.end(connection);
      return;
    }
    const { sessions, sessionTable } = this.parts;
    // The session is about to end, and the connection with it (Apache drops such requests).
    if (sessions.isClosing(connection.slot)) return;
    sessionTable.touch(connection.slot, this.nowMs);
    const row = clientOpRow(view.getInt32(start + 4));
    if (row !== null && row.kind === 'write') {
      this.reader.reset(bytes, view, start + requestHeaderBytes, end);
      connection.line.pushWrite();
      this.propose(row, connection, cnxnId, view.getInt32(start));
      return;
    }
    this.serveInTurn(connection, bytes, view, start, end);
    if (row === null) connection.isEnding = true;
  }

  /** The client is gone; its session is not. */
  disconnect(cnxnId: number): void {
    const connection = this.connections.get(cnxnId);
    if (connection !== undefined) this.forget(connection);
  }

  /** Everything proposed up to this zxid is committed: it is applied and answered, in order. */
  commit(zxidHi: number, zxidLo: number): void {
    for (;;) {
      const proposal = this.proposals.oldest;
      if (proposal === null) return;
      if (compareHalves(proposal.zxidHi, proposal.zxidLo, zxidHi, zxidLo) > 0) return;
      this.finish(proposal);
    }
  }

  /** Ends sessions and reaps containers whose time has come. */
  tick(): void {
    for (const { hi, lo } of this.parts.sessions.takeExpired(this.nowMs)) {
      this.proposeClose(hi, lo);
    }
    this.reaper.tick(this.nowMs, this.nowWallMs, this.proposeReap);
  }

  /** When `tick` is due, on the monotonic clock. */
  nextDeadlineMs(): number {
    return Math.min(this.parts.sessions.nextDeadlineMs(), this.reaper.nextDeadlineMs());
  }

  /** For the four-letter words; plain data that JSON can hold. */
  query<K extends QueryKind>(what: K): QueryAnswers[K] {
    const { connections, final, outstanding } = this;
    const wallOffsetMs = this.nowWallMs - this.nowMs;
    return answerQuery(what, {
      ...{ keeper: this.parts, connections, final, outstanding, wallOffsetMs },
    }) as QueryAnswers[K];
  }

  private createSession(connection: Connection): void {
    this.sessionIds ??= new SessionIds(this.parts.settings.serverId, this.nowWallMs);
    const ids = this.sessionIds;
    do ids.take();
    while (this.parts.sessions.find(ids.nextHi, ids.nextLo) >= 0);
    connection.sessionIdHi = ids.nextHi;
    connection.sessionIdLo = ids.nextLo;
    this.internal.reset();
    this.internal.writeInt(connection.timeoutMs);
    this.proposeInternal(OpCode.createSession, connection, connection.cnxnId);
  }

  /** The password is checked before anything happens to the old connection (hazard H5). */
  private reopenSession(connection: Connection, ask: ConnectAsk): void {
    const { sessions } = this.parts;
    const { sessionIdHi, sessionIdLo, passwd } = ask;
    const trusted = passwd !== null && isPasswordOf(sessionIdHi, sessionIdLo, passwd);
    const slot = trusted ? sessions.find(sessionIdHi, sessionIdLo) : -1;
    const old = this.connections.ofSlot(slot);
    if (old !== undefined) this.end(old);
    const { timeoutMs } = connection;
    const valid = slot >= 0 && sessions.touch(sessionIdHi, sessionIdLo, timeoutMs, this.nowMs);
    connection.sessionIdHi = sessionIdHi;
    connection.sessionIdLo = sessionIdLo;
    if (valid) this.accept(connection, slot);
    else this.refuse(connection);
  }

  private accept(connection: Connection, slot: number): void {
    const { sessionIdHi, sessionIdLo, timeoutMs } = connection;
    this.connections.attach(connection, slot);
    const passwd = sessionPassword(sessionIdHi, sessionIdLo);
    const answer = { valid: true, sessionIdHi, sessionIdLo, slot, timeoutMs, passwd };
    this.parts.output.connected(connection.cnxnId, answer);
  }

  private refuse(connection: Connection): void {
    this.parts.output.connected(connection.cnxnId, invalidAnswer);
    this.end(connection);
  }

  /** Reads and the like: now, when nothing of the session waits, else in the line. */
  private serveInTurn(
    connection: Connection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    const { line } = connection;
    const row = opRow(view.getInt32(start + 4));
    const isBarrier = row?.kind === 'special' && row.barrier && this.proposals.count > 0;
    if (isBarrier) {
      line.pushBarrier(this.prep.zxidHi, this.prep.zxidLo, bytes, start, end);
      this.barriers.push(connection.cnxnId, this.prep.zxidHi, this.prep.zxidLo);
    } else if (line.count > 0) {
      line.pushRequest(bytes, start, end);
    } else if (!this.reads.serve(connection, bytes, view, start, end)) {
      this.end(connection);
    }
    // The front stops reading a socket long before; who gets here does not play by the rules.
    if (line.count > 2 * inFlightPerConnectionMax) this.end(connection);
  }

  private proposeInternal(type: number, requester: Requester, cnxnId: number): void {
    const row = opRow(type);
    if (row?.kind !== 'write') return;
    this.reader.reset(this.internal.bytes, this.internal.view, 0, this.internal.offset);
    this.propose(row, requester, cnxnId, 0);
  }

  private proposeClose(sessionIdHi: number, sessionIdLo: number): void {
    this.internal.reset();
    const requester = { ...noRequester, sessionIdHi, sessionIdLo };
    this.proposeInternal(OpCode.closeSession, requester, noConnection);
  }

  private readonly proposeReap = (ref: number): void => {
    const { tree } = this.parts;
    const length = tree.pathLength(ref);
    this.internal.reset();
    this.internal.writeInt(length);
    const at = this.internal.reserve(length);
    tree.writePath(ref, this.internal.bytes, at);
    this.proposeInternal(OpCode.deleteContainer, noRequester, noConnection);
  };

  /** The request stands at `reader`. All is in place before `propose`, which may commit at once. */
  private propose(row: WriteRow, requester: Requester, cnxnId: number, xid: number): void {
    const proposal = this.proposals.take();
    proposal.cnxnId = cnxnId;
    proposal.xid = xid;
    this.prep.prepare(proposal, row, requester, this.reader);
    this.proposals.push(proposal);
    const { txn, zxidHi, zxidLo } = proposal;
    this.parts.output.propose(txn.bytes, 0, txn.offset, zxidHi, zxidLo);
  }

  private finish(proposal: Proposal): void {
    const { final } = this;
    const { txn, type } = proposal;
    const connection = this.connections.get(proposal.cnxnId);
    const isRequest = connection !== undefined && type !== OpCode.createSession;
    final.apply(txn.bytes, txn.view, txn.offset, this.nowMs, isRequest);
    this.changes.release(proposal.zxidHi, proposal.zxidLo);
    if (isRequest) {
      connection.line.shift(Waiting.write);
      final.reply(proposal);
    }
    const closed = this.connections.ofSlot(final.closedSlot);
    if (closed !== undefined) this.end(closed);
    // What follows may propose again, and so take this one's memory.
    this.proposals.shift();
    if (type === OpCode.createSession) this.finishCreateSession(connection);
    if (connection !== undefined) this.moveOn(connection);
    this.releaseBarriers();
  }

  private finishCreateSession(connection: Connection | undefined): void {
    const { openedSlot, applier } = this.final;
    if (openedSlot >= 0) {
      if (connection !== undefined) this.accept(connection, openedSlot);
      return;
    }
    // The table of sessions is full: the session ends as it began.
    if (connection !== undefined) this.refuse(connection);
    this.proposeClose(applier.clientIdHi, applier.clientIdLo);
  }

  private releaseBarriers(): void {
    const { barriers } = this;
    const { lastZxidHi, lastZxidLo } = this.parts.tree;
    while (
      !barriers.isEmpty &&
      compareHalves(barriers.headZxidHi, barriers.headZxidLo, lastZxidHi, lastZxidLo) <= 0
    ) {
      const connection = this.connections.get(barriers.shift());
      if (connection !== undefined) this.moveOn(connection);
    }
  }

  /** Serves what is at the head of the line, up to the next write that is not applied yet. */
  private moveOn(connection: Connection): void {
    const { line } = connection;
    while (this.connections.get(connection.cnxnId) === connection) {
      const kind = line.headKind;
      if (kind === Waiting.nothing || kind === Waiting.write) return;
      if (kind === Waiting.identities) {
        connection.readIdentities = line.shiftIdentities();
        continue;
      }
      if (kind === Waiting.barrier && !this.isApplied(line.headZxidHi, line.headZxidLo)) return;
      const { bytes, view, headStart, headEnd } = line;
      if (!this.reads.serve(connection, bytes, view, headStart, headEnd)) this.end(connection);
      else line.shift(kind);
    }
  }

  private isApplied(zxidHi: number, zxidLo: number): boolean {
    const { tree } = this.parts;
    return compareHalves(zxidHi, zxidLo, tree.lastZxidHi, tree.lastZxidLo) <= 0;
  }

  private end(connection: Connection): void {
    this.forget(connection);
    this.parts.output.close(connection.cnxnId);
  }

  private forget(connection: Connection): void {
    connection.isEnding = true;
    this.connections.remove(connection);
    this.parts.watches.removeConnection(connection.cnxnId);
  }
}
