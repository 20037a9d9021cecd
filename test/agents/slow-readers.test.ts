/** More replies than a ring, a turn or a socket holds at once: they come slower, not never. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontAgent } from '../../src/front/front.ts';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { startRingkeeper } from '../../src/server.ts';
import { RawClient } from '../support/raw-client.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import { settingsOf } from './front-harness.ts';
import { create, getData, setData } from './requests.ts';

const placements = ['inline', 'paired', 'threads'] as const;
const heavyBytes = 300_000;

describe.each(placements)('a server with %s placement', (placement) => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startServer({ placement, settings: { tickTime: 500 } });
    const client = await RawClient.connect({ port: server.port });
    await create(client, '/heavy', new Uint8Array(heavyBytes));
    await client.close();
  });

  afterAll(() => server.close());

  it('sends more replies of the keeper than fit on its ring', async () => {
    const client = await RawClient.connect({ port: server.port });
    const reads = Array.from({ length: 100 }, () => getData(client, '/heavy', true));
    for (const { value } of await Promise.all(reads)) {
      expect(value?.data?.byteLength).toBe(heavyBytes);
    }
    await client.close();
  });

  it('sends more replies of the front than it holds for a client', async () => {
    const client = await RawClient.connect({ port: server.port });
    const reads = Array.from({ length: 240 }, () => getData(client, '/heavy'));
    for (const { value } of await Promise.all(reads)) {
      expect(value?.data?.byteLength).toBe(heavyBytes);
    }
    await client.close();
  });
});

describe.each(placements)(
  'a server with %s placement and clients that do not read',
  (placement) => {
    const readers = 4;
    /** More than a connection may have waiting. */
    const reads = 240;

    it('holds little for each, serves others, and goes on when they read', async () => {
      const server = await startRingkeeper({
        settings: settingsOf({
          dataDir: temporaryDirectory(),
          clientPort: '0',
          forceSync: 'no',
          maxSessionTimeout: '600000',
          'ringkeeper.placement': placement,
          'ringkeeper.treeMemoryMb': '64',
        }),
        serverId: 1,
        membership: null,
        onFailure: (error) => expect.fail(String(error)),
      });
      const { port } = server;
      const other = await RawClient.connect({ port, timeoutMs: 600_000 });
      await create(other, '/heavy', new Uint8Array(heavyBytes));
      await create(other, '/small', '');
      const clients = await Promise.all(
        Array.from({ length: readers }, () => RawClient.connect({ port, timeoutMs: 600_000 })),
      );
      const answers = clients.map((client) => {
        client.socket.pause();
        return Promise.all(Array.from({ length: reads }, () => getData(client, '/heavy', true)));
      });
      let most = 0;
      for (let i = 0; i < 200; i++) {
        expect((await setData(other, '/small', `${i}`)).reply.err).toBe(0);
        most = Math.max(most, bytesWaiting(server));
      }
      expect(most).toBeGreaterThan(1_000_000);
      expect(most).toBeLessThan(readers * 6_000_000);
      for (const client of clients) client.socket.resume();
      for (const replies of await Promise.all(answers)) {
        for (const { value } of replies) expect(value?.data?.byteLength).toBe(heavyBytes);
      }
      await Promise.all([other, ...clients].map((client) => client.close()));
      await server.close();
    });
  },
);

/** Bytes that the server holds for clients which do not take them. */
function bytesWaiting(server: object): number {
  const { front } = server as { front: FrontAgent };
  return [...front.clients.values()].reduce(
    (sum, client) => sum + client.connection.outboundBytes,
    0,
  );
}
