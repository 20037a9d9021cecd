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
import { type Ballot, hasQuorum, isBetter, isSameBallot, voteForNobody } from './vote.ts';

export interface FastLeaderElectionParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  /** That server has to hear the `news`, as soon as it can be reached. */
  readonly tell: (to: ServerId) => void;
  /** In this round it was tried in vain. */
  readonly isUnreachable: (server: ServerId) => boolean;
  readonly onDecided: (vote: Vote) => void;
  /** While a role is held: that participant looks for a leader. */
  readonly onLooking: (server: ServerId) => void;
}

/** What others are told of this server. */
export interface News {
  readonly state: RoleName;
  readonly vote: Vote;
}

const never = Number.POSITIVE_INFINITY;
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
  private sayAgainMs = never;
  private finalMs = never;

  constructor(parts: FastLeaderElectionParts) {
    this.parts = parts;
  }

  get currentVote(): Vote | null {
    if (this.decided !== null) return this.decided;
    return this.state === 'idle' ? null : this.atClock(this.proposal);
  }

  /** Null between two rounds: what will be said is not known yet. */
  get news(): News | null {
    if (this.state === 'idle') return null;
    return { state: this.role(), vote: this.decided ?? this.atClock(this.proposal) };
  }

  look(nowMs: number, { lastZxid, currentEpoch }: Standing): void {
    const { self, members } = this.parts.view;
    this.nowMs = nowMs;
    this.state = 'looking';
    this.decided = null;
    this.clock = BigInt.asIntN(64, this.clock + 1n);
    this.received.clear();
    this.outOfElection.clear();
    const isVoter = members.get(self)?.role === 'participant';
    const peerEpoch = BigInt(currentEpoch);
    const vote = { leader: BigInt(self), zxid: lastZxid, electionEpoch: this.clock, peerEpoch };
    this.own = isVoter ? vote : voteForNobody;
    this.ownZxidIsNone = isVoter && lastZxid === zxidNone;
    this.proposal = this.own;
    this.finalMs = never;
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
    this.sayAgainMs = this.finalMs = never;
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
    this.maybeFinal();
  }

  onNotification(from: ServerId, said: Notification): void {
    const { view, tell, onLooking } = this.parts;
    if (this.state === 'idle') {
      if (view.members.has(from)) this.early.set(from, said);
    } else if (!view.verifier.voters.includes(from)) {
      tell(from);
    } else if (this.state === 'looking') {
      this.hear(from, said);
    } else if (said.state === 'looking') {
      tell(from);
      onLooking(from);
    }
  }

  /** Own state as others are told. */
  private role(): RoleName {
    const { self, members } = this.parts.view;
    if (this.decided === null) return 'looking';
    if (this.decided.leader === BigInt(self)) return 'leading';
    return members.get(self)?.role === 'observer' ? 'observing' : 'following';
  }

  private atClock(vote: Vote): Vote {
    return { ...vote, electionEpoch: this.clock };
  }

  private hear(from: ServerId, said: Notification): void {
    const { view, tell } = this.parts;
    this.waitAgain();
    if (said.state === 'looking' && said.vote.electionEpoch < this.clock) {
      tell(from);
      return;
    }
    if (!view.verifier.voters.includes(Number(said.vote.leader) as ServerId)) return;
    if (said.state === 'looking') this.hearLooking(from, said.vote);
    else if (said.state !== 'observing') this.hearEstablished(from, said);
  }

  private hearLooking(from: ServerId, vote: Vote): void {
    const { verifier } = this.parts.view;
    if (this.ownZxidIsNone || vote.zxid === zxidNone) return;
    if (vote.electionEpoch > this.clock) {
      this.clock = vote.electionEpoch;
      this.received.clear();
      this.propose(isBetter(vote, this.own, verifier) ? vote : this.own);
    } else if (isBetter(vote, this.proposal, verifier)) this.propose(vote);
    this.received.set(from, { vote, state: 'looking', version: 0 });
    this.maybeFinal();
  }

  private propose(vote: Vote): void {
    this.proposal = vote;
    this.broadcast();
  }

  /** A quorum agrees: waits for a better vote, unless nobody is left who could have one. */
  private maybeFinal(): void {
    if (this.state !== 'looking') return;
    const { view, isUnreachable } = this.parts;
    const wanted: Ballot = { vote: this.atClock(this.proposal), state: 'looking', version: 0 };
    const agrees = (voter: ServerId) => {
      const ballot = this.received.get(voter);
      return ballot !== undefined && isSameBallot(ballot, wanted);
    };
    if (!view.verifier.isQuorum(agrees)) this.finalMs = never;
    else if (view.verifier.voters.every((voter) => agrees(voter) || isUnreachable(voter))) {
      this.decide(wanted.vote);
    } else if (this.finalMs === never) this.finalMs = this.nowMs + finalizeMs;
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
    if (this.mayJoin(this.outOfElection, ballot)) {
      this.clock = vote.electionEpoch;
      this.decide(vote);
    } else this.maybeFinal();
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
    this.sayAgainMs = this.finalMs = never;
    this.parts.onDecided(vote);
  }

  private sayAgain(): void {
    this.backoffMs = Math.min(2 * this.backoffMs, this.parts.settings.maxNotificationIntervalMs);
    this.waitAgain();
    this.broadcast();
  }

  private waitAgain(): void {
    this.sayAgainMs = this.nowMs + this.backoffMs;
  }

  /** To all voters; to itself at once. */
  private broadcast(): void {
    const { view, tell } = this.parts;
    for (const voter of view.verifier.voters) if (voter !== view.self) tell(voter);
    const isVoter = view.verifier.voters.includes(view.self);
    if (!isVoter || this.ownZxidIsNone) return;
    const vote = this.atClock(this.proposal);
    this.received.set(view.self, { vote, state: 'looking', version: 0 });
    this.maybeFinal();
  }
}
