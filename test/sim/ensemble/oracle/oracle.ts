/**
 * What is true in a simulated ensemble, whatever its members believe: every txn that a leader has
 * proposed, with the one before it, and the chain of those that are committed. Each step of a
 * member is held against it. The letters are those of the invariants in test/README.md.
 */
import { createHash } from 'node:crypto';
import { OpCode } from '../../../../src/jute/proto.ts';
import { JuteReader } from '../../../../src/jute/reader.ts';
import { txnHeader } from '../../../../src/jute/txn.ts';
import type { NaiveState } from '../../../storage/naive-state.ts';
import { emptyState } from '../../model-state.ts';
import { sessionsMax } from '../../sim-memory.ts';
import { differenceOf, type StatePicture } from '../../tree-picture.ts';
import { Broken, check, hex } from './broken.ts';
import { CommittedChain } from './committed-chain.ts';
import { hasEffect } from './session-rules.ts';

interface Proposed {
  readonly zxid: bigint;
  readonly txn: Uint8Array;
  /** The last txn in the history of the leader when it proposed this. */
  readonly before: bigint;
}

interface Leading {
  readonly epoch: number;
  readonly sinceMs: number;
  /** The last txn of its history. */
  last: bigint;
}

export interface OracleOptions {
  /** Of the world. */
  readonly nowMs: () => number;
  /** What all members begin with; it is taken over. */
  readonly beginning?: NaiveState;
  /** No leader gives out a later counter. */
  readonly counterMax?: number;
}

const counterBits = 0xffffffffn;

export class Oracle {
  readonly committed: CommittedChain;
  private readonly nowMs: () => number;
  private readonly first: bigint;
  private readonly counterMax: number;
  private readonly proposed = new Map<bigint, Proposed>();
  /** When each session was proposed. */
  private readonly opened = new Map<bigint, number>();
  /** By session: its first request after it was taken, and was given, to another connection. */
  private readonly leftAt = new Map<bigint, number>();
  private readonly movedAt = new Map<bigint, number>();
  /** Of each epoch, who was established as its leader. */
  private readonly leaders = new Map<number, number>();
  /** Of each epoch, the last txn before it: a snapshot of its first moments has its first zxid. */
  private readonly begunBehind = new Map<bigint, bigint>();
  /** By member: the last txn in its tree. */
  private readonly applied = new Map<number, bigint>();
  private readonly leading = new Map<number, Leading>();

  constructor({ nowMs, beginning = emptyState(), counterMax = 0xffffffff }: OracleOptions) {
    this.counterMax = counterMax;
    this.nowMs = nowMs;
    this.first = beginning.lastZxid;
    this.committed = new CommittedChain(beginning);
  }

  /** How many leaders there were. */
  get epochs(): number {
    return this.leaders.size;
  }

  get lastCommitted(): bigint {
    return this.committed.last;
  }

  /** A member has loaded its tree from disk; what is in it may not be committed. */
  onLoaded(member: number, zxid: bigint): void {
    check(zxid === 0n || this.isKnown(zxid), 'Z6', () => {
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
    this.begunBehind.set(BigInt(epoch) << 32n, last);
    this.leading.set(member, { epoch, last, sinceMs: this.nowMs() });
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
    check((zxid & counterBits) <= this.counterMax, 'Z14', () => `${hex(zxid)} uses up the counter`);
    const txn = bytes.slice();
    const header = txnHeader.read(new JuteReader(txn));
    check(header.zxid === zxid, 'Z6', () => `${hex(header.zxid)} is proposed as ${hex(zxid)}`);
    const { clientId, cxid, type } = header;
    if (type === OpCode.createSession) this.opened.set(clientId, this.nowMs());
    // Nobody asks who has a session that its client ends (Apache `PrepRequestProcessor`).
    const isOwned = type !== OpCode.closeSession && hasEffect(txn);
    if (cxid > 0 && isOwned) this.checkMoved(clientId, cxid);
    if (type === OpCode.closeSession && cxid === 0) this.checkExpiry(clientId, role);
    this.proposed.set(zxid, { zxid, txn, before: role.last });
    role.last = zxid;
  }

  /** A client takes its session to another connection; this is its next request there. */
  onLeave(session: bigint, nextCxid: number): void {
    this.leftAt.set(session, nextCxid);
  }

  /** The leader, or a server that asked it, gives the session to a new connection. */
  onReopen(session: bigint): void {
    this.movedAt.set(session, this.leftAt.get(session) ?? 0);
  }

  /** K6: what came over a connection that its session has left is refused. */
  private checkMoved(session: bigint, cxid: number): void {
    const first = this.movedAt.get(session) ?? 0;
    check(cxid >= first, 'K6', () => {
      return `session ${hex(session)} has moved on to request ${first}, and does ${cxid}`;
    });
  }

  /** K4: a session has at least its timeout, from its begin and with each leader anew. */
  private checkExpiry(session: bigint, { sinceMs }: Leading): void {
    const timeoutMs = this.committed.sessions.get(session);
    // One for which the tables have no room ends as it has begun.
    const isFull = this.committed.sessions.size > sessionsMax;
    if (timeoutMs === undefined || isFull) return;
    const heardMs = Math.max(sinceMs, this.opened.get(session) ?? 0);
    const hadMs = this.nowMs() - heardMs;
    // Members count whole milliseconds.
    check(hadMs + 1 >= timeoutMs, 'K4', () => {
      return `session ${hex(session)} of ${timeoutMs} ms expires after ${hadMs}`;
    });
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

  /** Somebody is about to be told of this state by the member. */
  onSeen(member: number, zxid: bigint): void {
    const applied = this.appliedOf(member);
    check(this.isCommitted(applied), 'D3', () => {
      return `member ${member} shows ${hex(applied)}, which is not committed`;
    });
    check(zxid <= applied || (zxid & counterBits) === 0n, 'K3', () => {
      return `member ${member} answers with ${hex(zxid)} and has ${hex(applied)}`;
    });
  }

  /** The state of a member that serves is the state of its last txn. */
  checkState(member: number, found: StatePicture): void {
    const applied = this.appliedOf(member);
    const expected = this.committed.pictureAt(applied);
    if (expected.text === found.text) return;
    const difference = differenceOf(found, expected);
    throw new Broken('S1', `state ${hex(applied)} of member ${member} is wrong:\n${difference}`);
  }

  isCommitted(zxid: bigint): boolean {
    return this.committed.has(zxid);
  }

  /** True when a history that ends with this txn holds that one. */
  holds(history: bigint, zxid: bigint): boolean {
    for (let at = history; at >= zxid; at = this.beforeOf(at)) if (at === zxid) return true;
    return false;
  }

  /** True when a history that ends with this txn holds all that is committed. */
  holdsAll(zxid: bigint): boolean {
    return this.holds(zxid, this.lastCommitted);
  }

  /** A committed txn of a session with this xid. */
  hasCommitted(sessionId: bigint, cxid: number, zxid: bigint): boolean {
    const known = this.proposed.get(zxid);
    if (known === undefined || !this.isCommitted(zxid)) return false;
    const header = txnHeader.read(new JuteReader(known.txn));
    return header.clientId === sessionId && header.cxid === cxid;
  }

  /** Of all that was committed, and by whom. */
  digest(): string {
    const hash = createHash('sha256');
    for (const zxid of this.committed.zxids) hash.update((this.proposed.get(zxid) as Proposed).txn);
    for (const [epoch, leader] of this.leaders) hash.update(`${epoch} ${leader};`);
    return hash.digest('hex').slice(0, 16);
  }

  appliedOf(member: number): bigint {
    return this.applied.get(member) ?? this.first;
  }

  private isKnown(zxid: bigint): boolean {
    return zxid === this.first || this.proposed.has(zxid) || this.begunBehind.has(zxid);
  }

  private beforeOf(zxid: bigint): bigint {
    return this.proposed.get(zxid)?.before ?? this.begunBehind.get(zxid) ?? -1n;
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
    for (const { zxid, txn } of news) this.committed.append(zxid, txn);
  }
}
