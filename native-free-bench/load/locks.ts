/**
 * Clients that take turns on one lock, by the recipe of ZooKeeper's documentation: each creates an
 * ephemeral sequential node; who has the lowest holds the lock; everybody else watches the node
 * just before its own, so that a release wakes one client.
 */
import { CreateFlag, OpCode, pathWatchRequest, statResponse } from '../../src/jute/proto.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { create, getChildren, getData, remove } from '../../test/support/raw-requests.ts';
import { forEachLimited, openingMax } from './limited.ts';
import { benchRoot } from './nodes.ts';
import type { Address } from './workload.ts';

const lock = `${benchRoot}/lock`;
const noNode = -101;

export class LockClients {
  private readonly clients: readonly RawClient[];
  /** Who believes to hold the lock. */
  private holder: number | null = null;

  private constructor(clients: readonly RawClient[]) {
    this.clients = clients;
  }

  static async open(servers: readonly Address[], count: number): Promise<LockClients> {
    const clients: RawClient[] = [];
    await forEachLimited(count, openingMax, async (index) => {
      clients.push(await RawClient.connect(servers[index % servers.length]!));
    });
    await create(clients[0]!, benchRoot);
    await create(clients[0]!, lock);
    return new LockClients(clients);
  }

  /** Takes the lock, reads under it, and gives it back. Throws when two clients hold it at the same time. */
  async step(index: number): Promise<void> {
    const client = this.clients[index]!;
    const flags = CreateFlag.ephemeralSequential;
    const { path, reply } = await create(client, `${lock}/n-`, { flags });
    if (path === null) throw new Error(`error code ${reply.err} to create`);
    await waitUntilLowest(client, path.slice(lock.length + 1));
    if (this.holder !== null) throw new Error(`clients ${this.holder} and ${index} hold the lock`);
    this.holder = index;
    await getData(client, lock);
    // From the moment that the server may carry out the delete, another one may hold the lock.
    this.holder = null;
    const { err } = await remove(client, path);
    if (err !== 0) throw new Error(`error code ${err} to delete`);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

async function waitUntilLowest(client: RawClient, own: string): Promise<void> {
  for (;;) {
    const before = ((await getChildren(client, lock)) ?? []).filter((name) => name < own).sort();
    const previous = before.at(-1);
    if (previous === undefined) return;
    const seen = client.notifications.length;
    const request = { path: `${lock}/${previous}`, watch: true };
    const { reply } = await client.call(OpCode.exists, pathWatchRequest, request, statResponse);
    if (reply.err === 0) await client.notified(seen + 1);
    // A watch on a node that is gone would fire only if it came back: its name never does.
    else if (reply.err !== noNode) throw new Error(`error code ${reply.err} to exists`);
  }
}
