import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import {
  checkVersionRequest,
  createRequest,
  createTTLRequest,
  deleteRequest,
  multiHeader,
  OpCode,
  pathRequest,
  pathWatchRequest,
  setDataRequest,
} from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import type { Field } from '../../src/jute/schema.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { type Client, type CreateMore, createBody, Harness, hex, type Reply } from './harness.ts';

type Op = (writer: JuteWriter) => void;

function op<T>(type: number, record: Field<T>, value: T): Op {
  return (writer) => {
    multiHeader.write(writer, { type, done: false, err: -1 });
    record.write(writer, value);
  };
}

function create(path: string | null, more: CreateMore = {}): Op {
  const { type = OpCode.create, ttl = -1n } = more;
  const body = createBody(path, more);
  if (type === OpCode.createTTL) return op(type, createTTLRequest, { ...body, ttl });
  return op(type, createRequest, body);
}

const remove = (path: string | null, version = -1) =>
  op(OpCode.delete, deleteRequest, { path, version });
const check = (path: string | null, version = -1) =>
  op(OpCode.check, checkVersionRequest, { path, version });
const setData = (path: string | null, data: string, version = -1) =>
  op(OpCode.setData, setDataRequest, { path, data: encodeUtf8(data), version });
const getData = (path: string | null) =>
  op(OpCode.getData, pathWatchRequest, { path, watch: true });
const end: Op = (writer) => multiHeader.write(writer, { type: -1, done: true, err: -1 });

function send(client: Client, type: number, ops: readonly Op[]): Reply {
  const writer = new JuteWriter();
  writer.writeInt(client.nextXid++);
  writer.writeInt(type);
  for (const write of ops) write(writer);
  client.sendRaw(writer.finish().slice());
  return client.lastReply;
}

function multi(client: Client, ...ops: Op[]): Reply {
  return send(client, OpCode.multi, [...ops, end]);
}

/** Header types and codes of the results; the body is skipped by what the types say. */
function resultsOf(reply: Reply): [type: number, code: number][] {
  const reader = new JuteReader(reply.body);
  const results: [number, number][] = [];
  for (;;) {
    const header = multiHeader.read(reader);
    if (header.done) break;
    results.push([header.type, header.err]);
    if (header.type === OpCode.error) expect(reader.readInt()).toBe(header.err);
    if (header.type === OpCode.create || header.type === OpCode.create2) reader.readString();
    if (header.type === OpCode.create2 || header.type === OpCode.setData) reader.skip(68);
    if (header.type === OpCode.getData) reader.skip(Math.max(reader.readLength(), 0) + 68);
  }
  expect(reader.remaining()).toBe(0);
  return results;
}

function start(settings = {}) {
  const harness = new Harness({ settings });
  return { harness, client: harness.client() };
}

describe('a multi that fails', () => {
  it('has no error in the header, only in the results: 0 before, then the code, then -2', () => {
    const { harness, client } = start();
    client.create('/a');
    const reply = multi(client, create('/b'), remove('/a', 7), setData('/a', 'x'), check('/a'));
    expect(reply).toMatchObject({ err: 0, zxid: 3n });
    expect(resultsOf(reply)).toEqual([
      [-1, 0],
      [-1, ErrorCode.badVersion],
      [-1, ErrorCode.runtimeInconsistency],
      [-1, ErrorCode.runtimeInconsistency],
    ]);
    expect(client.exists('/b').err).toBe(ErrorCode.noNode);
    expect(client.stat('/a').version).toBe(0);
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });

  it('is logged as a multi: real txns before the failure, error txns from there on', () => {
    const { harness, client } = start();
    multi(client, create('/b'), remove('/none'), check('/'));
    const { payload } = harness.proposed.at(-1)!;
    const reader = new JuteReader(payload);
    reader.skip(28);
    expect([reader.readInt(), reader.readInt()]).toEqual([OpCode.multi, 3]);
    expect(reader.readInt()).toBe(OpCode.create);
    reader.skipBuffer();
    expect([reader.readInt(), hex(reader.readBuffer()!)]).toEqual([-1, 'ffffff9b']);
    expect([reader.readInt(), hex(reader.readBuffer()!)]).toEqual([-1, 'fffffffe']);
    expect(reader.remaining()).toBe(12);
  });

  it('leaves the next sequence number unchanged', () => {
    const { client } = start();
    client.create('/s');
    multi(client, create('/s/', { flags: 2 }), create('/s/', { flags: 2 }), remove('/none'));
    const next = client.create('/s/', { flags: 2 });
    expect(new JuteReader(next.body).readString()).toBe('/s/0000000000');
  });

  it('leaves nothing behind for the requests that are pipelined after it', () => {
    const { harness, client } = start();
    client.create('/a');
    harness.withhold = true;
    client.send(OpCode.setData, setDataRequest, { path: '/a', data: null, version: 0 });
    multi(client, setData('/a', 'x', 1), create('/a/b'), remove('/a', 2), check('/none'));
    client.send(OpCode.setData, setDataRequest, { path: '/a', data: null, version: 1 });
    multi(client, create('/a/b'), remove('/a/b'), remove('/a'));
    harness.commit();
    expect(client.replies.slice(-4).map(({ err }) => err)).toEqual([0, 0, 0, 0]);
    expect(resultsOf(client.replies.at(-3)!)[2]).toEqual([-1, ErrorCode.notEmpty]);
    expect(resultsOf(client.lastReply)[2]).toEqual([OpCode.delete, 0]);
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });

  it('fires no watch', () => {
    const { client } = start();
    client.create('/a');
    client.getData('/a', true);
    multi(client, setData('/a', 'x'), check('/none'));
    expect(client.events).toEqual([]);
  });
});

describe('a multi that succeeds', () => {
  it('lets each operation see the ones before it', () => {
    const { client } = start();
    const reply = multi(
      client,
      create('/p'),
      create('/p/c'),
      setData('/p/c', 'x', 0),
      check('/p/c', 1),
      remove('/p/c', 1),
      remove('/p'),
    );
    expect(resultsOf(reply).map(([, code]) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(client.exists('/p').err).toBe(ErrorCode.noNode);
  });

  it('gives two sequential creates two numbers', () => {
    const { client } = start();
    client.create('/s');
    multi(client, create('/s/', { flags: 2 }), create('/s/', { flags: 2 }));
    expect(client.children('/s')).toEqual(['0000000000', '0000000001']);
  });

  it('is empty, too, and consumes a zxid', () => {
    const { client, harness } = start();
    expect(multi(client)).toMatchObject({ err: 0, zxid: 2n });
    expect(hex(client.lastReply.body)).toBe('ffffffff01ffffffff');
    expect(harness.lastZxid).toBe(2n);
  });

  it('has one zxid and one time', () => {
    const { client } = start();
    multi(client, create('/a'), create('/b'), setData('/a', 'x'));
    const [a, b] = [client.stat('/a'), client.stat('/b')];
    expect([a.czxid, a.mzxid, b.czxid]).toEqual([2n, 2n, 2n]);
    expect([a.mtime, b.ctime]).toEqual([a.ctime, a.ctime]);
  });

  it('fires the watches of each operation in order, all with its zxid', () => {
    const { client } = start();
    client.addWatch('/n', 0);
    multi(client, create('/n'), setData('/n', 'x'), remove('/n'));
    expect(client.events.map(({ type, path, zxid }) => [type, path, zxid])).toEqual([
      [1, '/n', 2n],
      [3, '/n', 2n],
      [2, '/n', 2n],
    ]);
  });

  it('is one observation: nothing of it shows before all of it does', () => {
    const { harness, client } = start();
    client.addWatch('/n', 0);
    multi(client, create('/n'), setData('/n', 'x'));
    for (const output of client.outputs) {
      if (output.kind !== 'event') continue;
      expect(output.inSection).toBe(true);
      expect(output.visibleZxid).toBe(1n);
    }
    expect(harness.lastZxid).toBe(2n);
  });

  it('reports containers and TTL nodes as create2', () => {
    const { client } = start();
    const reply = multi(
      client,
      create('/c', { type: OpCode.createContainer, flags: 4 }),
      create('/t', { type: OpCode.createTTL, flags: 5, ttl: 99n }),
      create('/two', { type: OpCode.create2 }),
    );
    expect(resultsOf(reply)).toEqual([
      [15, 0],
      [15, 0],
      [15, 0],
    ]);
  });
});

describe('what a multi holds', () => {
  it('ends at the first header that is done, whatever its type', () => {
    const { client } = start();
    const done: Op = (writer) => multiHeader.write(writer, { type: 1, done: true, err: 0 });
    const reply = send(client, OpCode.multi, [create('/a'), done, create('/b'), end]);
    expect(resultsOf(reply)).toEqual([[1, 0]]);
    expect(client.exists('/b').err).toBe(ErrorCode.noNode);
  });

  it('is retyped by the flag of a create', () => {
    const { harness, client } = start();
    const ownerHi = (path: string) =>
      harness.tree.ownerHi(harness.tree.find(encodeUtf8(path), 0, path.length));
    expect(resultsOf(multi(client, create('/c', { flags: 4 })))).toEqual([[15, 0]]);
    expect(ownerHi('/c')).toBe(0x80000000 | 0);
    expect(resultsOf(multi(client, create('/d', { type: OpCode.create2, flags: 4 })))).toEqual([
      [15, 0],
    ]);
    const plain = create('/e', { type: OpCode.createTTL, flags: 0, ttl: -1n });
    expect(resultsOf(multi(client, plain))).toEqual([[1, 0]]);
    expect(ownerHi('/e')).toBe(0);
    const ephemeral = create('/f', { type: OpCode.createTTL, flags: 1, ttl: 7n });
    expect(resultsOf(multi(client, ephemeral))).toEqual([[1, 0]]);
    expect(client.stat('/f').ephemeralOwner).toBe(client.sessionId);
  });

  it('fails as a whole when it cannot be decoded, and consumes a zxid', () => {
    const { client, harness } = start();
    const bad: Op[][] = [
      [create('/x', { flags: 5 })],
      [create('/x', { flags: 9 })],
      [create('/x', { type: OpCode.createContainer, flags: 6 })],
      [op(OpCode.getACL, pathRequest, { path: '/' })],
      [op(OpCode.deleteContainer, pathRequest, { path: '/' })],
      [create('/x'), getData('/')],
      [getData('/')],
      [create('/x'), create(null)],
      [create('/x'), remove(null)],
    ];
    let zxid = harness.lastZxid;
    for (const ops of bad) {
      expect(multi(client, ...ops)).toMatchObject({
        err: -5,
        zxid: ++zxid,
        body: new Uint8Array(),
      });
    }
    expect(send(client, OpCode.multi, [create('/x')]).err).toBe(-5);
    expect(client.exists('/x').err).toBe(ErrorCode.noNode);
    expect(client.isClosed).toBe(false);
  });

  it('keeps an invalid flag of createTTL for a result of its own', () => {
    const { client } = start();
    const bad = create('/x', { type: OpCode.createTTL, flags: 9, ttl: 1n });
    expect(resultsOf(multi(client, bad))).toEqual([[-1, ErrorCode.badArguments]]);
  });

  it('checks existence and version with check, in the order of Apache', () => {
    const { client } = start();
    client.create('/a');
    client.create('/secret', { acl: [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }] });
    const code = (...ops: Op[]) => resultsOf(multi(client, ...ops))[0]![1];
    expect(code(check('/a', -1))).toBe(0);
    expect(code(check('/a', 0))).toBe(0);
    expect(code(check('/a', 1))).toBe(ErrorCode.badVersion);
    expect(code(check('/a', -2))).toBe(ErrorCode.badVersion);
    expect(code(check('/none', 0))).toBe(ErrorCode.noNode);
    expect(code(check('/secret', 9))).toBe(ErrorCode.noAuth);
    expect(code(check('/a/', 0))).toBe(ErrorCode.badArguments);
    expect(code(check('', 0))).toBe(ErrorCode.badArguments);
  });

  it('may grow into a txn that no server reads back; then it is refused', () => {
    const harness = new Harness({ treeBytesMax: 64 << 20 });
    const client = harness.client();
    for (let i = 0; i < 40; i++) client.authenticate('digest', `${'u'.repeat(200)}${i}:x`);
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    const ops = Array.from({ length: 300 }, (_, i) => create(`/n${i}`, { acl }));
    expect(multi(client, ...ops)).toMatchObject({ err: -5, zxid: 2n });
    expect(client.children('/')).toEqual(['zookeeper']);
    expect(multi(client, ...ops.slice(0, 100))).toMatchObject({ err: 0, zxid: 3n });
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });
});

describe('a multiRead', () => {
  it('has a result for each read, and errors of one leave the others alone', () => {
    const { client, harness } = start();
    client.create('/a');
    const reply = send(client, OpCode.multiRead, [getData('/none'), getData('/a'), end]);
    expect(reply).toMatchObject({ err: 0, zxid: 2n });
    expect(resultsOf(reply)).toEqual([
      [-1, ErrorCode.noNode],
      [4, 0],
    ]);
    expect(harness.lastZxid).toBe(2n);
  });

  it('leaves no watch', () => {
    const { client } = start();
    client.create('/a');
    send(client, OpCode.multiRead, [getData('/a'), end]);
    client.setData('/a', 'x');
    expect(client.events).toEqual([]);
  });

  it('answers a write in it with -5 and the results so far, at least their end', () => {
    const { client } = start();
    const reply = send(client, OpCode.multiRead, [create('/a'), end]);
    expect(reply.err).toBe(ErrorCode.marshallingError);
    expect(hex(reply.body)).toBe('ffffffff01ffffffff');
    const later = send(client, OpCode.multiRead, [getData('/'), getData(null), end]);
    expect(later.err).toBe(ErrorCode.marshallingError);
    expect(resultsOf(later)).toEqual([[4, 0]]);
  });

  it('answers what cannot be decoded with -5 alone', () => {
    const { client } = start();
    const reply = send(client, OpCode.multiRead, [getData('/'), create('/a'), end]);
    expect(reply).toMatchObject({ err: ErrorCode.marshallingError, body: new Uint8Array() });
    expect(send(client, OpCode.multiRead, [getData('/')]).body).toHaveLength(0);
  });
});
