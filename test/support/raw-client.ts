/**
 * A small ZooKeeper client for tests. It sends exactly what it is told, keeps the order in which
 * replies and notifications arrived, and has no pings, no watches and no reconnect of its own: a
 * test says each of these. Errors of the protocol are values (`reply.err`), never exceptions.
 */
import {
  connectRequest,
  connectResponse,
  OpCode,
  replyHeader,
  requestHeader,
  watcherEvent,
  Xid,
} from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { bool, type Field } from '../../src/jute/schema.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { ConnectionClosedError, RawSocket } from './raw-socket.ts';

export interface RawSession {
  readonly id: bigint;
  readonly passwd: Uint8Array;
  /** Negotiated, ms; 0 when the server says that the session is invalid. */
  readonly timeoutMs: number;
  /** Undefined when the response had no such byte. */
  readonly readOnly: boolean | undefined;
}

export interface RawConnectOptions {
  port: number;
  host?: string;
  timeoutMs?: number;
  /** Reopens this session. */
  session?: { id: bigint; passwd: Uint8Array | null };
  lastZxidSeen?: bigint;
  /** `absent` leaves the byte away, as clients before 3.4 do. */
  readOnly?: boolean | 'absent';
}

export interface RawReply {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
  readonly body: Uint8Array;
  /** Its place among everything that this connection received after the handshake. */
  readonly position: number;
}

export interface RawNotification {
  readonly zxid: bigint;
  readonly type: number;
  readonly state: number;
  readonly path: string;
  readonly position: number;
}

interface Pending {
  resolve(reply: RawReply): void;
  reject(error: Error): void;
}

export class RawClient {
  readonly session: RawSession;
  readonly socket: RawSocket;
  /** All notifications so far, in order. */
  readonly notifications: RawNotification[] = [];
  /** Replies that answer no request of ours: always a fault of the server. */
  readonly strays: RawReply[] = [];
  private readonly pending = new Map<number, Pending[]>();
  private readonly notificationWaiters: {
    count: number;
    resolve(): void;
    reject(e: Error): void;
  }[] = [];
  private position = 0;
  private lastXid = 0;

  private constructor(socket: RawSocket, session: RawSession) {
    this.socket = socket;
    this.session = session;
    socket.onFrame = (frame) => this.receive(frame);
    void socket.closed.then(() => this.fail());
  }

  /**
   * Connects and shakes hands. Resolves for an invalid session too (`session.timeoutMs` is 0);
   * rejects with `ConnectionClosedError` when the server closes without an answer.
   */
  static async connect(options: RawConnectOptions): Promise<RawClient> {
    const socket = await RawSocket.open(options.port, options.host);
    socket.writeFrame(encodeConnectRequest(options));
    const frame = await socket.nextFrame();
    return new RawClient(socket, decodeConnectResponse(frame));
  }

  /** The xid that the next `request` uses. */
  get nextXid(): number {
    return this.lastXid + 1;
  }

  /** Sends a request now; further ones may follow before its reply. */
  request(type: number, body: Uint8Array = new Uint8Array(0), xid?: number): Promise<RawReply> {
    const used = xid ?? (this.lastXid = this.nextXid);
    const payload = new Uint8Array(8 + body.byteLength);
    const view = new DataView(payload.buffer);
    view.setInt32(0, used);
    view.setInt32(4, type);
    payload.set(body, 8);
    this.socket.writeFrame(payload);
    return this.reply(used);
  }

  /** Waits for the next reply with this xid without sending anything. */
  reply(xid: number): Promise<RawReply> {
    if (this.socket.isClosed) return Promise.reject(new ConnectionClosedError('already closed'));
    const promise = new Promise<RawReply>((resolve, reject) => {
      const queue = this.pending.get(xid);
      if (queue === undefined) this.pending.set(xid, [{ resolve, reject }]);
      else queue.push({ resolve, reject });
    });
    // Whoever awaits it still sees the error; whoever does not is not punished for a closed socket.
    promise.catch(() => {});
    return promise;
  }

  /** A request with a record as body; `value` is undefined when the server answered an error. */
  async call<Q, A>(
    type: number,
    request: Field<Q>,
    value: Q,
    response?: Field<A>,
  ): Promise<{ reply: RawReply; value: A | undefined }> {
    const reply = await this.request(type, encodeRecord(request, value));
    if (reply.err !== 0 || response === undefined) return { reply, value: undefined };
    return { reply, value: response.read(new JuteReader(reply.body)) };
  }

  ping(): Promise<RawReply> {
    return this.request(OpCode.ping, undefined, Xid.ping);
  }

  /** Resolves with the first `count` notifications once so many have arrived. */
  async notified(count: number): Promise<RawNotification[]> {
    if (this.notifications.length < count) {
      if (this.socket.isClosed) throw new ConnectionClosedError('already closed');
      await new Promise<void>((resolve, reject) => {
        this.notificationWaiters.push({ count, resolve, reject });
      });
    }
    return this.notifications.slice(0, count);
  }

  /** Ends the session and waits until the server has closed the connection. */
  async close(): Promise<void> {
    if (this.socket.isClosed) return;
    await this.request(OpCode.closeSession).catch(() => {});
    this.socket.end();
    await this.socket.closed;
  }

  /** Drops the connection; the session lives on. */
  abandon(): Promise<void> {
    return this.socket.destroy();
  }

  private receive(frame: Uint8Array): void {
    const reader = new JuteReader(frame);
    const header = replyHeader.read(reader);
    const position = this.position++;
    if (header.xid === Xid.notification) {
      const event = watcherEvent.read(reader);
      const { type, state, path } = event;
      this.notifications.push({ zxid: header.zxid, type, state, path: path ?? '', position });
      this.wakeNotificationWaiters();
      return;
    }
    const reply = { ...header, body: frame.subarray(reader.offset), position };
    const queue = this.pending.get(header.xid);
    const pending = queue?.shift();
    if (queue?.length === 0) this.pending.delete(header.xid);
    if (pending === undefined) this.strays.push(reply);
    else pending.resolve(reply);
  }

  private wakeNotificationWaiters(): void {
    for (let i = this.notificationWaiters.length - 1; i >= 0; i--) {
      const waiter = this.notificationWaiters[i]!;
      if (this.notifications.length < waiter.count) continue;
      this.notificationWaiters.splice(i, 1);
      waiter.resolve();
    }
  }

  private fail(): void {
    const error = new ConnectionClosedError('the server closed the connection');
    for (const queue of this.pending.values()) for (const pending of queue) pending.reject(error);
    this.pending.clear();
    for (const waiter of this.notificationWaiters.splice(0)) waiter.reject(error);
  }
}

/** The bytes of a record. */
export function encodeRecord<T>(field: Field<T>, value: T): Uint8Array {
  const writer = new JuteWriter(256);
  field.write(writer, value);
  return writer.finish();
}

/** The bytes of a request: header and body, without the length. */
export function encodeRequest(xid: number, type: number, body: Uint8Array): Uint8Array {
  const writer = new JuteWriter(8 + body.byteLength);
  requestHeader.write(writer, { xid, type });
  writer.writeRaw(body);
  return writer.finish();
}

/** The payload of the first frame of a connection. */
export function encodeConnectRequest(
  options: Omit<RawConnectOptions, 'port' | 'host'>,
): Uint8Array {
  const writer = new JuteWriter(64);
  connectRequest.write(writer, {
    protocolVersion: 0,
    lastZxidSeen: options.lastZxidSeen ?? 0n,
    timeOut: options.timeoutMs ?? 30_000,
    sessionId: options.session?.id ?? 0n,
    passwd: options.session === undefined ? new Uint8Array(16) : options.session.passwd,
  });
  const readOnly = options.readOnly ?? false;
  if (readOnly !== 'absent') bool.write(writer, readOnly);
  return writer.finish();
}

function decodeConnectResponse(frame: Uint8Array): RawSession {
  const reader = new JuteReader(frame);
  const response = connectResponse.read(reader);
  return {
    id: response.sessionId,
    passwd: response.passwd ?? new Uint8Array(0),
    timeoutMs: response.timeOut,
    readOnly: reader.remaining() > 0 ? reader.readBool() : undefined,
  };
}
