/**
 * Random streams of requests of several sessions against the model. Commits come late and in
 * random portions; each reply is compared whole, and the digest in each txn with the model's.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Acl } from '../../src/jute/data.ts';
import * as proto from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { aclOf, type Client, decodeReply, digestOf, Harness, type Reply } from './harness.ts';
import { type Caller, Model, type ReadOp, type Result, type WriteOp } from './model.ts';

const { OpCode } = proto;

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

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : encodeUtf8(text);
}

function opCodeOf(op: WriteOp): number {
  return op.kind === 'create' ? op.type : OpCode[op.kind];
}

function writeBody(writer: JuteWriter, op: WriteOp): void {
  const { path } = op;
  if (op.kind === 'create') {
    const body = { path, data: bytesOf(op.data), acl: op.acl, flags: op.flags };
    if (op.type === 21) proto.createTTLRequest.write(writer, { ...body, ttl: op.ttl });
    else proto.createRequest.write(writer, body);
  } else if (op.kind === 'setData') {
    proto.setDataRequest.write(writer, { path, data: bytesOf(op.data), version: op.version });
  } else if (op.kind === 'setACL') {
    proto.setACLRequest.write(writer, { path, acl: op.acl, version: op.version });
  } else {
    proto.deleteRequest.write(writer, { path, version: op.version });
  }
}

function sendWrite(client: Client, write: WriteOp | WriteOp[]): number {
  const writer = new JuteWriter();
  const xid = client.nextXid++;
  writer.writeInt(xid);
  if (Array.isArray(write)) {
    writer.writeInt(OpCode.multi);
    for (const op of write) {
      proto.multiHeader.write(writer, { type: opCodeOf(op), done: false, err: -1 });
      writeBody(writer, op);
    }
    proto.multiHeader.write(writer, { type: -1, done: true, err: -1 });
  } else {
    writer.writeInt(opCodeOf(write));
    writeBody(writer, write);
  }
  client.sendRaw(writer.finish().slice());
  return xid;
}

const readCodes = {
  exists: OpCode.exists,
  getData: OpCode.getData,
  getChildren: OpCode.getChildren2,
  getACL: OpCode.getACL,
  count: OpCode.getAllChildrenNumber,
  ephemerals: OpCode.getEphemerals,
} as const;

function sendRead(client: Client, read: ReadOp): void {
  const code = readCodes[read.kind];
  const path = read.kind === 'ephemerals' ? '/' : read.path;
  const watched = read.kind === 'exists' || read.kind === 'getData' || read.kind === 'getChildren';
  if (watched) client.send(code, proto.pathWatchRequest, { path, watch: false });
  else client.send(code, proto.pathRequest, { path });
}

/** A reply to a write, in the words of the model. */
function resultOf(reply: Reply, write: WriteOp | WriteOp[] | undefined): Result | Result[] {
  const reader = new JuteReader(reply.body);
  if (!Array.isArray(write)) {
    if (reply.err !== 0) expect(reply.body).toHaveLength(0);
    if (reply.err !== 0 || write === undefined) return { err: reply.err };
    const type = write.kind === 'setACL' ? undefined : resultTypeOf(write);
    return readResult(reader, type, write.kind === 'setACL');
  }
  const results: Result[] = [];
  for (;;) {
    const header = proto.multiHeader.read(reader);
    if (header.done) break;
    if (header.type === -1) results.push({ err: reader.readInt() });
    else results.push(readResult(reader, header.type, false));
  }
  expect(reader.remaining()).toBe(0);
  return results;
}

function resultTypeOf(write: WriteOp): number {
  const code = opCodeOf(write);
  return code === 19 || code === 21 ? 15 : code;
}

function readResult(reader: JuteReader, type: number | undefined, isSetAcl: boolean): Result {
  const result: Result = type === undefined ? { err: 0 } : { err: 0, type };
  if (type === 1 || type === 15) result.path = reader.readString() as string;
  if (type === 15 || type === 5 || isSetAcl) {
    result.stat = proto.statResponse.read(reader).stat;
  }
  return result;
}

function readOf(reply: Reply, read: ReadOp): { err: number; value?: unknown } {
  if (reply.err !== 0) {
    expect(reply.body).toHaveLength(0);
    return { err: reply.err };
  }
  const reader = new JuteReader(reply.body);
  switch (read.kind) {
    case 'exists':
      return { err: 0, value: proto.statResponse.read(reader).stat };
    case 'getData': {
      const { data, stat } = proto.getDataResponse.read(reader);
      return { err: 0, value: [data === null ? null : decodeUtf8(data, 0, data.length), stat] };
    }
    case 'getChildren': {
      const { children, stat } = proto.getChildren2Response.read(reader);
      return { err: 0, value: [children?.sort(), stat] };
    }
    case 'getACL': {
      const { acl, stat } = proto.getACLResponse.read(reader);
      return { err: 0, value: [acl, stat] };
    }
    case 'count':
      return { err: 0, value: reader.readInt() };
    case 'ephemerals':
      return { err: 0, value: proto.getEphemeralsResponse.read(reader).ephemerals?.sort() };
  }
}

const name = fc.constantFrom('a', 'b', 'c');
const deep = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const odd = fc.constantFrom('/', '', 'a', '/a/', '//', '/a/..', '/zookeeper', '/zookeeper/config');
const sequence = fc
  .tuple(deep, fc.integer({ min: 0, max: 3 }))
  .map(([path, n]) => `${path}/000000000${n}`);
const path = fc.oneof(
  { weight: 12, arbitrary: deep },
  { weight: 1, arbitrary: odd },
  { weight: 2, arbitrary: sequence },
);
const version = fc.oneof(
  { weight: 4, arbitrary: fc.constant(-1) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(-2, 2147483647) },
);
const data = fc.constantFrom(null, '', 'x', 'some longer data', 'ü');
const entries: Acl[] = [
  aclOf(31, 'world', 'anyone'),
  aclOf(31, 'digest', digestOf('bob:pw')),
  aclOf(1, 'world', 'anyone'),
  aclOf(31, 'auth', ''),
  aclOf(16, 'digest', digestOf('eve:pw')),
];
const acl: fc.Arbitrary<Acl[]> = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Acl[]>([entries[0] as Acl]) },
  { weight: 3, arbitrary: fc.subarray(entries.slice(1), { minLength: 1 }).map(distinct) },
  { weight: 1, arbitrary: fc.constant<Acl[]>([aclOf(31, 'world', 'foo')]) },
);

/** The model keeps duplicates, which `auth` beside `digest` could make. */
function distinct(list: Acl[]): Acl[] {
  return list.some(({ id }) => id.scheme === 'auth')
    ? list.filter(({ id }) => id.scheme !== 'digest')
    : list;
}

const create = (flags: fc.Arbitrary<number>, inMulti: boolean): fc.Arbitrary<WriteOp> =>
  fc
    .record({
      kind: fc.constant('create' as const),
      type: fc.constantFrom(1 as const, 1 as const, 15 as const, 19 as const, 21 as const),
      path: fc.oneof({ weight: 5, arbitrary: path }, { weight: 1, arbitrary: fc.constant('/a/') }),
      data,
      acl,
      flags,
      ttl: fc.constantFrom(1n, 99n, (1n << 40n) - 1n, 0n),
    })
    .filter((op) => !inMulti || isPlainInMulti(op.type, op.flags));

/** Elsewhere a multi takes the op for another one, or fails whole: tests of their own. */
function isPlainInMulti(type: number, flags: number): boolean {
  if (type === 21) return flags === 5 || flags === 6;
  return flags < 4 || (type === 19 && flags === 4);
}

const anyFlags = fc.constantFrom(0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7);
const others = fc.oneof(
  fc.record({ kind: fc.constant('delete' as const), path, version }),
  fc.record({ kind: fc.constant('setData' as const), path, data, version }),
);
const setAcl = fc.record({ kind: fc.constant('setACL' as const), path, acl, version });
const check = fc.record({ kind: fc.constant('check' as const), path, version });

const write: fc.Arbitrary<WriteOp> = fc.oneof(
  { weight: 5, arbitrary: create(anyFlags, false) },
  { weight: 5, arbitrary: others },
  { weight: 3, arbitrary: setAcl },
);
const inMulti: fc.Arbitrary<WriteOp> = fc.oneof(
  { weight: 4, arbitrary: create(anyFlags, true) },
  { weight: 4, arbitrary: others },
  { weight: 1, arbitrary: check },
);
const read: fc.Arbitrary<ReadOp> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('exists', 'getData', 'getChildren', 'getACL', 'count'),
    path,
  }),
  fc.constant({ kind: 'ephemerals' as const }),
);

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
