/**
 * The leader's half of ZAB broadcast (paper, phase 3): counts acknowledgements and says up to
 * which zxid the history is committed. Acks are cumulative, since proposals reach every server in
 * zxid order and are made durable in that order: ack(z) stands for all proposals up to z.
 *
 * The leader's own ack is one of them and rides on its own append: it arrives here only when the
 * log reports the zxid as synced. A standalone server is a quorum of one and takes this same way.
 */
import { assert } from '../base/assert.ts';
import { compareHalves } from '../base/zxid.ts';
import type { QuorumVerifier, ServerId } from './quorum-verifier.ts';

interface Progress {
  hi: number;
  lo: number;
}

export class Broadcast {
  private readonly verifier: QuorumVerifier;
  private readonly acked = new Map<ServerId, Progress>();
  private proposedHi: number;
  private proposedLo: number;
  committedHi: number;
  committedLo: number;

  /** Starts after `(lastHi, lastLo)`, the last zxid that is committed already. */
  constructor(verifier: QuorumVerifier, lastHi: number, lastLo: number) {
    this.verifier = verifier;
    for (const voter of verifier.voters) this.acked.set(voter, { hi: lastHi, lo: lastLo });
    this.proposedHi = this.committedHi = lastHi;
    this.proposedLo = this.committedLo = lastLo;
  }

  /** A proposal leaves for the log and the followers. Zxids only grow. */
  onPropose(hi: number, lo: number): void {
    assert(
      compareHalves(hi, lo, this.proposedHi, this.proposedLo) > 0,
      'a proposal follows the one before it',
    );
    this.proposedHi = hi;
    this.proposedLo = lo;
  }

  /**
   * `server` has made everything up to the zxid durable. Returns true when that moved the commit
   * point, which is then in `committedHi` and `committedLo`.
   */
  onAck(server: ServerId, hi: number, lo: number): boolean {
    const progress = this.acked.get(server);
    if (progress === undefined) return false;
    assert(
      compareHalves(hi, lo, this.proposedHi, this.proposedLo) <= 0,
      'nobody acknowledges what was not proposed',
    );
    if (compareHalves(hi, lo, progress.hi, progress.lo) <= 0) return false;
    progress.hi = hi;
    progress.lo = lo;
    return this.maybeCommit();
  }

  /** The commit point is the highest acked zxid that a quorum has reached. */
  private maybeCommit(): boolean {
    let bestHi = this.committedHi;
    let bestLo = this.committedLo;
    for (const candidate of this.acked.values()) {
      if (compareHalves(candidate.hi, candidate.lo, bestHi, bestLo) <= 0) continue;
      if (!this.verifier.isQuorum((voter) => this.hasReached(voter, candidate))) continue;
      bestHi = candidate.hi;
      bestLo = candidate.lo;
    }
    if (bestHi === this.committedHi && bestLo === this.committedLo) return false;
    this.committedHi = bestHi;
    this.committedLo = bestLo;
    return true;
  }

  private hasReached(voter: ServerId, zxid: Progress): boolean {
    const progress = this.acked.get(voter);
    return progress !== undefined && compareHalves(progress.hi, progress.lo, zxid.hi, zxid.lo) >= 0;
  }
}
