import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/admin/metrics.ts';
import type { FrontAgent } from '../../src/front/front.ts';
import type { Housekeeper } from '../../src/jobs/housekeeper.ts';
import { type RingkeeperServer, startRingkeeper } from '../../src/server.ts';
import type { SharedServer } from '../../src/thread/shared.ts';
import { settingsOf } from '../agents/front-harness.ts';
import { create } from '../agents/requests.ts';
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

  function start(placement: string, more: object = {}): Promise<RingkeeperServer> {
    const memory = { 'ringkeeper.treeMemoryMb': '16', 'ringkeeper.placement': placement };
    const settings = settingsOf({ dataDir, clientPort: '0', ...memory, ...more });
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

  it.each(['inline', 'paired'])(
    'ends with what a socket callback throws, %s',
    async (placement) => {
      const server = await start(placement);
      const client = await RawClient.connect({ port: server.port });
      const { front } = server as unknown as { front: FrontAgent };
      const error = new Error('wrong');
      front.onFrame = () => {
        throw error;
      };
      void client.ping();
      await client.socket.closed;
      expect(failures).toEqual([error]);
      await expect(RawSocket.open(server.port)).rejects.toThrow(/ECONNREFUSED/);
      await server.close();
    },
  );

  it('gives up the snapshot that it is writing when it is closed', async () => {
    const server = await start('paired');
    const client = await RawClient.connect({ port: server.port });
    for (let i = 0; i < 20_000; i++) void create(client, `/${i}`, new Uint8Array(100));
    await create(client, '/last', '');
    const { housekeeper } = server as unknown as { housekeeper: Housekeeper };
    housekeeper.snapshot();
    await client.abandon();
    await server.close();
    expect(readdirSync(join(dataDir, 'version-2')).filter((name) => /tmp$/.test(name))).toEqual([]);
  });

  /** Writes one after the other, until the thread of the ensemble has written one to the log. */
  async function writeAlone(server: RingkeeperServer, writesMax: number): Promise<number> {
    const client = await RawClient.connect({ port: server.port });
    const { shared } = server as unknown as { shared: SharedServer };
    let here = 0;
    for (let i = 0; i < writesMax && here === 0; i++) {
      await create(client, `/${i}`, '');
      here = readMetrics([shared.metrics.ensemble]).summaries.sync_processor_batch_size.count;
    }
    await client.abandon();
    await server.close();
    return here;
  }

  // Without syncs every disk is fast.
  it.each(['inline', 'paired', 'threads'])(
    'writes what comes alone by the thread that decided on it, %s',
    async (placement) => {
      const server = await start(placement, { forceSync: 'no' });
      expect(await writeAlone(server, 5000)).toBeGreaterThan(0);
    },
  );

  it('writes nothing there when it is told not to', async () => {
    const more = { forceSync: 'no', 'ringkeeper.loneWrites': 'false' };
    expect(await writeAlone(await start('paired', more), 200)).toBe(0);
  });

  it('is closed for everybody who closes it at the same time', async () => {
    const server = await start('inline');
    await Promise.race([server.close(), server.close()]);
    const again = await start('inline');
    await again.close();
    expect(failures).toEqual([]);
  });
});
