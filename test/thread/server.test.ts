import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RingkeeperServer, startRingkeeper } from '../../src/server.ts';
import { settingsOf } from '../agents/front-harness.ts';
import { RawClient } from '../support/raw-client.ts';
import { RawSocket } from '../support/raw-socket.ts';

describe('a server', () => {
  let dataDir: string;
  let failures: unknown[];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringkeeper-test-'));
    failures = [];
  });

  afterEach(() => rm(dataDir, { recursive: true }));

  function start(placement: string): Promise<RingkeeperServer> {
    const memory = { 'ringkeeper.treeMemoryMb': '16', 'ringkeeper.placement': placement };
    const settings = settingsOf({ dataDir, clientPort: '0', ...memory });
    const onFailure = (error: unknown) => failures.push(error);
    return startRingkeeper({ settings, serverId: 1, membership: null, onFailure });
  }

  it('lets go of all its clients when a thread of it dies', async () => {
    const server = await start('threads');
    const client = await RawClient.connect({ port: server.port });
    await (server as unknown as { workers: Worker[] }).workers[1]!.terminate();
    await client.socket.closed;
    expect(failures.length).toBe(1);
    await expect(RawSocket.open(server.port)).rejects.toThrow(/ECONNREFUSED/);
    await server.close();
  });

  it('is closed for everybody who closes it at the same time', async () => {
    const server = await start('inline');
    await Promise.race([server.close(), server.close()]);
    const again = await start('inline');
    await again.close();
    expect(failures).toEqual([]);
  });
});
