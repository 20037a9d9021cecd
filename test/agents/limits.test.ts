/** What clients can make long: it costs them an error or their connection, and nobody else. */
import { describe, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { authPacket, OpCode, Xid } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { encodeRecord, RawClient } from '../support/raw-client.ts';
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
