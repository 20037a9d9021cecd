/**
 * Syncs of clients, at the leader. A sync is done when everything that was proposed before it is
 * committed, and, with `quorumSync`, when a quorum has shown after its arrival that it still
 * follows this leader: a PING of its own and its answers (Apache's leader believes in itself, so
 * that a deposed one may answer with an old state). Syncs are done in the order of their arrival.
 */
import { compareHalves } from '../base/zxid.ts';
import { PacketType, writeBarePacket } from '../jute/quorum.ts';
import type { CommitPoint, LearnerLink } from './learner-link.ts';
import type { RoleParts } from './role-ports.ts';

interface WaitingSync {
  /** Null: a client of the leader itself. */
  readonly learner: LearnerLink | null;
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** The round of PINGs that has to be answered. */
  readonly round: number;
}

export class LeaderSyncs {
  private readonly parts: RoleParts;
  private readonly learners: Iterable<LearnerLink>;
  private readonly commit: CommitPoint;
  private waiting: WaitingSync[] = [];
  private started = 0;
  private confirmed = 0;
  private wanted = 0;
  /** How many PINGs a learner must have answered for the round that is under way. */
  private readonly targets = new Map<LearnerLink, number>();

  constructor(parts: RoleParts, learners: Iterable<LearnerLink>, commit: CommitPoint) {
    this.parts = parts;
    this.learners = learners;
    this.commit = commit;
  }

  /** Not done yet. */
  get count(): number {
    return this.waiting.length;
  }

  add(learner: LearnerLink | null): void {
    const { lastHi, lastLo } = this.parts.history;
    const round = this.parts.settings.quorumSync ? this.started + 1 : 0;
    this.wanted = Math.max(this.wanted, round);
    this.waiting.push({ learner, zxidHi: lastHi, zxidLo: lastLo, round });
  }

  /** End of a duty cycle: one round serves all syncs that came in it. */
  flush(): void {
    const isRunning = this.started > this.confirmed;
    if (!isRunning && this.wanted > this.started) {
      this.started++;
      this.pingAll();
      this.maybeConfirm();
    }
    this.release();
  }

  /** Asks those who joined since the round began, too. */
  pingAll(): void {
    const { lastHi, lastLo } = this.parts.history;
    for (const learner of this.learners) {
      learner.ping(lastHi, lastLo);
      const isAsked = learner.votes && learner.phase === 'live';
      if (isAsked && this.started > this.confirmed && !this.targets.has(learner)) {
        this.targets.set(learner, learner.pings);
      }
    }
  }

  onPong(): void {
    this.maybeConfirm();
  }

  onClosed(learner: LearnerLink): void {
    this.targets.delete(learner);
    this.waiting = this.waiting.filter((sync) => sync.learner !== learner);
  }

  private maybeConfirm(): void {
    if (this.started === this.confirmed) return;
    const { view } = this.parts;
    const answered = new Set<number>([view.self]);
    for (const [learner, target] of this.targets) {
      if (learner.server !== null && learner.pongs >= target) answered.add(learner.server);
    }
    if (!view.verifier.isQuorum((server) => answered.has(server))) return;
    this.confirmed = this.started;
    this.targets.clear();
  }

  private release(): void {
    let done = 0;
    for (const { learner, zxidHi, zxidLo, round } of this.waiting) {
      const { committedHi, committedLo } = this.commit;
      const isCommitted = compareHalves(zxidHi, zxidLo, committedHi, committedLo) <= 0;
      if (!isCommitted || round > this.confirmed) break;
      done++;
      if (learner === null) this.parts.replica.onSync();
      else writeBarePacket(learner.link.out, PacketType.sync, 0, 0);
    }
    if (done > 0) this.waiting = this.waiting.slice(done);
  }
}
