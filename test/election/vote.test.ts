import { describe, expect, it } from 'vitest';
import { asZxid } from '../../src/base/zxid.ts';
import {
  type Ballot,
  hasQuorum,
  isBetter,
  isSameBallot,
  voteForNobody,
} from '../../src/election/vote.ts';
import type { Vote } from '../../src/zab/election-ports.ts';
import type { RoleName } from '../../src/zab/peer-ports.ts';
import { hierarchyOf, majorityOf, type ServerId } from '../../src/zab/quorum-verifier.ts';

const voters = [1, 2, 3] as ServerId[];
const majority = majorityOf(voters);
const base: Vote = { leader: 2n, zxid: asZxid(0x100000005n), electionEpoch: 3n, peerEpoch: 1n };

function ballot(state: RoleName, changes: Partial<Vote> = {}, version = 0): Ballot {
  return { vote: { ...base, ...changes }, state, version };
}

describe('a vote is better', () => {
  it('by epoch, then by zxid, then by server id, whatever the round', () => {
    const better: Partial<Vote>[] = [
      { peerEpoch: 2n, zxid: asZxid(0n), leader: 1n },
      { zxid: asZxid(0x100000006n), leader: 1n },
      { leader: 3n, electionEpoch: 1n },
    ];
    for (const changes of better) {
      expect(isBetter({ ...base, ...changes }, base, majority)).toBe(true);
      expect(isBetter(base, { ...base, ...changes }, majority)).toBe(false);
    }
    expect(isBetter({ ...base, electionEpoch: 9n }, base, majority)).toBe(false);
  });

  it('than that of an observer, and as signed longs', () => {
    expect(isBetter({ ...base, zxid: asZxid(-1n), peerEpoch: 0n }, voteForNobody, majority)).toBe(
      true,
    );
    expect(isBetter(voteForNobody, base, majority)).toBe(false);
    expect(isBetter({ ...base, zxid: asZxid(-1n) }, base, majority)).toBe(false);
  });

  it('never for a server without weight or one that does not vote', () => {
    const verifier = hierarchyOf({
      voters,
      groups: new Map([[1, voters]]),
      weights: new Map([[3, 0]]),
    });
    expect(isBetter({ ...base, leader: 3n }, base, majority)).toBe(true);
    expect(isBetter({ ...base, leader: 3n }, base, verifier)).toBe(false);
    expect(isBetter({ ...base, leader: 4n }, base, majority)).toBe(false);
    expect(isBetter({ ...base, leader: 2n ** 62n }, base, majority)).toBe(false);
  });
});

describe('two ballots are the same', () => {
  it('in all of the vote while one of them is looking', () => {
    const differing: Partial<Vote>[] = [
      { leader: 3n },
      { zxid: asZxid(0n) },
      { electionEpoch: 4n },
      { peerEpoch: 2n },
    ];
    for (const changes of differing) {
      expect(isSameBallot(ballot('looking'), ballot('following', changes))).toBe(false);
      expect(isSameBallot(ballot('leading', changes), ballot('looking'))).toBe(false);
    }
    expect(isSameBallot(ballot('looking'), ballot('leading', {}, 2))).toBe(true);
  });

  it('in leader and epoch when both have a leader, however they differ in zxid and round', () => {
    const other = { zxid: asZxid(0n), electionEpoch: -1n };
    expect(isSameBallot(ballot('following'), ballot('leading', other))).toBe(true);
    expect(isSameBallot(ballot('following'), ballot('leading', { peerEpoch: 2n }))).toBe(false);
    expect(isSameBallot(ballot('following'), ballot('leading', { leader: 1n }))).toBe(false);
  });

  it('in the leader alone when only one format has a version', () => {
    const other = { peerEpoch: 2n };
    expect(isSameBallot(ballot('following', other, 2), ballot('leading'))).toBe(true);
    expect(isSameBallot(ballot('following', other, 2), ballot('leading', {}, 1))).toBe(false);
  });
});

describe('ballots have a quorum', () => {
  it('when enough voters gave the same one', () => {
    const ballots = new Map([
      [1 as ServerId, ballot('looking')],
      [2 as ServerId, ballot('looking', { leader: 3n })],
      [9 as ServerId, ballot('looking')],
    ]);
    expect(hasQuorum(ballots, ballot('looking'), majority)).toBe(false);
    ballots.set(2 as ServerId, ballot('looking'));
    expect(hasQuorum(ballots, ballot('looking'), majority)).toBe(true);
  });
});
