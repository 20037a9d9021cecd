/** A whole server with two fronts, over real sockets, and sessions of which each one has some. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { frontOfCnxn } from '../../src/agents/cnxn-id.ts';
import { joinHalves } from '../../src/base/zxid.ts';
import { type RingkeeperServer, startRingkeeper } from '../../src/server.ts';
import { SessionTable } from '../../src/state/session-table.ts';
import type { SharedServer } from '../../src/thread/shared.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient, type RawConnectOptions } from '../support/raw-client.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { settingsOf } from './front-harness.ts';
import { create, exists, getData, setData, text } from './requests.ts';

const fronts = 2;
const triesMax = 2000;

class TwoFronts {
  readonly server: RingkeeperServer;
  /** Clients that came to a front where they were not wanted. */
  private readonly strays: RawClient[] = [];

  constructor(server: RingkeeperServer) {
    this.server = server;
  }

  static async start(
    dataDir: string,
    failures: unknown[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TwoFronts> {
    const own = { 'ringkeeper.placement': 'paired', 'ringkeeper.fronts': String(fronts) };
    const memory = { 'ringkeeper.treeMemoryMb': '16', maxClientCnxns: '0' };
    const words = { '4lw.commands.whitelist': '*' };
    const server = await startRingkeeper({
      settings: settingsOf({ dataDir, clientPort: '0', ...own, ...memory, ...words, ...settings }),
      ...{ serverId: 1, membership: null },
      onFailure: (error) => failures.push(error),
    });
    return new TwoFronts(server);
  }

  get strayCount(): number {
    return this.strays.filter(({ socket }) => !socket.isClosed).length;
  }

  /** Which front has the connection of this session. */
  frontOf({ session }: RawClient): number {
    const { shared } = this.server as unknown as { shared: SharedServer };
    const table = new SessionTable(shared.sessions);
    for (let slot = 0; slot < table.slotsEver; slot++) {
      const id = joinHalves(table.idHi(slot), table.idLo(slot));
      if (id === session.id) return frontOfCnxn(table.cnxnId(slot));
    }
    throw new Error('there is no such session');
  }

  /** A client that has come to this front; the system gives it to either, so it may take some. */
  async connect(front: number, options: Partial<RawConnectOptions> = {}): Promise<RawClient> {
    for (let tries = 0; tries < triesMax; tries++) {
      const client = await RawClient.connect({ port: this.server.port, ...options });
      if (this.frontOf(client) === front) return client;
      this.strays.push(client);
    }
    throw new Error(`no connection came to front ${front}`);
  }

  ask(word: string): Promise<string> {
    return askFourLetterWord(this.server.port, word, 20_000);
  }

  async close(): Promise<void> {
    await Promise.all(this.strays.map((client) => client.abandon()));
    await this.server.close();
  }
}

describe('a server with two fronts', () => {
  const failures: unknown[] = [];
  let dataDir: string;
  let site: TwoFronts;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringkeeper-test-'));
    site = await TwoFronts.start(dataDir, failures);
  });

  afterAll(async () => {
    await site.close();
    expect(failures).toEqual([]);
    await rm(dataDir, { recursive: true });
  });

  it('has one tree, and tells the watchers of both of a change', async () => {
    const clients = [await site.connect(0), await site.connect(1)];
    await create(clients[0]!, '/one', 'a');
    for (const [i, writer] of clients.entries()) {
      for (const client of clients) await getData(client, '/one', true);
      const { reply } = await setData(writer, '/one', `by ${i}`);
      for (const client of clients) {
        const events = await client.notified(i + 1);
        expect(events[i]).toMatchObject({ type: 3, path: '/one', zxid: reply.zxid });
        expect(text((await getData(client, '/one')).value?.data)).toBe(`by ${i}`);
      }
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it.each([
    [0, 1],
    [1, 0],
  ])('moves a session from front %i to front %i and ends its old connection', async (from, to) => {
    const first = await site.connect(from);
    const path = `/moves-to-${to}`;
    await create(first, path, '', 1);
    await exists(first, '/not-there', true);
    const second = await site.connect(to, { session: first.session });
    expect(second.session.id).toBe(first.session.id);
    await first.socket.closed;
    const { value } = await exists(second, path);
    expect(value?.stat.ephemeralOwner).toBe(first.session.id);
    await create(second, '/not-there', '', 1);
    expect(first.notifications).toEqual([]);
    await second.close();
  });

  it('ends all connections of a session that is closed on one of them', async () => {
    const client = await site.connect(1);
    await create(client, '/short-lived', '', 1);
    const id = client.session.id;
    await client.close();
    const again = await RawClient.connect({
      port: site.server.port,
      session: { ...client.session },
    });
    expect(again.session).toMatchObject({ timeoutMs: 0 });
    expect(id).not.toBe(0n);
    await again.socket.closed;
  });

  it('answers words for all of its connections, whichever front is asked', async () => {
    const clients = [await site.connect(0), await site.connect(1)];
    const ids = clients.map(({ session }) => `sid=0x${session.id.toString(16)},`);
    for (const client of clients) await exists(client, '/');
    // Each word comes to either front.
    for (let i = 0; i < 12; i++) {
      for (const word of ['cons', 'dump']) {
        const answer = await site.ask(word);
        for (const id of ids) expect(answer).toContain(word === 'cons' ? id : id.slice(4, -1));
      }
      const connections = Number(/Connections: (\d+)/.exec(await site.ask('srvr'))![1]);
      expect(connections).toBeGreaterThanOrEqual(site.strayCount + clients.length);
      expect(await site.ask('mntr')).toMatch(/zk_num_alive_connections\t(?!0)/);
    }
    await site.ask('crst');
    const cons = await site.ask('cons');
    for (const id of ids) {
      const line = cons.split('\n').find((each) => each.includes(id));
      expect(line).toContain('(queued=0,recved=0,sent=0,');
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('keeps one trace mask, whichever front is asked', async () => {
    expect(await site.ask('stmk\0\0\0\0\0\0\u0001\u0002')).toBe('258');
    for (let i = 0; i < 12; i++) expect(await site.ask('gtmk')).toBe('258');
  });

  it('counts packets of all fronts, until srst', async () => {
    const clients = [await site.connect(0), await site.connect(1)];
    await site.ask('srst');
    for (const client of clients) {
      for (let i = 0; i < 100; i++) await exists(client, '/');
    }
    // The word itself is a packet, too.
    const received = async () => Number(/Received: (\d+)/.exec(await site.ask('srvr'))![1]);
    expect(await received()).toBe(201);
    await site.ask('srst');
    expect(await received()).toBe(1);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('the end of a server with two fronts', () => {
  let dataDir: string;
  let failures: unknown[];
  let site: TwoFronts;
  let clients: RawClient[];

  beforeEach(async () => {
    failures = [];
    dataDir = await mkdtemp(join(tmpdir(), 'ringkeeper-test-'));
    site = await TwoFronts.start(dataDir, failures);
    clients = [await site.connect(0), await site.connect(1)];
  });

  afterEach(async () => {
    await site.close();
    await rm(dataDir, { recursive: true });
  });

  it('answers what was received, closes all connections and lets go of the port', async () => {
    await create(clients[0]!, '/last', '');
    const answers = clients.map((client) => setData(client, '/last', 'words'));
    const { port } = site.server;
    await Promise.all(answers);
    await site.server.close();
    await Promise.all(clients.map((client) => client.socket.closed));
    await expect(RawSocket.open(port)).rejects.toThrow(/ECONNREFUSED/);
    site = await TwoFronts.start(dataDir, failures, { clientPort: String(port) });
    const client = await site.connect(1);
    expect(text((await getData(client, '/last')).value?.data)).toBe('words');
    await client.close();
    expect(failures).toEqual([]);
  });

  it('comes when the thread of a front dies', async () => {
    const { furtherFronts } = site.server as unknown as { furtherFronts: { workers: Worker[] } };
    await furtherFronts.workers[0]!.terminate();
    await Promise.all(clients.map((client) => client.socket.closed));
    expect(failures.length).toBe(1);
    await expect(RawSocket.open(site.server.port)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('stands still on all fronts when it is paused, and goes on', async () => {
    site.server.pause();
    const pings = clients.map((client) => client.ping());
    site.server.resume();
    expect((await Promise.all(pings)).map(({ err }) => err)).toEqual([0, 0]);
  });
});
