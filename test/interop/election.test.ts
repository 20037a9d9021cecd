/**
 * Our election, alone behind real sockets, among servers of Apache's: it joins their leader, agrees
 * on another one when that is killed, and is followed when its own vote is the best.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { asZxid, type Epoch } from '../../src/base/zxid.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { LiveElection, type MemberPorts } from './support/live-election.ts';

const fresh = { lastZxid: asZxid(0n), currentEpoch: 0 as Epoch };
const ours = 1;
const apaches = [2, 3];

let ours1: LiveElection;
const members = new Map<number, MemberPorts>();
const servers = new Map<number, ServerProcess>();
const directory = temporaryDirectory();

beforeAll(async () => {
  for (const id of [ours, ...apaches]) {
    members.set(id, { quorum: await freePort(), election: await freePort() });
  }
  ours1 = new LiveElection(ours, members);
  await Promise.all(apaches.map(start));
});

afterAll(async () => {
  ours1?.close();
  for (const server of servers.values()) await server.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function start(id: number): Promise<void> {
  const dataDir = join(directory, String(id));
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'myid'), String(id));
  const lines = [...members].map(([member, { quorum, election }]) => {
    return [`server.${member}`, `127.0.0.1:${quorum}:${election}`];
  });
  const settings = {
    ...Object.fromEntries(lines),
    tickTime: '500',
    initLimit: '4',
    syncLimit: '4',
  };
  const mainClass = 'quorum.QuorumPeerMain';
  servers.set(id, await startApache({ dataDir, settings, heap: '128m', mainClass }));
}

async function modeOf(id: number): Promise<string | undefined> {
  const text = await askFourLetterWord((servers.get(id) as ServerProcess).port, 'srvr');
  return /Mode: (\w+)/.exec(text)?.[1];
}

async function leaderOfApaches(): Promise<number> {
  const modes = await Promise.all(apaches.map(modeOf));
  return apaches[modes.indexOf('leader')] as number;
}

describe('an election among two servers of Apache and ours', () => {
  it('joins the leader that they have, agrees on the next, and wins when its vote is the best', async () => {
    const first = await leaderOfApaches();
    ours1.look(fresh);
    expect(await ours1.decision()).toBe(first);

    await (servers.get(first) as ServerProcess).kill();
    const other = apaches.find((id) => id !== first) as number;
    ours1.look(fresh);
    expect(await ours1.decision()).toBe(other);

    // That one has nobody who follows it, and so goes on looking; now the best vote is ours.
    ours1.look({ lastZxid: asZxid(0x900000000n), currentEpoch: 9 as Epoch });
    expect(await ours1.decision()).toBe(ours);
    expect(await ours1.follower()).toBe(other);
  });
});
