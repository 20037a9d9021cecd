/**
 * The keeper agent: feeds what the fronts send into the core, and carries the core's output to
 * the fronts and to the ensemble, which in turn tells it when to serve and as what. It decides
 * nothing; `processor/keeper-core.ts` does. While a ring to a front or to the log is full it takes
 * no requests, so nothing piles up here. Fronts take turns at being the first whose requests it
 * takes, so none of them waits for ever behind the others.
 */
import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import { outstandingMax } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Epoch, Zxid } from '../base/zxid.ts';
import type { KeeperCore } from '../processor/keeper-core.ts';
import type { ConnectAnswer, ForwardedRequest, KeeperOutput } from '../processor/keeper-ports.ts';
import type { QueryKind } from '../processor/queries.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import { Serving, type SharedStatus } from '../state/shared-status.ts';
import type { LearnerRequest, LinkId, RoleName, SnapshotStreamOutput } from '../zab/peer-ports.ts';
import type { Ensemble, EnsembleReplica } from './ensemble-port.ts';
import { KeeperInbox, type KeeperInboxEffects } from './keeper-inbox.ts';
import type { KeeperReplies } from './keeper-replies.ts';
import type { KeeperSnapshots } from './keeper-snapshots.ts';
import type { KeeperRecovery, Recovered } from './recovery.ts';

export interface KeeperParts {
  /** Of each front. */
  readonly requests: readonly RingReceiver[];
  readonly replies: KeeperReplies;
  readonly ensemble: Ensemble;
  readonly clock: Clock;
  readonly status: SharedStatus;
  readonly recovery: Pick<KeeperRecovery, 'start' | 'reload'>;
  readonly snapshots: KeeperSnapshots;
  /** False: as a leader it takes no clients. */
  readonly leaderServes: boolean;
  /** The state is loaded. A standalone server serves from now on. */
  readonly onRecovered: (recovered: Recovered) => void;
}

const requestsPerTurn = 1024;

export class KeeperAgent implements Agent, KeeperOutput, EnsembleReplica {
  readonly name = 'keeper';
  private readonly parts: KeeperParts;
  private core!: KeeperCore;
  private inboxes: readonly KeeperInbox[] = [];
  /** The front whose requests come first in this duty cycle. */
  private firstFront = 0;

  constructor(parts: KeeperParts) {
    this.parts = parts;
  }

  start(): void {
    const { parts } = this;
    const { core, recovered, found } = parts.recovery.start(this);
    this.core = core;
    const { replies } = parts;
    const effects: KeeperInboxEffects = {
      onQuery: (front, queryId, kind) => this.onQuery(front, queryId, kind),
      onAskFront: (asker, queryId, front, what) => replies.asked(front, queryId, asker, what),
      onFrontAnswer: replies.answerPiece.bind(replies),
      roll: () => parts.ensemble.roll(),
    };
    this.inboxes = parts.requests.map((ring, front) => new KeeperInbox(front, ring, core, effects));
    parts.ensemble.begin(found, this);
    parts.onRecovered(recovered);
  }

  nextDeadlineMs(): number {
    return this.core.nextDeadlineMs();
  }

  dutyCycle(nowMs: number): number {
    const { replies, clock, status } = this.parts;
    this.core.begin(clock.nowMs(), nowMs);
    if (nowMs >= this.core.nextDeadlineMs()) this.core.tick();
    // Room on the ring is what this thread was woken for: requests are looked at only behind this.
    if (replies.stalled) replies.flush();
    if (!replies.stalled) this.core.order.goOn();
    const done = this.takeRequests();
    const sent = this.parts.snapshots.dutyCycle();
    replies.flush();
    const mayOpen = !this.core.isResting && !replies.stalled;
    if (mayOpen && status.readGateClosed) status.readGateClosed = false;
    return done + sent;
  }

  private takeRequests(): number {
    const { inboxes } = this;
    const fronts = inboxes.length;
    const limit = Math.ceil(requestsPerTurn / fronts);
    let done = 0;
    for (let i = 0; i < fronts; i++) {
      done += inboxes[(this.firstFront + i) % fronts]!.drain(this.mayTake, limit);
    }
    this.firstFront = (this.firstFront + 1) % fronts;
    return done;
  }

  /** At rest requests are only dropped, which costs nobody anything. */
  private readonly mayTake = (): boolean => {
    const { ensemble } = this.parts;
    if (this.isStalled) return false;
    return this.core.isResting || (ensemble.ready && this.core.outstanding < outstandingMax);
  };

  stop(): void {}

  get isStalled(): boolean {
    return this.parts.replies.stalled;
  }

  flushReplies(): void {
    this.parts.replies.flush();
  }

  get appliedHi(): number {
    return this.core.appliedHi;
  }

  get appliedLo(): number {
    return this.core.appliedLo;
  }

  onRole(role: RoleName, epoch: Epoch, leader: number): void {
    const { status } = this.parts;
    status.role = role;
    status.epoch = epoch;
    status.leader = leader;
    if (role === 'looking') this.serveNobody();
  }

  serveAlone(): void {
    this.setTime();
    this.core.serveAlone();
    this.serve();
  }

  lead(epoch: Epoch): void {
    this.setTime();
    this.parts.status.resetProposals();
    this.core.lead(epoch);
    this.serve(this.parts.leaderServes);
  }

  follow(): void {
    this.core.follow(this.parts.status.epoch);
    this.serve();
  }

  rest(): void {
    this.serveNobody();
    this.parts.snapshots.clear();
    this.core.rest();
  }

  /** Nothing that was asked of the log may be on its way: it is read as it lies there. */
  reload(): Zxid {
    const { recovery, snapshots, status } = this.parts;
    assert(this.core.isResting, 'the state is not replaced under those who are served');
    // No snapshot may hold what no leader has confirmed, and none may be told as a whole of two.
    status.stateIsCommitted = false;
    snapshots.clear();
    return recovery.reload();
  }

  /** The load may have taken long, and sessions get their time from now on. */
  private setTime(): void {
    const { clock } = this.parts;
    this.core.begin(clock.nowMs(), clock.monotonicMs());
  }

  /** From now on the tree holds nothing but what is committed, and clients may see it. */
  private serve(takesClients = true): void {
    const { status } = this.parts;
    status.stateIsCommitted = true;
    if (takesClients && status.serving !== Serving.stopping) status.serving = Serving.serving;
  }

  /** The gate opens with a duty cycle of the next role. */
  private serveNobody(): void {
    const { status } = this.parts;
    status.readGateClosed = true;
    if (status.serving !== Serving.stopping) status.serving = Serving.looking;
  }

  deliver(payload: Uint8Array, start: number, end: number): void {
    this.core.deliver(payload, start, end);
  }

  commit(zxidHi: number, zxidLo: number): void {
    this.core.commit(zxidHi, zxidLo);
  }

  onLearnerRequest(link: LinkId, request: LearnerRequest): void {
    this.core.learnerRequest(link, request);
  }

  onRevalidate(link: LinkId, sessionIdHi: number, sessionIdLo: number, timeoutMs: number): boolean {
    return this.core.revalidateFor(link, sessionIdHi, sessionIdLo, timeoutMs);
  }

  onTouch(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    this.core.touch(sessionIdHi, sessionIdLo, timeoutMs);
  }

  onRevalidated(sessionIdHi: number, sessionIdLo: number, valid: boolean): void {
    this.core.revalidated(sessionIdHi, sessionIdLo, valid);
  }

  onSync(): void {
    this.core.syncDone();
  }

  takeTouched(visit: (idHi: number, idLo: number, timeoutMs: number) => void): void {
    this.core.takeTouched(visit);
  }

  streamSnapshot(out: SnapshotStreamOutput): void {
    this.parts.snapshots.add(out);
  }

  onSnapshotDue(): void {
    this.parts.replies.snapshotDue();
  }

  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    this.parts.ensemble.propose(payload, start, end, zxidHi, zxidLo);
    this.parts.status.countProposal(end - start);
  }

  forward(request: ForwardedRequest): void {
    this.parts.ensemble.forward(request);
  }

  sync(request: ForwardedRequest): void {
    this.parts.ensemble.sync(request);
  }

  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    this.parts.ensemble.revalidate(sessionIdHi, sessionIdLo, timeoutMs);
  }

  reply(cnxnId: number, frame: Uint8Array, start: number, end: number): void {
    this.parts.replies.reply(cnxnId, 1, frame, start, end);
  }

  replayEvent(cnxnId: number, frame: Uint8Array, start: number, end: number): void {
    this.parts.replies.reply(cnxnId, 0, frame, start, end);
  }

  /**
   * Called before the change of the txn becomes visible, so the event is on the ring of each front
   * that has one of the connections when a read can show it. Where a ring has no room for it, the
   * read gate of all fronts closes first.
   */
  notify(
    cnxnIds: Int32Array,
    count: number,
    zxidHi: number,
    zxidLo: number,
    frame: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { replies, status } = this.parts;
    replies.notify(cnxnIds, count, zxidHi, zxidLo, frame, start, end);
    if (replies.stalled) status.readGateClosed = true;
  }

  connected(cnxnId: number, answer: ConnectAnswer): void {
    this.parts.replies.connected(cnxnId, answer);
  }

  /** What is sent from now on waits in this process. */
  get isFull(): boolean {
    return this.parts.replies.stalled;
  }

  askRoom(cnxnId: number): void {
    this.parts.replies.askRoom(cnxnId);
  }

  close(cnxnId: number): void {
    this.parts.replies.close(cnxnId);
  }

  private onQuery(front: number, queryId: number, kind: QueryKind): void {
    const { replies, ensemble } = this.parts;
    const answer = this.core.query(kind);
    const value = kind === 'gauges' ? { ...answer, quorum: ensemble.counts() } : answer;
    replies.answer(front, queryId, value);
  }
}
