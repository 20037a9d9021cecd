/** Watches: section C of docs/parity.md, as clients see them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, EventType } from '../../src/jute/proto.ts';
import type { RawClient } from '../support/raw-client.ts';
import {
  authenticate,
  create,
  creatorAcl,
  getData,
  remove,
  setData,
} from '../support/raw-requests.ts';
import {
  addWatch,
  checkWatches,
  exists,
  getChildren,
  removeWatches,
  setWatches,
  setWatches2,
  WatcherType,
} from './requests.ts';
import { useSite } from './site.ts';

const { nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged } = EventType;
const persistent = 0;
const recursive = 1;

describe('a watcher', () => {
  const site = useSite();
  let watcher: RawClient;
  let writer: RawClient;
  let root = '';
  let tests = 0;

  beforeEach(async () => {
    watcher = await site.connect();
    writer = await site.connect();
    root = `/t${tests++}`;
    await create(writer, root);
  });

  /** What the watcher was told so far, as `type path`; a ping is behind every event. */
  async function told(): Promise<string[]> {
    await watcher.ping();
    return watcher.notifications.map(({ type, path }) => `${type} ${path.slice(root.length)}`);
  }

  it('hears once of data, of existence and of children', async () => {
    await getData(watcher, root, true);
    await exists(watcher, `${root}/new`, true);
    await getChildren(watcher, root, true);
    for (let i = 0; i < 2; i++) {
      await setData(writer, root, null);
      await create(writer, `${root}/new`);
      await remove(writer, `${root}/new`);
    }
    expect(await told()).toEqual([
      `${nodeDataChanged} `,
      `${nodeCreated} /new`,
      `${nodeChildrenChanged} `,
    ]);
  });

  it('hears once of a deleted node, whatever it watches there', async () => {
    await getData(watcher, root, true);
    await exists(watcher, root, true);
    await getChildren(watcher, root, true);
    await remove(writer, root);
    expect(await told()).toEqual([`${nodeDeleted} `]);
  });

  it('leaves no watch on a missing node but with exists', async () => {
    await getData(watcher, `${root}/none`, true);
    await getChildren(watcher, `${root}/none`, true);
    await create(writer, `${root}/none`);
    expect(await told()).toEqual([]);
  });

  it('gets the event before a reply that shows the change, and its own before its reply', async () => {
    await getData(watcher, root, true);
    await getData(writer, root, true);
    const reply = await setData(writer, root, null);
    const [own] = await writer.notified(1);
    expect(own!.position).toBeLessThan(reply.position);
    const read = await getData(watcher, root);
    expect(watcher.notifications[0]!.position).toBeLessThan(read.reply.position);
    expect(read.stat?.version).toBe(1);
  });

  it('gets the zxid of the txn, and state 3, with the event', async () => {
    await getData(watcher, root, true);
    const { zxid } = await setData(writer, root, null);
    const [event] = await watcher.notified(1);
    expect(event).toMatchObject({ zxid, state: 3 });
  });

  it('is told with setWatches what it missed, before the reply, and watches the rest', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await create(writer, `${root}/${name}`);
    const { zxid } = await watcher.ping();
    await watcher.abandon();
    await setData(writer, `${root}/a`, null);
    await remove(writer, `${root}/b`);
    await create(writer, `${root}/c/child`);
    await create(writer, `${root}/e`);
    watcher = await site.connect({ session: watcher.session, lastZxidSeen: zxid });
    const reply = await setWatches(watcher, zxid, {
      data: [`${root}/a`, `${root}/b`, `${root}/d`],
      exist: [`${root}/e`, `${root}/f`],
      child: [`${root}/c`, `${root}/d`],
    });
    expect(reply).toMatchObject({ err: 0, xid: -8 });
    const missed = [
      ...[`${nodeDataChanged} /a`, `${nodeDeleted} /b`, `${nodeCreated} /e`],
      `${nodeChildrenChanged} /c`,
    ];
    expect(await told()).toEqual(missed);
    for (const event of watcher.notifications) {
      expect(event.zxid).toBe(-1n);
      expect(event.position).toBeLessThan(reply.position);
    }
    await setData(writer, `${root}/d`, null);
    await create(writer, `${root}/d/child`);
    await create(writer, `${root}/f`);
    expect(await told()).toEqual([
      ...missed,
      ...[`${nodeDataChanged} /d`, `${nodeChildrenChanged} /d`, `${nodeCreated} /f`],
    ]);
  });

  it('has its persistent watches back with setWatches2, without events', async () => {
    await create(writer, `${root}/p`);
    await create(writer, `${root}/r`);
    const reply = await setWatches2(watcher, 0n, [`${root}/p`], [`${root}/r`]);
    expect(reply).toMatchObject({ err: 0, xid: -8 });
    expect(await told()).toEqual([]);
    await create(writer, `${root}/p/child`);
    await create(writer, `${root}/r/child`);
    expect(await told()).toEqual([`${nodeChildrenChanged} /p`, `${nodeCreated} /r/child`]);
  });

  it('hears of a node for ever with a persistent watch', async () => {
    expect((await addWatch(watcher, root, persistent)).err).toBe(0);
    await setData(writer, root, null);
    await create(writer, `${root}/child`);
    await remove(writer, `${root}/child`);
    await remove(writer, root);
    await create(writer, root);
    const wanted = [nodeDataChanged, nodeChildrenChanged, nodeChildrenChanged];
    expect(await told()).toEqual([...wanted, nodeDeleted, nodeCreated].map((type) => `${type} `));
  });

  it('hears of a subtree with a recursive watch, but not that children changed', async () => {
    await addWatch(watcher, root, recursive);
    await create(writer, `${root}/a`);
    await create(writer, `${root}/a/b`);
    await setData(writer, `${root}/a/b`, null);
    await remove(writer, `${root}/a/b`);
    const [created, changed, deleted] = [nodeCreated, nodeDataChanged, nodeDeleted];
    expect(await told()).toEqual([
      ...[`${created} /a`, `${created} /a/b`, `${changed} /a/b`, `${deleted} /a/b`],
    ]);
  });

  it('may watch one path in every way at once, and gets one event a change', async () => {
    await getData(watcher, root, true);
    await addWatch(watcher, root, persistent);
    await addWatch(watcher, root, recursive);
    await setData(writer, root, null);
    await setData(writer, root, null);
    expect(await told()).toEqual([`${nodeDataChanged} `, `${nodeDataChanged} `]);
    expect(await checkWatches(watcher, root, WatcherType.data)).toBe(ErrorCode.noWatcher);
    expect(await removeWatches(watcher, root, WatcherType.persistent)).toBe(0);
    await create(writer, `${root}/child`);
    expect((await told()).slice(2)).toEqual([`${nodeCreated} /child`]);
  });

  it('checks and removes watches by their type', async () => {
    const { children, data, any, persistent: lasting, recursive: deep } = WatcherType;
    await getData(watcher, root, true);
    await getChildren(watcher, root, true);
    expect(await checkWatches(watcher, root, data)).toBe(0);
    expect(await removeWatches(watcher, root, children)).toBe(0);
    expect(await checkWatches(watcher, root, children)).toBe(ErrorCode.noWatcher);
    expect(await removeWatches(watcher, root, lasting)).toBe(ErrorCode.noWatcher);
    expect(await removeWatches(watcher, root, deep)).toBe(ErrorCode.noWatcher);
    expect(await removeWatches(watcher, root, any)).toBe(0);
    expect(await checkWatches(watcher, root, 9)).toBe(ErrorCode.marshallingError);
    await setData(writer, root, null);
    await create(writer, `${root}/child`);
    expect(await told()).toEqual([]);
  });

  it('loses its watches with its connection', async () => {
    await addWatch(watcher, `${root}/dropped`, persistent);
    expect(await site.ask('wchp')).toContain(`${root}/dropped\n`);
    await watcher.close();
    expect(await site.ask('wchp')).not.toContain(`${root}/dropped`);
  });

  it('is told nothing of nodes that it may not read, and its watch is consumed', async () => {
    await authenticate(writer, 'owner:pw');
    await exists(watcher, `${root}/secret`, true);
    await addWatch(watcher, root, recursive);
    await create(writer, `${root}/secret`, { acl: creatorAcl });
    await setData(writer, `${root}/secret`, null);
    await create(writer, `${root}/public`);
    expect(await told()).toEqual([`${nodeCreated} /public`]);
    await authenticate(watcher, 'owner:pw');
    await setData(writer, `${root}/secret`, null);
    expect((await told()).slice(1)).toEqual([`${nodeDataChanged} /secret`]);
    expect(await checkWatches(watcher, `${root}/secret`, WatcherType.data)).toBe(
      ErrorCode.noWatcher,
    );
  });

  it('hears of ephemerals that go with their session', async () => {
    await create(writer, `${root}/e`, { flags: CreateFlag.ephemeral });
    await exists(watcher, `${root}/e`, true);
    await getChildren(watcher, root, true);
    await writer.close();
    expect(await told()).toEqual([`${nodeDeleted} /e`, `${nodeChildrenChanged} `]);
  });
});

describe('a server that is told to use the optimized watch manager', () => {
  const watchManagerName = 'org.apache.zookeeper.server.watch.WatchManagerOptimized';
  const site = useSite({ settings: { watchManagerName } });

  it('watches like any other, persistently too', async () => {
    const client = await site.connect();
    await create(client, '/node');
    expect((await addWatch(client, '/node', persistent)).err).toBe(0);
    await setData(client, '/node', null);
    expect(await client.notified(1)).toMatchObject([{ type: nodeDataChanged, path: '/node' }]);
  });
});
