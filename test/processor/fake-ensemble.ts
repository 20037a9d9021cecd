/**
 * Several cores and, in the place of their peers, a list of txns that all of them agree on. What
 * they say to each other travels in order on a link each way between learner and leader; which link
 * moves next is the caller's choice. Roles change when the caller says so, with any fate for what
 * was not committed.
 */
import { TxnHeaderOffset } from '../../src/jute/txn.ts';
import type { ForwardedRequest } from '../../src/processor/keeper-ports.ts';
import { type Client, Harness, type HarnessOptions } from './harness.ts';

export interface EnsembleTxn {
  readonly payload: Uint8Array;
  readonly hi: number;
  readonly lo: number;
  readonly zxid: bigint;
  readonly session: bigint;
  readonly cxid: number;
  readonly time: bigint;
  readonly type: number;
}

type ToLeader =
  | { kind: 'forward'; request: ForwardedRequest }
  | { kind: 'sync' }
  | { kind: 'revalidate'; hi: number; lo: number; timeoutMs: number }
  | { kind: 'touches'; touches: [hi: number, lo: number, timeoutMs: number][] };

type ToLearner =
  | { kind: 'deliver'; txn: EnsembleTxn }
  | { kind: 'synced' }
  | { kind: 'revalidated'; hi: number; lo: number; valid: boolean };

/** Told when the leader does something that the links do not show. */
export interface EnsembleListener {
  /** The next txn. */
  onPropose(txn: EnsembleTxn): void;
  /** The leader is about to take a request of the session over this learner's link. */
  onForwarded(member: number, request: ForwardedRequest): void;
  /** The session is now this learner's. */
  onRevalidated(member: number, session: bigint): void;
}

class Member extends Harness {
  readonly index: number;
  readonly toLeader: ToLeader[] = [];
  readonly toLearner: ToLearner[] = [];
  /** How many txns of the list are applied here. */
  applied = 0;
  private readonly ensemble: FakeEnsemble;

  constructor(ensemble: FakeEnsemble, index: number, options: HarnessOptions) {
    super({ ...options, settings: { ...options.settings, serverId: index + 1 }, role: 'rest' });
    this.ensemble = ensemble;
    this.index = index;
  }

  override propose(payload: Uint8Array, start: number, end: number, hi: number, lo: number): void {
    this.ensemble.onPropose(payload.slice(start, end), hi, lo);
  }

  override forward(request: ForwardedRequest): void {
    this.toLeader.push({ kind: 'forward', request: copyOf(request) });
  }

  override sync(): void {
    this.toLeader.push({ kind: 'sync' });
  }

  override revalidate(hi: number, lo: number, timeoutMs: number): void {
    this.toLeader.push({ kind: 'revalidate', hi, lo, timeoutMs });
  }
}

export type { Member };

export class FakeEnsemble {
  readonly members: Member[];
  leader = 0;
  epoch = 1;
  /** All txns that are proposed; the first `committed` of them are committed. */
  txns: EnsembleTxn[] = [];
  committed = 0;
  private readonly listener: EnsembleListener;
  /** Syncs that wait for the commit of so many txns, in order. */
  private syncs: { member: number; behind: number }[] = [];

  constructor(size: number, listener: EnsembleListener, options: HarnessOptions = {}) {
    this.listener = listener;
    this.members = Array.from({ length: size }, (_, i) => new Member(this, i, options));
    this.beginRoles();
  }

  get outstanding(): number {
    return this.txns.length - this.committed;
  }

  pass(ms: number): void {
    for (const member of this.members) member.pass(ms);
  }

  onPropose(payload: Uint8Array, hi: number, lo: number): void {
    const view = new DataView(payload.buffer);
    const txn: EnsembleTxn = {
      ...{ payload, hi, lo },
      zxid: view.getBigInt64(TxnHeaderOffset.zxid),
      session: view.getBigInt64(TxnHeaderOffset.clientId),
      cxid: view.getInt32(TxnHeaderOffset.cxid),
      time: view.getBigInt64(TxnHeaderOffset.time),
      type: view.getInt32(TxnHeaderOffset.type),
    };
    this.txns.push(txn);
    this.listener.onPropose(txn);
  }

  /** The next txn is committed: applied by the leader, and on its way to the others. */
  commit(): boolean {
    const txn = this.txns[this.committed];
    if (txn === undefined) return false;
    this.committed++;
    for (const member of this.members) {
      if (member.index !== this.leader) member.toLearner.push({ kind: 'deliver', txn });
    }
    const leader = this.members[this.leader]!;
    leader.applied++;
    leader.core.commit(txn.hi, txn.lo);
    this.releaseSyncs();
    return true;
  }

  /** Moves one message of this member towards the leader, or to itself where it leads. */
  moveToLeader(index: number): boolean {
    const message = this.members[index]!.toLeader.shift();
    if (message === undefined) return false;
    const { core } = this.members[this.leader]!;
    // Never 0, and never the same in another epoch.
    const link = -1 - index - 100 * this.epoch;
    if (message.kind === 'sync') {
      this.syncs.push({ member: index, behind: this.txns.length });
      this.releaseSyncs();
    } else if (message.kind === 'forward') {
      this.listener.onForwarded(index, message.request);
      core.learnerRequest(link, message.request);
    } else if (message.kind === 'touches') {
      for (const touch of message.touches) core.touch(...touch);
    } else {
      const { hi, lo, timeoutMs } = message;
      const valid = core.revalidateFor(link, hi, lo, timeoutMs);
      if (valid) this.listener.onRevalidated(index, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
      this.members[index]!.toLearner.push({ kind: 'revalidated', hi, lo, valid });
    }
    return true;
  }

  moveToLearner(index: number): boolean {
    const member = this.members[index]!;
    const message = member.toLearner.shift();
    if (message === undefined) return false;
    if (message.kind === 'synced') member.core.syncDone();
    else if (message.kind === 'revalidated') {
      member.core.revalidated(message.hi, message.lo, message.valid);
    } else {
      member.applied++;
      member.core.deliver(message.txn.payload, 0, message.txn.payload.byteLength);
    }
    return true;
  }

  /** A learner answers a PING. */
  ping(index: number): void {
    const touches: [number, number, number][] = [];
    const member = this.members[index]!;
    member.core.takeTouched((...touch) => touches.push(touch));
    if (index !== this.leader) member.toLeader.push({ kind: 'touches', touches });
  }

  /** Moves everything until nothing is on its way; `pick` chooses a number below its argument. */
  settle(pick: (below: number) => number): void {
    const moves = this.members.flatMap(({ index }) => [
      () => this.moveToLeader(index),
      () => this.moveToLearner(index),
    ]);
    moves.push(() => this.commit());
    for (let idle = 0; idle < 8 * moves.length; ) {
      idle = moves[pick(moves.length)]!() ? 0 : idle + 1;
    }
    if (moves.some((move) => move())) this.settle(pick);
  }

  /**
   * All roles end. The first `kept` of the txns that were not committed are in the history of the
   * new leader; the others never were. Then all have the same, and the new epoch begins.
   */
  elect(leader: number, kept: number): void {
    this.txns.length = this.committed + Math.min(kept, this.outstanding);
    this.committed = this.txns.length;
    this.syncs = [];
    for (const member of this.members) {
      member.core.rest();
      member.toLeader.length = member.toLearner.length = 0;
      for (; member.applied < this.committed; member.applied++) {
        const { payload } = this.txns[member.applied]!;
        member.core.deliver(payload, 0, payload.byteLength);
      }
    }
    this.leader = leader;
    this.epoch++;
    this.beginRoles();
  }

  private beginRoles(): void {
    for (const { index, core } of this.members) {
      if (index === this.leader) core.lead(this.epoch);
      else core.follow(this.epoch);
    }
  }

  private releaseSyncs(): void {
    while (this.syncs[0] !== undefined && this.syncs[0].behind <= this.committed) {
      const { member } = this.syncs.shift()!;
      this.members[member]!.toLearner.push({ kind: 'synced' });
    }
  }
}

function copyOf(request: ForwardedRequest): ForwardedRequest {
  const bytes = request.bytes.slice(request.start, request.end);
  return { ...request, bytes, start: 0, end: bytes.byteLength };
}

const nobody: EnsembleListener = { onPropose() {}, onForwarded() {}, onRevalidated() {} };

/** A leader and a learner that nobody listens to. Each client is connected when it is returned. */
export function leaderAndLearner(settings: NonNullable<HarnessOptions['settings']>) {
  const ensemble = new FakeEnsemble(2, nobody, { settings });
  const [leader, learner] = ensemble.members as [Member, Member];
  const settle = () => {
    let turn = 0;
    ensemble.settle((below) => turn++ % below);
  };
  const client = (member: Member): Client => {
    const connection = member.connection();
    connection.connect({ timeOut: 10_000 });
    settle();
    return connection;
  };
  return { ensemble, leader, learner, settle, client };
}
