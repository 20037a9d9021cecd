/** A whole server over real sockets, the same tests in every placement of its agents. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { RawClient } from '../support/raw-client.ts';
import { placed, placements } from './placements.ts';
import { create, exists, getChildren, getData, remove, setData, text } from './requests.ts';

/** Sends a word and returns the whole answer. */
function word(port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(name));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe.each(placements)('a server, $placement with $fronts fronts', (placement) => {
  let server: EmbeddedServer;
  let port: number;

  beforeAll(async () => {
    server = await startServer(placed(placement));
    port = server.port;
  });

  afterAll(() => server.close());

  it('stores, changes and deletes a node', async () => {
    const client = await RawClient.connect({ port });
    const created = await create(client, '/life', 'one');
    expect(created.value?.path).toBe('/life');
    expect(text((await getData(client, '/life')).value?.data)).toBe('one');
    const changed = await setData(client, '/life', 'two', 0);
    expect(changed.value?.stat.version).toBe(1);
    expect(changed.value?.stat.mzxid).toBe(changed.reply.zxid);
    expect(text((await getData(client, '/life')).value?.data)).toBe('two');
    expect((await setData(client, '/life', 'three', 0)).reply.err).toBe(-103);
    expect((await remove(client, '/life')).reply.err).toBe(0);
    expect((await getData(client, '/life')).reply.err).toBe(-101);
    await client.close();
  });

  it('answers pipelined reads and writes in the order of the requests', async () => {
    const client = await RawClient.connect({ port });
    await create(client, '/order', '0');
    const calls: Promise<{ position: number; seen?: string }>[] = [];
    for (let i = 1; i <= 300; i++) {
      calls.push(setData(client, '/order', `${i}`).then(({ reply }) => reply));
      calls.push(
        getData(client, '/order').then(({ reply, value }) => ({
          position: reply.position,
          seen: text(value?.data),
        })),
      );
    }
    const replies = await Promise.all(calls);
    expect(replies.map(({ position }) => position)).toEqual(
      replies.map((_, i) => i + replies[0]!.position),
    );
    const seen = replies.flatMap((reply) => ('seen' in reply ? [reply.seen] : []));
    expect(seen).toEqual(seen.map((_, i) => `${i + 1}`));
    await client.close();
  });

  it('sends the event of a change before the reply to it, and before data that shows it', async () => {
    const watcher = await RawClient.connect({ port });
    const writer = await RawClient.connect({ port });
    await create(writer, '/seen', 'old');
    await getData(watcher, '/seen', true);
    await getData(writer, '/seen', true);
    const changed = await setData(writer, '/seen', 'new');
    const [own] = await writer.notified(1);
    expect(own).toMatchObject({ type: 3, path: '/seen', zxid: changed.reply.zxid });
    expect(own!.position).toBeLessThan(changed.reply.position);
    const [other] = await watcher.notified(1);
    expect(other).toMatchObject({ type: 3, path: '/seen', zxid: changed.reply.zxid });
    expect(text((await getData(watcher, '/seen')).value?.data)).toBe('new');
    await Promise.all([watcher.close(), writer.close()]);
  });

  it('keeps a session over connections, and closes the connection that it left', async () => {
    const first = await RawClient.connect({ port });
    await create(first, '/mine', '', 1);
    const second = await RawClient.connect({ port, session: first.session });
    expect(second.session.id).toBe(first.session.id);
    await first.socket.closed;
    const stat = (await exists(second, '/mine')).value?.stat;
    expect(stat?.ephemeralOwner).toBe(first.session.id);
    await second.close();
    const other = await RawClient.connect({ port });
    expect((await exists(other, '/mine')).reply.err).toBe(-101);
    await other.close();
  });

  it('refuses a session with a wrong password and leaves its owner alone', async () => {
    const owner = await RawClient.connect({ port });
    const session = { id: owner.session.id, passwd: new Uint8Array(16).fill(7) };
    const thief = await RawClient.connect({ port, session });
    expect(thief.session).toMatchObject({ id: 0n, timeoutMs: 0 });
    await thief.socket.closed;
    expect((await owner.ping()).err).toBe(0);
    await owner.close();
  });

  it('refuses a client that has seen the future', async () => {
    const lastZxidSeen = 0x7fffffff00000000n;
    await expect(RawClient.connect({ port, lastZxidSeen })).rejects.toThrow();
  });

  it('returns a megabyte of data and many thousands of children whole', async () => {
    const client = await RawClient.connect({ port });
    const large = new Uint8Array(1_000_000).map((_, i) => i);
    await create(client, '/large', large);
    expect((await getData(client, '/large')).value?.data).toEqual(large);
    await create(client, '/many', '');
    const names = Array.from({ length: 4000 }, (_, i) => `a-rather-long-name-of-a-child-${i}`);
    await Promise.all(names.map((name) => create(client, `/many/${name}`, '')));
    for (const watch of [false, true]) {
      const { value } = await getChildren(client, '/many', watch);
      expect(new Set(value?.children)).toEqual(new Set(names));
    }
    await client.close();
  });

  it('answers pings and reads of others while a client does not read its replies', async () => {
    const deaf = await RawClient.connect({ port });
    const client = await RawClient.connect({ port });
    await create(client, '/heavy', new Uint8Array(100_000));
    deaf.socket.pause();
    for (let i = 0; i < 2000; i++) void getData(deaf, '/heavy').catch(() => {});
    expect((await client.ping()).err).toBe(0);
    expect((await getData(client, '/heavy')).value?.data?.byteLength).toBe(100_000);
    await deaf.abandon();
    await client.close();
  });

  it('accepts a handshake without the readOnly byte and answers without it', async () => {
    const client = await RawClient.connect({ port, readOnly: 'absent' });
    expect(client.session.readOnly).toBeUndefined();
    expect((await client.ping()).err).toBe(0);
    await client.close();
  });

  it('closes the connection at an unknown op code and keeps the session', async () => {
    const client = await RawClient.connect({ port });
    const reply = await client.request(999);
    expect(reply).toMatchObject({ err: -6, zxid: -1n });
    await client.socket.closed;
    const again = await RawClient.connect({ port, session: client.session });
    expect(again.session.id).toBe(client.session.id);
    await again.close();
  });

  it('answers four-letter words', async () => {
    const client = await RawClient.connect({ port });
    await exists(client, '/nothing-yet', true);
    expect(await word(port, 'ruok')).toBe('imok');
    expect(await word(port, 'isro')).toBe('rw');
    expect(await word(port, 'srvr')).toMatch(/^Zookeeper version: 3\.9[\s\S]*Mode: standalone\n/);
    expect(await word(port, 'cons')).toContain('lop=EXIS');
    expect(await word(port, 'wchs')).toContain('Total watches:1');
    expect(await word(port, 'wchp')).toContain('/nothing-yet');
    expect(await word(port, 'mntr')).toMatch(/zk_watch_count\t1\n/);
    expect(await word(port, 'dump')).toContain(`0x${client.session.id.toString(16)}`);
    await client.close();
  });

  it('tells an HTTP client where it is', async () => {
    expect(await word(port, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  });

  it('tells a TLS client that there is no TLS', async () => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const [error] = await once(socket, 'error');
    expect(error.message).toMatch(/alert handshake failure/);
  });

  it('closes a connection whose frame is too long, and no other', async () => {
    const client = await RawClient.connect({ port });
    const other = await RawClient.connect({ port });
    client.socket.write(Uint8Array.from([0x7f, 0xff, 0xff, 0xff]));
    await client.socket.closed;
    expect((await other.ping()).err).toBe(0);
    await other.close();
  });

  it('orders a sync behind everything that was proposed', async () => {
    const client = await RawClient.connect({ port });
    await create(client, '/synced', '0');
    const write = setData(client, '/synced', '1');
    const sync = client.request(OpCode.sync, Uint8Array.from([0, 0, 0, 2, 0x2f, 0x73]));
    const [{ reply }, synced] = await Promise.all([write, sync]);
    expect(synced.position).toBe(reply.position + 1);
    expect(synced.zxid).toBeGreaterThanOrEqual(reply.zxid);
    await client.close();
  });
});

describe('the data directory', () => {
  it.each(placements)('survives a restart, $placement with $fronts fronts', async (placement) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'ringkeeper-test-'));
    try {
      const before = await startServer(placed(placement, { dataDir }));
      const client = await RawClient.connect({ port: before.port });
      await create(client, '/kept', 'value');
      await create(client, '/gone', '', 1);
      const { session } = client;
      await before.close();
      const after = await startServer(placed(placement, { dataDir }));
      const again = await RawClient.connect({ port: after.port, session });
      expect(again.session.id).toBe(session.id);
      expect(text((await getData(again, '/kept')).value?.data)).toBe('value');
      expect((await exists(again, '/gone')).value?.stat.ephemeralOwner).toBe(session.id);
      await again.close();
      await after.close();
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  it('is locked while a server has it', async () => {
    const server = await startServer();
    await expect(startServer({ dataDir: server.dataDir })).rejects.toThrow(/in use/);
    await server.close();
  });

  it.each(placements)(
    'gets snapshots while writes go on, $placement with $fronts fronts',
    async (placement) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'ringkeeper-test-'));
      try {
        const settings = { snapCount: 40 };
        const server = await startServer(placed(placement, { dataDir, settings }));
        const client = await RawClient.connect({ port: server.port });
        for (let i = 0; i < 400; i++) await create(client, `/node-${i}`, `${i}`);
        await client.close();
        await server.close();
        const names = await readdir(join(dataDir, 'version-2'));
        expect(names.filter((name) => name.startsWith('snapshot.')).length).toBeGreaterThan(1);
        expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
        const again = await startServer(placed(placement, { dataDir }));
        const reader = await RawClient.connect({ port: again.port });
        for (let i = 0; i < 400; i++) {
          expect(text((await getData(reader, `/node-${i}`)).value?.data)).toBe(`${i}`);
        }
        await reader.close();
        await again.close();
      } finally {
        await rm(dataDir, { recursive: true });
      }
    },
  );
});
