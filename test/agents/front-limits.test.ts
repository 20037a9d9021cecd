/** Two fronts of one server, between fake sockets and a keeper that is the test. */
import { describe, expect, it } from 'vitest';
import { ToKeeper } from '../../src/agents/messages.ts';
import { SessionTable } from '../../src/state/session-table.ts';
import {
  type FakeClient,
  FrontWorld,
  getData,
  ping,
  receive,
  replyFrame,
} from './front-harness.ts';

function twoFronts(settings: Readonly<Record<string, string>> = {}): [FrontWorld, FrontWorld] {
  const first = new FrontWorld({ settings, fronts: 2 });
  return [first, new FrontWorld({ settings, beside: { world: first, index: 1 } })];
}

const requestsSent = (world: FrontWorld) =>
  world.toKeeper.filter((type) => type === ToKeeper.request).length;

const isRefused = (world: FrontWorld) => {
  try {
    world.accept();
    return false;
  } catch {
    return true;
  }
};

function hangUp(client: FakeClient): void {
  client.connection.destroy();
}

describe('the fronts of a server', () => {
  it.each([['maxClientCnxns'], ['maxCnxns']])('count connections together for %s', (name) => {
    const [one, other] = twoFronts({ [name]: '3' });
    const first = one.accept();
    const clients = [one.accept(), other.accept()];
    expect([isRefused(one), isRefused(other)]).toEqual([true, true]);
    hangUp(first);
    clients.push(other.accept());
    expect([isRefused(one), isRefused(other)]).toEqual([true, true]);
    for (const client of clients) hangUp(client);
    expect([isRefused(one), isRefused(other)]).toEqual([false, false]);
  });

  it('give out numbers of connections that are all different', () => {
    const fronts = twoFronts();
    const ids = fronts.flatMap((front) => [front.accept(), front.accept()]);
    expect(new Set(ids.map(({ connection }) => connection.cnxnId)).size).toBe(4);
  });

  it('hold globalOutstandingLimit together', () => {
    const [one, other] = twoFronts({ globalOutstandingLimit: '2' });
    const [a, b] = [one.connect(), other.connect()];
    receive(a, getData(1, '/a', true));
    receive(b, getData(1, '/a', true), getData(2, '/a', true));
    other.turn();
    expect(requestsSent(other)).toBe(1);
    other.reply(b, 1, replyFrame(1, 1));
    other.turn();
    expect(requestsSent(other)).toBe(2);
  });

  it('hold the limit of the request throttle together, but for one request each', () => {
    const [one, other] = twoFronts({ request_throttle_max_requests: '2' });
    const [a, b, c] = [one.connect(), other.connect(), other.connect()];
    receive(a, getData(1, '/a', true));
    receive(b, getData(1, '/a', true));
    receive(c, getData(1, '/a', true));
    other.turn();
    expect(requestsSent(other)).toBe(1);
    other.reply(b, 1, replyFrame(1, 1));
    other.turn();
    expect(requestsSent(other)).toBe(2);
  });

  it('serve a session on the connection that has it, and on no other', () => {
    const [one, other] = twoFronts();
    const before = one.connect();
    receive(before, ping());
    const after = other.accept();
    new SessionTable(one.shared.sessions).attach(0, after.connection.cnxnId);
    receive(before, ping(), getData(1, '/', false), getData(2, '/', true));
    one.turn();
    expect(before.socket.xids).toEqual([-2]);
    expect(requestsSent(one)).toBe(0);
  });
});
