import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Hierarchy,
  hierarchyOf,
  majorityOf,
  type QuorumVerifier,
  type ServerId,
} from '../../src/zab/quorum-verifier.ts';

const ids = (...numbers: number[]) => numbers as ServerId[];

function holds(verifier: QuorumVerifier, ...servers: number[]): boolean {
  return verifier.isQuorum((voter) => servers.includes(voter));
}

/** Three groups of three, as in Apache's guide to hierarchical quorums. */
const threeByThree: Hierarchy = {
  voters: ids(1, 2, 3, 4, 5, 6, 7, 8, 9),
  groups: new Map([
    [1, [1, 2, 3]],
    [2, [4, 5, 6]],
    [3, [7, 8, 9]],
  ]),
  weights: new Map(),
};

describe('a majority', () => {
  it('needs more than half of the voters', () => {
    const four = majorityOf(ids(1, 2, 3, 4));
    expect(holds(four, 1, 2)).toBe(false);
    expect(holds(four, 1, 2, 4)).toBe(true);
    expect(holds(majorityOf(ids(7)), 7)).toBe(true);
  });

  it('does not count strangers, and gives them no weight', () => {
    const three = majorityOf(ids(1, 2, 3));
    expect(holds(three, 1, 8, 9)).toBe(false);
    expect([three.weightOf(3 as ServerId), three.weightOf(9 as ServerId)]).toEqual([1, 0]);
  });
});

describe('a hierarchy', () => {
  it('needs more than half of the weight in more than half of the groups', () => {
    const verifier = hierarchyOf(threeByThree);
    expect(holds(verifier, 1, 2, 4, 5)).toBe(true);
    expect(holds(verifier, 1, 2, 3, 4, 7)).toBe(false);
    expect(holds(verifier)).toBe(false);
  });

  it('does not count a group without weight, and lets nobody lead who has none', () => {
    const weights = new Map([7, 8, 9].map((id) => [id, 0] as const));
    const verifier = hierarchyOf({ ...threeByThree, weights });
    // Two groups are left, and both are needed.
    expect(holds(verifier, 1, 2, 7, 8, 9)).toBe(false);
    expect(holds(verifier, 1, 2, 4, 6)).toBe(true);
    expect([verifier.weightOf(7 as ServerId), verifier.weightOf(1 as ServerId)]).toEqual([0, 1]);
  });

  it('halves the weight of a group as whole numbers', () => {
    const verifier = hierarchyOf({
      voters: ids(1, 2, 3),
      groups: new Map([[1, [1, 2, 3]]]),
      weights: new Map([
        [1, 3],
        [2, 1],
        [3, 1],
      ]),
    });
    expect(holds(verifier, 1)).toBe(true);
    expect(holds(verifier, 2, 3)).toBe(false);
  });

  it('counts the weight of an observer that stands in a group, and never its say', () => {
    const verifier = hierarchyOf({
      voters: ids(1, 2),
      groups: new Map([[1, [1, 2, 3]]]),
      weights: new Map([[3, 2]]),
    });
    expect(holds(verifier, 1, 2)).toBe(false);
    expect(holds(verifier, 1, 2, 3)).toBe(false);
    expect(verifier.weightOf(3 as ServerId)).toBe(0);
  });

  it('asserts that every voter stands in a group', () => {
    expect(() => hierarchyOf({ ...threeByThree, voters: ids(1, 10) })).toThrow('one group');
  });
});

describe('two quorums', () => {
  const hierarchy = fc
    .array(fc.record({ group: fc.nat(3), weight: fc.nat(4) }), { minLength: 1, maxLength: 9 })
    .map((servers) => {
      const groups = new Map<number, number[]>();
      for (const [index, { group }] of servers.entries()) {
        groups.set(group, [...(groups.get(group) ?? []), index + 1]);
      }
      const weights = new Map(servers.map(({ weight }, index) => [index + 1, weight] as const));
      return hierarchyOf({
        voters: ids(...servers.keys()).map((i) => (i + 1) as ServerId),
        groups,
        weights,
      });
    });

  it('of a majority or of a hierarchy have a voter in common', () => {
    const majority = fc.integer({ min: 1, max: 9 }).map((size) => {
      return majorityOf(Array.from({ length: size }, (_, index) => (index + 1) as ServerId));
    });
    fc.assert(
      fc.property(fc.oneof(majority, hierarchy), fc.nat(511), (verifier, mask) => {
        const isIn = (voter: ServerId) => (mask & (1 << (voter - 1))) !== 0;
        expect(verifier.isQuorum(isIn) && verifier.isQuorum((voter) => !isIn(voter))).toBe(false);
      }),
    );
  });
});
