/**
 * Which sets of servers form a quorum. Pure arithmetic on server ids; knows nothing of who is
 * alive. Standalone is the majority of one.
 */
import { assert } from '../base/assert.ts';

export type ServerId = number & { readonly __serverId: never };

export interface QuorumVerifier {
  readonly voters: readonly ServerId[];
  isQuorum(has: (voter: ServerId) => boolean): boolean;
  /** What the server counts; 0 means that it may follow but never lead, and for who is no voter. */
  weightOf(server: ServerId): number;
}

/** More than half of the voters (Apache `QuorumMaj`). */
export function majorityOf(voters: readonly ServerId[]): QuorumVerifier {
  const needed = Math.floor(voters.length / 2) + 1;
  return {
    voters,
    isQuorum(has) {
      let count = 0;
      for (const voter of voters) if (has(voter)) count++;
      return count >= needed;
    },
    weightOf: (server) => (voters.includes(server) ? 1 : 0),
  };
}

export interface Hierarchy {
  readonly voters: readonly ServerId[];
  /** Group number to its servers. Every voter stands in one group. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
  /** Server id to weight, a whole number; 1 where nothing is said. */
  readonly weights: ReadonlyMap<number, number>;
}

interface Group {
  readonly voters: readonly ServerId[];
  /** More weight than this wins the group. */
  readonly half: number;
}

/**
 * More than half of the groups, in each of them more than half of the weight. A group without any
 * weight does not exist (Apache `QuorumHierarchical`).
 */
export function hierarchyOf({ voters, groups, weights }: Hierarchy): QuorumVerifier {
  const weightOf = (server: number): number => weights.get(server) ?? 1;
  const counted: Group[] = [];
  let grouped = 0;
  for (const servers of groups.values()) {
    const votersHere = voters.filter((voter) => servers.includes(voter));
    grouped += votersHere.length;
    // Who is in a group and no voter never has its say, but Apache counts its weight in the total.
    const total = servers.reduce((sum, server) => sum + weightOf(server), 0);
    if (total > 0) counted.push({ voters: votersHere, half: Math.floor(total / 2) });
  }
  assert(grouped === voters.length, 'every voter stands in one group');
  const needed = Math.floor(counted.length / 2) + 1;

  const isWon = ({ voters: members, half }: Group, has: (voter: ServerId) => boolean): boolean => {
    let weight = 0;
    for (const voter of members) if (has(voter)) weight += weightOf(voter);
    return weight > half;
  };
  return {
    voters,
    isQuorum(has) {
      let won = 0;
      for (const group of counted) if (isWon(group, has)) won++;
      return won >= needed;
    },
    weightOf: (server) => (voters.includes(server) ? weightOf(server) : 0),
  };
}
