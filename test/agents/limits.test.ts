/** What clients can make long: it costs them an error or their connection, and nobody else. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { frameBytesMaxHighest } from '../../src/base/limits.ts';
import { startServer } from '../../src/index.ts';
import { authPacket, OpCode, Xid } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { encodeRecord, RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import { create, exists } from './requests.ts';

function authenticate(client: RawClient, user: string) {
  const auth = encodeUtf8(`${user}:secret`);
  const body = encodeRecord(authPacket, { type: 0, scheme: 'digest', auth });
  return client.request(OpCode.auth, body, Xid.auth);
}

describe('a server', () => {
  it('refuses identities that are too long to travel, and goes on', async () => {
    const server = await startServer();
    const client = await RawClient.connect({ port: server.port });
    expect((await authenticate(client, 'short')).err).toBe(0);
    for (const letter of 'abc') {
      const reply = await authenticate(client, letter.repeat(1_000_000)).catch(() => null);
      expect(reply?.err).not.toBe(0);
    }
    const other = await RawClient.connect({ port: server.port });
    expect((await other.ping()).err).toBe(0);
    await other.close();
    await server.close();
  });

  it('ends a session whose nodes need a longer txn than a frame may be', async () => {
    const server = await startServer({ settings: { 'jute.maxbuffer': 4096 } });
    const owner = await RawClient.connect({ port: server.port });
    const names = Array.from({ length: 500 }, (_, i) => `/an-ephemeral-node-with-a-name-${i}`);
    await Promise.all(names.map((name) => create(owner, name, '', 1)));
    await owner.close();
    const other = await RawClient.connect({ port: server.port });
    expect((await exists(other, names[0]!)).reply.err).toBe(-101);
    await other.close();
    await server.close();
  });
});

const mib = 1024 * 1024;

/** Bytes of which no two neighbouring pages are alike. */
function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i ^ (i >>> 12);
  return bytes;
}

describe.each(['inline', 'paired', 'threads'] as const)(
  'a server with %s placement and jute.maxbuffer=10 MiB',
  (placement) => {
    const settings = { 'jute.maxbuffer': 10 * mib, snapCount: 8, 'autopurge.purgeInterval': 0 };
    const large = patterned(5 * mib);
    const largest = patterned(10 * mib - 100);

    it('stores, reads and recovers data of many megabytes', async () => {
      const dataDir = temporaryDirectory();
      let server = await startServer({ placement, settings, dataDir });
      let client = await RawClient.connect({ port: server.port });
      const setters = [requests.create(client, '/large'), requests.create(client, '/largest')];
      await Promise.all(setters);
      expect((await requests.setData(client, '/largest', largest)).err).toBe(0);
      const many = Array.from({ length: 9 }, () => requests.setData(client, '/large', large));
      expect((await Promise.all(many)).map(({ err }) => err)).toEqual(many.map(() => 0));
      for (let start = 0; start < 2; start++) {
        const atFront = await requests.getData(client, '/large');
        const atKeeper = await requests.getData(client, '/largest', true);
        expect(Buffer.compare(atFront.data!, large)).toBe(0);
        expect(Buffer.compare(atKeeper.data!, largest)).toBe(0);
        await client.close();
        await server.close();
        server = await startServer({ placement, settings, dataDir });
        client = await RawClient.connect({ port: server.port });
      }
      await client.close();
      await server.close();
      rmSync(dataDir, { recursive: true });
    });

    it('closes the connection of a longer request, and serves others', async () => {
      const server = await startServer({ placement, settings });
      const client = await RawClient.connect({ port: server.port });
      const other = await RawClient.connect({ port: server.port });
      void requests.setData(client, '/', patterned(10 * mib));
      await client.socket.closed;
      expect((await other.ping()).err).toBe(0);
      await other.close();
      await server.close();
    });
  },
);

describe('a server with a jute.maxbuffer beyond all limits', () => {
  it('takes the highest one that it can serve', async () => {
    const settings = { 'jute.maxbuffer': 2 ** 31 - 1, 'jute.maxbuffer.extrasize': 2 ** 31 - 1 };
    const server = await startServer({ settings });
    const client = await RawClient.connect({ port: server.port });
    client.socket.write(lengthOf(frameBytesMaxHighest));
    client.socket.write(new Uint8Array(8));
    const other = await RawClient.connect({ port: server.port });
    expect((await other.ping()).err).toBe(0);
    expect(client.socket.isClosed).toBe(false);
    const third = await RawClient.connect({ port: server.port });
    third.socket.write(lengthOf(frameBytesMaxHighest + 1));
    await third.socket.closed;
    await client.abandon();
    await other.close();
    await server.close();
  });

  it('answers -8 to a path that is longer than any node can have', async () => {
    const server = await startServer({ settings: { 'jute.maxbuffer': 40 * mib } });
    const client = await RawClient.connect({ port: server.port });
    const path = `/${'p'.repeat(17 * mib)}`;
    expect((await requests.create(client, path)).reply.err).toBe(-8);
    expect((await exists(client, path)).reply.err).toBe(-101);
    await client.close();
    await server.close();
  });
});

function lengthOf(bytes: number): Uint8Array {
  const frame = new Uint8Array(4);
  new DataView(frame.buffer).setInt32(0, bytes);
  return frame;
}
