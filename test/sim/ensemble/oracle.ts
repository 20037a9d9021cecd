/**
 * What is true in a simulated ensemble, whatever its members believe: every txn that a leader has
 * proposed, with the one before it, and the chain of those that are committed. Each step of a
 * member is held against it. The letters are those of the invariants' names: Z for the protocol,
 * S for the state, D for durability.
 */
import { createHash } from 'node:crypto';
import { JuteReader } from '../../../src/jute/reader.ts';
import { txnHeader } from '../../../src/jute/txn.ts';
import { applyProposed, emptyState, pictureOfState } from '../model-state.ts';
import { differenceOf, type StatePicture } from '../tree-picture.ts';

/** A promise is broken. `invariant` names it, for a shrinker to look for the same. */
export class Broken extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export function check(holds: boolean, invariant: string, message: () => string): void {
  if (!holds) throw new Broken(invariant, message());
}

interface Proposed {
  readonly zxid: bigint;
  readonly txn: Uint8Array;
  /** The last txn in the history of the leader when it proposed this. */
  readonly before: bigint;
  readonly leader: number;
}

interface Committed {
  readonly zxid: bigint;
  readonly picture: StatePicture;
}

export class Oracle {
  private readonly proposed = new Map<bigint, Proposed>();
  /** Of each epoch, who was established as its leader. */
  private readonly leaders = new Map<number, number>();
  private readonly chain: Committed[] = [];
  private readonly placeOf = new Map<bigint, number>();
  private readonly state = emptyState();
  private readonly beginning = pictureOfState(this.state);
  /** By member: the last txn in its tree. */
  private readonly applied = new Map<number, bigint>();
  /** By member: the epoch in which it leads, and the last txn of its history. */
  private readonly leading = new Map<number, { epoch: number; last: bigint }>();

  get committedCount(): number {
    return this.chain.length;
  }

  /** How many leaders there were. */
  get epochs(): number {
    return this.leaders.size;
  }

  get lastCommitted(): bigint {
    return this.chain.at(-1)?.zxid ?? 0n;
  }

  /** A member has loaded its tree from disk; what is in it may not be committed. */
  onLoaded(member: number, zxid: bigint): void {
    check(zxid === 0n || this.proposed.has(zxid), 'Z6', () => {
      return `member ${member} loads ${hex(zxid)}, which nobody has proposed`;
    });
    this.applied.set(member, zxid);
    this.leading.delete(member);
  }

  /** It was established, and has not rested since. */
  isLeading(member: number): boolean {
    return this.leading.has(member);
  }

  /** A member rests: it neither leads nor serves. */
  onRest(member: number): void {
    this.leading.delete(member);
  }

  /** A member is established as the leader of an epoch. */
  onLead(member: number, epoch: number): void {
    const other = this.leaders.get(epoch);
    check(other === undefined, 'Z1', () => `${member} and ${other} lead epoch ${epoch}`);
    this.leaders.set(epoch, member);
    const last = this.appliedOf(member);
    check(last >> 32n < BigInt(epoch), 'Z14', () => {
      return `member ${member} leads epoch ${epoch} with ${hex(last)} in its history`;
    });
    this.commitUpTo(last, 'Z10', () => `member ${member}, leader of epoch ${epoch}`);
    this.leading.set(member, { epoch, last });
  }

  /** A member serves as a learner. */
  onFollow(member: number): void {
    const last = this.appliedOf(member);
    check(this.isCommitted(last), 'Z12', () => `member ${member} serves ${hex(last)}`);
  }

  onPropose(member: number, bytes: Uint8Array, zxid: bigint): void {
    const role = this.leading.get(member);
    if (role === undefined) throw new Broken('Z6', `member ${member} proposes without leading`);
    const first = BigInt(role.epoch) << 32n;
    const expected = (role.last >= first ? role.last : first) + 1n;
    check(zxid === expected, 'Z7', () => `${hex(zxid)} is proposed, expected ${hex(expected)}`);
    const txn = bytes.slice();
    const header = txnHeader.read(new JuteReader(txn));
    check(header.zxid === zxid, 'Z6', () => `${hex(header.zxid)} is proposed as ${hex(zxid)}`);
    this.proposed.set(zxid, { zxid, txn, before: role.last, leader: member });
    role.last = zxid;
  }

  /** A leader counts a quorum of acks for all its proposals up to this one. */
  onCommit(member: number, zxid: bigint): void {
    const role = this.leading.get(member);
    check(role !== undefined, 'Z6', () => `member ${member} commits without leading`);
    this.commitUpTo(zxid, 'Z3', () => `member ${member}, which commits`);
    this.applied.set(member, zxid);
  }

  /** A member applies a txn that it was told is committed, or that its own history holds. */
  onDeliver(member: number, bytes: Uint8Array): void {
    const { zxid } = txnHeader.read(new JuteReader(bytes));
    const known = this.proposed.get(zxid);
    if (known === undefined) throw new Broken('Z6', `${hex(zxid)} was never proposed`);
    const isSame = Buffer.compare(known.txn, bytes) === 0;
    check(isSame, 'Z6', () => `member ${member} applies another ${hex(zxid)} than was proposed`);
    const applied = this.appliedOf(member);
    check(known.before === applied, 'Z4', () => {
      return `member ${member} applies ${hex(zxid)} behind ${hex(applied)}, not ${hex(known.before)}`;
    });
    this.applied.set(member, zxid);
  }

  /** Somebody is told of this state by the member. */
  onSeen(member: number, zxid: bigint): void {
    const applied = this.appliedOf(member);
    check(this.isCommitted(applied), 'D3', () => {
      return `member ${member} shows ${hex(applied)}, which is not committed`;
    });
    check(zxid <= applied || (zxid & 0xffffffffn) === 0n, 'K3', () => {
      return `member ${member} answers with ${hex(zxid)} and has ${hex(applied)}`;
    });
  }

  /** The state of a member that serves is the state of its last txn. */
  checkState(member: number, found: StatePicture): void {
    const applied = this.appliedOf(member);
    const expected = this.pictureAt(applied);
    if (expected.text === found.text) return;
    const difference = differenceOf(found, expected);
    throw new Broken('S1', `state ${hex(applied)} of member ${member} is wrong:\n${difference}`);
  }

  isCommitted(zxid: bigint): boolean {
    return zxid === 0n || this.placeOf.has(zxid);
  }

  /** True when a history that ends with this txn holds all that is committed. */
  holdsAll(zxid: bigint): boolean {
    const last = this.lastCommitted;
    if (last === 0n) return true;
    for (let at = zxid; at >= last; at = this.beforeOf(at)) if (at === last) return true;
    return false;
  }

  /** Committed txns of a session with this xid. */
  hasCommitted(sessionId: bigint, cxid: number, zxid: bigint): boolean {
    const known = this.proposed.get(zxid);
    if (known === undefined || !this.isCommitted(zxid)) return false;
    const header = txnHeader.read(new JuteReader(known.txn));
    return header.clientId === sessionId && header.cxid === cxid;
  }

  private pictureAt(zxid: bigint): StatePicture {
    const place = this.placeOf.get(zxid);
    if (place === undefined) return this.beginning;
    return (this.chain[place] as Committed).picture;
  }

  /** Of all that was committed, and by whom. */
  digest(): string {
    const hash = createHash('sha256');
    for (const { zxid } of this.chain) hash.update((this.proposed.get(zxid) as Proposed).txn);
    for (const [epoch, leader] of this.leaders) hash.update(`${epoch} ${leader};`);
    return hash.digest('hex').slice(0, 16);
  }

  appliedOf(member: number): bigint {
    return this.applied.get(member) ?? 0n;
  }

  private beforeOf(zxid: bigint): bigint {
    return zxid === 0n ? -1n : (this.proposed.get(zxid)?.before ?? -1n);
  }

  /** Everything up to this txn is committed from now on, and must follow all that was before. */
  private commitUpTo(zxid: bigint, invariant: string, who: () => string): void {
    if (this.isCommitted(zxid)) {
      // A leader that has less than what is committed could lose it.
      const isWhole = zxid === this.lastCommitted || invariant !== 'Z10';
      check(isWhole, invariant, () => {
        return `${who()} ends with ${hex(zxid)}, committed is ${hex(this.lastCommitted)}`;
      });
      return;
    }
    const news: Proposed[] = [];
    for (let at = zxid; !this.isCommitted(at); ) {
      const next = this.proposed.get(at);
      if (next === undefined) throw new Broken('Z6', `${hex(at)} was never proposed`);
      news.unshift(next);
      at = next.before;
    }
    const from = news[0]?.before;
    check(from === this.lastCommitted, invariant, () => {
      return `${who()} has ${hex(zxid)} behind ${hex(from ?? 0n)}, committed is ${hex(this.lastCommitted)}`;
    });
    for (const { zxid, txn } of news) {
      applyProposed(this.state, txn);
      this.placeOf.set(zxid, this.chain.length);
      this.chain.push({ zxid, picture: pictureOfState(this.state) });
    }
  }
}

export function hex(zxid: bigint): string {
  return `0x${BigInt.asUintN(64, zxid).toString(16)}`;
}
