/** Data operations: section B of docs/parity.md, as clients see it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, OpCode } from '../../src/jute/proto.ts';
import type { RawClient } from '../support/raw-client.ts';
import {
  create,
  createTtl,
  getData,
  multi,
  remove,
  setAcl,
  setData,
} from '../support/raw-requests.ts';
import { craftDirectory } from './crafted.ts';
import {
  bytesOf,
  countDescendants,
  exists,
  getAcl,
  getChildren,
  getEphemerals,
  op,
  resultsOf,
  sync,
  textOf,
  whoAmI,
} from './requests.ts';
import { useDirectories, useSite } from './site.ts';

const { ephemeral, persistentSequential: sequential, ephemeralSequential } = CreateFlag;

describe('a client', () => {
  const site = useSite();
  let client: RawClient;

  beforeAll(async () => {
    client = await site.connect();
  });

  it('creates persistent and ephemeral nodes, and null data is not empty data', async () => {
    await create(client, '/plain', { data: bytesOf('x') });
    await create(client, '/null', { data: null });
    await create(client, '/empty', { data: new Uint8Array(0) });
    await create(client, '/mine', { flags: ephemeral });
    expect(textOf((await getData(client, '/plain')).data)).toBe('x');
    const none = await getData(client, '/null');
    expect([none.data, none.stat?.dataLength]).toEqual([null, 0]);
    expect((await getData(client, '/empty')).data).toEqual(new Uint8Array(0));
    expect((await exists(client, '/mine')).stat?.ephemeralOwner).toBe(client.session.id);
    expect((await setData(client, '/plain', null)).err).toBe(0);
    expect((await getData(client, '/plain')).data).toBeNull();
  });

  it('gets sequence numbers of ten digits that are never used again', async () => {
    await create(client, '/seq');
    const make = async (flags: number) => (await create(client, '/seq/n-', { flags })).path;
    expect(await make(sequential)).toBe('/seq/n-0000000000');
    expect(await make(ephemeralSequential)).toBe('/seq/n-0000000001');
    await remove(client, '/seq/n-0000000001');
    await create(client, '/seq/plain');
    expect(await make(sequential)).toBe('/seq/n-0000000003');
    expect((await create(client, '/seq/', { flags: sequential })).path).toBe('/seq/0000000004');
  });

  it('gets the stat of what it creates with create2', async () => {
    const { reply } = await create(client, '/with-stat', { data: bytesOf('abc') });
    const { stat } = await getData(client, '/with-stat');
    const body = Buffer.from(reply.body);
    expect(body.subarray(4, 14).toString()).toBe('/with-stat');
    expect(body.byteLength).toBe(4 + 10 + 68);
    expect(body.readBigInt64BE(14)).toBe(reply.zxid);
    expect(stat).toMatchObject({ czxid: reply.zxid, mzxid: reply.zxid, dataLength: 3 });
  });

  it('deletes by version: -1 is any, another is a mismatch, children forbid it', async () => {
    await create(client, '/gone');
    await setData(client, '/gone', null);
    await create(client, '/gone/child');
    expect((await remove(client, '/gone', 0)).err).toBe(ErrorCode.badVersion);
    expect((await remove(client, '/gone', 1)).err).toBe(ErrorCode.notEmpty);
    await remove(client, '/gone/child', -1);
    expect((await remove(client, '/gone', 1)).err).toBe(0);
    expect((await remove(client, '/gone')).err).toBe(ErrorCode.noNode);
  });

  it('reads existence, data and children, with the stat', async () => {
    await create(client, '/read', { data: bytesOf('data') });
    await create(client, '/read/b');
    await create(client, '/read/a');
    const { children, stat } = await getChildren(client, '/read');
    expect(children).toEqual(['a', 'b']);
    expect((await exists(client, '/read')).stat).toEqual(stat);
    expect((await getData(client, '/read')).stat).toEqual(stat);
    const body = Buffer.from([0, 0, 0, 5, ...Buffer.from('/read'), 0]);
    const { body: names } = await client.request(OpCode.getChildren, body);
    expect(names.byteLength).toBe(4 + 5 + 5);
    for (const read of [exists, getData, getChildren]) {
      expect((await read(client, '/nowhere')).reply.err).toBe(ErrorCode.noNode);
    }
  });

  it('sets data by version, and -2 is no wildcard', async () => {
    await create(client, '/versioned');
    expect((await setData(client, '/versioned', null, 0)).err).toBe(0);
    expect((await setData(client, '/versioned', null, 0)).err).toBe(ErrorCode.badVersion);
    expect((await setData(client, '/versioned', null, -2)).err).toBe(ErrorCode.badVersion);
    expect((await setData(client, '/versioned', null, -1)).err).toBe(0);
    expect((await exists(client, '/versioned')).stat?.version).toBe(2);
  });

  it('sees every field of a stat change when it should and only then', async () => {
    const made = (await create(client, '/stat', { data: bytesOf('12') })).reply.zxid;
    const child = (await create(client, '/stat/child')).reply.zxid;
    const first = (await exists(client, '/stat')).stat!;
    expect(first).toMatchObject({ czxid: made, mzxid: made, pzxid: child, numChildren: 1 });
    expect(first).toMatchObject({ version: 0, cversion: 1, aversion: 0, dataLength: 2 });
    expect(first).toMatchObject({ ctime: first.mtime, ephemeralOwner: 0n });
    const set = (await setData(client, '/stat', bytesOf('123'))).zxid;
    await setAcl(client, '/stat', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]);
    const gone = (await remove(client, '/stat/child')).zxid;
    const last = (await exists(client, '/stat')).stat!;
    expect(last).toMatchObject({ czxid: made, mzxid: set, pzxid: gone, numChildren: 0 });
    expect(last).toMatchObject({ version: 1, cversion: 2, aversion: 1, dataLength: 3 });
    expect(last.ctime).toBe(first.ctime);
    expect(last.mtime).toBeGreaterThanOrEqual(first.mtime);
  });

  it('gets no children below an ephemeral node', async () => {
    await create(client, '/leaf', { flags: ephemeral });
    const { reply } = await create(client, '/leaf/child');
    expect(reply.err).toBe(ErrorCode.noChildrenForEphemerals);
  });

  it.each([
    ...['a', '//', '/h/', '/.', '/a/..', '/\u0001', '/\u007f', '/\u009f'],
    ...['/\u0000', '/\ud7ff\ue000', '/\uf8ff', '/\ufff0', '/\u{1f600}'],
  ])('is refused the path %j', async (path) => {
    await create(client, '/a');
    await create(client, '/h');
    const { err } = (await create(client, path)).reply;
    expect(err).toBe(ErrorCode.badArguments);
  });

  it.each(['/a//b', '/a/./b', '/a/', 'a'])('cannot set data at the path %j', async (path) => {
    expect((await setData(client, path, null)).err).toBe(ErrorCode.badArguments);
  });

  it.each(['/\u00a0', '/\uf900', '/\uffef', '/...', '/.a', '/größe-水'])(
    'is given the path %j',
    async (path) => {
      expect((await create(client, path)).path).toBe(path);
    },
  );

  it.each(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])(
    'cannot delete %s',
    async (path) => {
      expect((await remove(client, path)).err).toBe(ErrorCode.badArguments);
      expect((await exists(client, path)).err).toBe(0);
    },
  );

  it('has a multi of every kind done as one', async () => {
    await create(client, '/multi');
    const reply = await multi(client, [
      op.create('/multi/a'),
      op.create('/multi/s-', sequential, OpCode.create2),
      op.create('/multi/c', CreateFlag.container, OpCode.createContainer),
      op.setData('/multi/a', 'changed', 0),
      op.check('/multi/a', 1),
      op.remove('/multi/c'),
    ]);
    expect(reply.err).toBe(0);
    expect(resultsOf(reply)).toEqual([
      { type: OpCode.create, err: 0, path: '/multi/a' },
      { type: OpCode.create2, err: 0, path: '/multi/s-0000000001' },
      { type: OpCode.create2, err: 0, path: '/multi/c' },
      { type: OpCode.setData, err: 0 },
      { type: OpCode.check, err: 0 },
      { type: OpCode.delete, err: 0 },
    ]);
    const { stat } = await getData(client, '/multi/a');
    expect(stat).toMatchObject({ czxid: reply.zxid, mzxid: reply.zxid, version: 1 });
  });

  it('has nothing of a multi done when one operation fails', async () => {
    const operations = [op.create('/half'), op.remove('/nowhere'), op.setData('/', '')];
    const reply = await multi(client, operations);
    expect(reply.err).toBe(0);
    expect(resultsOf(reply).map(({ type, err }) => [type, err])).toEqual([
      [OpCode.error, 0],
      [OpCode.error, ErrorCode.noNode],
      [OpCode.error, ErrorCode.runtimeInconsistency],
    ]);
    expect((await exists(client, '/half')).err).toBe(ErrorCode.noNode);
    const empty = await multi(client, []);
    expect([empty.err, empty.zxid - reply.zxid, resultsOf(empty)]).toEqual([0, 1n, []]);
  });

  it('reads several nodes with one multiRead, and each fails for itself', async () => {
    await create(client, '/many', { data: bytesOf('m') });
    await create(client, '/many/child');
    const body = multiReadBody([
      op.read(OpCode.getData, '/many'),
      op.read(OpCode.getData, '/nowhere'),
      op.read(OpCode.getChildren, '/many'),
    ]);
    const reply = await client.request(OpCode.multiRead, body);
    expect(reply.err).toBe(0);
    expect(resultsOf(reply)).toEqual([
      { type: OpCode.getData, err: 0, data: 'm' },
      { type: OpCode.error, err: ErrorCode.noNode },
      { type: OpCode.getChildren, err: 0, children: ['child'] },
    ]);
  });

  it('gets the path of a sync back behind everything before it', async () => {
    const writer = await site.connect();
    const write = create(writer, '/synced');
    const [{ reply }, answer] = await Promise.all([write, sync(client, '/no/such/node')]);
    expect(answer.value?.path).toBe('/no/such/node');
    expect((await sync(writer, '/')).reply.zxid).toBeGreaterThanOrEqual(reply.zxid);
    expect((await exists(client, '/synced')).err).toBe(0);
  });

  it('lists its ephemerals by prefix, and those of nobody else', async () => {
    const other = await site.connect();
    await create(other, '/pe3', { flags: ephemeral });
    for (const path of ['/pe1', '/pe2', '/qe']) await create(client, path, { flags: ephemeral });
    expect(await getEphemerals(client, '/pe')).toEqual(['/pe1', '/pe2']);
    expect(await getEphemerals(client, '/')).toEqual(expect.arrayContaining(['/pe1', '/qe']));
    expect(await getEphemerals(other, '')).toEqual(['/pe3']);
  });

  it('counts descendants, at the root those of /zookeeper too', async () => {
    await create(client, '/count');
    for (const path of ['/count/a', '/count/a/b', '/count/c']) await create(client, path);
    expect(await countDescendants(client, '/count')).toBe(3);
    const nodes = /Node count: (\d+)/.exec(await site.ask('srvr'))?.[1];
    // Apache counts the root a second time, under its other name.
    expect(await countDescendants(client, '/')).toBe(Number(nodes) - 2);
  });

  it('is told who it is', async () => {
    expect(await whoAmI(client)).toEqual(['ip:127.0.0.1']);
  });

  it('sees zxids that only grow, by one a write, and the last one in reads', async () => {
    const one = await create(client, '/zxid');
    const two = await setData(client, '/zxid', null);
    const failed = await create(client, '/zxid');
    const read = await getData(client, '/zxid');
    expect(two.zxid).toBe(one.reply.zxid + 1n);
    expect(failed.reply).toMatchObject({ zxid: two.zxid + 1n, err: ErrorCode.nodeExists });
    expect(read.reply.zxid).toBe(failed.reply.zxid);
  });

  it('reads its own writes in the order of its requests', async () => {
    await create(client, '/fifo', { data: bytesOf('0') });
    const reads = [];
    for (let i = 1; i <= 50; i++) {
      void setData(client, '/fifo', bytesOf(`${i}`));
      reads.push(getData(client, '/fifo'));
    }
    const seen = (await Promise.all(reads)).map(({ data }) => textOf(data));
    expect(seen).toEqual(seen.map((_, i) => `${i + 1}`));
  });

  it('is answered -6 for an unknown op code, loses the connection and keeps the session', async () => {
    const other = await site.connect();
    const reply = await other.request(999);
    expect(reply).toMatchObject({ err: ErrorCode.unimplemented, zxid: -1n });
    await other.socket.closed;
    const again = await site.connect({ session: other.session });
    expect(again.session.id).toBe(other.session.id);
  });

  it('finds the system nodes with the stats and the ACL that Apache gives them', async () => {
    expect((await getChildren(client, '/zookeeper')).children).toEqual(['config', 'quota']);
    const { acl, stat } = await getAcl(client, '/zookeeper/config');
    expect(acl).toEqual([{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]);
    expect(stat).toMatchObject({ czxid: 0n, ctime: 0n, aversion: -1, version: 0 });
    expect((await setData(client, '/zookeeper/config', null)).err).toBe(ErrorCode.noAuth);
    expect((await create(client, '/zookeeper/quota/free')).reply.err).toBe(0);
  });

  it('cannot create TTL nodes while extended types are off', async () => {
    const reply = await createTtl(client, '/ttl', 1000n);
    expect(reply.err).toBe(ErrorCode.unimplemented);
    expect((await client.ping()).err).toBe(0);
  });
});

function multiReadBody(operations: readonly { type: number; body: Uint8Array }[]): Uint8Array {
  const end = { type: -1, body: new Uint8Array(0) };
  const parts = [...operations, end].map(({ type, body }) => {
    const header = Buffer.alloc(9);
    header.writeInt32BE(type, 0);
    header.writeUInt8(type === -1 ? 1 : 0, 4);
    header.writeInt32BE(-1, 5);
    return Buffer.concat([header, body]);
  });
  return Buffer.concat(parts);
}

describe('a tree at the end of its numbers', () => {
  const dataDir = useDirectories()();
  craftDirectory(dataDir, {
    '/last': { cversion: 2147483646 },
    '/negative': { cversion: -5 },
    '/worn': { version: 2147483647 },
    '/almost': { version: -2 },
  });
  const site = useSite({ dataDir });

  it('gives out the last sequence numbers, then one that is there already', async () => {
    const client = await site.connect();
    const flags = sequential;
    const make = async () => {
      const { reply, path } = await create(client, '/last/n-', { flags });
      return path ?? reply.err;
    };
    expect(await make()).toBe('/last/n-2147483646');
    expect(await make()).toBe('/last/n-2147483647');
    expect(await make()).toBe(ErrorCode.nodeExists);
  });

  it('prints a negative number with its sign inside the ten digits', async () => {
    const client = await site.connect();
    const { path } = await create(client, '/negative/n-', { flags: sequential });
    expect(path).toBe('/negative/n--000000005');
  });

  it('wraps versions around to the negative ones', async () => {
    const client = await site.connect();
    expect((await setData(client, '/worn', null, 2147483647)).err).toBe(0);
    expect((await exists(client, '/worn')).stat?.version).toBe(-2147483648);
  });

  it('lets a version become -1, as 3.9 does', async () => {
    const client = await site.connect();
    expect((await setData(client, '/almost', null, -2)).err).toBe(0);
    expect((await exists(client, '/almost')).stat?.version).toBe(-1);
  });
});
