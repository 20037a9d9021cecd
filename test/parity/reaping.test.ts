/** Nodes that the server removes by itself: containers and TTL nodes, B5 and B6 of docs/parity.md. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, EventType } from '../../src/jute/proto.ts';
import type { RawClient } from '../support/raw-client.ts';
import { create, createTtl, remove } from '../support/raw-requests.ts';
import { craftDirectory } from './crafted.ts';
import { exists } from './requests.ts';
import { useDirectories, useSite } from './site.ts';

describe('a server that looks for empty containers and old nodes all the time', () => {
  const site = useSite({
    settings: { extendedTypesEnabled: true, 'znode.container.checkIntervalMs': 20 },
  });
  let client: RawClient;

  beforeAll(async () => {
    client = await site.connect();
  });

  it('removes a container after its last child, and none that never had one', async () => {
    await create(client, '/unused', { flags: CreateFlag.container });
    await create(client, '/used', { flags: CreateFlag.container });
    await create(client, '/used/child');
    expect((await exists(client, '/used')).stat?.ephemeralOwner).toBe(0n);
    await exists(client, '/used', true);
    const events = client.notifications.length;
    await remove(client, '/used/child');
    const event = (await client.notified(events + 1)).at(-1);
    expect(event).toMatchObject({ type: EventType.nodeDeleted, path: '/used' });
    expect((await exists(client, '/unused')).err).toBe(0);
  });

  it('removes a TTL node that nobody writes to, but none with children', async () => {
    const events = client.notifications.length;
    await createTtl(client, '/parent', 1500n);
    await create(client, '/parent/child');
    await createTtl(client, '/idle', 1500n);
    await createTtl(client, '/long', 3_600_000n);
    expect((await exists(client, '/idle', true)).stat?.ephemeralOwner).toBe(0n);
    const event = (await client.notified(events + 1)).at(-1);
    expect(event).toMatchObject({ type: EventType.nodeDeleted, path: '/idle' });
    expect((await exists(client, '/parent')).err).toBe(0);
    expect((await exists(client, '/long')).err).toBe(0);
    await exists(client, '/parent', true);
    await remove(client, '/parent/child');
    expect((await client.notified(events + 2)).at(-1)).toMatchObject({ path: '/parent' });
  });

  it.each([0n, -1n, 2n ** 40n])('refuses a TTL of %s ms', async (ttlMs) => {
    expect((await createTtl(client, '/bad', ttlMs)).err).toBe(ErrorCode.badArguments);
  });
});

describe('a directory with TTL nodes of version 3.5.3', () => {
  const newDirectory = useDirectories();
  const reaping = { extendedTypesEnabled: true, 'znode.container.checkIntervalMs': 20 };
  const craft = () => {
    const dataDir = newDirectory();
    const ephemeralOwner = -(2n ** 63n) | 3_600_000n;
    craftDirectory(dataDir, {
      '/over': { ephemeralOwner },
      '/fresh': { ephemeralOwner, mtime: BigInt(Date.now()) },
    });
    return dataDir;
  };

  describe('with emulate353TTLNodes', () => {
    const settings = { ...reaping, emulate353TTLNodes: true };
    const site = useSite({ dataDir: craft(), settings });

    it('removes them when their time is over, and shows no owner', async () => {
      const client = await site.connect();
      const isThere = (await exists(client, '/over', true)).err === 0;
      if (isThere) await client.notified(1);
      expect((await exists(client, '/over')).err).toBe(ErrorCode.noNode);
      expect((await exists(client, '/fresh')).stat?.ephemeralOwner).toBe(0n);
    });
  });

  describe('without it', () => {
    const site = useSite({ dataDir: craft(), settings: reaping });

    it('takes them for nodes of sessions that are long gone, as 3.9 does', async () => {
      const client = await site.connect();
      expect((await exists(client, '/fresh')).err).toBe(ErrorCode.noNode);
    });
  });
});
