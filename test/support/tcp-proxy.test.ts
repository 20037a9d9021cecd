/** The bad network of the tests is as bad as it is told to be, and no worse. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** What one end has received, and a way to wait for it. */
class End {
  readonly socket: Socket;
  readonly chunks: string[] = [];

  constructor(socket: Socket) {
    this.socket = socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (chunk) => this.chunks.push(String(chunk)));
    socket.on('error', () => {});
  }

  get text(): string {
    return this.chunks.join('');
  }

  async received(text: string): Promise<void> {
    while (this.text.length < text.length) await once(this.socket, 'data');
    expect(this.text).toBe(text);
  }
}

describe('a proxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  let near: End;
  let far: End;

  beforeEach(async () => {
    server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.listen(await freePort(), (server.address() as AddressInfo).port);
    const accepted = once(server, 'connection');
    near = new End(connect(proxy.port, '127.0.0.1'));
    far = new End(((await accepted) as [Socket])[0]);
  });

  afterEach(async () => {
    near.socket.destroy();
    far.socket.destroy();
    await proxy.close();
    server.close();
  });

  it('passes everything on in both directions', async () => {
    near.socket.write('there');
    await far.received('there');
    far.socket.write('and back');
    await near.received('and back');
  });

  it('holds what goes one way while the other way works, and loses nothing', async () => {
    proxy.forward.cut();
    near.socket.write('held');
    far.socket.write('first');
    await near.received('first');
    far.socket.write(', second');
    await near.received('first, second');
    expect(far.text).toBe('');
    proxy.forward.heal();
    await far.received('held');
  });

  it('holds the end of a connection, too', async () => {
    proxy.forward.cut();
    near.socket.end('last words');
    far.socket.write('not heard of');
    await near.received('not heard of');
    expect(far.socket.readableEnded).toBe(false);
    proxy.forward.heal();
    await once(far.socket, 'end');
    expect(far.text).toBe('last words');
  });

  it('breaks what it passes on into pieces', async () => {
    proxy.backward.pieceBytes = 3;
    far.socket.write('a piece of text');
    await near.received('a piece of text');
    expect(Math.max(...near.chunks.map((chunk) => chunk.length))).toBeLessThan(15);
  });

  it('delivers late, and in order', async () => {
    proxy.forward.delayMs = 20;
    near.socket.write('one ');
    near.socket.write('two ');
    near.socket.write('three');
    await far.received('one two three');
  });

  it('ends what it is told to, for both ends', async () => {
    const ends = [near, far].map(({ socket }) => {
      return new Promise((resolve) => socket.once('close', resolve));
    });
    proxy.reset();
    await Promise.all(ends);
  });
});
