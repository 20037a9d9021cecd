/**
 * One server of an ensemble (Apache `QuorumPeer`): looks for a leader, then leads, follows or
 * observes until that comes to an end, and looks again. It owns which of these it is, and nothing
 * else of the protocol.
 *
 * ```
 *            ┌── leading ────┐
 * looking ───┼── following ──┼── the role ends, the disk has everything ── looking
 *            └── observing ──┘
 * ```
 */
import { assert } from '../base/assert.ts';
import { type Epoch, hex64, zxidOf } from '../base/zxid.ts';
import { DurableState } from './durable-state.ts';
import type { Election, ElectionListener, ElectionParts, Vote } from './election-ports.ts';
import { Leader } from './leader.ts';
import { Learner } from './learner.ts';
import type {
  LearnerRequest,
  LinkId,
  ListenerName,
  PeerCounts,
  PeerInput,
  PeerParts,
  RecoveredEpochs,
  RoleName,
  SyncRequest,
} from './peer-ports.ts';
import type { ServerId } from './quorum-verifier.ts';
import type { Role, RoleParts } from './role-ports.ts';

/** The leader of a server that has none. */
export const noLeader = -1;

export class Peer implements PeerInput, ElectionListener {
  private readonly parts: PeerParts;
  private readonly durable: DurableState;
  private readonly election: Election;
  private readonly roleParts: RoleParts;
  private role: Role | null = null;
  private roleName: RoleName = 'looking';
  private leader = noLeader;
  private lastLink = 0;
  private laterEpoch = 0;
  private nowMs = 0;
  /** Why the role is over; it is closed when the call that is under way returns. */
  private leaving: string | null = null;
  /** When to look for a leader again; null while a role or the disk has to end first. */
  private lookMs: number | null = null;
  private lookedMs = 0;
  /** Since when it serves nobody. */
  private unavailableMs = 0;

  constructor(parts: PeerParts, newElection: (parts: ElectionParts) => Election) {
    this.parts = parts;
    const { view, settings, logger, history, meter } = parts;
    const { links, disk, replica } = parts.output;
    const newLink = () => ++this.lastLink as LinkId;
    this.durable = new DurableState({ disk, replica, history });
    this.election = newElection({ view, settings, links, newLink, listener: this, logger });
    this.roleParts = {
      ...{ view, settings, links, replica, history, logger, meter, newLink },
      durable: this.durable,
      now: () => this.nowMs,
      onEstablished: (epoch) => this.onEstablished(epoch),
      laterEpoch: () => this.laterEpoch,
      onLaterEpoch: (epoch) => {
        this.laterEpoch = Math.max(this.laterEpoch, epoch);
      },
      leave: (reason) => {
        this.leaving ??= reason;
      },
    };
  }

  start(nowMs: number, recovered: RecoveredEpochs): void {
    this.nowMs = this.unavailableMs = nowMs;
    this.tellRole();
    this.election.open(nowMs);
    this.durable.begin(recovered, () => {
      this.lookMs = this.nowMs;
    });
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.lookMs !== null && nowMs >= this.lookMs) this.look();
    this.election.tick(nowMs);
    this.role?.tick(nowMs);
    this.settle();
  }

  nextDeadlineMs(): number {
    const electionMs = this.election.nextDeadlineMs();
    const roleMs = this.role?.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
    return Math.min(electionMs, roleMs, this.lookMs ?? Number.POSITIVE_INFINITY);
  }

  onListening(name: ListenerName, port: number): void {
    this.parts.logger.info({ name, port }, `Listening for servers on port ${port} (${name})`);
  }

  onListenFailed(name: ListenerName, reason: string): void {
    if (name === 'election') this.election.onListenFailed(reason);
    else this.role?.onListenFailed(reason);
    this.settle();
  }

  onAccepted(name: ListenerName, link: LinkId): void {
    if (name === 'election') this.election.onAccepted(link);
    else if (this.role !== null) this.role.onAccepted(link);
    else this.parts.output.links.close(link);
    this.settle();
  }

  onDialed(link: LinkId): void {
    if (this.election.owns(link)) this.election.onDialed(link);
    else if (this.role !== null) this.role.onDialed(link);
    this.settle();
  }

  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    if (this.election.owns(link)) this.election.onBytes(link, bytes, start, end);
    else this.role?.onBytes(link, bytes, start, end);
    this.settle();
  }

  onSent(link: LinkId, bytes: number): void {
    if (this.election.owns(link)) this.election.onSent(link, bytes);
    else this.role?.onSent(link, bytes);
  }

  onClosed(link: LinkId): void {
    if (this.election.owns(link)) this.election.onClosed(link);
    else this.role?.onClosed(link);
    this.settle();
  }

  onSynced(zxidHi: number, zxidLo: number): void {
    this.durable.onSynced(zxidHi, zxidLo);
    this.role?.onSynced();
    this.settle();
  }

  flush(): void {
    this.role?.flush();
    this.settle();
  }

  counts(): PeerCounts {
    const quorumSize = this.parts.view.verifier.voters.length;
    return { quorumSize, leader: this.role?.counts() ?? null };
  }

  get ready(): boolean {
    return this.leaving === null && this.role !== null && this.role.ready;
  }

  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    assert(this.role !== null, 'only a leader proposes');
    this.role.propose(payload, start, end, zxidHi, zxidLo);
  }

  forward(request: LearnerRequest): void {
    this.role?.forward(request);
  }

  sync(sessionIdHi: number, sessionIdLo: number, cxid: number, request: SyncRequest): void {
    this.role?.sync(sessionIdHi, sessionIdLo, cxid, request);
  }

  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    this.role?.revalidate(sessionIdHi, sessionIdLo, timeoutMs);
  }

  onDecided(leader: ServerId, vote: Vote): void {
    assert(this.role === null, 'a server has one role at a time');
    const { self, members } = this.parts.view;
    this.parts.meter.add('election_time', this.nowMs - this.lookedMs);
    const isObserver = members.get(self)?.role === 'observer';
    if (leader === self) this.roleName = 'leading';
    else this.roleName = isObserver ? 'observing' : 'following';
    this.leader = leader;
    this.parts.logger.info(
      { leader, zxid: hex64(vote.zxid), round: String(vote.electionEpoch) },
      this.roleName.toUpperCase(),
    );
    this.tellRole();
    this.role = leader === self ? new Leader(this.roleParts) : new Learner(this.roleParts, leader);
    this.role.start();
  }

  /** The leader hears of those who cannot find it by their own votes. */
  onLookingPeer(): void {}

  private onEstablished(epoch: Epoch): void {
    this.parts.logger.info(
      { epoch, leader: this.leader },
      `${this.roleName.toUpperCase()} in epoch ${epoch}`,
    );
    const { meter } = this.parts;
    meter.add('unavailable_time', this.nowMs - this.unavailableMs);
    if (this.roleName === 'leading') {
      meter.add('leader_unavailable_time', this.nowMs - this.unavailableMs);
    }
    this.election.established(epoch);
    this.tellRole();
  }

  private tellRole(): void {
    const { replica } = this.parts.output;
    replica.onRole(this.roleName, this.durable.currentEpoch, this.leader);
  }

  private look(): void {
    const { history, logger, meter } = this.parts;
    this.lookMs = null;
    this.lookedMs = this.nowMs;
    meter.count('looking_count');
    const lastZxid = zxidOf(history.lastHi, history.lastLo);
    const { currentEpoch } = this.durable;
    logger.info({ lastZxid: hex64(lastZxid), currentEpoch }, 'LOOKING');
    this.election.look(this.nowMs, { lastZxid, currentEpoch });
  }

  /** Ends the role that asked for it. What the next vote says must be on disk before. */
  private settle(): void {
    const reason = this.leaving;
    if (reason === null || this.role === null) return;
    this.parts.logger.warn({ role: this.roleName, leader: this.leader }, reason);
    const wasObserving = this.roleName === 'observing';
    this.role.close();
    this.role = null;
    this.leaving = null;
    this.roleName = 'looking';
    this.unavailableMs = this.nowMs;
    this.leader = noLeader;
    this.election.leave();
    this.parts.output.replica.rest();
    this.tellRole();
    this.durable.flush(() => {
      this.lookMs = this.nowMs + (wasObserving ? this.observerDelayMs() : 0);
    });
  }

  /** Observers do not all come at once (Apache `Observer`, `observer.election.DelayMs`). */
  private observerDelayMs(): number {
    const { random, settings } = this.parts;
    const delayMs = settings.observerElectionDelayMs;
    return delayMs > 0 ? random.next32() % delayMs : 0;
  }
}
