/**
 * Votes and how they are compared and counted (Apache `Vote`, `FastLeaderElection`). Pure; knows
 * nothing of rounds and time.
 */
import { asZxid } from '../base/zxid.ts';
import type { Vote } from '../zab/election-ports.ts';
import type { RoleName } from '../zab/peer-ports.ts';
import type { QuorumVerifier, ServerId } from '../zab/quorum-verifier.ts';

const longMin = -(2n ** 63n);

/** The vote of an observer: for nobody. It is below every other one. */
export const voteForNobody: Vote = {
  leader: longMin,
  zxid: asZxid(longMin),
  electionEpoch: 0n,
  peerEpoch: longMin,
};

/** A vote as it is kept while votes are counted, with the state that its server was in. */
export interface Ballot {
  readonly vote: Vote;
  readonly state: RoleName;
  /** Of the notification, or 0: see `isSameBallot`. */
  readonly version: number;
}

export type Ballots = ReadonlyMap<ServerId, Ballot>;

/**
 * Whether the first vote is for a better leader: by epoch, then by zxid, then by server id. Nobody
 * is elected who has no weight (Apache `totalOrderPredicate`).
 */
export function isBetter(candidate: Vote, current: Vote, verifier: QuorumVerifier): boolean {
  if (verifier.weightOf(Number(candidate.leader) as ServerId) === 0) return false;
  if (candidate.peerEpoch !== current.peerEpoch) return candidate.peerEpoch > current.peerEpoch;
  if (candidate.zxid !== current.zxid) return candidate.zxid > current.zxid;
  return candidate.leader > current.leader;
}

/**
 * Whether two ballots count for the same leader (Apache `Vote.equals`). As long as one of the two
 * servers is looking, all of the vote must agree. Members of an established ensemble may know
 * different zxids and rounds, and their peerEpoch is compared only between equal formats.
 */
export function isSameBallot(a: Ballot, b: Ballot): boolean {
  if (a.vote.leader !== b.vote.leader) return false;
  if (a.state === 'looking' || b.state === 'looking') {
    return (
      a.vote.zxid === b.vote.zxid &&
      a.vote.electionEpoch === b.vote.electionEpoch &&
      a.vote.peerEpoch === b.vote.peerEpoch
    );
  }
  return a.version > 0 !== b.version > 0 || a.vote.peerEpoch === b.vote.peerEpoch;
}

export function hasQuorum(ballots: Ballots, wanted: Ballot, verifier: QuorumVerifier): boolean {
  return verifier.isQuorum((voter) => {
    const ballot = ballots.get(voter);
    return ballot !== undefined && isSameBallot(ballot, wanted);
  });
}
