/** Connections and sessions: section A of docs/parity.md, as clients see it. */
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { CreateFlag, EventType, OpCode } from '../../src/jute/proto.ts';
import { encodeConnectRequest, RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { framed, RawSocket } from '../support/raw-socket.ts';
import { exists, getChildren } from './requests.ts';
import { closed, openSocket, Site, useDirectories, useSite } from './site.ts';

const ephemeral = { flags: CreateFlag.ephemeral };

describe('a server with ticks of 2000 ms', () => {
  const site = useSite({ settings: { tickTime: 2000, maxSessionTimeout: -1 } });

  it('puts its id into the top byte of session ids, and version 0 into the answer', async () => {
    const socket = await RawSocket.open(site.port);
    socket.writeFrame(encodeConnectRequest({ timeoutMs: 10_000 }));
    const frame = Buffer.from(await socket.nextFrame());
    expect(frame.byteLength).toBe(37);
    expect(frame.readInt32BE(0)).toBe(0);
    expect(frame.readInt32BE(4)).toBe(10_000);
    expect(frame.readUInt8(8)).toBe(1);
    expect(frame.readInt32BE(16)).toBe(16);
    await socket.destroy();
  });

  it.each([
    { asked: 1, given: 4000 },
    { asked: 0, given: 4000 },
    { asked: -7, given: 4000 },
    { asked: 3_600_000, given: 40_000 },
    { asked: 12_345, given: 12_345 },
  ])('grants $given ms to a client that asks for $asked ms', async ({ asked, given }) => {
    expect((await site.connect({ timeoutMs: asked })).session.timeoutMs).toBe(given);
  });

  it('takes a session up again, with a new timeout, whatever its connection does', async () => {
    const first = await site.connect({ timeoutMs: 8000 });
    await requests.create(first, '/kept', ephemeral);
    await first.abandon();
    const second = await site.connect({ session: first.session, timeoutMs: 9000 });
    expect(second.session).toMatchObject({ id: first.session.id, timeoutMs: 9000 });
    expect(second.session.passwd).toEqual(first.session.passwd);
    expect((await exists(second, '/kept')).stat?.ephemeralOwner).toBe(first.session.id);
  });

  it('answers a wrong password with a session of 0 and closes', async () => {
    const owner = await site.connect();
    const passwd = owner.session.passwd.map((byte) => byte ^ 1);
    const thief = await site.connect({ session: { id: owner.session.id, passwd } });
    expect(thief.session).toMatchObject({ id: 0n, timeoutMs: 0 });
    expect(thief.session.passwd).toEqual(new Uint8Array(16));
    await thief.socket.closed;
    expect((await owner.ping()).err).toBe(0);
  });

  it('closes without an answer where the client has seen a higher zxid', async () => {
    const client = await site.connect();
    const { zxid } = await client.ping();
    const socket = await RawSocket.open(site.port);
    socket.writeFrame(encodeConnectRequest({ lastZxidSeen: zxid + 1_000_000n }));
    await socket.closed;
    expect(socket.bytesReceived).toBe(0);
    const behind = await site.connect({ lastZxidSeen: zxid });
    expect(behind.session.timeoutMs).toBeGreaterThan(0);
  });

  it('deletes the ephemerals of a session with the zxid of its close', async () => {
    const client = await site.connect();
    const watcher = await site.connect();
    await requests.create(client, '/short', ephemeral);
    await exists(watcher, '/short', true);
    const { zxid } = await client.request(OpCode.closeSession);
    await client.socket.closed;
    const [event] = await watcher.notified(1);
    expect(event).toMatchObject({ type: EventType.nodeDeleted, path: '/short', zxid });
    expect((await exists(watcher, '/short')).err).toBe(ErrorCode.noNode);
  });

  it('answers pipelined requests in their order', async () => {
    const client = await site.connect();
    const replies = [];
    for (let i = 0; i < 200; i++) {
      replies.push(i % 3 === 0 ? client.ping() : requests.setData(client, '/', null));
    }
    const positions = (await Promise.all(replies)).map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, i) => i));
  });

  it('takes a frame of exactly jute.maxbuffer and closes at one byte more', async () => {
    const client = await site.connect();
    expect((await client.request(OpCode.setData, setRootOf(1_048_575))).err).toBe(0);
    void client.request(OpCode.setData, setRootOf(1_048_576));
    await client.socket.closed;
    const other = await site.connect();
    expect((await requests.getData(other, '/')).data?.byteLength).toBe(1_048_575 - 21);
    await requests.setData(other, '/', null);
  });
});

/** The body of a setData of the root whose frame has so many bytes. */
function setRootOf(frameBytes: number): Uint8Array {
  const body = new Uint8Array(frameBytes - 8);
  const view = new DataView(body.buffer);
  view.setInt32(0, 1);
  view.setUint8(4, 0x2f);
  view.setInt32(5, frameBytes - 21);
  view.setInt32(frameBytes - 12, -1);
  return body;
}

describe('a server with limits of its own', () => {
  const settings = {
    minSessionTimeout: 100,
    maxSessionTimeout: 500_000,
    'jute.maxbuffer': 2000,
    maxClientCnxns: 3,
  };
  const site = useSite({ settings });

  it('grants timeouts between minSessionTimeout and maxSessionTimeout', async () => {
    const short = await site.connect({ timeoutMs: 1 });
    expect(short.session.timeoutMs).toBe(100);
    await short.close();
    const long = await site.connect({ timeoutMs: 0x7fffffff });
    expect(long.session.timeoutMs).toBe(500_000);
    await long.close();
  });

  it('takes frames up to the jute.maxbuffer that is set', async () => {
    const client = await site.connect();
    expect((await client.request(OpCode.setData, setRootOf(2000))).err).toBe(0);
    void client.request(OpCode.setData, setRootOf(2001));
    await client.socket.closed;
  });

  it('closes the connection that one address has too many, and no other', async () => {
    const sockets = await Promise.all([1, 2, 3].map(() => openSocket(site.port)));
    const tooMany = await openSocket(site.port);
    await closed(tooMany);
    const elsewhere = await openSocket(site.port, '127.0.0.2');
    expect(await answerOf(elsewhere, 'ruok')).toBe('imok');
    expect(sockets.map((socket) => socket.destroyed)).toEqual([false, false, false]);
    expect(await answerOf(sockets[0]!, 'ruok')).toBe('imok');
    for (const socket of sockets) socket.destroy();
  });
});

function answerOf(socket: Awaited<ReturnType<typeof openSocket>>, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.write(word);
  });
}

describe('a server with maxCnxns=2 and a short patience', () => {
  const site = useSite({ settings: { maxCnxns: 2, 'nio.sessionlessCnxnTimeout': 400 } });

  it('closes the third connection, from wherever it comes', async () => {
    const first = await site.connect();
    const second = await site.connect();
    const third = await openSocket(site.port, '127.0.0.3');
    await closed(third);
    expect((await first.ping()).err).toBe(0);
    await Promise.all([first.close(), second.close()]);
  });

  it('closes who never makes a session, not who has one', async () => {
    const client = await site.connect();
    const silent = await RawSocket.open(site.port);
    silent.write(framed(encodeConnectRequest({})).subarray(0, 20));
    await silent.closed;
    expect(silent.bytesReceived).toBe(0);
    expect((await client.ping()).err).toBe(0);
    await client.close();
  });
});

describe('a server with ticks of 50 ms', () => {
  const site = useSite({ settings: { tickTime: 50 } });

  it('expires a silent session: ephemerals go, the connection ends, the id is void', async () => {
    const watcher = await site.connect();
    const silent = await site.connect({ timeoutMs: 300 });
    await requests.create(silent, '/silent', ephemeral);
    await exists(watcher, '/silent', true);
    const [event] = await watcher.notified(1);
    expect(event).toMatchObject({ type: EventType.nodeDeleted, path: '/silent' });
    await silent.socket.closed;
    const again = await site.connect({ session: silent.session });
    expect(again.session).toMatchObject({ id: 0n, timeoutMs: 0 });
  });

  it('expires a session whose client is gone, and its ephemerals in one txn', async () => {
    const watcher = await site.connect();
    await requests.create(watcher, '/parent');
    const gone = await site.connect({ timeoutMs: 300 });
    for (const name of ['a', 'b']) await requests.create(gone, `/parent/${name}`, ephemeral);
    await getChildren(watcher, '/parent', true);
    await exists(watcher, '/parent/b', true);
    await gone.abandon();
    const events = await watcher.notified(2);
    expect(new Set(events.map(({ zxid }) => zxid)).size).toBe(1);
    expect((await getChildren(watcher, '/parent')).stat?.pzxid).toBe(events[0]!.zxid);
  });

  it('keeps a session that pings while one that does not expires', async () => {
    const watcher = await site.connect();
    const lively = await site.connect({ timeoutMs: 1500 });
    await requests.create(lively, '/lively', ephemeral);
    const silent = await site.connect({ timeoutMs: 1500 });
    await requests.create(silent, '/dead', ephemeral);
    await exists(watcher, '/dead', true);
    while (watcher.notifications.length === 0) await lively.ping();
    expect((await exists(watcher, '/lively')).stat?.ephemeralOwner).toBe(lively.session.id);
  });

  it('shows sessions that expire in the same tick as one set', async () => {
    const slow = new Site({ settings: { tickTime: 3_000_000, maxSessionTimeout: -1 } });
    await slow.start();
    const clients = await Promise.all([slow.connect(), slow.connect(), slow.connect()]);
    const dump = await slow.ask('dump');
    const sets = /Session Sets \((\d+)\)\/\((\d+)\):\n(\d+) expire at /.exec(dump);
    expect(sets?.slice(1)).toEqual(['1', '3', '3']);
    for (const { session } of clients) expect(dump).toContain(`0x${session.id.toString(16)}`);
    await slow.stop();
  });
});

describe('a server that was restarted', () => {
  const directory = useDirectories();

  it('knows the sessions and ephemerals of before', async () => {
    const dataDir = directory();
    const before = new Site({ dataDir });
    await before.start();
    const first = await before.connect();
    await requests.create(first, '/mine', ephemeral);
    const { session } = first;
    await before.stop();
    const after = new Site({ dataDir });
    await after.start();
    const client = await after.connect({ session });
    expect(client.session.id).toBe(session.id);
    expect((await exists(client, '/mine')).stat?.ephemeralOwner).toBe(session.id);
    await after.stop();
  });
});

describe('a server on an IPv6 address', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const hasLoopback6 = addresses.some(({ address }) => address === '::1');

  it('serves there, or says that the machine has no such address', async () => {
    const starting = startServer({ host: '::1', logLevel: 'fatal' });
    if (!hasLoopback6) {
      await expect(starting).rejects.toThrow(/EADDRNOTAVAIL|EAFNOSUPPORT/);
      return;
    }
    const server: EmbeddedServer = await starting;
    expect(server.connectString).toBe(`[::1]:${server.port}`);
    const client = await RawClient.connect({ port: server.port, host: '::1' });
    const reply = await client.request(OpCode.whoAmI);
    expect(Buffer.from(reply.body).toString('latin1')).toContain('0:0:0:0:0:0:0:1');
    await client.close();
    await server.close();
  });
});
