/**
 * Which sets of servers form a quorum. Pure arithmetic on server ids; knows nothing of who is
 * alive. Standalone is the majority of one.
 */
export type ServerId = number & { readonly __serverId: never };

export interface QuorumVerifier {
  readonly voters: readonly ServerId[];
  isQuorum(has: (voter: ServerId) => boolean): boolean;
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
  };
}
