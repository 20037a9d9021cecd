/**
 * A front agent whose sockets are fake and whose keeper is the test: what arrives, what the keeper
 * says and when the front's loop turns is decided line by line, with nothing left to chance.
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { MetricsMemory } from '../../src/admin/metrics-recorder.ts';
import { ConnectedLayout, NotifyLayout, ReplyLayout, ToFront } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import type { Disk } from '../../src/base/ports.ts';
import { readConfiguration } from '../../src/config/read-configuration.ts';
import type { Membership } from '../../src/config/server-lines.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { FrontAgent } from '../../src/front/front.ts';
import { authPacket, OpCode, pathWatchRequest, Xid } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import type { ClientConnection } from '../../src/net/client-connection.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { SessionTable } from '../../src/state/session-table.ts';
import { Serving, SharedStatus } from '../../src/state/shared-status.ts';
import { payloadBytesMaxDefault } from '../../src/storage/txn-log-format.ts';
import { assembleFront } from '../../src/thread/assemble-front.ts';
import { nodePorts } from '../../src/thread/node-ports.ts';
import { createShared, type SharedServer } from '../../src/thread/shared.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';
import { encodeConnectRequest, encodeRecord, encodeRequest } from '../support/raw-client.ts';
import { framed } from '../support/raw-socket.ts';

const mib = 1024 * 1024;
const timeoutMs = 10_000;

/** Takes everything at once, unless `isDeaf`; then it piles up until `listen`. */
export class FakeSocket extends EventEmitter {
  readonly remoteAddress = '10.0.0.1';
  readonly remotePort = 40_000;
  writableLength = 0;
  isDeaf = false;
  isPaused = false;
  destroyed = false;
  readonly written: Uint8Array[] = [];
  private onFinished: (() => void) | null = null;

  write(bytes: Uint8Array): void {
    this.written.push(Uint8Array.from(bytes));
    if (this.isDeaf) this.writableLength += bytes.byteLength;
  }

  end(onFinished: () => void): void {
    this.onFinished = onFinished;
    if (!this.isDeaf) this.listen();
  }

  /** The other side reads everything that waited. */
  listen(): void {
    this.isDeaf = false;
    this.writableLength = 0;
    this.emit('drain');
    this.onFinished?.();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  get writableNeedDrain(): boolean {
    return this.writableLength > 0;
  }

  /** Error codes of the replies after the handshake's. */
  get errs(): number[] {
    return this.frames.slice(1).map((frame) => Buffer.from(frame).readInt32BE(12));
  }

  /** Frames that were written, without their lengths. */
  get frames(): Uint8Array[] {
    const bytes = Buffer.concat(this.written);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.byteLength; ) {
      const end = at + 4 + bytes.readInt32BE(at);
      frames.push(bytes.subarray(at + 4, end));
      at = end;
    }
    return frames;
  }

  get text(): string {
    return Buffer.concat(this.written).toString();
  }

  /** The xids of the replies after the handshake's. */
  get xids(): number[] {
    return this.frames.slice(1).map((frame) => Buffer.from(frame).readInt32BE(0));
  }
}

export interface FakeClient {
  readonly socket: FakeSocket;
  readonly connection: ClientConnection;
}

interface FrontWorldOptions {
  readonly treeBytes?: number;
  readonly disk?: Disk;
  readonly words?: string;
  readonly membership?: Membership;
  readonly settings?: Readonly<Record<string, string>>;
  /** Fronts of the server; this is the first of them. */
  readonly fronts?: number;
  /** A further front beside the one of this world, with the same settings. */
  readonly beside?: { readonly world: FrontWorld; readonly index: number };
}

export class FrontWorld {
  readonly front: FrontAgent;
  readonly shared: SharedServer;
  readonly tree: TreeWriter;
  readonly settings: Settings;
  /** What the front has written for the keeper. */
  readonly requests: RingReceiver;
  /** Kinds of the records that `turn` has found there. */
  readonly toKeeper: number[] = [];
  /** What the front counts. */
  readonly metrics: MetricsMemory;
  readonly failures: unknown[] = [];
  nowMs = 1;
  wakes = 0;
  private readonly replies: Outlet;
  private readonly sessions: SessionTable;

  readonly status: SharedStatus;

  constructor(options: FrontWorldOptions = {}) {
    this.settings = settingsOf({
      maxClientCnxns: '0',
      '4lw.commands.whitelist': options.words ?? '*',
      ...options.settings,
    });
    const { beside, fronts = 1, treeBytes = mib } = options;
    const index = beside?.index ?? 0;
    const shared = beside?.world.shared ?? this.createShared(treeBytes, fronts);
    this.shared = shared;
    const own = shared.fronts[index]!;
    const ports = nodePorts(this.settings, 'front');
    this.metrics = own.metrics;
    this.tree = beside?.world.tree ?? new TreeWriter(shared.tree);
    if (beside === undefined) this.tree.createSystemNodes();
    this.sessions = new SessionTable(shared.sessions);
    this.requests = new RingReceiver(own.requests);
    this.replies = new Outlet(new RingSender(own.replies));
    this.status = new SharedStatus(shared.status);
    this.status.serving = Serving.serving;
    this.front = assembleFront({
      ...{ shared, settings: this.settings, serverId: 1, index },
      membership: options.membership ?? null,
      ports: {
        ...ports,
        disk: options.disk ?? ports.disk,
        clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      },
      clientPort: () => 2181,
      wake: () => {
        this.wakes++;
      },
      onFailure: (error) => {
        this.failures.push(error);
      },
      onSnapshotDue: () => {},
    });
  }

  private createShared(treeBytesMax: number, fronts: number): SharedServer {
    const frameBytesMax = this.settings['jute.maxbuffer'];
    const { nowMs } = this;
    return createShared({
      ...{
        placement: 'inline',
        fronts,
        isMember: false,
        payloadBytesMax: payloadBytesMaxDefault,
      },
      ...{ treeBytesMax, hashSeed: 0, frameBytesMax, nowMs },
    });
  }

  /** A connection that has said nothing yet. */
  accept(): FakeClient {
    const socket = new FakeSocket();
    const connection = this.front.clients.accept(socket as unknown as Socket);
    if (connection === null) throw new Error('refused');
    return { socket, connection };
  }

  /** A connection with a session. */
  connect(): FakeClient {
    const client = this.accept();
    receive(client, framed(encodeConnectRequest({ timeoutMs })));
    this.connected(client);
    this.turn();
    return client;
  }

  /** As the front's loop: duty cycles until there is nothing to do. */
  turn(): void {
    this.wakes = 0;
    while (this.front.dutyCycle(this.nowMs) > 0);
    this.requests.drain((type) => this.toKeeper.push(type) > 0, Number.MAX_SAFE_INTEGER);
  }

  /** The keeper accepts the handshake. */
  connected({ connection }: FakeClient): void {
    const slot = this.sessions.slotsEver;
    const id = 1000 + slot;
    this.sessions.fill(slot, 0, id, timeoutMs);
    this.sessions.attach(slot, connection.cnxnId);
    const at = this.replies.open(ToFront.connected, ConnectedLayout.bytes);
    const { view } = this.replies;
    view.setInt32(at + ConnectedLayout.cnxnId, connection.cnxnId);
    view.setInt32(at + ConnectedLayout.valid, 1);
    view.setInt32(at + ConnectedLayout.sessionId, 0);
    view.setInt32(at + ConnectedLayout.sessionId + 4, id);
    view.setInt32(at + ConnectedLayout.slot, slot);
    view.setInt32(at + ConnectedLayout.timeoutMs, timeoutMs);
    this.replies.flush();
  }

  /** Bytes of the keeper for a client; `answers` is 0 for a piece that is not the last. */
  reply({ connection }: FakeClient, answers: number, bytes: Uint8Array): void {
    const at = this.replies.open(ToFront.reply, ReplyLayout.bytes + bytes.byteLength);
    this.replies.view.setInt32(at + ReplyLayout.cnxnId, connection.cnxnId);
    this.replies.view.setInt32(at + ReplyLayout.answers, answers);
    this.replies.bytes.set(bytes, at + ReplyLayout.bytes);
    this.replies.flush();
  }

  /** The keeper answers a question of a word. */
  answer(queryId: number, value: unknown): void {
    const json = encodeUtf8(JSON.stringify(value));
    const at = this.replies.open(ToFront.answer, 8 + json.byteLength);
    this.replies.view.setInt32(at, queryId);
    this.replies.view.setInt32(at + 4, 0);
    this.replies.bytes.set(json, at + 8);
    this.replies.flush();
  }

  /** The keeper asks whether the client reads. */
  askRoom({ connection }: FakeClient): void {
    const at = this.replies.open(ToFront.askRoom, 4);
    this.replies.view.setInt32(at, connection.cnxnId);
    this.replies.flush();
  }

  close({ connection }: FakeClient): void {
    const at = this.replies.open(ToFront.close, 4);
    this.replies.view.setInt32(at, connection.cnxnId);
    this.replies.flush();
  }

  /** The keeper applies txn `zxid`, of which the client is told. */
  change(zxid: number, { connection }: FakeClient): void {
    this.tree.openSection();
    const frame = replyFrame(Xid.notification, zxid);
    const at = this.replies.open(ToFront.notify, NotifyLayout.cnxnIds + 4 + frame.byteLength);
    const { view } = this.replies;
    view.setInt32(at + NotifyLayout.zxid, 0);
    view.setInt32(at + NotifyLayout.zxid + 4, zxid);
    view.setInt32(at + NotifyLayout.count, 1);
    view.setInt32(at + NotifyLayout.cnxnIds, connection.cnxnId);
    this.replies.bytes.set(frame, at + NotifyLayout.cnxnIds + 4);
    this.replies.flush();
    this.tree.closeSection(0, zxid);
  }

  /** Adds a node below the root. */
  addNode(path: string, dataBytes: number): void {
    const { tree } = this;
    const bytes = encodeUtf8(path);
    tree.openSection();
    const data = new Uint8Array(dataBytes);
    const owner = [-1, 0, 0] as const;
    tree.create(tree.root, bytes, 0, bytes.byteLength, data, 0, dataBytes, ...owner);
    tree.closeSection(tree.lastZxidHi, tree.lastZxidLo);
  }
}

/** One read event. Returns whether the socket is to be read on. */
export function receive({ connection }: FakeClient, ...parts: readonly Uint8Array[]): boolean {
  const bytes = Uint8Array.from(Buffer.concat(parts));
  return connection.onBytes(bytes, new DataView(bytes.buffer), bytes.byteLength);
}

export function ping(): Uint8Array {
  return framed(encodeRequest(Xid.ping, OpCode.ping, new Uint8Array(0)));
}

export function getData(xid: number, path: string, watch = false): Uint8Array {
  const body = encodeRecord(pathWatchRequest, { path, watch });
  return framed(encodeRequest(xid, OpCode.getData, body));
}

export function auth(text: string): Uint8Array {
  const body = encodeRecord(authPacket, { type: 0, scheme: 'digest', auth: encodeUtf8(text) });
  return framed(encodeRequest(Xid.auth, OpCode.auth, body));
}

/** A reply without a body, length included. */
export function replyFrame(xid: number, zxid: number, err = 0): Uint8Array {
  const payload = new Uint8Array(16);
  const view = new DataView(payload.buffer);
  view.setInt32(0, xid);
  view.setInt32(8, zxid);
  view.setInt32(12, err);
  return framed(payload);
}

/** Settings as the command line would give them. */
export function settingsOf(values: Readonly<Record<string, string>>): Settings {
  const said = Object.entries({ dataDir: '/nowhere', 'ringkeeper.logLevel': 'fatal', ...values });
  return readConfiguration({
    configFile: null,
    defaults: 'development',
    flags: [],
    environment: {},
    options: said.map(([name, value]) => ({ name, value, origin: { kind: 'option', name } })),
    readText: () => null,
  }).settings;
}
