/**
 * The rounds of votes (Apache `FastLeaderElection`). Every server says whom it would follow, and
 * changes its mind when it hears of a better one; when a quorum agrees, the round is over. A server
 * that finds an established leader with its quorum joins them.
 *
 * ```
 *        look            a quorum agrees          all agree, or no news for a while
 * idle ───────► looking ─────────────────► waiting ────────────────────────────────► decided
 *                  ▲                          │
 *                  └────── a better vote ─────┘
 * ```
 *
 * It is a hint, no proof: whatever is decided here, discovery and synchronization see to it that
 * no two servers lead in one epoch, and that nothing committed is lost. So the wait is shortened
 * where it can bring no news: when each voter that has not agreed cannot be reached.
 */
import type { Epoch } from '../base/zxid.ts';
import { zxidNone } from '../base/zxid.ts';
import type { Standing, Vote } from '../zab/election-ports.ts';
import type { EnsembleView, PeerSettings } from '../zab/ensemble-view.ts';
import type { RoleName } from '../zab/peer-ports.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
import type { Notification } from './notification.ts';
import { type Ballot, hasQuorum, isBetter, voteForNobody } from './vote.ts';

export interface FastLeaderElectionParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  /** Says to a server in which state this one is, and its vote. */
  readonly send: (to: ServerId, state: RoleName, vote: Vote) => void;
  readonly isUnreachable: (server: ServerId) => boolean;
  /** Nobody has answered for a while, and nothing could be said: connect to everybody. */
  readonly connectAll: () => void;
  readonly hasDelivered: () => boolean;
  readonly onDecided: (vote: Vote) => void;
  /** While a role is held: that participant looks for a leader. */
  readonly onLooking: (server: ServerId) => void;
}

/** How long a quorum that agrees waits for a better vote (Apache `finalizeWait`). */
const finalizeMs = 200;

export class FastLeaderElection {
  private readonly parts: FastLeaderElectionParts;
  private state: 'idle' | 'looking' | 'decided' = 'idle';
  private clock = 0n;
  private own: Vote = voteForNobody;
  private proposal: Vote = voteForNobody;
  /** There is no database here yet: nobody's vote is counted, a leader has to be found. */
  private ownZxidIsNone = false;
  private decided: Vote | null = null;
  /** Votes of this round, and of servers that have a leader. */
  private readonly received = new Map<ServerId, Ballot>();
  private readonly outOfElection = new Map<ServerId, Ballot>();
  /** What was said while there was no round: the newest of each. */
  private readonly early = new Map<ServerId, Notification>();
  private nowMs = 0;
  private backoffMs = 0;
  private sayAgainMs = Number.POSITIVE_INFINITY;
  private finalMs = Number.POSITIVE_INFINITY;

  constructor(parts: FastLeaderElectionParts) {
    this.parts = parts;
  }

  get currentVote(): Vote | null {
    if (this.decided !== null) return this.decided;
    return this.state === 'idle' && this.clock === 0n ? null : this.atClock(this.proposal);
  }

  look(nowMs: number, { lastZxid, currentEpoch }: Standing): void {
    const { self, members } = this.parts.view;
    this.nowMs = nowMs;
    this.state = 'looking';
    this.decided = null;
    this.clock++;
    this.received.clear();
    this.outOfElection.clear();
    const isVoter = members.get(self)?.role === 'participant';
    const peerEpoch = BigInt(currentEpoch);
    const vote = { leader: BigInt(self), zxid: lastZxid, electionEpoch: this.clock, peerEpoch };
    this.own = isVoter ? vote : voteForNobody;
    this.ownZxidIsNone = lastZxid === zxidNone;
    this.proposal = this.own;
    this.finalMs = Number.POSITIVE_INFINITY;
    this.backoffMs = this.parts.settings.minNotificationIntervalMs;
    this.waitAgain();
    this.broadcast();
    const early = [...this.early];
    this.early.clear();
    for (const [from, said] of early) if (this.state === 'looking') this.hear(from, said);
  }

  established(epoch: Epoch): void {
    if (this.decided !== null) this.decided = { ...this.decided, peerEpoch: BigInt(epoch) };
  }

  leave(): void {
    this.state = 'idle';
    this.sayAgainMs = this.finalMs = Number.POSITIVE_INFINITY;
  }

  nextDeadlineMs(): number {
    return Math.min(this.sayAgainMs, this.finalMs);
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.state !== 'looking') return;
    if (nowMs >= this.finalMs) this.decide(this.atClock(this.proposal));
    else if (nowMs >= this.sayAgainMs) this.sayAgain();
  }

  /** Somebody cannot be reached any more: there may be nobody left to wait for. */
  onUnreachable(): void {
    if (this.finalMs !== Number.POSITIVE_INFINITY && !this.mayHearMore()) {
      this.decide(this.atClock(this.proposal));
    }
  }

  onNotification(from: ServerId, said: Notification): void {
    const { view, send, onLooking } = this.parts;
    const isVoter = view.verifier.voters.includes(from);
    if (!isVoter) {
      send(from, this.role(), this.voteToTell());
    } else if (this.state === 'looking') {
      this.hear(from, said);
    } else if (said.state === 'looking') {
      if (this.state === 'idle') this.early.set(from, said);
      else {
        send(from, this.role(), this.voteToTell());
        onLooking(from);
      }
    } else if (this.state === 'idle') this.early.set(from, said);
  }

  /** Own state as others are told. */
  private role(): RoleName {
    const { self, members } = this.parts.view;
    if (this.state !== 'decided' || this.decided === null) return 'looking';
    if (this.decided.leader === BigInt(self)) return 'leading';
    return members.get(self)?.role === 'observer' ? 'observing' : 'following';
  }

  private voteToTell(): Vote {
    return this.state === 'decided' && this.decided !== null
      ? this.decided
      : this.atClock(this.proposal);
  }

  private atClock(vote: Vote): Vote {
    return { ...vote, electionEpoch: this.clock };
  }

  private hear(from: ServerId, said: Notification): void {
    const { verifier } = this.parts.view;
    this.waitAgain();
    if (!verifier.voters.includes(Number(said.vote.leader) as ServerId)) return;
    if (said.state === 'looking') this.hearLooking(from, said);
    else if (said.state !== 'observing') this.hearEstablished(from, said);
  }

  private hearLooking(from: ServerId, { vote }: Notification): void {
    const { send, view } = this.parts;
    if (this.ownZxidIsNone || vote.zxid === zxidNone) return;
    if (vote.electionEpoch < this.clock) {
      if (from !== view.self) send(from, 'looking', this.atClock(this.proposal));
      return;
    }
    if (vote.electionEpoch > this.clock) {
      this.clock = vote.electionEpoch;
      this.received.clear();
      this.propose(isBetter(vote, this.own, view.verifier) ? vote : this.own);
    } else if (isBetter(vote, this.proposal, view.verifier)) this.propose(vote);
    this.received.set(from, { vote, state: 'looking', version: 0 });
    this.maybeFinal();
  }

  private propose(vote: Vote): void {
    this.proposal = vote;
    this.finalMs = Number.POSITIVE_INFINITY;
    this.broadcast();
  }

  /** A quorum agrees: waits for a better vote, unless nobody is left who could have one. */
  private maybeFinal(): void {
    if (this.state !== 'looking') return;
    const { verifier } = this.parts.view;
    const wanted: Ballot = { vote: this.atClock(this.proposal), state: 'looking', version: 0 };
    if (!hasQuorum(this.received, wanted, verifier)) return;
    if (!this.mayHearMore()) this.decide(wanted.vote);
    else if (this.finalMs === Number.POSITIVE_INFINITY) this.finalMs = this.nowMs + finalizeMs;
  }

  private mayHearMore(): boolean {
    const { view, isUnreachable } = this.parts;
    return view.verifier.voters.some((voter) => {
      const ballot = this.received.get(voter);
      const agrees = ballot?.vote.leader === this.proposal.leader && ballot.state === 'looking';
      return !agrees && !isUnreachable(voter);
    });
  }

  /** Members of an ensemble that has a leader, or had one when they said so. */
  private hearEstablished(from: ServerId, { state, vote, version }: Notification): void {
    if (vote.electionEpoch === this.clock) {
      const ballot = { vote, state, version: 0 };
      this.received.set(from, ballot);
      if (this.mayJoin(this.received, { ...ballot, version })) {
        this.decide(vote);
        return;
      }
    }
    const ballot = { vote, state, version };
    this.outOfElection.set(from, ballot);
    if (!this.mayJoin(this.outOfElection, ballot)) return;
    this.clock = vote.electionEpoch;
    this.decide(vote);
  }

  /** A quorum follows that leader, and the leader itself says that it leads (`checkLeader`). */
  private mayJoin(ballots: ReadonlyMap<ServerId, Ballot>, wanted: Ballot): boolean {
    const { view } = this.parts;
    if (!hasQuorum(ballots, wanted, view.verifier)) return false;
    const leader = Number(wanted.vote.leader) as ServerId;
    if (leader === view.self) return this.clock === wanted.vote.electionEpoch;
    return ballots.get(leader)?.state === 'leading';
  }

  private decide(vote: Vote): void {
    this.state = 'decided';
    this.decided = vote;
    this.sayAgainMs = this.finalMs = Number.POSITIVE_INFINITY;
    this.parts.onDecided(vote);
  }

  private sayAgain(): void {
    const { hasDelivered, connectAll, settings } = this.parts;
    this.backoffMs = Math.min(2 * this.backoffMs, settings.maxNotificationIntervalMs);
    this.waitAgain();
    if (hasDelivered()) this.broadcast();
    else connectAll();
  }

  private waitAgain(): void {
    this.sayAgainMs = this.nowMs + this.backoffMs;
  }

  /** To all voters; to itself at once. */
  private broadcast(): void {
    const { view, send } = this.parts;
    const vote = this.atClock(this.proposal);
    for (const voter of view.verifier.voters) {
      if (voter !== view.self) send(voter, 'looking', vote);
    }
    const isVoter = view.verifier.voters.includes(view.self);
    if (!isVoter || this.ownZxidIsNone) return;
    this.received.set(view.self, { vote, state: 'looking', version: 0 });
    this.maybeFinal();
  }
}
