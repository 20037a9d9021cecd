/**
 * D: no server says of itself what its disk would not bring back. At each packet that names an epoch
 * or a history, and at each commit, the disks are asked what a power cut now would leave. Asking is
 * a recovery, so of the many acks and commits only some are looked at; which ones follows from how
 * many there were.
 */

import type { SimDisk } from '../../sim-disk.ts';
import { check, hex } from './broken.ts';
import type { Oracle } from './oracle.ts';
import { type Durable, durableOf } from './probe.ts';

export interface Machine {
  readonly disk: SimDisk;
  readonly votes: boolean;
}

/** Of so many acks of txns, and of so many commits, one is looked at. */
const lookEvery = 12;

export class Durability {
  private readonly oracle: Oracle;
  private readonly machines: readonly Machine[];
  private readonly epochs = new Map<number, Durable>();
  private seen = 0;

  /** `machines` by member; they may be added later. */
  constructor(oracle: Oracle, machines: readonly Machine[]) {
    this.oracle = oracle;
    this.machines = machines;
  }

  /** The member's disk was replaced by an empty one. */
  onWipe(member: number): void {
    this.epochs.delete(member);
  }

  /** D2: what FOLLOWERINFO, ACKEPOCH and the ack of NEWLEADER say, and what they promise. */
  onEpochs(member: number, accepted: number, current: number): void {
    const found = this.durableAt(member);
    check(found.acceptedEpoch >= accepted && found.currentEpoch >= current, 'D2', () => {
      const { acceptedEpoch, currentEpoch } = found;
      return `member ${member} says epochs ${accepted}, ${current}, has ${acceptedEpoch}, ${currentEpoch}`;
    });
  }

  /** D1: a member says that its log ends here, or at least goes so far. */
  onHistory(member: number, zxid: bigint): void {
    const { zxid: found } = this.durableAt(member);
    check(this.oracle.holds(found, zxid), 'D1', () => {
      return `member ${member} says that it has ${hex(zxid)}, and has ${hex(found)}`;
    });
  }

  onAck(member: number, zxid: bigint): void {
    if (this.isLookedAt()) this.onHistory(member, zxid);
  }

  /** D3: everything up to here is committed, whatever machine fails next. */
  onCommit(): void {
    if (this.isLookedAt()) this.mustHoldAll('D3');
  }

  /** If the power failed everywhere now, any quorum would still have what is committed. */
  mustHoldAll(invariant: string): void {
    const voters = this.machines.flatMap(({ votes }, member) => (votes ? [member] : []));
    const holding = voters.filter((member) => this.oracle.holdsAll(this.durableAt(member).zxid));
    check(holding.length > voters.length / 2, invariant, () => {
      const committed = hex(this.oracle.lastCommitted);
      return `${committed} is durable at ${holding.length} of ${voters.length}`;
    });
  }

  private isLookedAt(): boolean {
    return this.seen++ % lookEvery === 0;
  }

  /** Throws when a start from there would fail, or when an epoch has gone back (D2). */
  private durableAt(member: number): Durable {
    const { disk } = this.machines[member] as Machine;
    const found = durableOf(disk.crash('lose-all', 1));
    const before = this.epochs.get(member);
    this.epochs.set(member, found);
    const { acceptedEpoch, currentEpoch } = found;
    check(currentEpoch <= acceptedEpoch, 'D2', () => {
      return `member ${member} has entered epoch ${currentEpoch} and promised ${acceptedEpoch}`;
    });
    if (before === undefined) return found;
    const isLater = acceptedEpoch >= before.acceptedEpoch && currentEpoch >= before.currentEpoch;
    check(isLater, 'D2', () => `the epochs of member ${member} go back to ${currentEpoch}`);
    return found;
  }
}
