/** An ensemble inside the test's own process, and everything that can be done to its servers. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedEnsemble,
  type EnsembleMemberControl,
  type StartEnsembleOptions,
  startEnsemble,
} from '../../src/index.ts';
import { RawClient } from '../support/raw-client.ts';
import { create, getData, setData } from '../support/raw-requests.ts';
import { bytesOf, exists, getChildren, sync, textOf } from './requests.ts';

let ensemble: EmbeddedEnsemble;

async function begin(options: StartEnsembleOptions = {}): Promise<void> {
  ensemble = await startEnsemble({ settings: { tickTime: 200 }, ...options });
}

afterEach(() => ensemble.close());

const portOf = ({ connectString }: EnsembleMemberControl) => Number(connectString.split(':')[1]);
const connectTo = (member: EnsembleMemberControl, timeoutMs = 8000) =>
  RawClient.connect({ port: portOf(member), timeoutMs });

/** The conditions of these tests have no event: they are looked at until they hold. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

function leader(): EnsembleMemberControl {
  const found = ensemble.leader();
  if (found === null) throw new Error('nobody leads');
  return found;
}

const followers = () => ensemble.members.filter(({ role }) => role === 'following');

describe('an embedded ensemble', () => {
  it.each(['inline', 'paired', 'threads'] as const)(
    'replicates, %s, and takes its directory with it',
    async (placement) => {
      await begin({ placement, observers: placement === 'inline' ? 1 : 0 });
      expect(ensemble.connectString.split(',')).toHaveLength(ensemble.members.length);
      for (const [i, member] of ensemble.members.entries()) {
        const client = await connectTo(member);
        expect((await create(client, `/from${i}`)).reply.err).toBe(0);
      }
      const names = ensemble.members.map((_, i) => `from${i}`);
      for (const member of ensemble.members) {
        const client = await connectTo(member);
        await sync(client, '/');
        expect((await getChildren(client, '/')).children?.toSorted()).toEqual([
          ...names,
          'zookeeper',
        ]);
      }
      const [first] = ensemble.members;
      await ensemble.close();
      expect(existsSync(first?.dataDir ?? '')).toBe(false);
    },
  );

  it('keeps sessions and ephemerals when its leader stops', async () => {
    await begin();
    const [one, two] = followers() as [EnsembleMemberControl, EnsembleMemberControl];
    const client = await connectTo(one, 20_000);
    await create(client, '/e', { flags: 1 });
    const before = leader();
    await before.stop();
    expect(before.role).toBe('stopped');
    await ensemble.untilServing();
    expect(leader().id).not.toBe(before.id);
    const { id, passwd } = client.session;
    const again = await RawClient.connect({ port: portOf(two), session: { id, passwd } });
    expect(again.session.id).toBe(id);
    expect((await exists(again, '/e')).stat?.ephemeralOwner).toBe(id);
    expect((await create(again, '/f', { flags: 1 })).reply.err).toBe(0);
    await before.start();
    await until(() => before.role === 'following');
  });

  it('goes on without one that is cut off, which comes back with all it missed', async () => {
    await begin();
    const [cut, other] = followers() as [EnsembleMemberControl, EnsembleMemberControl];
    cut.partition();
    await until(() => cut.role === 'looking');
    const client = await connectTo(other);
    for (let i = 0; i < 20; i++) await create(client, `/n${i}`);
    cut.heal();
    await ensemble.untilServing();
    const reader = await connectTo(cut);
    expect((await getChildren(reader, '/')).children).toHaveLength(21);
  });

  it('chooses another leader when the one it has stands still', async () => {
    await begin();
    const before = leader();
    before.pause();
    await ensemble.untilServing();
    const client = await connectTo(leader());
    expect((await create(client, '/later', { data: bytesOf('x') })).reply.err).toBe(0);
    before.resume();
    await until(() => before.role === 'following');
    await ensemble.untilServing();
    const reader = await connectTo(before);
    await sync(reader, '/');
    expect(textOf((await getData(reader, '/later')).data)).toBe('x');
  });

  it('ends a session when it is told to', async () => {
    await begin();
    const [one] = followers() as [EnsembleMemberControl];
    const client = await connectTo(one, 20_000);
    await create(client, '/e', { flags: 1 });
    const watcher = await connectTo(leader());
    ensemble.expireSession(client.session.id);
    await client.socket.closed;
    await sync(watcher, '/');
    expect((await exists(watcher, '/e')).err).toBe(-101);
  });

  it('restarts as a whole on a directory that it was given', async () => {
    await begin();
    const client = await connectTo(leader());
    await create(client, '/kept');
    await setData(client, '/kept', bytesOf('still here'));
    await Promise.all(ensemble.members.map((member) => member.restart()));
    await ensemble.untilServing();
    const again = await connectTo(followers()[0] as EnsembleMemberControl);
    await sync(again, '/');
    expect(textOf((await getData(again, '/kept')).data)).toBe('still here');
  });
});
