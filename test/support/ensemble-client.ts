/**
 * A client of an ensemble as libraries are: when its server is lost, refuses or is silent it goes
 * on with the next one, with the same session as long as there is one. It tells its user what is
 * not known: a request without an answer may have been carried out.
 */
import { OpCode } from '../../src/jute/proto.ts';
import { RawClient, type RawReply } from './raw-client.ts';

export interface EnsembleClientOptions {
  /** Client ports of the servers; the first one is the first to be asked. */
  readonly ports: readonly number[];
  /** A server that does not answer for so long is left. */
  readonly patienceMs?: number;
  readonly sessionTimeoutMs?: number;
}

const sessionExpired = -112;
const sessionMoved = -118;
const retryPauseMs = 20;
const closeTriesMax = 200;

export class EnsembleClient {
  /** Sessions that a server did not know any more. */
  lostSessions = 0;
  private readonly options: EnsembleClientOptions;
  private client: RawClient | null = null;
  private session: { id: bigint; passwd: Uint8Array } | null = null;
  private zxidSeen = 0n;
  private nextPort = 0;

  constructor(options: EnsembleClientOptions) {
    this.options = options;
  }

  /** What `request` resolves to, or null when there was no answer; the next try is elsewhere. */
  async attempt<T extends RawReply | { readonly reply: RawReply }>(
    request: (client: RawClient) => Promise<T>,
  ): Promise<T | null> {
    try {
      this.client ??= await this.connect();
      const answer = await this.patiently(request(this.client));
      const { err, zxid } = 'reply' in answer ? answer.reply : answer;
      if (zxid > this.zxidSeen) this.zxidSeen = zxid;
      if (err === sessionExpired) this.loseSession();
      if (err !== sessionExpired && err !== sessionMoved) return answer;
    } catch {
      // No answer.
    }
    await this.leave();
    return null;
  }

  /** Ends the session, wherever somebody serves it. */
  async close(): Promise<void> {
    for (let tries = 0; tries < closeTriesMax && this.session !== null; tries++) {
      if (await this.attempt((client) => client.request(OpCode.closeSession))) break;
    }
    await this.client?.abandon();
  }

  private async connect(): Promise<RawClient> {
    const { ports, sessionTimeoutMs: timeoutMs } = this.options;
    const port = ports[this.nextPort++ % ports.length]!;
    const options = { port, timeoutMs: timeoutMs ?? 30_000, lastZxidSeen: this.zxidSeen };
    const { session } = this;
    const client = await this.patiently(
      RawClient.connect(session === null ? options : { ...options, session }),
    );
    if (client.session.timeoutMs === 0) {
      this.loseSession();
      await client.abandon();
      throw new Error('the session has expired');
    }
    this.session = client.session;
    return client;
  }

  private loseSession(): void {
    this.lostSessions++;
    this.session = null;
  }

  private async leave(): Promise<void> {
    await this.client?.abandon();
    this.client = null;
    await new Promise((resolve) => setTimeout(resolve, retryPauseMs));
  }

  private patiently<T>(promise: Promise<T>): Promise<T> {
    const limitMs = this.options.patienceMs ?? 2000;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer in ${limitMs} ms`)), limitMs);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
