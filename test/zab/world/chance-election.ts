/**
 * An election that asks the world: usually it finds a good leader, and sometimes any. Nothing about
 * safety may depend on it.
 */
import type { Election, ElectionParts, Standing, Vote } from '../../../src/zab/election-ports.ts';
import type { ServerId } from '../../../src/zab/quorum-verifier.ts';
import type { SeededRandom } from '../../support/random.ts';

export interface Candidate {
  readonly id: ServerId;
  readonly votes: boolean;
  readonly standing: Standing | null;
  readonly role: 'looking' | 'leading' | 'other';
}

export interface ElectionWorld {
  readonly random: SeededRandom;
  /** One decision in so many is for anybody. */
  readonly wrongOnceIn: number;
  readonly forced: ReadonlyMap<ServerId, ServerId>;
  /** Servers that this one can talk to, and itself. */
  reachable(from: ServerId): Candidate[];
}

export class ChanceElection implements Election {
  standing: Standing | null = null;
  currentVote: Vote | null = null;
  private decideMs = Number.POSITIVE_INFINITY;
  private readonly parts: ElectionParts;
  private readonly world: ElectionWorld;

  constructor(parts: ElectionParts, world: ElectionWorld) {
    this.parts = parts;
    this.world = world;
  }

  open(): void {}

  look(nowMs: number, standing: Standing): void {
    this.standing = standing;
    this.decideMs = nowMs + 20 + this.world.random.below(200);
  }

  established(): void {}

  leave(): void {
    this.standing = null;
  }

  close(): void {}

  tick(nowMs: number): void {
    if (nowMs < this.decideMs) return;
    const leader = this.choose();
    if (leader === null) {
      this.decideMs = nowMs + 50 + this.world.random.below(100);
      return;
    }
    this.decideMs = Number.POSITIVE_INFINITY;
    const { lastZxid, currentEpoch } = this.standing as Standing;
    this.currentVote = {
      ...{ leader: BigInt(leader), zxid: lastZxid },
      ...{ electionEpoch: 1n, peerEpoch: BigInt(currentEpoch) },
    };
    this.standing = null;
    this.parts.listener.onDecided(leader, this.currentVote);
  }

  nextDeadlineMs(): number {
    return this.decideMs;
  }

  owns(): boolean {
    return false;
  }

  onListenFailed(): void {}
  onAccepted(): void {}
  onDialed(): void {}
  onBytes(): void {}
  onSent(): void {}
  onClosed(): void {}

  private choose(): ServerId | null {
    const { self, verifier } = this.parts.view;
    const { random, wrongOnceIn, forced } = this.world;
    const wanted = forced.get(self);
    if (wanted !== undefined) return wanted;
    const servers = this.world.reachable(self).filter(({ votes }) => votes);
    const isVoter = servers.some(({ id }) => id === self);
    if (isVoter && random.below(wrongOnceIn) === 0) return random.pick(servers).id;
    const leading = servers.find(({ role }) => role === 'leading');
    if (leading !== undefined && leading.id !== self) return leading.id;
    const isThere = (server: ServerId) => servers.some(({ id }) => id === server);
    if (!verifier.isQuorum(isThere)) return null;
    const looking = servers.filter(({ standing }) => standing !== null);
    looking.sort(byStanding);
    const best = looking.at(-1);
    return best === undefined || (!isVoter && best.id === self) ? null : best.id;
  }
}

function byStanding(a: Candidate, b: Candidate): number {
  const [one, other] = [a.standing as Standing, b.standing as Standing];
  if (one.currentEpoch !== other.currentEpoch) return one.currentEpoch - other.currentEpoch;
  if (one.lastZxid !== other.lastZxid) return one.lastZxid < other.lastZxid ? -1 : 1;
  return a.id - b.id;
}
