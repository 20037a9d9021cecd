/**
 * Servers of ours that are one: whichever of them is asked, the answers, watches and sessions are
 * those of one server. Real processes, real sockets.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateFlag, EventType } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { EnsembleProcesses, ringkeepers } from '../support/ensemble-processes.ts';
import { eventually } from '../support/eventually.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';

describe('three voters and an observer', () => {
  let ensemble: EnsembleProcesses;
  let clients: RawClient[];

  beforeAll(async () => {
    ensemble = await EnsembleProcesses.start({ voters: ringkeepers(3), observers: ringkeepers(1) });
    clients = await Promise.all(ensemble.ids.map((id) => connect(id)));
  });

  afterAll(() => ensemble?.close());

  function connect(id: number, timeoutMs = 10_000): Promise<RawClient> {
    return RawClient.connect({ port: ensemble.portOf(id), timeoutMs });
  }

  /** What each member shows of a node, all of them up to date. */
  function dataEverywhere(path: string): Promise<(string | null)[]> {
    return Promise.all(
      clients.map(async (client) => {
        await requests.sync(client);
        const { data } = await requests.getData(client, path);
        return data === null ? null : Buffer.from(data).toString();
      }),
    );
  }

  const everywhere = <T>(value: T): T[] => ensemble.ids.map(() => value);

  it('have one leader, two followers and an observer', async () => {
    const modes = await Promise.all(ensemble.ids.map((id) => ensemble.modeOf(id)));
    expect(modes.slice(0, 3).sort()).toEqual(['follower', 'follower', 'leader']);
    expect(modes[3]).toBe('observer');
  });

  it('show who belongs to them in the node for it', async () => {
    const [text] = new Set(await dataEverywhere('/zookeeper/config'));
    const roles = ['participant', 'participant', 'participant', 'observer'];
    const lines = roles.map((role, i) => `server\\.${i + 1}=127\\.0\\.0\\.1:\\d+:\\d+:${role}`);
    expect(text).toMatch(new RegExp(`^${lines.join('\\n')}\\nversion=0$`));
    expect(await dataEverywhere('/zookeeper/config')).toEqual(everywhere(text));
  });

  it('show a write that any of them took through each of them', async () => {
    for (const [i, client] of clients.entries()) {
      const path = `/written-${i}`;
      const { reply } = await requests.create(client, path, { data: encodeUtf8(`by ${i}`) });
      expect(reply.err).toBe(0);
      expect(await dataEverywhere(path)).toEqual(everywhere(`by ${i}`));
      expect((await requests.setData(client, path, encodeUtf8('again'), 0)).err).toBe(0);
      expect(await dataEverywhere(path)).toEqual(everywhere('again'));
      expect((await requests.remove(client, path, 1)).err).toBe(0);
      expect(await dataEverywhere(path)).toEqual(everywhere(null));
    }
  });

  it('show a client its own writes without a sync, whoever else writes', async () => {
    await requests.create(clients[0]!, '/own');
    await Promise.all(
      clients.map(async (client, i) => {
        await requests.create(client, `/own/${i}`);
        for (let round = 0; round < 100; round++) {
          void requests.setData(client, `/own/${i}`, encodeUtf8(`${round}`));
          const { data } = await requests.getData(client, `/own/${i}`);
          expect(Buffer.from(data ?? []).toString()).toBe(`${round}`);
        }
      }),
    );
  });

  it('tell a watcher on one of a change that came to another', async () => {
    await requests.create(clients[0]!, '/watched');
    for (const [i, client] of clients.entries()) {
      const watcher = await connect(ensemble.ids[(i + 1) % 4]!);
      await requests.sync(watcher);
      await requests.getData(watcher, '/watched', true);
      await requests.setData(client, '/watched', encodeUtf8(`${i}`));
      const [event] = await watcher.notified(1);
      expect(event).toMatchObject({ type: EventType.nodeDataChanged, path: '/watched' });
      const { data } = await requests.getData(watcher, '/watched');
      expect(Buffer.from(data ?? []).toString()).toBe(`${i}`);
      await watcher.close();
    }
  });

  it('number the sequential nodes of all clients without a gap', async () => {
    await requests.create(clients[0]!, '/line');
    const flags = CreateFlag.persistentSequential;
    const each = 50;
    await Promise.all(clients.map((client) => requests.sync(client)));
    const made = await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: each }, () => requests.create(client, '/line/n-', { flags })),
      ),
    );
    const numbers = made.map(({ path }) => Number(path?.slice('/line/n-'.length)));
    const count = each * clients.length;
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    for (const client of clients) {
      await requests.sync(client);
      expect(await requests.getChildren(client, '/line')).toHaveLength(count);
    }
  });

  it('remove the ephemerals of a session everywhere when it is closed', async () => {
    for (const id of ensemble.ids) {
      const owner = await connect(id);
      const path = `/closed-${id}`;
      await requests.create(owner, path, { flags: CreateFlag.ephemeral, data: encodeUtf8('!') });
      expect(await dataEverywhere(path)).toEqual(everywhere('!'));
      await owner.close();
      expect(await dataEverywhere(path)).toEqual(everywhere(null));
    }
  });

  it('remove the ephemerals of a session everywhere when nobody hears of its client', async () => {
    const timeoutMs = 1000;
    const owners = await Promise.all(ensemble.ids.map((id) => connect(id, timeoutMs)));
    const flags = CreateFlag.ephemeral;
    await Promise.all(owners.map((owner, i) => requests.create(owner, `/silent-${i}`, { flags })));
    await Promise.all(owners.map((owner) => owner.abandon()));
    for (const i of owners.keys()) {
      await eventually('the end of a session', async () => {
        const seen = await dataEverywhere(`/silent-${i}`);
        return seen.every((data) => data === null) ? seen : null;
      });
    }
  });

  it('let a session go on with any of them', async () => {
    const first = await connect(1);
    await requests.create(first, '/moving', { flags: CreateFlag.ephemeral, data: encodeUtf8('0') });
    const { session } = first;
    let client = first;
    for (const id of [2, 3, 4, 1]) {
      await client.abandon();
      client = await RawClient.connect({ port: ensemble.portOf(id), session, timeoutMs: 10_000 });
      expect(client.session).toMatchObject({ id: session.id, timeoutMs: 10_000 });
      expect((await requests.setData(client, '/moving', encodeUtf8(`${id}`))).err).toBe(0);
      expect(await dataEverywhere('/moving')).toEqual(everywhere(`${id}`));
    }
    const wrong = { id: session.id, passwd: new Uint8Array(16) };
    const thief = await RawClient.connect({ port: ensemble.portOf(2), session: wrong });
    expect(thief.session.timeoutMs).toBe(0);
    await client.close();
    expect(await dataEverywhere('/moving')).toEqual(everywhere(null));
  });

  it('give every session an id that begins with the number of its server', () => {
    const numbers = clients.map(({ session }) => BigInt.asUintN(64, session.id) >> 56n);
    expect(numbers).toEqual(ensemble.ids.map(BigInt));
  });

  it('are at the same zxid', async () => {
    await Promise.all(clients.map((client) => requests.sync(client)));
    const zxids = new Set<string | undefined>();
    for (const id of ensemble.ids) {
      const text = await askFourLetterWord(ensemble.portOf(id), 'srvr');
      zxids.add(/^Zxid: (0x[0-9a-f]+)$/m.exec(text)?.[1]);
    }
    expect(zxids.size).toBe(1);
  });

  it('end with 0 when they are told to', async () => {
    const codes = await Promise.all(ensemble.ids.map((id) => ensemble.stop(id)));
    expect(codes).toEqual(everywhere(0));
  });
});
