import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { joinHalves } from '../../src/base/zxid.ts';
import {
  EventType,
  getEphemeralsResponse,
  OpCode,
  pathRequest,
  setDataRequest,
} from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { closeSessionTxn } from '../../src/jute/txn.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { sessionPassword } from '../../src/processor/session-password.ts';
import { type Client, Harness, type Proposed } from './harness.ts';

function passwordOf(client: Client): Uint8Array {
  const { sessionIdHi, sessionIdLo } = client.answer!;
  return sessionPassword(sessionIdHi, sessionIdLo);
}

function reopen(harness: Harness, of: Client, passwd = passwordOf(of), timeOut = 10_000): Client {
  const client = harness.connection();
  client.connect({ sessionId: of.sessionId, passwd, timeOut });
  return client;
}

function typeOf({ payload }: Proposed): number {
  return new DataView(payload.buffer).getInt32(28);
}

function pathsClosed({ payload }: Proposed): (string | null)[] {
  const reader = new JuteReader(payload);
  reader.skip(32);
  return closeSessionTxn.read(reader).paths2Delete ?? [];
}

const ephemeral = { flags: 1 };

describe('a new session', () => {
  it('consumes a zxid, and is answered when its txn is applied', () => {
    const harness = new Harness({ withhold: true });
    const client = harness.connection();
    client.connect({});
    expect(client.answer).toBeUndefined();
    harness.commit();
    expect(client.answer?.valid).toBe(true);
    expect(harness.lastZxid).toBe(1n);
    expect(typeOf(harness.proposed[0]!)).toBe(OpCode.createSession);
  });

  it('has a timeout within the limits of the server', () => {
    const harness = new Harness();
    const timeouts = [0, -1, 3999, 5000, 2 ** 31 - 1].map(
      (timeOut) => harness.client({ timeOut }).answer!.timeoutMs,
    );
    expect(timeouts).toEqual([4000, 4000, 4000, 5000, 40000]);
  });

  it('has an id of its own and the password that follows from it', () => {
    const harness = new Harness();
    const [a, b] = [harness.client(), harness.client()];
    expect(b.sessionId).toBe(a.sessionId + 1n);
    expect(BigInt.asUintN(64, a.sessionId) >> 56n).toBe(1n);
    expect(a.answer!.passwd).toEqual(passwordOf(a));
  });

  it('does not take the id of a session that is there already', () => {
    const harness = new Harness();
    const ids = BigInt(harness.wallMs) << 16n;
    const taken = BigInt.asIntN(64, (BigInt.asUintN(56, ids) | (1n << 56n)) as bigint);
    harness.sessions.open(Number(taken >> 32n), Number(BigInt.asIntN(32, taken)), 9, 0);
    expect(harness.client().sessionId).toBe(taken + 1n);
  });

  it('is refused without an answer when the client has seen more than the server', () => {
    const harness = new Harness();
    harness.client();
    const ahead = harness.connection();
    ahead.connect({ lastZxidSeen: 2n });
    expect(ahead.outputs.map(({ kind }) => kind)).toEqual(['close']);
    const same = harness.connection();
    same.connect({ lastZxidSeen: 1n });
    expect(same.answer?.valid).toBe(true);
    const negative = harness.connection();
    negative.connect({ lastZxidSeen: -1n });
    expect(negative.answer?.valid).toBe(true);
  });

  it('ends at once where there is no room for it', () => {
    const harness = new Harness({ sessionsMax: 1 });
    harness.client();
    const second = harness.connection();
    second.connect({});
    expect(second.answer?.valid).toBe(false);
    expect(second.isClosed).toBe(true);
    expect(harness.proposed.map(typeOf)).toEqual([-10, -10, -11]);
  });
});

describe('a session that is reopened', () => {
  it('keeps id and password, may get another timeout, and consumes no zxid', () => {
    const harness = new Harness();
    const old = harness.client({ timeOut: 9000 });
    const { answer } = reopen(harness, old, passwordOf(old), 20_000);
    expect(answer).toMatchObject({ valid: true, timeoutMs: 20_000, slot: old.answer!.slot });
    expect(answer!.passwd).toEqual(passwordOf(old));
    expect(harness.lastZxid).toBe(1n);
    harness.pass(15_000);
    harness.core.tick();
    expect(harness.core.query('gauges').sessions).toBe(1);
  });

  it('ends its connection of before, without a reply', () => {
    const harness = new Harness();
    const old = harness.client();
    reopen(harness, old);
    expect(old.outputs.map(({ kind }) => kind)).toEqual(['connected', 'close']);
    old.sendCreate('/late');
    expect(harness.lastZxid).toBe(1n);
  });

  it('is safe from whoever does not know the password', () => {
    const harness = new Harness();
    const owner = harness.client();
    const thief = reopen(harness, owner, new Uint8Array(16));
    expect(thief.answer).toEqual({
      valid: false,
      sessionIdHi: 0,
      sessionIdLo: 0,
      slot: -1,
      timeoutMs: 0,
      passwd: new Uint8Array(16),
    });
    expect(thief.isClosed).toBe(true);
    expect(owner.isClosed).toBe(false);
    expect(owner.create('/a').err).toBe(0);
  });

  it('is not valid when it was closed, has expired or was never there', () => {
    const harness = new Harness();
    const closed = harness.client();
    closed.send(OpCode.closeSession);
    expect(reopen(harness, closed).answer?.valid).toBe(false);
    const expired = harness.client({ timeOut: 4000 });
    harness.pass(10_000);
    harness.core.tick();
    expect(reopen(harness, expired).answer?.valid).toBe(false);
    const none = harness.connection();
    none.connect({ sessionId: 7n, passwd: sessionPassword(0, 7) });
    expect(none.answer?.valid).toBe(false);
  });

  it('is not valid while its end is on the way', () => {
    const harness = new Harness();
    const client = harness.client();
    harness.withhold = true;
    client.send(OpCode.closeSession);
    const late = reopen(harness, client);
    expect(late.answer?.valid).toBe(false);
  });

  it('forgets the identities and the watches of its connection of before', () => {
    const harness = new Harness();
    const old = harness.client();
    old.authenticate('digest', 'bob:pw');
    old.create('/n', { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
    old.getData('/n', true);
    const next = reopen(harness, old);
    expect(next.getData('/n').err).toBe(ErrorCode.noAuth);
    expect(harness.core.query('gauges').watches).toBe(0);
  });
});

describe('closeSession', () => {
  it('is answered after the events that it causes, then the connection ends', () => {
    const harness = new Harness();
    const client = harness.client();
    client.create('/e', ephemeral);
    client.exists('/e', true);
    const before = client.outputs.length;
    client.send(OpCode.closeSession);
    expect(client.outputs.slice(before).map(({ kind }) => kind)).toEqual([
      'event',
      'reply',
      'close',
    ]);
    expect(client.lastReply).toMatchObject({ err: 0, zxid: 3n, body: new Uint8Array() });
    expect(client.events[0]).toMatchObject({ type: EventType.nodeDeleted, path: '/e', zxid: 3n });
  });

  it('deletes all ephemerals at one zxid, which the parents show as pzxid alone', () => {
    const harness = new Harness();
    const [client, other] = [harness.client(), harness.client()];
    for (const path of ['/p', '/q']) other.create(path);
    client.create('/p/e', ephemeral);
    client.create('/q/e', ephemeral);
    const before = other.stat('/p');
    client.send(OpCode.closeSession);
    const { zxid } = client.lastReply;
    expect(pathsClosed(harness.proposed.at(-1)!)).toEqual(['/p/e', '/q/e']);
    expect(other.stat('/p')).toEqual({ ...before, cversion: 2, numChildren: 0, pzxid: zxid });
    expect(other.stat('/q').pzxid).toBe(zxid);
    expect(harness.core.query('gauges')).toMatchObject({ digestMismatches: 0, ephemerals: 0 });
  });

  it('deletes ephemerals whose creation is still pending, not those pending deletion', () => {
    const harness = new Harness();
    const [client, other] = [harness.client(), harness.client()];
    client.create('/old', ephemeral);
    client.create('/again', ephemeral);
    client.create('/plain', ephemeral);
    harness.withhold = true;
    client.sendCreate('/new', ephemeral);
    client.sendDelete('/old');
    client.sendDelete('/again');
    client.sendCreate('/again', ephemeral);
    other.sendDelete('/plain');
    other.sendCreate('/plain');
    client.send(OpCode.closeSession);
    other.sendCreate('/new');
    harness.commit();
    const close = harness.proposed.find((proposed) => typeOf(proposed) === OpCode.closeSession)!;
    expect(new Set(pathsClosed(close))).toEqual(new Set(['/again', '/new']));
    expect(other.lastReply.err).toBe(0);
    expect(other.children('/')).toEqual(['new', 'plain', 'zookeeper']);
    expect(harness.core.query('gauges')).toMatchObject({ digestMismatches: 0, txnsIgnored: 0 });
  });

  it('lets a pipelined delete of the parent succeed', () => {
    const harness = new Harness();
    const [client, other] = [harness.client(), harness.client()];
    other.create('/p');
    client.create('/p/e', ephemeral);
    harness.withhold = true;
    client.send(OpCode.closeSession);
    other.sendDelete('/p');
    harness.commit();
    expect(other.lastReply.err).toBe(0);
    expect(harness.core.query('gauges').digestMismatches).toBe(0);
  });

  it('drops what comes behind it without a reply', () => {
    const harness = new Harness();
    const client = harness.client();
    harness.withhold = true;
    client.send(OpCode.closeSession);
    client.sendCreate('/late');
    client.sendGetData('/');
    harness.commit();
    expect(client.replies).toHaveLength(1);
    expect(harness.lastZxid).toBe(2n);
  });

  it('works without the list of paths, too', () => {
    const harness = new Harness({ settings: { closeSessionTxnEnabled: false } });
    const client = harness.client();
    client.create('/e', ephemeral);
    client.send(OpCode.closeSession);
    expect(harness.proposed.at(-1)!.payload.byteLength).toBe(32);
    expect(harness.core.query('gauges').ephemerals).toBe(0);
    expect(harness.client().children('/')).toEqual(['zookeeper']);
  });
});

describe('a connection that is lost', () => {
  it('leaves its session and the ephemerals as they are', () => {
    const harness = new Harness();
    const client = harness.client();
    client.create('/e', ephemeral);
    harness.core.disconnect(client.cnxnId);
    harness.core.disconnect(client.cnxnId);
    expect(harness.client().children('/')).toEqual(['e', 'zookeeper']);
    expect(reopen(harness, client).answer?.valid).toBe(true);
  });

  it('gets no reply to its write, which is done all the same', () => {
    const harness = new Harness();
    const [client, other] = [harness.client(), harness.client()];
    harness.withhold = true;
    client.sendCreate('/a');
    client.sendGetData('/a');
    harness.core.disconnect(client.cnxnId);
    harness.commit();
    expect(client.replies).toEqual([]);
    expect(other.exists('/a').err).toBe(0);
  });
});

describe('a session that is not heard of', () => {
  it('expires after its timeout, and at most one tick later', () => {
    const harness = new Harness({ tickTimeMs: 2000 });
    const client = harness.client({ timeOut: 5000 });
    harness.pass(4999);
    harness.core.tick();
    expect(harness.core.query('gauges').sessions).toBe(1);
    harness.pass(2001);
    harness.core.tick();
    expect(harness.core.query('gauges').sessions).toBe(0);
    expect(client.outputs.map(({ kind }) => kind)).toEqual(['connected', 'close']);
  });

  it('is due when the core says so', () => {
    const harness = new Harness();
    harness.client({ timeOut: 5000 });
    harness.core.tick();
    const dueMs = harness.core.nextDeadlineMs();
    expect(dueMs).toBeGreaterThan(harness.nowMs + 5000);
    expect(dueMs).toBeLessThanOrEqual(harness.nowMs + 7000);
    harness.pass(dueMs - harness.nowMs);
    harness.core.tick();
    expect(harness.core.query('gauges').sessions).toBe(0);
  });

  it('takes its ephemerals with it, and its live connection gets the events before it ends', () => {
    const harness = new Harness();
    const [client, other] = [harness.client({ timeOut: 4000 }), harness.client({ timeOut: 40000 })];
    client.create('/e', ephemeral);
    client.exists('/e', true);
    const before = client.outputs.length;
    harness.pass(9000);
    harness.core.tick();
    expect(client.outputs.slice(before).map(({ kind }) => kind)).toEqual(['event', 'close']);
    expect(other.exists('/e').err).toBe(ErrorCode.noNode);
    const [header] = harness.proposed.slice(-1);
    const view = new DataView(header!.payload.buffer);
    expect(joinHalves(view.getInt32(0), view.getInt32(4))).toBe(client.sessionId);
    expect(view.getInt32(8)).toBe(0);
  });

  it.each([
    ['a ping', (client: Client) => client.send(OpCode.ping)],
    ['a read', (client: Client) => client.getData('/')],
    ['a write', (client: Client) => client.create('/a')],
  ])('lives on with %s', (_, act) => {
    const harness = new Harness();
    const client = harness.client({ timeOut: 5000 });
    harness.pass(4000);
    act(client);
    harness.pass(4000);
    harness.core.tick();
    expect(harness.core.query('gauges').sessions).toBe(1);
  });

  it('does not live on because of an auth packet', () => {
    const harness = new Harness();
    const client = harness.client({ timeOut: 5000 });
    harness.pass(4000);
    client.authenticate('digest', 'bob:pw');
    harness.pass(4000);
    harness.core.tick();
    expect(harness.core.query('gauges').sessions).toBe(0);
  });

  it('may not write any more once its end is on the way', () => {
    const harness = new Harness();
    const client = harness.client({ timeOut: 4000 });
    harness.withhold = true;
    harness.pass(9000);
    harness.core.tick();
    const data = encodeUtf8('x');
    client.send(OpCode.setData, setDataRequest, { path: '/', data, version: -1 });
    harness.commit();
    expect(client.replies).toEqual([]);
  });
});

describe('what a session may ask about itself', () => {
  it('ping: answered with xid -2 whatever it came with', () => {
    const client = new Harness().client();
    expect(client.call(OpCode.ping)).toEqual({ xid: -2, zxid: 1n, err: 0, body: new Uint8Array() });
  });

  it('sync: the path comes back, whatever it is', () => {
    const client = new Harness().client();
    for (const path of ['/none', '', 'nopath', null]) {
      const reply = client.call(OpCode.sync, pathRequest, { path });
      expect([reply.err, new JuteReader(reply.body).readString()]).toEqual([0, path]);
    }
  });

  it('getEphemerals: its own, by a prefix of the text', () => {
    const harness = new Harness();
    const [client, other] = [harness.client(), harness.client()];
    for (const path of ['/pe', '/pe1', '/x']) client.create(path, ephemeral);
    other.create('/pe2', ephemeral);
    const ask = (path: string | null) => {
      const { body } = client.call(OpCode.getEphemerals, pathRequest, { path });
      return getEphemeralsResponse.read(new JuteReader(body)).ephemerals?.sort();
    };
    expect(ask('/pe')).toEqual(['/pe', '/pe1']);
    expect(ask('/pe1')).toEqual(['/pe1']);
    expect(ask('/none')).toEqual([]);
    for (const all of [null, '', ' ', '/']) expect(ask(all)).toEqual(['/pe', '/pe1', '/x']);
  });

  it('nothing before its handshake is done', () => {
    const harness = new Harness({ withhold: true });
    const client = harness.connection();
    client.connect({});
    client.sendGetData('/');
    expect(client.replies).toEqual([]);
    expect(client.isClosed).toBe(true);
    harness.commit();
    expect(client.answer).toBeUndefined();
  });

  it('nothing with a header that is too short', () => {
    const client = new Harness().client();
    client.sendRaw(new Uint8Array(7));
    expect(client.isClosed).toBe(true);
  });
});
