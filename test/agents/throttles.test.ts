/** The throttles of the front, between fake sockets and a keeper that is the test. */
import { describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/admin/metrics.ts';
import { ToKeeper } from '../../src/agents/messages.ts';
import {
  ConnectionThrottle,
  type ConnectionThrottleSettings,
  createConnectionThrottle,
} from '../../src/front/connection-throttle.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { encodeConnectRequest, encodeRequest } from '../support/raw-client.ts';
import { framed } from '../support/raw-socket.ts';
import { FrontWorld, getData, receive, replyFrame } from './front-harness.ts';

const throttledOp = -127;
const requestsSent = (world: FrontWorld) =>
  world.toKeeper.filter((type) => type === ToKeeper.request).length;
const counters = (world: FrontWorld) => readMetrics([world.metrics]).counters;

describe('the request throttle', () => {
  const settings = { request_throttle_max_requests: '1', throttled_op_wait_time: '50' };

  function startWaiting(more: Record<string, string> = {}) {
    const world = new FrontWorld({ settings: { ...settings, ...more } });
    const [first, second] = [world.connect(), world.connect()];
    receive(first, getData(1, '/a', true));
    world.turn();
    receive(second, getData(5, '/a', true));
    world.turn();
    expect(requestsSent(world)).toBe(1);
    return { world, first, second };
  }

  it('lets a request wait until another one is answered', () => {
    const { world, first, second } = startWaiting();
    world.nowMs += 50;
    world.reply(first, 1, replyFrame(1, 1));
    world.turn();
    expect(requestsSent(world)).toBe(2);
    world.reply(second, 1, replyFrame(5, 1));
    world.turn();
    expect(second.socket.errs).toEqual([0]);
    expect(counters(world).throttled_ops).toBe(0);
  });

  it('answers -127 to what has waited too long, and does not do it', () => {
    const { world, first, second } = startWaiting();
    world.nowMs += 51;
    world.reply(first, 1, replyFrame(1, 1));
    world.turn();
    expect(requestsSent(world)).toBe(1);
    expect(second.socket.xids).toEqual([5]);
    expect(second.socket.errs).toEqual([throttledOp]);
    expect(counters(world).throttled_ops).toBe(1);
    receive(second, getData(6, '/a', true));
    world.turn();
    expect(requestsSent(world)).toBe(2);
  });

  it('answers it behind the answers of the keeper to the same client', () => {
    const world = new FrontWorld({ settings: { ...settings, request_throttle_max_requests: '2' } });
    const [client, other] = [world.connect(), world.connect()];
    receive(client, getData(1, '/a', true));
    receive(other, getData(9, '/a', true));
    receive(client, getData(2, '/a', true));
    world.turn();
    world.nowMs += 100;
    world.reply(other, 1, replyFrame(9, 1));
    world.turn();
    expect(client.socket.xids).toEqual([]);
    world.reply(client, 1, replyFrame(1, 1));
    world.turn();
    expect(client.socket.xids).toEqual([1, 2]);
    expect(client.socket.errs).toEqual([0, throttledOp]);
  });

  it('never throttles the end of a session', () => {
    const { world, first } = startWaiting();
    const third = world.connect();
    receive(third, framed(encodeRequest(7, OpCode.closeSession, new Uint8Array(0))));
    world.nowMs += 100;
    world.reply(first, 1, replyFrame(1, 1));
    world.turn();
    world.turn();
    expect(third.socket.errs).toEqual([]);
    expect(requestsSent(world)).toBe(2);
  });

  it('ends a connection whose request has waited longer than its session may be silent', () => {
    const { world, first, second } = startWaiting({ request_stale_latency_check: 'true' });
    world.nowMs += 10_001;
    world.reply(first, 1, replyFrame(1, 1));
    world.turn();
    expect(second.socket.destroyed).toBe(true);
    expect(counters(world).stale_requests_dropped).toBeGreaterThan(0);
  });
});

describe('the limit of large requests', () => {
  const settings = { largeRequestThreshold: '100', largeRequestMaxBytes: '1000' };
  const large = (xid: number) => getData(xid, `/${'a'.repeat(500)}`, true);

  it('ends the connection that sends one too many, until others are answered', () => {
    const world = new FrontWorld({ settings });
    const [first, second, third] = [world.connect(), world.connect(), world.connect()];
    receive(first, large(1), getData(2, '/small', true));
    receive(second, large(1));
    world.turn();
    expect(second.socket.destroyed).toBe(true);
    expect(counters(world).large_requests_rejected).toBe(1);
    expect(requestsSent(world)).toBe(2);
    world.reply(first, 1, replyFrame(1, 1));
    world.turn();
    receive(third, large(1));
    world.turn();
    expect(third.socket.destroyed).toBe(false);
    expect(requestsSent(world)).toBe(3);
  });

  it('forgets those of a connection that is gone', () => {
    const world = new FrontWorld({ settings });
    const [first, second] = [world.connect(), world.connect()];
    receive(first, large(1));
    first.connection.destroy();
    receive(second, large(1));
    world.turn();
    expect(second.socket.destroyed).toBe(false);
  });
});

describe('the connection throttle', () => {
  const off = { fillTimeMs: 10, fillCount: 1, freezeTimeMs: -1, weights: null };
  const chances = { dropIncrease: 0.5, dropDecrease: 0.25, decreaseRatio: 0.5 };
  const random = { next32: () => 2 ** 31 };

  function newThrottle(
    settings: Partial<ConnectionThrottleSettings>,
    memory = createConnectionThrottle(),
  ) {
    const all = { tokens: 0, ...off, ...chances, ...settings };
    return new ConnectionThrottle(memory, all, random, 0);
  }

  it('has one bucket for all fronts', () => {
    const memory = createConnectionThrottle();
    const [one, other] = [newThrottle({ tokens: 2 }, memory), newThrottle({ tokens: 2 }, memory)];
    expect([one, other, one, other].map((throttle) => throttle.takes(true, 0))).toEqual([
      ...[true, true, false, false],
    ]);
    expect(one.deficit).toBe(2);
  });

  it('takes as many handshakes as there are tokens, which come back with time', () => {
    const throttle = newThrottle({ tokens: 2 });
    expect([0, 0, 0].map((ms) => throttle.takes(true, ms))).toEqual([true, true, false]);
    expect(throttle.deficit).toBe(2);
    expect([10, 11, 12].map((ms) => throttle.takes(true, ms))).toEqual([false, true, false]);
    expect([1000, 1000, 1000].map((ms) => throttle.takes(true, ms))).toEqual([true, true, false]);
  });

  it('counts a new session for more than one that comes back, when it is told to', () => {
    const weights = { open: 3, renew: 2 };
    const throttle = newThrottle({ tokens: 2, weights });
    expect(throttle.takes(true, 0)).toBe(true);
    expect(throttle.takes(false, 0)).toBe(true);
    expect(throttle.deficit).toBe(5);
    expect(throttle.takes(false, 0)).toBe(false);
  });

  it('drops by chance while the bucket is empty, and less when it is not', () => {
    const throttle = newThrottle({ tokens: 1, freezeTimeMs: 5 });
    expect(throttle.takes(true, 0)).toBe(true);
    for (const [ms, probability] of [
      [6, 0.5],
      [9, 0.5],
      [18, 0.25],
    ] as const) {
      throttle.takes(true, ms);
      expect(throttle.dropProbability).toBe(probability);
    }
  });

  it('closes the connection, and says how many', () => {
    const settings = { connection_throttle_tokens: '1', connection_throttle_fill_time: '1000' };
    const world = new FrontWorld({ settings });
    world.connect();
    const refused = world.accept();
    receive(refused, framed(encodeConnectRequest({})));
    expect(refused.socket.destroyed).toBe(true);
    expect(counters(world)).toMatchObject({ connection_rejected: 1, connection_request_count: 1 });
    world.nowMs += 1001;
    world.connect();
  });
});
