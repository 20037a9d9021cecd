/**
 * A few words of shared memory that every thread may look at: what the server is and whether it
 * serves, and whether the front may answer reads itself. Each word has one writer, but for the trace mask.
 */
import { highHalf, joinHalves, lowHalf } from '../base/zxid.ts';

export type SharedStatusMemory = SharedArrayBuffer;

/** looking: an ensemble's member without a leader, which serves nobody. */
export const Serving = { starting: 0, serving: 1, stopping: 2, looking: 3 } as const;

/** What a server is: alone, or its part in an ensemble. */
export const serverRoles = ['standalone', 'looking', 'leading', 'following', 'observing'] as const;
export type ServerRole = (typeof serverRoles)[number];

const Word = {
  serving: 0,
  readGate: 1,
  stateIsCommitted: 2,
  role: 3,
  epoch: 4,
  leader: 5,
  lastProposal: 6,
  minProposal: 7,
  maxProposal: 8,
  traceMaskHi: 9,
  traceMaskLo: 10,
  words: 11,
} as const;

export function createSharedStatus(): SharedStatusMemory {
  const memory = new SharedArrayBuffer(Word.words * 4);
  new Int32Array(memory)[Word.leader] = -1;
  return memory;
}

export class SharedStatus {
  private readonly words: Int32Array;

  constructor(memory: SharedStatusMemory) {
    this.words = new Int32Array(memory);
  }

  get serving(): number {
    return this.words[Word.serving] as number;
  }

  set serving(value: number) {
    this.words[Word.serving] = value;
  }

  /**
   * Closed while notifications of a visible change still wait for room on the ring to the front,
   * and while the keeper serves nobody: a read then takes the ring too, and so comes out behind
   * them, or not at all.
   */
  get readGateClosed(): boolean {
    return this.words[Word.readGate] !== 0;
  }

  set readGateClosed(closed: boolean) {
    this.words[Word.readGate] = closed ? 1 : 0;
  }

  /**
   * Whether all that the tree holds is committed. It may not be while a member of an ensemble has
   * loaded its log and no leader has confirmed it; then nothing of the tree may reach a snapshot.
   */
  get stateIsCommitted(): boolean {
    return this.words[Word.stateIsCommitted] !== 0;
  }

  set stateIsCommitted(value: boolean) {
    this.words[Word.stateIsCommitted] = value ? 1 : 0;
  }

  get role(): ServerRole {
    return serverRoles[this.words[Word.role] as number] ?? 'standalone';
  }

  set role(role: ServerRole) {
    this.words[Word.role] = serverRoles.indexOf(role);
  }

  /** Of the leader that is followed or was followed last. */
  get epoch(): number {
    return this.words[Word.epoch] as number;
  }

  set epoch(epoch: number) {
    this.words[Word.epoch] = epoch;
  }

  /** Server id of the leader, -1 while there is none. */
  get leader(): number {
    return this.words[Word.leader] as number;
  }

  set leader(serverId: number) {
    this.words[Word.leader] = serverId;
  }

  /** Of `gtmk`; `stmk` sets it, on whatever front it comes to. */
  get traceMask(): bigint {
    const { words } = this;
    return joinHalves(words[Word.traceMaskHi] as number, words[Word.traceMaskLo] as number);
  }

  set traceMask(mask: bigint) {
    this.words[Word.traceMaskHi] = highHalf(mask);
    this.words[Word.traceMaskLo] = lowHalf(mask);
  }

  /** Bytes of a leader's proposals, -1 each while there was none. */
  get proposals(): { readonly last: number; readonly min: number; readonly max: number } {
    const { words } = this;
    return {
      last: words[Word.lastProposal] as number,
      min: words[Word.minProposal] as number,
      max: words[Word.maxProposal] as number,
    };
  }

  /** Keeper only: a leader begins. */
  resetProposals(): void {
    this.words.fill(-1, Word.lastProposal, Word.maxProposal + 1);
  }

  /** Keeper only. */
  countProposal(bytes: number): void {
    const { words } = this;
    words[Word.lastProposal] = bytes;
    if (bytes > (words[Word.maxProposal] as number)) words[Word.maxProposal] = bytes;
    const min = words[Word.minProposal] as number;
    if (min < 0 || bytes < min) words[Word.minProposal] = bytes;
  }
}
