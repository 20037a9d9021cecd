/** The front between fake sockets and a keeper that is the test. */
import { describe, expect, it } from 'vitest';
import { ToKeeper } from '../../src/agents/messages.ts';
import { outboundBytesPerConnectionMax } from '../../src/base/limits.ts';
import { encodeConnectRequest } from '../support/raw-client.ts';
import { framed } from '../support/raw-socket.ts';
import { auth, FrontWorld, getData, ping, receive, replyFrame } from './front-harness.ts';

describe('the front', () => {
  it('answers a ping and a read', () => {
    const world = new FrontWorld();
    world.addNode('/a', 10);
    const client = world.connect();
    receive(client, ping(), getData(5, '/a'));
    expect(client.socket.xids).toEqual([-2, 5]);
  });

  it('goes on with pipelined requests when the read event of another client brought the answer', () => {
    const world = new FrontWorld();
    const other = world.connect();
    const client = world.accept();
    receive(client, framed(encodeConnectRequest({})), ping());
    world.turn();
    world.connected(client);
    receive(other, ping());
    expect(world.wakes).toBeGreaterThan(0);
    world.turn();
    expect(client.socket.xids).toEqual([-2]);
  });

  it('counts nothing twice when a reply is what breaks a connection', () => {
    const world = new FrontWorld();
    const client = world.connect();
    receive(client, getData(1, '/a', true), getData(2, '/a', true));
    world.turn();
    expect(world.front.inFlightOfAll).toBe(2);
    client.socket.writableLength = 64 * 1024 * 1024;
    world.reply(client, 1, replyFrame(1, 1));
    world.turn();
    expect(client.socket.destroyed).toBe(true);
    expect(world.front.inFlightOfAll).toBe(0);
  });

  it('answers no further while a client does not read, and all when it does', () => {
    const world = new FrontWorld({ treeBytes: 8 * 1024 * 1024 });
    world.addNode('/large', 1_000_000);
    const client = world.connect();
    client.socket.isDeaf = true;
    const xids = Array.from({ length: 200 }, (_, i) => i + 1);
    const reads = xids.map((xid) => getData(xid, '/large'));
    expect(receive(client, ...reads)).toBe(false);
    world.turn();
    expect(client.socket.writableLength).toBeLessThan(8_000_000);
    expect(client.socket.destroyed).toBe(false);
    for (let i = 0; i < 200; i++) {
      client.socket.listen();
      client.socket.isDeaf = true;
      world.turn();
    }
    expect(client.socket.xids).toEqual(xids);
  });

  it('tells the keeper that there is room when the client has read, at once if it has', () => {
    const world = new FrontWorld({ treeBytes: 8 * 1024 * 1024 });
    world.addNode('/large', 1_000_000);
    const client = world.connect();
    const rooms = () => world.toKeeper.filter((type) => type === ToKeeper.room).length;
    world.askRoom(client);
    world.turn();
    expect(rooms()).toBe(1);
    client.socket.isDeaf = true;
    receive(client, ...Array.from({ length: 10 }, (_, i) => getData(i + 1, '/large')));
    world.askRoom(client);
    world.turn();
    expect(rooms()).toBe(1);
    client.socket.listen();
    expect(world.wakes).toBeGreaterThan(0);
    world.turn();
    expect(rooms()).toBe(2);
  });

  it('lets less wait for each client when many do not read', () => {
    const world = new FrontWorld({ treeBytes: 8 * 1024 * 1024 });
    world.addNode('/large', 1_000_000);
    const waiting = Array.from({ length: 600 }, () => {
      const client = world.connect();
      client.socket.isDeaf = true;
      receive(client, ...Array.from({ length: 10 }, (_, i) => getData(i + 1, '/large')));
      world.turn();
      expect(client.socket.destroyed).toBe(false);
      client.socket.written.length = 0;
      return client.socket.writableLength;
    });
    expect(waiting[0]).toBeGreaterThan(4_000_000);
    expect(waiting.at(-1)).toBeLessThan(1_100_000);
  });

  it('ends a connection whose events pile up, and says so', () => {
    const world = new FrontWorld();
    const client = world.connect();
    const other = world.connect();
    client.socket.writableLength = outboundBytesPerConnectionMax;
    world.change(1, client);
    world.turn();
    expect(client.socket.destroyed).toBe(true);
    expect(other.socket.destroyed).toBe(false);
  });

  it('tells of what a callback of a socket throws, whichever it is', () => {
    const world = new FrontWorld();
    const client = world.connect();
    const { front } = world;
    const error = new Error('wrong');
    const fail = () => {
      throw error;
    };
    front.onFrame = fail;
    expect(receive(client, ping())).toBe(false);
    front.onRead = fail;
    client.connection.isChoked = true;
    client.socket.listen();
    front.onClosed = fail;
    client.socket.emit('close');
    expect(world.failures).toEqual([error, error, error]);
  });

  it('puts no auth reply between the parts of a reply', () => {
    const world = new FrontWorld();
    const client = world.connect();
    const reply = replyFrame(1, 1);
    receive(client, getData(1, '/a', true));
    world.turn();
    world.reply(client, 0, reply.subarray(0, 7));
    world.turn();
    receive(client, auth('me:secret'));
    world.reply(client, 1, reply.subarray(7));
    world.turn();
    expect(client.socket.xids).toEqual([1, -4]);
  });

  it('gives out no number of a connection that is still there', () => {
    const world = new FrontWorld();
    const { cnxnId } = world.connect().connection;
    (world.front.clients as unknown as { lastId: number }).lastId = cnxnId - 1;
    expect(world.connect().connection.cnxnId).not.toBe(cnxnId);
    expect(world.front.clients.size).toBe(2);
  });

  it('drops a connection that ends and does not take its last bytes', () => {
    const world = new FrontWorld();
    const client = world.connect();
    client.socket.isDeaf = true;
    receive(client, ping());
    world.close(client);
    world.turn();
    for (const left of [20, 10, 10]) {
      expect(client.socket.destroyed).toBe(false);
      client.socket.writableLength = left;
      world.nowMs += 10_000;
      world.turn();
    }
    expect(client.socket.destroyed).toBe(true);
    expect(world.front.clients.size).toBe(0);
  });

  it('puts an event behind the replies that do not show its change, before those that do', () => {
    const world = new FrontWorld();
    const { front } = world;
    const client = world.connect();
    const [onFrame, onReadEnd] = [front.onFrame.bind(front), front.onReadEnd.bind(front)];
    let frames = 0;
    front.onFrame = (...frame) => {
      if (++frames === 3) world.change(5, client);
      return onFrame(...frame);
    };
    front.onReadEnd = (connection) => {
      world.change(6, client);
      onReadEnd(connection);
    };
    receive(client, getData(1, '/'), getData(2, '/'), getData(3, '/'), getData(4, '/'));
    world.turn();
    expect(client.socket.xids).toEqual([1, 2, -1, 3, 4, -1]);
  });
});
