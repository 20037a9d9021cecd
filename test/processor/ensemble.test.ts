/**
 * Random streams of requests to the members of an ensemble against the model: every reply whole,
 * in order, with the state that its zxid names; watches once and before what they tell of; sessions
 * that move, close, expire and outlive their leader; in the end the same tree everywhere.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import * as proto from '../../src/jute/proto.ts';
import { txnHeaderBytes } from '../../src/jute/txn.ts';
import type { KeeperSettings } from '../../src/processor/keeper-ports.ts';
import { type EnsembleListener, type EnsembleTxn, FakeEnsemble } from './fake-ensemble.ts';
import { type Client, decodeEvent, decodeReply, digestOf, type Output } from './harness.ts';
import { type Caller, Model, type ReadOp, type Result, type WriteOp } from './model.ts';
import { inMulti, read, write } from './model-requests.ts';
import { readOf, resultOf, sendRead, sendWrite } from './model-wire.ts';

const { OpCode } = proto;

type Step =
  | { kind: 'write'; who: number; op: WriteOp }
  | { kind: 'multi'; who: number; ops: WriteOp[] }
  | { kind: 'stale'; who: number; op: WriteOp }
  | { kind: 'read'; who: number; op: ReadOp }
  | { kind: 'watch' | 'sync' | 'close'; who: number }
  | { kind: 'move'; who: number; to: number }
  | { kind: 'full'; member: number }
  | { kind: 'links'; moves: number }
  | { kind: 'pass'; ms: number }
  | { kind: 'elect'; leader: number; kept: number };

const users = [[], ['bob'], ['bob', 'eve'], []];
const digests = users.map((names) => names.map((name) => digestOf(`${name}:pw`)));
const watched = ['/a', '/b', '/a/b'];

/** A request that is not answered yet. */
interface Asked {
  readonly xid: number;
  readonly caller: Caller;
  readonly read?: ReadOp;
  readonly write?: WriteOp | WriteOp[];
  readonly watch?: string;
  /** Of a sync: what was committed when it was asked for. */
  readonly synced?: bigint;
  /** Of a write, when it is proposed. */
  zxid?: bigint;
  result?: Result | Result[] | undefined;
}

/** One connection: what it asked for and what it watches. */
interface Cnxn {
  readonly client: Client;
  readonly member: number;
  readonly caller: Caller;
  readonly asked: Asked[];
  readonly watches: Set<string>;
  /** Events that must have come before the next reply, by path. */
  readonly due: Map<string, bigint>;
  /** What may end it. */
  mayEnd: boolean;
}

interface Party {
  cnxn: Cnxn;
  /** Where the session was before. */
  old: Cnxn | null;
}

type Effect = (model: Model) => void;
type Policy = KeeperSettings['localSessions'];

class Run {
  private readonly ensemble: FakeEnsemble;
  private readonly pick: (below: number) => number;
  /** What each txn does, and the model with all of it. */
  private effects: { zxid: bigint; effect: Effect }[] = [];
  private ahead = new Model();
  /** Of each member: the model as of the last output, and the outputs and effects seen. */
  private readonly seen: { model: Model; effects: number; outputs: number }[];
  private readonly cnxns = new Map<string, Cnxn>();
  private readonly parties: Party[] = [];
  /** By session and cxid. */
  private readonly writes = new Map<string, Asked>();
  /** Which learner's the session is; none: whoever asks first. -1: the leader's. */
  private readonly owners = new Map<bigint, number>();
  private readonly closed = new Set<bigint>();
  private refusal: number = ErrorCode.ok;
  private nextXid = 1;

  private readonly localSessions: Policy;
  /** Sessions that all members know, where new ones are local. */
  private readonly global = new Set<bigint>();

  constructor(size: number, seed: number, localSessions: Policy) {
    this.pick = randomBelow(seed);
    this.localSessions = localSessions;
    const listener: EnsembleListener = {
      onPropose: (txn) => this.onPropose(txn),
      onForwarded: (member, { sessionIdHi, sessionIdLo, type }) => {
        const session = (BigInt(sessionIdHi) << 32n) | BigInt(sessionIdLo >>> 0);
        this.refusal = this.ownerError(session, member, type);
      },
      onRevalidated: (member, session) => this.owners.set(session, member),
    };
    this.ensemble = new FakeEnsemble(size, listener, { settings: { localSessions } });
    this.seen = this.ensemble.members.map(() => ({ model: new Model(), effects: 0, outputs: 0 }));
    for (let who = 0; who < users.length; who++) this.open(who);
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'write':
        this.write(this.party(step.who).cnxn, step.op);
        break;
      case 'multi':
        this.write(this.party(step.who).cnxn, step.ops);
        break;
      case 'stale': {
        const { old } = this.parties[step.who]!;
        if (old !== null && !old.client.isClosed) this.write(old, step.op);
        break;
      }
      case 'read':
        this.read(this.party(step.who).cnxn, step.op);
        break;
      case 'watch':
        this.watch(this.party(step.who).cnxn);
        break;
      case 'sync':
        this.sync(this.party(step.who).cnxn);
        break;
      case 'close':
        this.close(this.party(step.who).cnxn);
        break;
      case 'move':
        this.move(step.who, step.to % this.ensemble.members.length);
        break;
      case 'full':
        this.toggleFull(step.member % this.ensemble.members.length);
        break;
      case 'links':
        for (let i = 0; i < step.moves; i++) this.moveOne();
        break;
      case 'pass':
        this.pass(step.ms);
        break;
      case 'elect':
        this.elect(step.leader % this.ensemble.members.length, step.kept);
        break;
    }
    this.check();
  }

  finish(): void {
    this.settle();
    for (const { asked, client } of this.cnxns.values()) {
      if (!client.isClosed) expect(asked).toEqual([]);
    }
    const all = this.ensemble.members.map(({ core }) => core.query('gauges'));
    for (const gauges of all) {
      const clean = { digestMismatches: 0, txnsIgnored: 0, txnsUndecodable: 0, outstanding: 0 };
      expect(gauges).toMatchObject(clean);
      expect(gauges.digest).toBe(this.ahead.digest().toString());
      expect(gauges.nodes).toBe(this.ahead.nodes.size);
      expect([gauges.sessions, gauges.ephemerals]).toEqual([all[0]!.sessions, all[0]!.ephemerals]);
    }
  }

  private onPropose({ payload, zxid, session, cxid, time, type }: EnsembleTxn): void {
    const refusal = this.refusal;
    this.refusal = ErrorCode.ok;
    const asked = this.writes.get(`${session} ${cxid}`);
    const expiry = type === OpCode.closeSession && asked === undefined;
    let effect: Effect = () => {};
    if (asked !== undefined) asked.zxid = zxid;
    if (type === OpCode.createSession) this.global.add(session);
    // A multi of nothing asks for no session.
    const isNothing = Array.isArray(asked?.write) && asked.write.length === 0;
    if (refusal !== ErrorCode.ok && asked !== undefined && !isNothing) {
      asked.result = this.refused(refusal, asked, payload);
    } else if (expiry || (asked !== undefined && asked.write === undefined)) {
      this.closed.add(session);
      effect = (model) => model.closeSession(session, zxid);
      effect(this.ahead);
      if (asked !== undefined) asked.result = { err: 0 };
    } else if (asked?.write !== undefined) {
      const { write } = asked;
      const caller = { ...asked.caller, isLocal: this.isLocal(session) };
      effect = (model) => model.write(caller, write, zxid, time);
      asked.result = becauseLocal(write, this.ahead.write(caller, write, zxid, time));
    }
    this.effects.push({ zxid, effect });
  }

  /** Flags and TTLs are looked at before the session is, as in Apache's server. */
  private refused(refusal: number, { write }: Asked, payload: Uint8Array): Asked['result'] {
    const view = new DataView(payload.buffer);
    const isMulti = Array.isArray(write);
    expect(view.getInt32(txnHeaderBytes - 4)).toBe(isMulti ? OpCode.multi : OpCode.error);
    // In a multi: behind the number of ops, and type and length of the first.
    const err = view.getInt32(txnHeaderBytes + (isMulti ? 12 : 0));
    expect([refusal, ErrorCode.badArguments, ErrorCode.unimplemented]).toContain(err);
    if (!isMulti) return { err };
    return write.map((_, i) => ({ err: i === 0 ? err : ErrorCode.runtimeInconsistency }));
  }

  /** Who asks first owns the session (Apache `SessionTrackerImpl.checkSession`). */
  private isLocal(session: bigint): boolean {
    return this.localSessions !== 'off' && !this.global.has(session);
  }

  private ownerError(session: bigint, member: number, type: number): number {
    // The leader takes its own word for it that no other member has closed it.
    if (this.isLocal(session)) return ErrorCode.ok;
    if (type === OpCode.closeSession || type === OpCode.createSession) return ErrorCode.ok;
    if (this.closed.has(session)) return ErrorCode.sessionExpired;
    const owner = this.owners.get(session) ?? member;
    this.owners.set(session, owner);
    return owner === member ? ErrorCode.ok : ErrorCode.sessionMoved;
  }

  private moveOne(): void {
    const { members } = this.ensemble;
    const choice = this.pick(2 * members.length + 1);
    if (choice === 2 * members.length) this.ensemble.commit();
    else if (choice % 2 === 0) this.ensemble.moveToLeader(choice >> 1);
    else this.ensemble.moveToLearner(choice >> 1);
    this.check();
  }

  /** The ring to the front is full, or has room again. */
  private toggleFull(index: number): void {
    const member = this.ensemble.members[index]!;
    member.isFull = !member.isFull;
    if (!member.isFull) member.core.order.goOn();
  }

  private settle(): void {
    for (const { index, isFull } of this.ensemble.members) if (isFull) this.toggleFull(index);
    this.ensemble.settle(this.pick);
    this.check();
  }

  private pass(ms: number): void {
    this.ensemble.pass(ms);
    for (const { index } of this.ensemble.members) this.ensemble.ping(index);
    this.settle();
    for (const { core } of this.ensemble.members) core.tick();
    for (const cnxn of this.cnxns.values()) {
      const { session } = cnxn.caller;
      cnxn.mayEnd ||= this.closed.has(session) || this.isLocal(session);
    }
  }

  private elect(leader: number, kept: number): void {
    const all = this.ensemble.outstanding;
    const lost = Math.max(0, all - kept);
    for (const cnxn of this.cnxns.values()) cnxn.mayEnd = true;
    this.effects.length -= lost;
    this.ahead = new Model();
    for (const { effect } of this.effects) effect(this.ahead);
    this.closed.clear();
    this.owners.clear();
    this.writes.clear();
    this.ensemble.elect(leader, kept);
    this.global.clear();
    for (const { type, session } of this.ensemble.txns) {
      if (type === OpCode.createSession) this.global.add(session);
    }
    this.check();
    for (const { client } of this.cnxns.values()) expect(client.isClosed).toBe(true);
  }

  /** A party with a connection that lives: it reconnects when it must. */
  private party(who: number): Party {
    const party = this.parties[who]!;
    const { client, member } = party.cnxn;
    if (client.isClosed) this.move(who, member);
    return this.parties[who]!;
  }

  private open(who: number): void {
    this.settle();
    const member = this.pick(this.ensemble.members.length);
    const client = this.connection(member);
    client.connect({ timeOut: 10_000 });
    this.settle();
    this.enter(who, member, client);
  }

  /** The session goes on over another connection. The one that it had stays, and is of no use. */
  private move(who: number, to: number): void {
    const before = this.parties[who]!.cnxn;
    const { sessionId, answer } = before.client;
    before.mayEnd = true;
    const client = this.connection(to);
    const lastZxidSeen = before.client.outputs.at(-1)!.visibleZxid;
    client.connect({ timeOut: 10_000, sessionId, passwd: answer!.passwd, lastZxidSeen });
    if (to === this.ensemble.leader) this.noteHere(sessionId, client);
    this.settle();
    if (client.answer === undefined) {
      // What it has seen was not there yet.
      expect(client.isClosed).toBe(true);
      this.move(who, to);
    } else if (client.answer.valid) this.enter(who, to, client, before);
    else {
      expect(client.isClosed).toBe(true);
      this.open(who);
    }
  }

  private noteHere(session: bigint, client: Client): void {
    if (client.answer?.valid) this.owners.set(session, -1);
  }

  private connection(member: number): Client {
    const client = this.ensemble.members[member]!.connection();
    client.nextXid = this.nextXid;
    this.nextXid += 10_000;
    return client;
  }

  private enter(who: number, member: number, client: Client, old: Cnxn | null = null): void {
    for (const name of users[who]!) client.authenticate('digest', `${name}:pw`);
    const caller = { session: client.sessionId, users: digests[who]! };
    if (member === this.ensemble.leader) this.owners.set(caller.session, -1);
    const cnxn: Cnxn = {
      ...{ client, member, caller, asked: [], mayEnd: false },
      ...{ watches: new Set(), due: new Map() },
    };
    this.cnxns.set(`${member} ${client.cnxnId}`, cnxn);
    this.parties[who] = { cnxn, old };
  }

  private write(cnxn: Cnxn, write: WriteOp | WriteOp[]): void {
    this.ask(cnxn, { write });
    sendWrite(cnxn.client, write);
  }

  private close(cnxn: Cnxn): void {
    this.ask(cnxn, {});
    cnxn.mayEnd = true;
    cnxn.client.send(OpCode.closeSession);
  }

  private read(cnxn: Cnxn, read: ReadOp): void {
    this.ask(cnxn, { read });
    sendRead(cnxn.client, read);
  }

  private watch(cnxn: Cnxn): void {
    const path = watched[this.pick(watched.length)]!;
    this.ask(cnxn, { read: { kind: 'exists', path }, watch: path });
    cnxn.client.send(OpCode.exists, proto.pathWatchRequest, { path, watch: true });
  }

  private sync(cnxn: Cnxn): void {
    const synced = this.ensemble.txns[this.ensemble.committed - 1]?.zxid ?? 0n;
    this.ask(cnxn, { synced });
    cnxn.client.send(OpCode.sync, proto.pathRequest, { path: '/a' });
  }

  /** It may be answered before `send` returns, so what is expected comes first. */
  private ask(cnxn: Cnxn, more: Partial<Asked>): void {
    const { client, caller } = cnxn;
    const asked: Asked = { xid: client.nextXid, caller, ...more };
    cnxn.asked.push(asked);
    const isWrite = asked.read === undefined && asked.synced === undefined;
    if (isWrite) this.writes.set(`${caller.session} ${asked.xid}`, asked);
  }

  private check(): void {
    for (const member of this.ensemble.members) {
      const seen = this.seen[member.index]!;
      for (; seen.outputs < member.outputs.length; seen.outputs++) {
        const output = member.outputs[seen.outputs]!;
        const cnxn = this.cnxns.get(`${member.index} ${output.cnxnId}`);
        if (cnxn !== undefined) this.checkOutput(cnxn, output);
      }
    }
  }

  private checkOutput(cnxn: Cnxn, output: Output): void {
    if (output.kind === 'reply') this.checkReply(cnxn, output);
    else if (output.kind === 'event') this.checkEvent(cnxn, output);
    else {
      expect(output.kind).toBe('close');
      const hasMoved = this.closed.has(cnxn.caller.session);
      expect(cnxn.mayEnd || hasMoved).toBe(true);
      cnxn.asked.length = 0;
      cnxn.watches.clear();
      cnxn.due.clear();
    }
  }

  private checkReply(cnxn: Cnxn, output: Output): void {
    const reply = decodeReply(output);
    const asked = cnxn.asked.shift()!;
    expect(reply.xid).toBe(asked.xid);
    const model = this.advance(cnxn.member, reply.zxid);
    expect([...cnxn.due]).toEqual([]);
    if (asked.synced !== undefined) {
      expect(reply.zxid).toBeGreaterThanOrEqual(asked.synced);
    } else if (asked.read !== undefined) {
      expect(readOf(reply, asked.read)).toEqual(model.read(asked.caller, asked.read));
      if (asked.watch !== undefined) cnxn.watches.add(asked.watch);
    } else {
      // The end of a local session is no txn.
      if (asked.zxid === undefined)
        asked.result = { err: this.isLocal(asked.caller.session) ? 0 : 1 };
      else expect(reply.zxid).toBe(asked.zxid);
      const result = resultOf(reply, asked.write);
      expect(result).toEqual(asked.result);
      // Who asks for what is another server's now is not answered, but closed.
      const errs = [result].flat().map(({ err }) => err);
      expect(errs).not.toContain(ErrorCode.sessionMoved);
    }
  }

  private checkEvent(cnxn: Cnxn, output: Output): void {
    const { zxid, path } = decodeEvent(output);
    this.advance(cnxn.member, zxid);
    const isDue = cnxn.due.get(path) === zxid;
    // A txn may touch a node and leave it as it was; that is told, too.
    expect(isDue || cnxn.watches.has(path)).toBe(true);
    cnxn.due.delete(path);
    cnxn.watches.delete(path);
  }

  /** The member's model at this zxid. On the way, watches become due. */
  private advance(member: number, zxid: bigint): Model {
    const seen = this.seen[member]!;
    expect(zxid).toBeGreaterThanOrEqual(seen.model.zxid);
    for (;;) {
      const next = this.effects[seen.effects];
      if (next === undefined || next.zxid > zxid) break;
      const before = watched.map((path) => tellTale(seen.model, path));
      next.effect(seen.model);
      seen.effects++;
      watched.forEach((path, i) => {
        if (tellTale(seen.model, path) !== before[i]) this.becomeDue(member, path, next.zxid);
      });
    }
    seen.model.zxid = zxid;
    return seen.model;
  }

  private becomeDue(member: number, path: string, zxid: bigint): void {
    const node = this.seen[member]!.model.nodes.get(path);
    const isOpen = node?.acl.some(({ perms, id }) => id.scheme === 'world' && (perms & 1) !== 0);
    for (const cnxn of this.cnxns.values()) {
      if (cnxn.member !== member || !cnxn.watches.has(path)) continue;
      // Who may not read the node is not told, and the watch is gone.
      if (isOpen) {
        cnxn.watches.delete(path);
        cnxn.due.set(path, zxid);
      }
    }
  }
}

/** Who is asked by a local session knows why it may own no node, though the leader does not. */
function becauseLocal(write: WriteOp | WriteOp[], result: Result | Result[]): Result | Result[] {
  if (Array.isArray(write) || write.kind !== 'create' || Array.isArray(result)) return result;
  const isKnown = write.type === OpCode.create || write.type === OpCode.create2;
  const err = isKnown ? ErrorCode.ephemeralOnLocalSession : ErrorCode.sessionExpired;
  return result.err === ErrorCode.sessionExpired ? { err } : result;
}

/** Changes whenever a data watch of the path fires. */
function tellTale(model: Model, path: string): string {
  const node = model.nodes.get(path);
  return node === undefined ? 'none' : `${node.czxid} ${node.mzxid}`;
}

/** mulberry32. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const who = fc.integer({ min: 0, max: users.length - 1 });
const some = fc.integer({ min: 0, max: 9 });
const kept = fc.constantFrom(0, 0, 1, 2, 5);
const ops = fc.array(inMulti, { maxLength: 5 });
const kind = <K extends string>(name: K) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: kind('write'), who, op: write }) },
  { weight: 5, arbitrary: fc.record({ kind: kind('multi'), who, ops }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('stale'), who, op: write }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('read'), who, op: read }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('watch'), who }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('sync'), who }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('close'), who }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('move'), who, to: some }) },
  { weight: 8, arbitrary: fc.record({ kind: kind('links'), moves: some }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('full'), member: some }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('pass'), ms: fc.constantFrom(1, 7, 4000) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('elect'), leader: some, kept }) },
);

describe('cores that share one history', () => {
  for (const [size, localSessions] of [
    [2, 'off'],
    [3, 'off'],
    [2, 'on'],
    [3, 'upgrading'],
  ] as const) {
    it(`answer as the model does, whoever of ${size} is asked, local sessions ${localSessions}`, () => {
      fc.assert(
        fc.property(fc.nat(), fc.array(step, { minLength: 20, maxLength: 80 }), (seed, steps) => {
          const run = new Run(size, seed, localSessions);
          for (const each of steps) run.do(each);
          run.finish();
        }),
        { numRuns: 60 },
      );
    });
  }
});
