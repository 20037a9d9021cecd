import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import {
  createRequest,
  getAllChildrenNumberResponse,
  getDataResponse,
  OpCode,
  pathRequest,
} from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { decodeUtf8 } from '../../src/jute/utf8.ts';
import { type Client, createBody, Harness, type HarnessOptions } from './harness.ts';

const container = { type: OpCode.createContainer, flags: 4 };
const ttlOf = (ttl: bigint) => ({ type: OpCode.createTTL, flags: 5, ttl });

function start(options: HarnessOptions = {}) {
  const harness = new Harness(options);
  return { harness, client: harness.client({ timeOut: 40_000 }) };
}

/** Lets the time go on in small steps, with pings, as a living server would see it. */
function live(harness: Harness, client: Client, ms: number): void {
  for (let passed = 0; passed < ms; passed += 5000) {
    harness.pass(Math.min(5000, ms - passed));
    client.send(OpCode.ping);
    harness.core.tick();
  }
}

function textOf(client: Client, path: string): string {
  const { data } = getDataResponse.read(new JuteReader(client.getData(path).body));
  return decodeUtf8(data!, 0, data!.byteLength);
}

describe('a quota', () => {
  function withQuota(limits: string, enforceQuota = true) {
    const { harness, client } = start({ settings: { enforceQuota } });
    client.create('/q', { data: 'xx' });
    client.create('/zookeeper/quota/q');
    client.create('/zookeeper/quota/q/zookeeper_limits', { data: limits });
    client.create('/zookeeper/quota/q/zookeeper_stats', { data: 'count=1,bytes=0' });
    return { harness, client };
  }
  const stats = '/zookeeper/quota/q/zookeeper_stats';

  it('is charged without a version, an mzxid or an event', () => {
    const { client } = withQuota('count=9,bytes=-1', false);
    const before = client.stat(stats);
    client.getData(stats, true);
    client.create('/q/a', { data: 'abc' });
    expect(textOf(client, stats)).toBe('count=2,bytes=5');
    expect(client.stat(stats)).toEqual({ ...before, dataLength: 15 });
    expect(client.events).toEqual([]);
  });

  it('that is the deepest is charged alone', () => {
    const { client } = withQuota('count=9,bytes=-1', false);
    client.create('/q/sub');
    client.create('/zookeeper/quota/q/sub');
    client.create('/zookeeper/quota/q/sub/zookeeper_limits', { data: 'count=9,bytes=-1' });
    client.create('/zookeeper/quota/q/sub/zookeeper_stats', { data: 'count=0,bytes=0' });
    const outer = textOf(client, stats);
    client.create('/q/sub/x', { data: '1234' });
    expect(textOf(client, '/zookeeper/quota/q/sub/zookeeper_stats')).toBe('count=2,bytes=4');
    expect(textOf(client, stats)).toBe(outer);
  });

  it('has hard limits that bind only when enforced', () => {
    const limits = 'count=1,bytes=1=;byteHardLimit=8;countHardLimit=2';
    const loose = withQuota(limits, false).client;
    expect([loose.create('/q/a').err, loose.create('/q/b').err]).toEqual([0, 0]);
    const { client } = withQuota(limits);
    expect(client.create('/q/a', { data: 'abcdefg' }).err).toBe(ErrorCode.quotaExceeded);
    expect(client.create('/q/a', { data: 'abc' }).err).toBe(0);
    expect(client.create('/q/b').err).toBe(ErrorCode.quotaExceeded);
    expect(client.setData('/q/a', 'abcdefg').err).toBe(ErrorCode.quotaExceeded);
    expect(client.setData('/q/a', 'abcdefg', 7).err).toBe(ErrorCode.quotaExceeded);
    expect(client.setData('/q/a', 'xyz').err).toBe(0);
    expect(client.setData('/q', 'x').err).toBe(0);
  });

  it('with a limits node that would stop an Apache server is refused', () => {
    const { client, harness } = start();
    expect(client.create('/zookeeper/quota/zookeeper_limits').err).toBe(ErrorCode.badArguments);
    expect(harness.core.query('gauges').txnsUndecodable).toBe(0);
  });

  it('keeps a usage node that every server can read', () => {
    const { client } = withQuota('count=9,bytes=-1', false);
    expect(client.setData(stats, null).err).toBe(ErrorCode.badArguments);
    expect(client.setData(stats, 'rubbish').err).toBe(ErrorCode.badArguments);
    expect(client.setData(stats, 'count=1,bytes=2').err).toBe(0);
    expect(client.create('/q/a').err).toBe(0);
    expect(textOf(client, stats)).toBe('count=2,bytes=2');
  });
});

describe('a container', () => {
  it('goes when its last child is gone, at the next check', () => {
    const { harness, client } = start();
    client.create('/c', container);
    client.create('/c/x');
    live(harness, client, 70_000);
    expect(client.exists('/c').err).toBe(0);
    client.delete('/c/x');
    live(harness, client, 70_000);
    expect(client.exists('/c').err).toBe(ErrorCode.noNode);
    const view = new DataView(harness.proposed.at(-1)!.payload.buffer);
    const header = [view.getBigInt64(0), view.getInt32(8), view.getInt32(28)];
    expect(header).toEqual([0n, 0, OpCode.deleteContainer]);
  });

  it('that was never used stays, unless that is set otherwise', () => {
    const usual = start();
    usual.client.create('/c', container);
    live(usual.harness, usual.client, 1_000_000);
    expect(usual.client.exists('/c').err).toBe(0);
    const strict = start({ settings: { containerMaxNeverUsedIntervalMs: 100_000 } });
    strict.client.create('/c', container);
    live(strict.harness, strict.client, 90_000);
    expect(strict.client.exists('/c').err).toBe(0);
    live(strict.harness, strict.client, 100_000);
    expect(strict.client.exists('/c').err).toBe(ErrorCode.noNode);
  });

  it('stays when a child comes between the check and its end', () => {
    const { harness, client } = start();
    client.create('/c', container);
    client.create('/c/x');
    client.delete('/c/x');
    live(harness, client, 55_000);
    harness.withhold = true;
    client.send(OpCode.create, createRequest, createBody('/c/y', {}));
    live(harness, client, 10_000);
    harness.commit();
    expect(client.children('/c')).toEqual(['y']);
    const { payload } = harness.proposed.at(-1)!;
    expect(new DataView(payload.buffer).getInt32(32)).toBe(ErrorCode.notEmpty);
  });

  it('goes in company no faster than is set', () => {
    const { harness, client } = start({ settings: { containerMaxPerMinute: 6 } });
    client.create('/p');
    for (const name of ['a', 'b', 'c', 'd']) {
      client.create(`/p/${name}`, container);
      client.create(`/p/${name}/x`);
      client.delete(`/p/${name}/x`);
    }
    live(harness, client, 60_000);
    expect(client.children('/p')).toHaveLength(3);
    live(harness, client, 10_000);
    expect(client.children('/p')).toHaveLength(2);
    live(harness, client, 20_000);
    expect(client.children('/p')).toHaveLength(0);
  });

  it('is known to a core that begins with a tree from disk', () => {
    const { harness, client } = start();
    client.create('/c', container);
    client.create('/c/x');
    client.create('/t', ttlOf(1000n));
    client.delete('/c/x');
    const next = harness.restart();
    const after = next.client({ timeOut: 40_000 });
    live(next, after, 70_000);
    expect(after.children('/')).toEqual(['zookeeper']);
  });
});

describe('a TTL node', () => {
  it('goes when nobody wrote to it for longer than its TTL', () => {
    const { harness, client } = start();
    client.create('/t', ttlOf(100_000n));
    live(harness, client, 60_000);
    client.setData('/t', 'x');
    live(harness, client, 65_000);
    expect(client.exists('/t').err).toBe(0);
    live(harness, client, 60_000);
    expect(client.exists('/t').err).toBe(ErrorCode.noNode);
  });

  it('with children stays, and what they do does not refresh it', () => {
    const { harness, client } = start();
    client.create('/t', ttlOf(100_000n));
    client.create('/t/c');
    live(harness, client, 200_000);
    expect(client.exists('/t').err).toBe(0);
    client.delete('/t/c');
    live(harness, client, 60_000);
    expect(client.exists('/t').err).toBe(ErrorCode.noNode);
  });
});

describe('a tree that is nearly full', () => {
  const data = 'k'.repeat(8192);

  it.each([
    ['one at a time', 1],
    ['many on the way', 700],
  ])('refuses creates and longer data, %s, but still deletes', (_, portion) => {
    const { harness, client } = start();
    client.create('/small');
    harness.withhold = true;
    for (let i = 0; i < 1500; i++) {
      client.sendCreate(`/n${i}`, { data });
      if (i % portion === 0) harness.commit();
    }
    harness.commit();
    const errors = client.replies.map(({ err }) => err);
    expect(new Set(errors)).toEqual(new Set([0, ErrorCode.quotaExceeded]));
    expect(errors.filter((err) => err === 0).length).toBeGreaterThan(300);
    harness.withhold = false;
    expect(client.setData('/small', data.repeat(999)).err).toBe(ErrorCode.quotaExceeded);
    expect(client.delete('/n0').err).toBe(0);
    expect(client.setData('/small', '').err).toBe(0);
    const gauges = harness.core.query('gauges');
    expect(gauges).toMatchObject({ digestMismatches: 0, txnsIgnored: 0 });
  });
});

describe('the core, when it is asked,', () => {
  it('counts all descendants, at the root also those that every server has', () => {
    const { client } = start();
    client.create('/a');
    client.create('/a/b');
    const count = (path: string) => {
      const { body } = client.call(OpCode.getAllChildrenNumber, pathRequest, { path });
      return getAllChildrenNumberResponse.read(new JuteReader(body)).totalNumber;
    };
    expect([count('/'), count('/a'), count('/a/b')]).toEqual([5, 1, 0]);
  });

  it('lists sessions, ephemerals and watches as plain data', () => {
    const { harness, client } = start();
    client.create('/e', { flags: 1 });
    client.getData('/e', true);
    client.getChildren('/', true);
    const session = `0x${BigInt.asUintN(64, client.sessionId).toString(16)}`;
    const { core } = harness;
    expect(core.query('dump')).toEqual({
      expiry: [{ atMs: expect.any(Number), sessions: [session] }],
      timeouts: null,
      local: null,
      sessionCount: 1,
      ephemerals: [{ session, paths: ['/e'] }],
    });
    expect(core.query('dump').expiry[0]!.atMs).toBeGreaterThan(harness.wallMs + 40_000);
    expect(core.query('wchs')).toEqual({ connections: 1, paths: 1, watches: 1 });
    expect(core.query('wchc')).toEqual([{ session, paths: ['/e'] }]);
    expect(core.query('wchp')).toEqual([{ path: '/e', sessions: [session] }]);
    for (const what of ['dump', 'wchs', 'wchc', 'wchp', 'hash', 'gauges'] as const) {
      const answer = core.query(what);
      expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
    }
  });

  it('has the digest of every 128th zxid', () => {
    const { harness, client } = start();
    expect(harness.core.query('hash')).toEqual([]);
    for (let i = 0; i < 300; i++) client.setData('/', String(i));
    expect(harness.core.query('hash').map(({ zxid }) => zxid)).toEqual(['80', '100']);
    const { digest } = harness.core.query('gauges');
    for (let i = 0; i < 128; i++) client.setAcl('/none', []);
    expect(harness.core.query('hash')[2]).toEqual({ zxid: '180', digest });
  });
});
