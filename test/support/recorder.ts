/**
 * A client that records: all that it asks, all that it is answered, and when. It goes on with the
 * next server when one is lost, with its session as long as there is one, and never uses an xid
 * twice. Watches end with their connection; it sets none again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ErrorCode } from '../../src/base/error-codes.ts';
import {
  type ConnectionRecord,
  encodeHistory,
  type NotificationRecord,
  type OperationRecord,
} from '../../src/check/history-format.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { RawClient, type RawReply } from './raw-client.ts';

export interface RecorderOptions {
  /** Client ports of the servers; the first one is the first to be asked. */
  readonly ports: readonly number[];
  readonly sessionTimeoutMs?: number;
  /** A server that does not answer for so long is left. */
  readonly patienceMs?: number;
}

const retryPauseMs = 20;
const closeTriesMax = 50;
const now = () => process.hrtime.bigint();

export class Recorder {
  readonly connections: ConnectionRecord[] = [];
  readonly operations: OperationRecord[] = [];
  readonly notifications: NotificationRecord[] = [];
  private readonly options: RecorderOptions;
  private client: Promise<RawClient> | null = null;
  private leaving: Promise<void> | null = null;
  private session: { id: bigint; passwd: Uint8Array } | null = null;
  private zxidSeen = 0n;
  private lastXid = 0;
  private lastConnection = 0;

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  get acknowledged(): number {
    return this.operations.filter(({ answeredNs }) => answeredNs >= 0n).length;
  }

  get sessionId(): bigint {
    return this.session?.id ?? 0n;
  }

  /** The reply, or null when there was none: whether the server did it, its log will tell. */
  async request(type: number, body: Uint8Array): Promise<RawReply | null> {
    const connecting = (this.client ??= this.connect());
    try {
      const client = await connecting;
      return await this.recorded(client, type, body);
    } catch {
      await this.leave(connecting);
      return null;
    }
  }

  /** Ends the session, wherever somebody serves it, and the recording. */
  async close(): Promise<void> {
    for (let tries = 0; tries < closeTriesMax; tries++) {
      if ((await this.request(OpCode.closeSession, new Uint8Array(0))) !== null) break;
      if (this.session === null) break;
    }
    if (this.client !== null) await this.leave(this.client);
  }

  /** Ends the recording without telling any server: the session expires. */
  async abandon(): Promise<void> {
    if (this.client !== null) await this.leave(this.client);
  }

  /** Writes `clients/<name>.history` below the run directory. */
  save(runDirectory: string, name: string): void {
    const directory = join(runDirectory, 'clients');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${name}.history`), encodeHistory(this));
  }

  private async recorded(client: RawClient, type: number, body: Uint8Array): Promise<RawReply> {
    const xid = ++this.lastXid;
    const operation: OperationRecord = {
      ...{ invokedNs: now(), answeredNs: -1n, session: client.session.id },
      ...{ connection: this.lastConnection, xid, type, request: body },
      ...{ zxid: 0n, err: 0, position: 0, reply: null },
    };
    this.operations.push(operation);
    const {
      zxid,
      err,
      position,
      body: reply,
    } = await this.patiently(client.request(type, body, xid));
    if (err === ErrorCode.sessionExpired) this.session = null;
    if (err === ErrorCode.sessionExpired || err === ErrorCode.sessionMoved) {
      throw new Error('not served here');
    }
    Object.assign(operation, { answeredNs: now(), zxid, err, position, reply: reply.slice() });
    if (zxid > this.zxidSeen) this.zxidSeen = zxid;
    return { xid, zxid, err, position, body: reply };
  }

  private async connect(): Promise<RawClient> {
    const { ports, sessionTimeoutMs: timeoutMs = 10_000 } = this.options;
    const connection = ++this.lastConnection;
    const options = { port: ports[connection % ports.length]!, timeoutMs };
    const { session, zxidSeen: lastZxidSeen } = this;
    const client = await this.patiently(
      RawClient.connect({ ...options, lastZxidSeen, ...(session === null ? {} : { session }) }),
    );
    if (client.session.timeoutMs === 0) {
      this.session = null;
      await client.abandon();
      throw new Error('the session has expired');
    }
    this.session = client.session;
    this.connections.push({
      ...{ atNs: now(), connection, session: client.session.id },
      ...{ timeoutMs: client.session.timeoutMs, lastZxidSeen },
    });
    return client;
  }

  /** All requests that were lost with a connection leave it together. */
  private async leave(connecting: Promise<RawClient>): Promise<void> {
    if (this.client !== connecting) return;
    this.leaving ??= this.drop(connecting);
    await this.leaving;
  }

  /** Keeps the events of the connection, and pauses before there is a next one. */
  private async drop(connecting: Promise<RawClient>): Promise<void> {
    const connection = this.lastConnection;
    const client = await connecting.catch(() => null);
    await client?.abandon();
    for (const { position, zxid, type, path } of client?.notifications ?? []) {
      const { id: session } = client!.session;
      this.notifications.push({ session, connection, position, zxid, type, path });
    }
    await new Promise((resolve) => setTimeout(resolve, retryPauseMs));
    this.client = null;
    this.leaving = null;
  }

  private patiently<T>(promise: Promise<T>): Promise<T> {
    const limitMs = this.options.patienceMs ?? 2000;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer in ${limitMs} ms`)), limitMs);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
