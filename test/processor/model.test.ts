/**
 * Random streams of requests of several sessions against the model. Commits come late and in
 * random portions; each reply is compared whole, and the digest in each txn with the model's.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpCode } from '../../src/jute/proto.ts';
import { type Client, decodeReply, digestOf, Harness } from './harness.ts';
import { type Caller, Model, type ReadOp, type Result, type WriteOp } from './model.ts';
import { inMulti, read, write } from './model-requests.ts';
import { readOf, resultOf, sendRead, sendWrite } from './model-wire.ts';

type Step =
  | { kind: 'write'; who: number; op: WriteOp }
  | { kind: 'multi'; who: number; ops: WriteOp[] }
  | { kind: 'read'; who: number; op: ReadOp }
  | { kind: 'close'; who: number }
  | { kind: 'pass'; ms: number }
  | { kind: 'commit'; count: number };

const users = [[], ['bob'], ['bob', 'eve']];
const digests = users.map((names) => names.map((name) => digestOf(`${name}:pw`)));

interface Expected {
  xid: number;
  caller: Caller;
  zxid?: bigint;
  result?: Result | Result[];
  write?: WriteOp | WriteOp[];
  read?: ReadOp;
}

class Run {
  readonly harness = new Harness({ withhold: true });
  private readonly ahead = new Model();
  private readonly applied = new Model();
  /** What brings the applied model to each zxid. */
  private readonly history = new Map<bigint, (model: Model) => void>();
  private readonly clients: Client[] = [];
  private readonly callers: Caller[] = [];
  private readonly expected = new Map<number, Expected[]>();
  private nextZxid = 1n;
  private checked = 0;

  constructor() {
    for (let who = 0; who < users.length; who++) this.open(who);
  }

  do(step: Step): void {
    if (step.kind === 'commit') this.harness.commit(step.count);
    else if (step.kind === 'pass') this.harness.pass(step.ms);
    else if (step.kind === 'close') this.close(step.who);
    else if (step.kind === 'read') this.read(step.who, step.op);
    else this.write(step.who, step.kind === 'write' ? step.op : step.ops);
    this.checkReplies();
  }

  finish(): void {
    this.harness.commit();
    this.checkReplies();
    for (const list of this.expected.values()) expect(list).toEqual([]);
    const gauges = this.harness.core.query('gauges');
    const clean = { digestMismatches: 0, txnsIgnored: 0, txnsUndecodable: 0, outstanding: 0 };
    expect(gauges).toMatchObject(clean);
    this.applied.zxid = this.nextZxid - 1n;
    expect(gauges.digest).toBe(this.ahead.digest().toString());
    expect(gauges.nodes).toBe(this.ahead.nodes.size);
  }

  private open(who: number): void {
    this.harness.commit();
    this.checkReplies();
    const client = this.harness.client();
    const time = BigInt(this.harness.wallMs);
    expect(this.harness.lastZxid).toBe(this.nextZxid++);
    for (const name of users[who] as string[]) client.authenticate('digest', `${name}:pw`);
    this.clients[who] = client;
    this.callers[who] = { session: client.sessionId, users: digests[who] as string[] };
    this.expected.set(client.cnxnId, []);
    expect(time).toBeGreaterThan(0n);
  }

  private close(who: number): void {
    const { client, caller } = this.party(who);
    const zxid = this.nextZxid++;
    const close = (model: Model) => model.closeSession(caller.session, zxid);
    this.history.set(zxid, close);
    close(this.ahead);
    const xid = client.send(OpCode.closeSession);
    this.expect(client, { xid, caller, zxid, result: { err: 0 } });
    this.checkDigest();
    this.open(who);
  }

  private write(who: number, write: WriteOp | WriteOp[]): void {
    const { client, caller } = this.party(who);
    const zxid = this.nextZxid++;
    const time = BigInt(this.harness.wallMs);
    this.history.set(zxid, (model) => model.write(caller, write, zxid, time));
    const result = this.ahead.write(caller, write, zxid, time);
    const xid = sendWrite(client, write);
    this.expect(client, { xid, caller, zxid, result, write });
    this.checkDigest();
  }

  private read(who: number, read: ReadOp): void {
    const { client, caller } = this.party(who);
    // The read may be answered before `send` returns, so what is expected comes first.
    this.expect(client, { xid: client.nextXid, caller, read });
    sendRead(client, read);
  }

  private party(who: number): { client: Client; caller: Caller } {
    return { client: this.clients[who] as Client, caller: this.callers[who] as Caller };
  }

  private expect(client: Client, expected: Expected): void {
    (this.expected.get(client.cnxnId) as Expected[]).push(expected);
  }

  /** The trailer of the txn that was proposed last foretells the tree after it. */
  private checkDigest(): void {
    const { payload } = this.harness.proposed.at(-1)!;
    const view = new DataView(payload.buffer);
    const end = payload.byteLength;
    if (view.getInt32(28) === OpCode.error) {
      expect(end).toBe(36);
      return;
    }
    expect(view.getInt32(end - 12)).toBe(2);
    expect(view.getBigInt64(end - 8)).toBe(this.ahead.digest());
  }

  private checkReplies(): void {
    const { outputs } = this.harness;
    for (; this.checked < outputs.length; this.checked++) {
      const output = outputs[this.checked]!;
      if (output.kind !== 'reply') continue;
      const reply = decodeReply(output);
      const expected = this.expected.get(output.cnxnId)!.shift()!;
      expect(reply.xid).toBe(expected.xid);
      this.advance(reply.zxid);
      if (expected.read !== undefined) {
        const wanted = this.applied.read(expected.caller, expected.read);
        expect(readOf(reply, expected.read)).toEqual(wanted);
      } else {
        expect(reply.zxid).toBe(expected.zxid);
        expect(resultOf(reply, expected.write)).toEqual(expected.result);
      }
    }
  }

  private advance(zxid: bigint): void {
    expect(zxid).toBeGreaterThanOrEqual(this.applied.zxid);
    for (let next = this.applied.zxid + 1n; next <= zxid; next++) {
      this.history.get(next)?.(this.applied);
      this.applied.zxid = next;
    }
  }
}

const who = fc.integer({ min: 0, max: users.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('write' as const), who, op: write }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('multi' as const),
      who,
      ops: fc.array(inMulti, { maxLength: 5 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), who, op: read }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 7) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
);

describe('the core', () => {
  it('answers every stream of requests as the model does, and foretells each digest', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        const run = new Run();
        for (const each of steps) run.do(each);
        run.finish();
      }),
      { numRuns: 100 },
    );
  });
});
