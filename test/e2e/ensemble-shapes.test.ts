/** Ensembles of every shape that a configuration can describe: each is one server to its clients. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { EnsembleClient } from '../support/ensemble-client.ts';
import {
  type EnsembleOptions,
  EnsembleProcesses,
  ringkeepers,
} from '../support/ensemble-processes.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';

let ensemble: EnsembleProcesses | null = null;
let written = 0;

afterEach(async () => {
  await ensemble?.close();
  ensemble = null;
});

async function start(options: EnsembleOptions): Promise<EnsembleProcesses> {
  ensemble = await EnsembleProcesses.start(options);
  return ensemble;
}

/** Each of these takes a write that all of them show. */
async function writeThrough(ids: readonly number[]): Promise<void> {
  const ports = ids.map((id) => ensemble?.portOf(id) as number);
  const clients = await Promise.all(ports.map((port) => RawClient.connect({ port })));
  for (const client of clients) {
    const path = `/written-${written++}`;
    const { reply } = await requests.create(client, path, { data: encodeUtf8(path) });
    expect(reply.err).toBe(0);
    for (const other of clients) {
      await requests.sync(other);
      expect(Buffer.from((await requests.getData(other, path)).data ?? []).toString()).toBe(path);
    }
  }
  for (const client of clients) await client.close();
}

describe('an ensemble', () => {
  it('of five goes on without two of them, whoever they are', async () => {
    const five = await start({ voters: ringkeepers(5) });
    for (let round = 0; round < 2; round++) {
      const leader = await five.leader();
      const other = await five.anyOf('follower');
      await five.kill(leader, other);
      await five.leader();
      const left = five.runningIds;
      await five.allServe(left);
      await writeThrough(left);
      await Promise.all([five.start(leader), five.start(other)]);
      await writeThrough(five.ids);
    }
  });

  it('of one runs the protocol all the same when it is told to', async () => {
    const one = await start({ voters: ringkeepers(1), settings: { standaloneEnabled: 'false' } });
    expect(await one.modeOf(1)).toBe('leader');
    await writeThrough([1]);
    await one.kill(1);
    await one.start(1);
    await writeThrough([1]);
  });

  it('of groups needs a majority of weights in a majority of groups', async () => {
    // Three groups; server 1 has all the weight of its own, server 5 none.
    const settings = {
      ...{ 'group.1': '1:2', 'group.2': '3', 'group.3': '4:5' },
      ...{ 'weight.1': '3', 'weight.2': '1', 'weight.3': '1', 'weight.4': '1', 'weight.5': '0' },
    };
    const grouped = await start({ voters: ringkeepers(5), settings });
    await writeThrough(grouped.ids);
    await grouped.kill(2, 4, 5);
    await grouped.leader();
    await grouped.allServe([1, 3]);
    await writeThrough([1, 3]);
    await grouped.start(4);
    await grouped.kill(1);
    await grouped.leader([3, 4]);
    await grouped.start(2);
    await writeThrough([2, 3, 4]);
  });

  it('whose observers keep no log gives them everything anew', async () => {
    const settings = { syncEnabled: 'false' };
    const observed = await start({ voters: ringkeepers(3), observers: ringkeepers(1), settings });
    await writeThrough(observed.ids);
    await observed.kill(4);
    await writeThrough([1, 2, 3]);
    await observed.start(4);
    expect(await observed.modeOf(4)).toBe('observer');
    await writeThrough(observed.ids);
  });

  it('whose leader takes no clients is served by its followers', async () => {
    const settings = { leaderServes: 'no' };
    ensemble = await EnsembleProcesses.prepare({ voters: ringkeepers(3), settings });
    for (const member of ensemble.members) await member.start();
    const followers = await ensemble.servers(2);
    const [leader] = ensemble.ids.filter((id) => !followers.includes(id)) as [number];
    await writeThrough(followers);
    const log = () => ensemble?.member(leader).log;
    expect(log()).toMatch(/LEADING in epoch 1/);
    await expect(RawClient.connect({ port: ensemble.portOf(leader) })).rejects.toThrow();

    // One of its followers leads, and lets its clients go to the other one.
    const client = new EnsembleClient({ ports: ensemble.ports });
    const create = () => client.attempt((raw) => requests.create(raw, `/by-${written++}`));
    await eventually('an answer', create);
    await ensemble.kill(leader);
    await eventually('an answer', create);
    expect(await ensemble.servers(1)).toHaveLength(1);
    await ensemble.member(leader).start();
    await writeThrough(await ensemble.servers(2));
    await eventually('an answer', create);
    await client.close();
    expect(client.lostSessions).toBe(0);
  });

  it('that is told to begin with a mark only takes back one that has lost its disk', async () => {
    const settings = { 'db.autocreate': 'false' };
    ensemble = await EnsembleProcesses.prepare({ voters: ringkeepers(3), settings });
    const marks = ensemble.ids.map((id) => join(ensemble?.dataDirOf(id) as string, 'initialize'));
    for (const mark of marks) writeFileSync(mark, '');
    await ensemble.startAll();
    await writeThrough(ensemble.ids);
    expect(marks.map((mark) => existsSync(mark))).toEqual([false, false, false]);
    const leader = await ensemble.leader();
    const victim = await ensemble.anyOf('follower');
    await ensemble.kill(...ensemble.ids);
    ensemble.wipe(victim);
    // The one that knows nothing must not help to elect; the others can do without it.
    const rest = ensemble.ids.filter((id) => id !== leader);
    await Promise.all(rest.map((id) => ensemble?.member(id).start()));
    await ensemble.start(leader);
    await ensemble.allServe();
    expect(await ensemble.modeOf(victim)).toBe('follower');
    await writeThrough(ensemble.ids);
  });

  it.each([
    { host: 'localhost', settings: { quorumListenOnAllIPs: 'false' } },
    { host: '[::1]', settings: { quorumListenOnAllIPs: 'false' } },
    { host: '127.0.0.1', settings: { quorumListenOnAllIPs: 'true' } },
  ])('of servers called $host that listen as $settings finds together', async (options) => {
    const named = await start({ voters: ringkeepers(3), ...options });
    await writeThrough(named.ids);
    const leader = await named.leader();
    await named.kill(leader);
    await named.leader();
    await named.start(leader);
    await writeThrough(named.ids);
  });
});
