import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import {
  EventType,
  OpCode,
  setWatches2Request,
  setWatchesRequest,
  watcherTypeRequest,
} from '../../src/jute/proto.ts';
import { aclOf, type Client, digestOf, Harness, hex, unhex } from './harness.ts';

const { nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged } = EventType;
const [persistent, recursive] = [0, 1];

function start() {
  const harness = new Harness();
  return { harness, client: harness.client(), other: harness.client() };
}

function seen(client: Client): [number, string][] {
  return client.events.map(({ type, path }) => [type, path]);
}

function check(client: Client, path: string, type: number): number {
  return client.call(OpCode.checkWatches, watcherTypeRequest, { path, type }).err;
}

function remove(client: Client, path: string, type: number): number {
  return client.call(OpCode.removeWatches, watcherTypeRequest, { path, type }).err;
}

describe('an event', () => {
  it('reaches the writer’s own connection before the reply', () => {
    const { client } = start();
    client.create('/a');
    client.getData('/a', true);
    client.setData('/a', 'x');
    const kinds = client.outputs.slice(-2).map(({ kind }) => kind);
    expect(kinds).toEqual(['event', 'reply']);
  });

  it('leaves before the change that it tells of is visible to anybody', () => {
    const { client, other } = start();
    client.create('/a');
    client.getData('/a', true);
    const { zxid } = other.setData('/a', 'x');
    const event = client.outputs.at(-1)!;
    expect(event).toMatchObject({ kind: 'event', inSection: true, visibleZxid: zxid - 1n });
  });

  it('has the zxid of the txn in its header, and state 3', () => {
    const { client, other } = start();
    client.create('/a');
    client.getData('/a', true);
    const { zxid } = other.setData('/a', 'x');
    expect(client.events).toEqual([{ zxid, type: nodeDataChanged, state: 3, path: '/a' }]);
  });

  it('on the node comes before the one on its parent', () => {
    const { client, other } = start();
    client.create('/p');
    for (const [act, type] of [
      [() => other.create('/p/c'), nodeCreated],
      [() => other.delete('/p/c'), nodeDeleted],
    ] as const) {
      client.getChildren('/p', true);
      client.exists('/p/c', true);
      const before = seen(client).length;
      act();
      expect(seen(client).slice(before)).toEqual([
        [type, '/p/c'],
        [nodeChildrenChanged, '/p'],
      ]);
    }
  });

  it('of the root’s own data is found under its one path', () => {
    const { client, other } = start();
    client.getData('/', true);
    other.setData('/', 'x');
    expect(seen(client)).toEqual([[nodeDataChanged, '/']]);
  });

  it('of a child of the root names the root', () => {
    const { client, other } = start();
    client.getChildren('/', true);
    other.create('/a');
    expect(seen(client)).toEqual([[nodeChildrenChanged, '/']]);
  });

  it('does not come from setACL, from grandchildren or from data of children', () => {
    const { client, other } = start();
    client.create('/p');
    client.create('/p/c');
    client.getChildren('/p', true);
    client.getData('/p', true);
    other.setAcl('/p', [aclOf(31, 'world', 'anyone')]);
    other.create('/p/c/g');
    other.setData('/p/c', 'x');
    expect(seen(client)).toEqual([]);
  });
});

describe('a standard watch', () => {
  it('of exists is left on a missing node; getData and getChildren leave none there', () => {
    const { client, other } = start();
    expect(client.exists('/a', true).err).toBe(ErrorCode.noNode);
    client.getData('/b', true);
    client.getChildren('/b', true);
    other.create('/a');
    other.create('/b');
    expect(seen(client)).toEqual([[nodeCreated, '/a']]);
  });

  it('is not left by an exists that may not read the node', () => {
    const { client, other } = start();
    other.authenticate('digest', 'bob:pw');
    other.create('/s', { acl: [aclOf(31, 'digest', digestOf('bob:pw'))] });
    expect(client.exists('/s', true).err).toBe(ErrorCode.noAuth);
    expect(check(client, '/s', 3)).toBe(ErrorCode.noWatcher);
  });

  it('is one, also when exists and getData ask for it', () => {
    const { client, other } = start();
    client.create('/a');
    client.exists('/a', true);
    client.getData('/a', true);
    other.setData('/a', 'x');
    other.setData('/a', 'y');
    expect(seen(client)).toEqual([[nodeDataChanged, '/a']]);
  });

  it('on children alone tells of the deletion, too, and both tables only once', () => {
    const { client, other } = start();
    client.create('/a');
    client.create('/b');
    client.getChildren('/a', true);
    client.getChildren('/b', true);
    client.getData('/b', true);
    other.delete('/a');
    other.delete('/b');
    expect(seen(client)).toEqual([
      [nodeDeleted, '/a'],
      [nodeDeleted, '/b'],
    ]);
  });

  it('ends with its connection', () => {
    const { harness, client, other } = start();
    client.create('/a');
    client.getData('/a', true);
    harness.core.disconnect(client.cnxnId);
    other.setData('/a', 'x');
    expect(seen(client)).toEqual([]);
    expect(harness.core.query('gauges').watches).toBe(0);
  });
});

describe('a persistent watch', () => {
  it('survives the deletion of its node, and tells of its new creation', () => {
    const { client, other } = start();
    client.addWatch('/a', persistent);
    other.create('/a');
    other.delete('/a');
    other.create('/a');
    other.create('/a/c');
    expect(seen(client)).toEqual([
      [nodeCreated, '/a'],
      [nodeDeleted, '/a'],
      [nodeCreated, '/a'],
      [nodeChildrenChanged, '/a'],
    ]);
  });

  it('beside a standard one makes one event, and only the standard one is consumed', () => {
    const { client, other } = start();
    client.create('/a');
    client.addWatch('/a', persistent);
    client.getData('/a', true);
    other.setData('/a', 'x');
    expect(seen(client)).toHaveLength(1);
    expect([check(client, '/a', 2), check(client, '/a', 4)]).toEqual([ErrorCode.noWatcher, 0]);
    other.setData('/a', 'y');
    expect(seen(client)).toHaveLength(2);
  });

  it('that is recursive sees the whole subtree, but never changed children', () => {
    const { client, other } = start();
    client.addWatch('/', recursive);
    other.create('/a');
    other.create('/a/b');
    other.setData('/a/b', 'x');
    other.delete('/a/b');
    expect(seen(client)).toEqual([
      [nodeCreated, '/a'],
      [nodeCreated, '/a/b'],
      [nodeDataChanged, '/a/b'],
      [nodeDeleted, '/a/b'],
    ]);
  });

  it('is taken for any path, and refused for a mode that does not exist', () => {
    const { client } = start();
    expect(client.addWatch('nopath', persistent).err).toBe(0);
    expect(hex(client.lastReply.body)).toBe('00000000');
    expect(client.addWatch('/a', 2).err).toBe(ErrorCode.marshallingError);
    expect(client.addWatch('/a', -1).body).toHaveLength(0);
    expect(client.addWatch(null, 0).err).toBe(ErrorCode.ok);
  });
});

describe('the ACL filter', () => {
  const secret = [aclOf(31, 'digest', digestOf('bob:pw'))];

  function startWithBob() {
    const { harness, client, other } = start();
    other.authenticate('digest', 'bob:pw');
    return { harness, client, bob: other };
  }

  it('drops events that the client may not see, and consumes the watch all the same', () => {
    const { client, bob } = startWithBob();
    client.exists('/s', true);
    bob.create('/s', { acl: secret });
    bob.delete('/s');
    expect(seen(client)).toEqual([]);
    expect(check(client, '/s', 3)).toBe(ErrorCode.noWatcher);
  });

  it('asks the parent’s ACL for its children, and the node’s own for its deletion', () => {
    const { client, bob } = startWithBob();
    bob.create('/p');
    bob.create('/p/s', { acl: secret });
    client.getChildren('/p', true);
    client.addWatch('/p/s', persistent);
    bob.delete('/p/s');
    expect(seen(client)).toEqual([[nodeChildrenChanged, '/p']]);
    bob.create('/q');
    client.getChildren('/q', true);
    client.addWatch('/q/c', persistent);
    bob.setAcl('/q', secret);
    bob.create('/q/c');
    expect(seen(client).slice(1)).toEqual([[nodeCreated, '/q/c']]);
  });

  it('lets the event through to those who may read', () => {
    const { harness, client, bob } = startWithBob();
    const root = harness.client();
    root.authenticate('digest', 'super:test');
    for (const watcher of [client, bob, root]) watcher.exists('/s', true);
    bob.create('/s', { acl: secret });
    expect([client, bob, root].map((watcher) => seen(watcher).length)).toEqual([0, 1, 1]);
  });
});

describe('setWatches', () => {
  const lists = { dataWatches: [], existWatches: [], childWatches: [] };

  function setWatches(
    client: Client,
    relativeZxid: bigint,
    more: Partial<Record<string, string[]>>,
  ) {
    client.send(OpCode.setWatches, setWatchesRequest, { relativeZxid, ...lists, ...more }, -8);
    return client.lastReply;
  }

  it('tells what changed since, before its own reply, with zxid -1', () => {
    const { client, other } = start();
    other.create('/old');
    other.create('/gone');
    const { zxid } = other.delete('/gone');
    other.setData('/old', 'x');
    const before = client.outputs.length;
    const reply = setWatches(client, zxid, { dataWatches: ['/old', '/gone', '/zookeeper'] });
    expect(reply).toMatchObject({ xid: -8, err: 0, body: new Uint8Array() });
    expect(client.outputs.slice(before).map(({ kind }) => kind)).toEqual([
      'replay',
      'replay',
      'reply',
    ]);
    expect(client.events).toEqual([
      { zxid: -1n, type: nodeDataChanged, state: 3, path: '/old' },
      { zxid: -1n, type: nodeDeleted, state: 3, path: '/gone' },
    ]);
    expect(check(client, '/zookeeper', 2)).toBe(0);
    expect(check(client, '/old', 2)).toBe(ErrorCode.noWatcher);
  });

  it('tells of every node on its exist list that exists, whatever the zxid', () => {
    const { client, other } = start();
    other.create('/a');
    setWatches(client, 1000n, { existWatches: ['/a', '/b'] });
    expect(seen(client)).toEqual([[nodeCreated, '/a']]);
    other.create('/b');
    expect(seen(client)[1]).toEqual([nodeCreated, '/b']);
  });

  it('compares the child list with pzxid', () => {
    const { client, other } = start();
    const { zxid } = other.create('/p');
    other.setData('/p', 'x');
    setWatches(client, zxid, { childWatches: ['/p', '/none'] });
    expect(seen(client)).toEqual([[nodeDeleted, '/none']]);
    other.create('/p/c');
    expect(seen(client)[1]).toEqual([nodeChildrenChanged, '/p']);
    setWatches(client, zxid, { childWatches: ['/p'] });
    expect(seen(client)[2]).toEqual([nodeChildrenChanged, '/p']);
  });

  it('compares zxids with their sign', () => {
    const { client, other } = start();
    other.create('/a');
    setWatches(client, -5n, { dataWatches: ['/a'] });
    expect(seen(client)).toHaveLength(1);
    setWatches(client, 1n << 40n, { dataWatches: ['/a'] });
    expect(seen(client)).toHaveLength(1);
  });

  it('of the second kind also leaves persistent and recursive ones, without any event', () => {
    const { client, other } = start();
    const more = { persistentWatches: ['/p', '/none'], persistentRecursiveWatches: ['/r'] };
    client.send(OpCode.setWatches2, setWatches2Request, { relativeZxid: 0n, ...lists, ...more });
    expect(client.lastReply.err).toBe(0);
    expect(seen(client)).toEqual([]);
    other.create('/r');
    other.create('/r/x');
    other.create('/none');
    expect(seen(client)).toEqual([
      [nodeCreated, '/r'],
      [nodeCreated, '/r/x'],
      [nodeCreated, '/none'],
    ]);
  });

  it('changes nothing when it cannot be decoded', () => {
    const { client } = start();
    client.sendRaw(
      unhex('fffffff8 00000065 0000000000000000 00000001 00000002 2f61 00000000 00000001'),
    );
    expect(client.lastReply.err).toBe(ErrorCode.marshallingError);
    expect(seen(client)).toEqual([]);
    expect(check(client, '/a', 3)).toBe(ErrorCode.noWatcher);
  });

  it('is not filtered by ACLs', () => {
    const { client, other } = start();
    other.authenticate('digest', 'bob:pw');
    other.create('/s', { acl: [aclOf(31, 'digest', digestOf('bob:pw'))] });
    setWatches(client, 0n, { dataWatches: ['/s'] });
    expect(seen(client)).toEqual([[nodeDataChanged, '/s']]);
  });
});

describe('checkWatches and removeWatches', () => {
  it('know each kind of watch by its number', () => {
    const { client } = start();
    client.create('/a');
    client.getChildren('/a', true);
    expect([1, 2, 3, 4, 5].map((type) => check(client, '/a', type))).toEqual([
      0,
      ErrorCode.noWatcher,
      0,
      ErrorCode.noWatcher,
      ErrorCode.noWatcher,
    ]);
    expect([0, 6, -1].map((type) => check(client, '/a', type))).toEqual([-5, -5, -5]);
    expect([0, 6, -1].map((type) => remove(client, '/a', type))).toEqual([-5, -5, -5]);
  });

  it('do not take a persistent watch for one on data', () => {
    const { client } = start();
    client.addWatch('/a', persistent);
    expect(remove(client, '/a', 2)).toBe(ErrorCode.noWatcher);
    expect(check(client, '/a', 4)).toBe(0);
    expect(remove(client, '/a', 4)).toBe(0);
    expect(remove(client, '/a', 4)).toBe(ErrorCode.noWatcher);
  });

  it('remove without any event', () => {
    const { client, other } = start();
    client.create('/a');
    client.getData('/a', true);
    expect(remove(client, '/a', 3)).toBe(0);
    other.setData('/a', 'x');
    expect(seen(client)).toEqual([]);
  });
});
