/** More replies than a ring, a turn or a socket holds at once: they come slower, not never. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startServer } from '../../src/index.ts';
import { RawClient } from '../support/raw-client.ts';
import { create, getData } from './requests.ts';

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
