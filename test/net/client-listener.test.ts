import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { ClientConnection, type ConnectionHandler } from '../../src/net/client-connection.ts';
import { ClientListener } from '../../src/net/client-listener.ts';
import { OutboundBudget } from '../../src/net/outbound-budget.ts';
import { SlabPool } from '../../src/net/slab-pool.ts';

const nothing = () => {};

/** Takes the first four bytes for a word that it answers when the test says so. */
class WordHandler implements ConnectionHandler {
  asked: Promise<ClientConnection>;
  private onAsked!: (connection: ClientConnection) => void;

  constructor() {
    this.asked = new Promise((resolve) => {
      this.onAsked = resolve;
    });
  }

  onFirstBytes(connection: ClientConnection): 'taken' {
    this.onAsked(connection);
    return 'taken';
  }

  onFrame = () => true;
  onReadEnd = nothing;
  onBadLength = nothing;
  onRead = nothing;
  onTooSlow = nothing;
  onFailure = nothing;
  onClosed = nothing;
}

describe('the listener', () => {
  let handler: WordHandler;
  let listener: ClientListener;
  let port: number;
  let errors: Error[];

  beforeEach(async () => {
    handler = new WordHandler();
    const pool = new SlabPool();
    const budget = new OutboundBudget();
    errors = [];
    listener = new ClientListener({
      ...{ host: '127.0.0.1', port: 0, backlog: undefined, keepAlive: false },
      accept: (socket) =>
        new ClientConnection({ cnxnId: 1, socket, handler, pool, budget, frameBytesMax: 1024 }),
      onError: (error) => errors.push(error),
    });
    port = await listener.listen();
  });

  afterEach(() => listener.close());

  it('writes to a client that has closed its half', async () => {
    const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const text = new Promise<string>((resolve) => {
      let all = '';
      client.on('data', (chunk) => (all += chunk.toString()));
      client.on('close', () => resolve(all));
    });
    client.end('word');
    const connection = await handler.asked;
    await new Promise((resolve) => connection.socket.once('end', resolve));
    const answer = encodeUtf8('answer');
    connection.append(answer, 0, answer.byteLength);
    connection.end();
    client.once('end', () => client.destroy());
    expect(await text).toBe('answer');
  });

  it('reports an accept that failed and lives on', () => {
    const { server } = listener as unknown as { server: net.Server };
    server.emit('error', new Error('accept ENOBUFS'));
    expect(errors.map(({ message }) => message)).toEqual(['accept ENOBUFS']);
  });
});
