/**
 * The core of the server: everything between a request's bytes and its reply's bytes, without any
 * I/O, clock or randomness of its own. Calls come in, output leaves through a port. It owns the
 * stages, the connections and their order, and what it does with them in each role.
 *
 *   deciding   request ─► write: Proposer ─► propose ... commit ──► FinalStage ─► reply ─┐
 *   following  request ─► write: Forwarder ─► forward ... deliver ─► FinalStage ─► reply ─┤
 *                     └─► other: ReadStage, at once or when it is its turn ◄──────────────┘
 */
import type { Identities } from '../auth/identity.ts';
import { assert } from '../base/assert.ts';
import { ViewCache } from '../base/copy-bytes.ts';
import { fuzzyTxnsMax, requestHeaderBytes } from '../base/limits.ts';
import { compareHalves } from '../base/zxid.ts';
import { OpCode } from '../jute/proto.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import { clientOpRow } from '../ops/op-table.ts';
import { Waiting } from './commit-order.ts';
import { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { FinalStage } from './final.ts';
import { Forwarder } from './forwarder.ts';
import type { ConnectAsk, ForwardedRequest, KeeperParts, KeeperRole } from './keeper-ports.ts';
import { LearnerRequests } from './learner-requests.ts';
import { LocalSessions } from './local-sessions.ts';
import type { Proposal } from './proposals.ts';
import { Proposer } from './proposer.ts';
import { answerQuery, type QueryAnswers, type QueryKind } from './queries.ts';
import { Reaper } from './reaper.ts';
import { ServingOrder } from './serving-order.ts';
import { SessionHandshake } from './session-handshake.ts';

export class KeeperCore {
  private readonly parts: KeeperParts;
  private role: KeeperRole = 'resting';
  private readonly connections = new Connections();
  private readonly proposer: Proposer;
  private readonly forwarder: Forwarder;
  private readonly learnerRequests: LearnerRequests;
  private readonly handshake: SessionHandshake;
  private readonly locals: LocalSessions;
  /** For those who know when a client, or the ring, has room again. */
  readonly order: ServingOrder;
  private readonly reaper: Reaper;
  private readonly final: FinalStage;
  private readonly views = new ViewCache();
  /** Writes of clients here that wait for the leader. */
  private forwarded = 0;
  /** The last txn in the tree. What is visible is later when a leader has begun an epoch. */
  appliedHi = 0;
  appliedLo = 0;
  private nowWallMs = 0;
  private nowMs = 0;

  /** Rests; what is in tree and sessions already is taken over. */
  constructor(parts: KeeperParts) {
    this.parts = parts;
    this.proposer = new Proposer(parts);
    this.forwarder = new Forwarder(parts.output);
    this.learnerRequests = new LearnerRequests(parts, this.proposer);
    const { connections } = this;
    const end = (connection: Connection) => this.end(connection);
    const askForSession = (connection: Connection) => this.askForSession(connection);
    this.handshake = new SessionHandshake({ keeper: parts, connections, end, askForSession });
    this.order = new ServingOrder({ keeper: parts, connections, end });
    const { order } = this;
    this.locals = new LocalSessions({ keeper: parts, connections, order, end, askForSession });
    this.reaper = new Reaper(parts.tree, parts.settings);
    this.final = new FinalStage(parts, connections, this.reaper);
    this.onLoaded();
  }

  /** Tree, sessions, ephemerals and quotas were loaded from disk; the core rests meanwhile. */
  onLoaded(): void {
    const { tree } = this.parts;
    this.appliedHi = tree.lastZxidHi;
    this.appliedLo = tree.lastZxidLo;
    this.reaper.adoptTree();
    this.final.digestHistory.clear();
    this.final.laterTxnsLeft = fuzzyTxnsMax;
  }

  get isResting(): boolean {
    return this.role === 'resting';
  }

  /** Writes of clients that are not applied yet. */
  get outstanding(): number {
    return this.proposer.proposals.count + this.forwarded;
  }

  /** Txns after which the tree was not what their digest says. */
  get digestMismatches(): number {
    return this.final.digestMismatches;
  }

  /** The time of this duty cycle: the wall clock for txns and TTLs, monotonic for all else. */
  begin(nowWallMs: number, nowMs: number): void {
    this.nowWallMs = nowWallMs;
    this.nowMs = nowMs;
    this.proposer.setTime(nowWallMs);
    this.parts.monitor.begin(nowMs);
  }

  /** From rest: serves as the only server there is, behind the last zxid of the tree. */
  serveAlone(): void {
    this.becomeDecider('standalone', this.parts.tree.lastZxidHi, this.parts.tree.lastZxidLo);
  }

  /** From rest: serves as the leader of an epoch, whose first proposal is (epoch, 1). */
  lead(epoch: number): void {
    this.showEpoch(epoch);
    this.becomeDecider('leading', epoch, 0);
    this.proposer.proposeOrphansEnd();
  }

  private becomeDecider(role: KeeperRole, zxidHi: number, zxidLo: number): void {
    // Whoever decides has all the txns that its state came from.
    this.final.laterTxnsLeft = 0;
    assert(this.role === 'resting', 'a role begins from rest');
    this.role = role;
    this.proposer.setLastZxid(zxidHi, zxidLo);
    this.parts.sessions.becomeExpirer(this.nowMs);
  }

  /** From rest: serves clients, and asks the leader of the epoch, whose first history is here. */
  follow(epoch: number): void {
    assert(this.role === 'resting', 'a role begins from rest');
    this.showEpoch(epoch);
    this.role = 'following';
    this.parts.sessions.becomeLearner();
  }

  /**
   * All that came before the epoch is in the tree, so this is at least (epoch, 0). Apache's leader
   * says so of itself alone, and so a client that has seen it may find no other server for a while.
   */
  private showEpoch(epoch: number): void {
    const { tree } = this.parts;
    if (compareHalves(epoch, 0, tree.lastZxidHi, tree.lastZxidLo) <= 0) return;
    tree.openSection();
    tree.closeSection(epoch, 0);
  }

  /** Ends all connections and forgets what was not committed; global sessions live on. */
  rest(): void {
    this.role = 'resting';
    for (const connection of [...this.connections.values()]) this.end(connection);
    if (this.locals.areEnabled) this.parts.sessions.removeLocal();
    this.proposer.clear();
    this.order.clear();
  }

  /** A handshake. The answer leaves by `connected`, or the connection is closed without one. */
  connect(cnxnId: number, ask: ConnectAsk, address: string): void {
    const { tree, output } = this.parts;
    const { lastZxidSeenHi, lastZxidSeenLo } = ask;
    // The client has seen what this server has not: it must not see time go back.
    const hasSeenMore =
      compareHalves(lastZxidSeenHi, lastZxidSeenLo, tree.lastZxidHi, tree.lastZxidLo) > 0;
    if (hasSeenMore || this.role === 'resting') {
      output.close(cnxnId);
      return;
    }
    const now = { wallMs: this.nowWallMs, ms: this.nowMs };
    this.handshake.begin(new Connection(cnxnId, address), ask, this.role === 'following', now);
  }

  private askForSession(connection: Connection): void {
    if (this.role === 'following') this.forwarder.createSession(connection);
    else this.proposer.proposeCreateSession(connection);
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
    const isAlone = this.role === 'standalone';
    const row = clientOpRow(view.getInt32(start + 4));
    if (row?.kind === 'write') {
      if (!isAlone && this.order.refuses(connection, row, bytes, view, start, end)) return;
      if (this.locals.takes(connection, row.code, bytes, view, start, end)) return;
      connection.line.pushWrite();
      if (this.role === 'following') {
        this.forwarded++;
        this.forwarder.forward(connection, bytes, view, start, end);
        this.order.checkLength(connection);
        return;
      }
      this.proposer.request.reset(bytes, view, start + requestHeaderBytes, end);
      this.proposer.propose(row, connection, cnxnId, view.getInt32(start));
    } else if (
      row?.kind === 'special' &&
      row.barrier &&
      (!isAlone || this.proposer.proposals.count > 0)
    ) {
      const { zxidHi, zxidLo } = this.proposer;
      this.order.serveWhenSynced(connection, bytes, start, end, zxidHi, zxidLo);
      if (!isAlone) this.forwarder.sync(connection, bytes, view, start, end);
    } else {
      this.order.serve(connection, bytes, view, start, end);
      if (row === null) connection.isEnding = true;
    }
  }

  /** The client is gone; its session is not. */
  disconnect(cnxnId: number): void {
    const connection = this.connections.get(cnxnId);
    if (connection !== undefined) this.forget(connection);
  }

  /** Leading: a request of a learner, which `owner` (not 0) stands for. Throws `JuteError`. */
  learnerRequest(owner: number, request: ForwardedRequest): void {
    if (this.role === 'leading') this.learnerRequests.propose(owner, request);
  }

  /** Leading: true when the session lives and is a global one; it is the learner's from now on. */
  revalidateFor(owner: number, idHi: number, idLo: number, timeoutMs: number): boolean {
    const { sessions } = this.parts;
    const slot = sessions.find(idHi, idLo);
    if (this.role !== 'leading' || slot < 0 || sessions.isLocal(slot)) return false;
    if (!sessions.touch(idHi, idLo, timeoutMs, this.nowMs)) return false;
    sessions.setOwner(slot, owner);
    const here = this.connections.ofSlot(slot);
    if (here !== undefined) this.end(here);
    return true;
  }

  /** Leading: a learner has heard of this session. */
  touch(idHi: number, idLo: number, timeoutMs: number): void {
    this.parts.sessions.touch(idHi, idLo, timeoutMs, this.nowMs);
  }

  /** Following: the leader's answer to `revalidate`. */
  revalidated(idHi: number, idLo: number, valid: boolean): void {
    this.handshake.onRevalidated(idHi, idLo, valid, this.nowMs);
  }

  /** Following: sessions touched here since the last call. */
  takeTouched(visit: (idHi: number, idLo: number, timeoutMs: number) => void): void {
    this.parts.sessions.takeTouched(visit);
  }

  /** Deciding: everything proposed up to this zxid is committed. It is applied and answered. */
  commit(zxidHi: number, zxidLo: number): void {
    const { proposals } = this.proposer;
    for (let next = proposals.oldest; next !== null; next = proposals.oldest) {
      if (compareHalves(next.zxidHi, next.zxidLo, zxidHi, zxidLo) > 0) return;
      this.finish(next);
    }
  }

  /** Following, or resting: a committed txn, the next one. It answers whoever has asked for it. */
  deliver(bytes: Uint8Array, start: number, end: number): void {
    const view = this.views.viewOf(bytes);
    const idHi = view.getInt32(start + TxnHeaderOffset.clientId);
    const idLo = view.getInt32(start + TxnHeaderOffset.clientId + 4);
    const cxid = view.getInt32(start + TxnHeaderOffset.cxid);
    const type = view.getInt32(start + TxnHeaderOffset.type);
    const connection = this.connections.ofSlot(this.parts.sessions.find(idHi, idLo));
    const isAnswer = connection?.pendingWrites.isOldest(cxid, type) ?? false;
    if (isAnswer && connection !== undefined) {
      connection.pendingWrites.shift();
      this.forwarded--;
    }
    this.apply(isAnswer ? connection : undefined, bytes, view, start, end, cxid);
    this.onApplied(connection);
  }

  /** Leading or following: the oldest sync is done. */
  syncDone(): void {
    this.order.onSyncDone();
  }

  /** Ends a session as if its time were over, where that is decided here. */
  expire(idHi: number, idLo: number): void {
    if (this.decides) this.proposer.proposeClose(idHi, idLo);
  }

  /** Ends sessions and reaps containers whose time has come, where that is decided here. */
  tick(): void {
    if (this.role === 'resting') return;
    for (const { hi, lo } of this.parts.sessions.takeExpired(this.nowMs)) {
      this.parts.monitor.sessionExpired();
      if (!this.locals.expire(hi, lo)) this.proposer.proposeClose(hi, lo);
    }
    if (this.decides) this.reaper.tick(this.nowMs, this.nowWallMs, this.proposer.proposeReap);
  }

  /** When `tick` is due, on the monotonic clock. */
  nextDeadlineMs(): number {
    if (this.decides) {
      return Math.min(this.parts.sessions.nextDeadlineMs(), this.reaper.nextDeadlineMs());
    }
    const hasLocal = this.role === 'following' && this.locals.areEnabled;
    return hasLocal ? this.parts.sessions.nextDeadlineMs() : Number.POSITIVE_INFINITY;
  }

  /** For the four-letter words; plain data that JSON can hold. */
  query<K extends QueryKind>(what: K): QueryAnswers[K] {
    const { connections, final, outstanding, role } = this;
    const wallOffsetMs = this.nowWallMs - this.nowMs;
    return answerQuery(what, {
      ...{ keeper: this.parts, connections, final, outstanding, wallOffsetMs, role },
    }) as QueryAnswers[K];
  }

  private get decides(): boolean {
    return this.role === 'standalone' || this.role === 'leading';
  }

  private finish(proposal: Proposal): void {
    const { txn, start, end, xid } = proposal;
    const connection = this.connections.get(proposal.cnxnId);
    this.apply(connection, txn.bytes, txn.view, start, end, xid);
    this.proposer.onApplied(proposal);
    // What follows may propose again, and so take this one's memory.
    this.proposer.proposals.shift();
    this.onApplied(connection);
    if (this.role === 'standalone') this.order.onApplied();
  }

  /** Applies a txn and answers the write of `requester` with it, the oldest that it has in line. */
  private apply(
    requester: Connection | undefined,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    xid: number,
  ): void {
    const { final } = this;
    const answers = requester !== undefined && this.order.bringWriteToHead(requester);
    final.apply(bytes, view, start, end, this.nowMs, answers);
    this.appliedHi = final.applier.zxidHi;
    this.appliedLo = final.applier.zxidLo;
    if (answers) {
      requester.line.shift(Waiting.write);
      if (this.locals.isRefused(requester, xid)) final.becauseLocal();
      if (final.sessionMoved) this.end(requester);
      else final.reply(requester.cnxnId, xid);
    }
    const closed = this.connections.ofSlot(final.closedSlot);
    if (closed !== undefined) this.end(closed);
  }

  /** What a txn has made possible: a session is open, or the line of who asked for it moves on. */
  private onApplied(requester: Connection | undefined): void {
    const { applier, openedSlot } = this.final;
    if (applier.type === OpCode.createSession) {
      const { clientIdHi, clientIdLo } = applier;
      this.handshake.onOpened(clientIdHi, clientIdLo, openedSlot);
      // The table of sessions is full: the session ends as it began.
      if (openedSlot < 0 && this.decides) this.proposer.proposeClose(clientIdHi, clientIdLo);
    }
    if (requester !== undefined) this.order.moveOn(requester);
  }

  private end(connection: Connection): void {
    this.forget(connection);
    this.parts.output.close(connection.cnxnId);
  }

  private forget(connection: Connection): void {
    connection.isEnding = true;
    this.forwarded -= connection.pendingWrites.count;
    this.connections.remove(connection);
    this.handshake.forget(connection);
    this.locals.forget(connection);
    this.parts.watches.removeConnection(connection.cnxnId);
  }
}
