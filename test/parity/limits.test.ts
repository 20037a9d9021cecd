/** Limits and quotas: section H of docs/parity.md, as clients see them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, EventType } from '../../src/jute/proto.ts';
import { RawClient } from '../support/raw-client.ts';
import { create, getData, multi, remove, setData } from '../support/raw-requests.ts';
import { craftDirectory } from './crafted.ts';
import { addWatch, bytesOf, exists, getChildren, op, resultsOf, textOf } from './requests.ts';
import { useDirectories, useSite } from './site.ts';

const { quotaExceeded } = ErrorCode;
const quotaRoot = '/zookeeper/quota';

/** What Apache's shell does for `setquota`. */
async function setQuota(client: RawClient, path: string, limits: string): Promise<void> {
  await create(client, `${quotaRoot}${path}`);
  const stats = { data: bytesOf('count=0,bytes=0') };
  await create(client, `${quotaRoot}${path}/zookeeper_limits`, { data: bytesOf(limits) });
  await create(client, `${quotaRoot}${path}/zookeeper_stats`, stats);
}

async function usage(client: RawClient, path: string): Promise<string | null | undefined> {
  return textOf((await getData(client, `${quotaRoot}${path}/zookeeper_stats`)).data);
}

const hard = 'count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3';

describe('a server', () => {
  const site = useSite();
  let client: RawClient;

  beforeAll(async () => {
    client = await site.connect();
  });

  it('counts what a subtree with a quota uses, without a version or an event', async () => {
    await create(client, '/soft', { data: bytesOf('12345') });
    await setQuota(client, '/soft', 'count=2,bytes=6');
    expect(await usage(client, '/soft')).toBe('count=1,bytes=5');
    await getData(client, `${quotaRoot}/soft/zookeeper_stats`, true);
    await create(client, '/soft/child', { data: bytesOf('123') });
    await setData(client, '/soft/child', bytesOf('1'));
    await create(client, '/soft/other');
    expect(await usage(client, '/soft')).toBe('count=3,bytes=6');
    await remove(client, '/soft/child');
    expect(await usage(client, '/soft')).toBe('count=2,bytes=5');
    const { stat } = await exists(client, `${quotaRoot}/soft/zookeeper_stats`);
    expect(stat).toMatchObject({ version: 0, mzxid: stat?.czxid });
    expect(client.notifications).toEqual([]);
  });

  it('refuses nothing for a soft quota, nor for a hard one that is not enforced', async () => {
    await create(client, '/free');
    await setQuota(client, '/free', hard);
    for (const name of ['a', 'b', 'c', 'd']) {
      expect((await create(client, `/free/${name}`)).reply.err).toBe(0);
    }
    expect((await setData(client, '/free', bytesOf('12345678901'))).err).toBe(0);
  });
});

describe('a server with enforceQuota=true', () => {
  const site = useSite({ settings: { enforceQuota: true } });
  let client: RawClient;

  beforeAll(async () => {
    client = await site.connect();
    await create(client, '/app');
    await setQuota(client, '/app', hard);
  });

  it('answers -125 to what exceeds a hard limit, alone or in a multi', async () => {
    expect((await setData(client, '/app', bytesOf('12345678901'))).err).toBe(quotaExceeded);
    expect((await setData(client, '/app', bytesOf('1234567890'))).err).toBe(0);
    await create(client, '/app/a');
    await create(client, '/app/b');
    expect((await create(client, '/app/c')).reply.err).toBe(quotaExceeded);
    const results = resultsOf(await multi(client, [op.create('/app/d')]));
    expect(results.map(({ err }) => err)).toEqual([quotaExceeded]);
    await remove(client, '/app/a');
    expect((await create(client, '/app/c', { data: null })).reply.err).toBe(0);
  });
});

describe('a server on a directory whose usage is wrong', () => {
  const dataDir = useDirectories()();
  craftDirectory(dataDir, {
    '/app': { data: '12345', cversion: 1 },
    '/app/child': { data: '678' },
    [`${quotaRoot}/app`]: {},
    [`${quotaRoot}/app/zookeeper_limits`]: { data: 'count=9,bytes=99' },
    [`${quotaRoot}/app/zookeeper_stats`]: { data: 'count=77,bytes=7777' },
  });
  const site = useSite({ dataDir });

  it('counts anew when it loads', async () => {
    const client = await site.connect();
    expect(await usage(client, '/app')).toBe('count=2,bytes=8');
    await create(client, '/app/other');
    expect(await usage(client, '/app')).toBe('count=3,bytes=8');
  });
});

describe('a server with globalOutstandingLimit=5', () => {
  const site = useSite({ settings: { globalOutstandingLimit: 5 } });

  it('has no more in process, of a client that pipelines, and answers everything', async () => {
    const client = await site.connect();
    let answered = 0;
    const writes = Array.from({ length: 400 }, async () => {
      const { err } = await setData(client, '/', bytesOf('x'.repeat(2000)));
      answered++;
      return err;
    });
    let most = 0;
    do {
      const outstanding = /Outstanding: (\d+)/.exec(await site.ask('srvr'))?.[1];
      most = Math.max(most, Number(outstanding));
    } while (answered < writes.length);
    expect(new Set(await Promise.all(writes))).toEqual(new Set([0]));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(5);
  });
});

describe('a server that removes one container a minute', () => {
  const settings = {
    tickTime: 50,
    'znode.container.checkIntervalMs': 20,
    'znode.container.maxPerMinute': 1,
  };
  const site = useSite({ settings });

  it('leaves the second one while the first has gone long ago', async () => {
    const client = await site.connect();
    await create(client, '/containers');
    const operations = ['a', 'b'].flatMap((name) => [
      op.create(`/containers/${name}`, CreateFlag.container, 19),
      op.create(`/containers/${name}/child`),
      op.remove(`/containers/${name}/child`),
    ]);
    await addWatch(client, '/containers', 0);
    await multi(client, operations);
    const [, , gone] = await client.notified(3);
    expect(gone).toMatchObject({ type: EventType.nodeChildrenChanged, path: '/containers' });
    // A session that expires is the proof that many checks have passed since.
    const clock = await RawClient.connect({ port: site.port, timeoutMs: 300 });
    await clock.socket.closed;
    expect((await getChildren(client, '/containers')).children.length).toBe(1);
  });
});
