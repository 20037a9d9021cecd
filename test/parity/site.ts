/**
 * A server and its clients for a group of tests that share their settings. Everything is on the
 * thread of the test, nothing is synced to the disk unless the group says so, and what the group
 * opened is closed after it. Raw clients send no pings: their sessions live for a minute.
 */
import { rmSync } from 'node:fs';
import net from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { type EmbeddedServer, type StartServerOptions, startServer } from '../../src/index.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient, type RawConnectOptions } from '../support/raw-client.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';

export type SiteSettings = NonNullable<StartServerOptions['settings']>;
/** What a client may say about itself besides where the server is. */
export type ClientOptions = Omit<RawConnectOptions, 'port'>;

const answerMsMax = 20_000;

export class Site {
  readonly options: StartServerOptions;
  server!: EmbeddedServer;
  private readonly clients: RawClient[] = [];

  constructor(options: StartServerOptions) {
    const settings = { forceSync: 'no', maxSessionTimeout: 120_000, ...options.settings };
    this.options = { logLevel: 'fatal', ...options, settings };
  }

  get port(): number {
    return this.server.port;
  }

  async start(): Promise<void> {
    this.server = await startServer(this.options);
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.abandon()));
    await this.server?.close();
  }

  /** A client with a session of a minute, unless `options` say otherwise. */
  async connect(options: ClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect({ timeoutMs: 60_000, ...options, port: this.port });
    this.clients.push(client);
    return client;
  }

  /** The answer to a four-letter word. */
  ask(word: string): Promise<string> {
    return askFourLetterWord(this.port, word, answerMsMax);
  }
}

/** A site that serves during the tests of this `describe`. */
export function useSite(options: StartServerOptions = {}): Site {
  const site = new Site(options);
  beforeAll(() => site.start());
  afterAll(() => site.stop());
  return site;
}

/** Directories that go after the tests of this file or `describe`. */
export function useDirectories(): () => string {
  const made: string[] = [];
  afterAll(() => {
    for (const path of made) rmSync(path, { recursive: true, force: true });
  });
  return () => {
    const path = temporaryDirectory();
    made.push(path);
    return path;
  };
}

/** A TCP connection that says nothing; resolves when it stands. */
export function openSocket(port: number, localAddress?: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = net.connect({ port, host: '127.0.0.1', ...from }, () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Resolves when the other side has closed. */
export function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.on('close', () => resolve()).resume();
  });
}
