import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { repliedBytesMax } from '../../src/base/limits.ts';
import { OpCode, pathRequest, setWatchesRequest } from '../../src/jute/proto.ts';
import { type Client, Harness } from './harness.ts';

function start(clients = 2) {
  const harness = new Harness();
  const list = Array.from({ length: clients }, () => harness.client());
  list[0]!.create('/a', { data: 'old' });
  harness.withhold = true;
  return { harness, clients: list as [Client, Client, ...Client[]] };
}

function xidsOf(client: Client): number[] {
  return client.replies.map(({ xid }) => xid);
}

const noWatches = { relativeZxid: 0n, dataWatches: [], existWatches: [], childWatches: [] };

describe('the requests of one session', () => {
  it('are answered in their order: whatever stands behind a write waits for it', () => {
    const { harness, clients } = start();
    const [client] = clients;
    const before = client.replies.length;
    const xids = [
      client.sendGetData('/a'),
      client.sendSetData('/a', 0),
      client.sendGetData('/a'),
      client.send(OpCode.sync, pathRequest, { path: '/a' }),
      client.sendDelete('/none'),
      client.send(OpCode.setWatches, setWatchesRequest, noWatches),
      client.send(OpCode.whoAmI),
      client.sendCreate('/b'),
      client.sendGetData('/b'),
    ];
    client.send(OpCode.ping, undefined, undefined, -2);
    expect(xidsOf(client).slice(before)).toEqual([xids[0]]);
    harness.commit(1);
    expect(xidsOf(client).slice(before)).toEqual(xids.slice(0, 4));
    harness.commit(1);
    expect(xidsOf(client).slice(before)).toEqual(xids.slice(0, 7));
    harness.commit();
    expect(xidsOf(client).slice(before)).toEqual([...xids, -2]);
  });

  it('show each write to the reads behind it', () => {
    const { harness, clients } = start();
    const [client] = clients;
    client.sendSetData('/a', 0);
    client.sendGetData('/a');
    client.sendDelete('/a');
    client.sendGetData('/a');
    harness.commit();
    const [set, read, removed, missing] = client.replies.slice(-4);
    expect(read).toMatchObject({ err: 0, zxid: set!.zxid });
    expect(missing).toMatchObject({ err: ErrorCode.noNode, zxid: removed!.zxid });
  });

  it('do not wait for the writes of another session', () => {
    const { harness, clients } = start();
    const [writer, reader] = clients;
    writer.sendSetData('/a');
    reader.sendGetData('/a');
    expect(reader.lastReply).toMatchObject({ err: 0, zxid: 3n });
    expect(reader.lastReply.body.subarray(4, 7)).toEqual(new TextEncoder().encode('old'));
    harness.commit();
  });

  it('are all answered when many wait', () => {
    const { harness, clients } = start();
    const [client] = clients;
    const before = client.replies.length;
    const xids: number[] = [];
    for (let i = 0; i < 500; i++) {
      xids.push(i % 3 === 0 ? client.sendSetData('/a') : client.sendGetData('/a'));
      if (i % 50 === 49) harness.commit(7);
    }
    harness.commit();
    expect(xidsOf(client).slice(before)).toEqual(xids);
  });

  it('end with the connection when more wait than a fair client can have', () => {
    const { harness, clients } = start();
    const [client] = clients;
    client.sendSetData('/a');
    for (let i = 0; i < 9000; i++) client.sendGetData('/a');
    expect(client.isClosed).toBe(true);
    harness.commit();
    expect(harness.core.query('gauges').connections).toBe(1);
  });
});

describe('sync', () => {
  it('waits for everything that was proposed before it, by anybody', () => {
    const { harness, clients } = start();
    const [writer, reader] = clients;
    const before = reader.replies.length;
    writer.sendSetData('/a');
    writer.sendSetData('/a');
    reader.send(OpCode.sync, pathRequest, { path: '/a' });
    reader.sendGetData('/a');
    writer.sendSetData('/a');
    harness.commit(1);
    expect(reader.replies).toHaveLength(before);
    harness.commit(1);
    expect(reader.replies.slice(before).map(({ zxid }) => zxid)).toEqual([5n, 5n]);
    harness.commit();
    expect(reader.replies).toHaveLength(before + 2);
  });

  it('of a connection that is gone does not hold up the others', () => {
    const { harness, clients } = start(3);
    const [writer, gone, waiting] = clients;
    const before = waiting!.replies.length;
    writer.sendSetData('/a');
    gone.send(OpCode.sync, pathRequest, { path: '/a' });
    waiting!.send(OpCode.sync, pathRequest, { path: '/a' });
    harness.core.disconnect(gone.cnxnId);
    harness.commit();
    expect(waiting!.replies).toHaveLength(before + 1);
    expect(gone.replies).toEqual([]);
  });

  it('behind a write of its own session waits for both', () => {
    const { harness, clients } = start();
    const [client, other] = clients;
    const before = client.replies.length;
    client.sendSetData('/a');
    other.sendSetData('/a');
    client.send(OpCode.sync, pathRequest, { path: '/a' });
    harness.commit(1);
    expect(client.replies).toHaveLength(before + 1);
    harness.commit(1);
    expect(client.replies).toHaveLength(before + 2);
  });
});

describe('an unknown op', () => {
  it('is answered in its turn, and nothing after it is', () => {
    const { harness, clients } = start();
    const [client] = clients;
    const before = client.replies.length;
    client.sendCreate('/b');
    client.send(99);
    client.sendCreate('/c');
    client.sendGetData('/b');
    expect(client.replies).toHaveLength(before);
    harness.commit();
    expect(client.replies.slice(before).map(({ err }) => err)).toEqual([0, -6]);
    expect(client.outputs.at(-1)!.kind).toBe('close');
    expect(harness.lastZxid).toBe(4n);
  });
});

describe('a reply to a write', () => {
  it('leaves when its txn is committed, not before', () => {
    const { harness, clients } = start();
    const [client] = clients;
    const before = client.replies.length;
    client.sendCreate('/b');
    expect(client.replies).toHaveLength(before);
    expect(harness.core.outstanding).toBe(1);
    harness.commit();
    expect(client.replies).toHaveLength(before + 1);
    expect(harness.core.outstanding).toBe(0);
  });

  it('shows the state right after it, not after what was committed with it', () => {
    const { harness, clients } = start();
    const [client, other] = clients;
    client.sendSetData('/a');
    other.sendSetData('/a');
    const { hi, lo } = harness.proposed.at(-1)!;
    harness.core.commit(hi, lo);
    const [first, second] = [client.lastReply, other.lastReply];
    expect([first.zxid, second.zxid]).toEqual([4n, 5n]);
    const version = (body: Uint8Array) => new DataView(body.buffer).getInt32(32);
    expect([version(first.body), version(second.body)]).toEqual([1, 2]);
  });

  it('never has a zxid that is not visible yet', () => {
    const { harness, clients } = start();
    for (const client of clients) {
      client.sendSetData('/a');
      client.sendDelete('/none');
      client.sendGetData('/a');
    }
    harness.commit();
    for (const output of harness.outputs) {
      if (output.kind !== 'reply') continue;
      const zxid = new DataView(output.frame.buffer).getBigInt64(8);
      expect(zxid).toBe(output.visibleZxid);
    }
  });
});

describe('what is prepared', () => {
  it('is checked against what is still to be applied', () => {
    const { harness, clients } = start();
    const [client, other] = clients;
    const before = [client.replies.length, other.replies.length] as const;
    client.sendCreate('/b');
    other.sendCreate('/b');
    other.sendCreate('/b/c');
    client.sendDelete('/b');
    client.sendSetData('/b', 0);
    other.sendDelete('/b/c');
    client.sendDelete('/b');
    client.sendSetData('/b', 0);
    harness.commit();
    const errors = (client_: Client, from: number) =>
      client_.replies.slice(from).map(({ err }) => err);
    expect(errors(client, before[0])).toEqual([0, ErrorCode.notEmpty, 0, 0, ErrorCode.noNode]);
    expect(errors(other, before[1])).toEqual([ErrorCode.nodeExists, 0, 0]);
    expect(harness.core.query('gauges')).toMatchObject({ digestMismatches: 0, txnsIgnored: 0 });
  });

  it('is forgotten when it is applied', () => {
    const { harness, clients } = start();
    const [client] = clients;
    for (let i = 0; i < 50; i++) {
      client.sendCreate('/b');
      client.sendDelete('/b');
      harness.commit(i % 3);
    }
    harness.commit();
    expect(changesOf(harness).count).toBe(0);
    harness.withhold = false;
    // What is not pending is looked up in the tree.
    const { tree } = harness;
    tree.openSection();
    tree.remove(tree.find(new TextEncoder().encode('/a'), 0, 2));
    tree.closeSection(tree.lastZxidHi, tree.lastZxidLo);
    expect(client.create('/a').err).toBe(0);
  });

  it('takes the zxid after the last one, over the border of 32 bits, too', () => {
    const harness = new Harness({ lastZxid: 0x1_ffff_fffen });
    const client = harness.client();
    expect(client.create('/a').zxid).toBe(0x2_0000_0000n);
    expect(harness.lastZxid).toBe(0x2_0000_0000n);
  });
});

describe('the line of a client that does not read', () => {
  const bytes = 10_000;
  const reads = 100;

  function startSlow() {
    const { harness, clients } = start();
    const [client, other] = clients;
    harness.withhold = false;
    client.create('/large', { data: 'x'.repeat(bytes) });
    harness.withhold = true;
    const before = client.replies.length;
    const sent = () => client.replies.length - before;
    return { harness, client, other, sent, before };
  }

  it.each(['at once', 'behind a write'])('rests when much was sent %s', (when) => {
    const { harness, client, sent, before } = startSlow();
    const xids: number[] = [];
    if (when === 'behind a write') xids.push(client.sendSetData('/a', 0));
    for (let i = 0; i < reads; i++) xids.push(client.sendGetData('/large'));
    harness.commit();
    for (let room = 1; sent() < xids.length; room++) {
      expect(sent()).toBeLessThanOrEqual(room * (Math.ceil(repliedBytesMax / bytes) + 1));
      expect(harness.roomAsked).toEqual(Array.from({ length: room }, () => client.cnxnId));
      harness.core.order.onRoom(client.cnxnId);
    }
    expect(xidsOf(client).slice(before)).toEqual(xids);
  });

  it('goes on up to a write that is applied: what stands before it may not see it', () => {
    const { harness, client, other, sent } = startSlow();
    for (let i = 0; i < reads; i++) client.sendGetData('/large');
    expect(sent()).toBeLessThan(reads);
    client.sendSetData('/large', -1);
    client.sendGetData('/large');
    harness.commit();
    expect(sent()).toBe(reads + 1);
    const versions = client.replies.slice(-2).map(({ zxid }) => zxid);
    expect(versions[0]! < versions[1]!).toBe(true);
    other.sendGetData('/a');
    expect(other.replies.length).toBe(1);
    harness.core.order.onRoom(client.cnxnId);
    expect(client.replies.at(-1)).toMatchObject({ err: 0 });
    expect(sent()).toBe(reads + 2);
  });

  it('waits for room on the ring, and goes on when there is some', () => {
    const { harness, client, sent } = startSlow();
    client.sendSetData('/a', 0);
    for (let i = 0; i < 10; i++) client.sendGetData('/a');
    harness.isFull = true;
    harness.commit();
    expect(sent()).toBe(1);
    harness.core.order.goOn();
    expect(sent()).toBe(1);
    harness.isFull = false;
    harness.core.order.goOn();
    expect(sent()).toBe(11);
  });

  it('ends with its connection', () => {
    const { harness, client, sent } = startSlow();
    for (let i = 0; i < reads; i++) client.sendGetData('/large');
    const before = sent();
    harness.core.disconnect(client.cnxnId);
    harness.core.order.onRoom(client.cnxnId);
    harness.core.order.goOn();
    expect(sent()).toBe(before);
  });
});

function changesOf(harness: Harness): { count: number } {
  type Core = { proposer: { changes: { count: number } } };
  return (harness.core as unknown as Core).proposer.changes;
}
