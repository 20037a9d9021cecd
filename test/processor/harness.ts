/**
 * A keeper core in memory, driven with raw frames. Commits come at once, or are withheld until the
 * test asks for them. Everything that leaves the core is kept in order, with the zxid that a
 * lock-free reader of the tree would have seen at that moment.
 */
import { createHash } from 'node:crypto';
import { decodeIdentities, type Identities } from '../../src/auth/identity.ts';
import { authenticate, createSchemeTable, type SchemeTable } from '../../src/auth/schemes.ts';
import { joinHalves } from '../../src/base/zxid.ts';
import type { Acl } from '../../src/jute/data.ts';
import * as proto from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import type { Field } from '../../src/jute/schema.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { KeeperCore } from '../../src/processor/keeper-core.ts';
import type {
  ConnectAnswer,
  ForwardedRequest,
  KeeperMonitor,
  KeeperOutput,
  KeeperSettings,
} from '../../src/processor/keeper-ports.ts';
import { Ephemerals } from '../../src/state/ephemerals.ts';
import { createSessionTable, SessionTable } from '../../src/state/session-table.ts';
import { SessionTracker } from '../../src/state/session-tracker.ts';
import { WatchTable } from '../../src/state/watch-table.ts';
import { payloadBytesMaxDefault } from '../../src/storage/txn-log-format.ts';
import { EphemeralTypes } from '../../src/tree/ephemeral-type.ts';
import { Quotas } from '../../src/tree/quota.ts';
import { createTreeMemory, type TreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';

export const openAcl: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

export function aclOf(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}

/** base64 of sha1, as the digest scheme hashes `user:password`. */
export function digestOf(text: string): string {
  const hash = createHash('sha1').update(text).digest('base64');
  return `${text.split(':')[0]}:${hash}`;
}

export type Output =
  | { kind: 'reply'; cnxnId: number; frame: Uint8Array; visibleZxid: bigint }
  | { kind: 'event'; cnxnId: number; frame: Uint8Array; visibleZxid: bigint; inSection: boolean }
  | { kind: 'replay'; cnxnId: number; frame: Uint8Array; visibleZxid: bigint }
  | { kind: 'connected'; cnxnId: number; answer: ConnectAnswer; visibleZxid: bigint }
  | { kind: 'close'; cnxnId: number; visibleZxid: bigint };

/** What leaves for the leader, or for the others of the quorum. */
export type Asked =
  | { kind: 'forward' | 'sync'; request: ForwardedRequest }
  | { kind: 'revalidate'; sessionIdHi: number; sessionIdLo: number; timeoutMs: number };

export interface Reply {
  xid: number;
  zxid: bigint;
  err: number;
  body: Uint8Array;
}

export interface Event {
  zxid: bigint;
  type: number;
  state: number;
  path: string;
}

export interface Proposed {
  hi: number;
  lo: number;
  payload: Uint8Array;
}

/** For tests that look at something else. */
export const silentMonitor: KeeperMonitor = {
  begin: () => {},
  watchesTriggered: () => {},
  written: () => {},
  read: () => {},
  sessionExpired: () => {},
  quotaMet: () => {},
};

const extendedTypes = new EphemeralTypes({
  extendedTypesEnabled: true,
  emulate353TTLNodes: false,
});

export const defaultSettings: KeeperSettings = {
  serverId: 1,
  minSessionTimeoutMs: 4000,
  maxSessionTimeoutMs: 40000,
  localSessions: 'off',
  eagerAclCheck: false,
  digestEnabled: true,
  txnBytesMax: payloadBytesMaxDefault,
  containerCheckIntervalMs: 60_000,
  containerMaxPerMinute: 10_000,
  containerMaxNeverUsedIntervalMs: 0,
  ephemeralTypes: extendedTypes,
  enforceQuota: false,
  reconfigEnabled: false,
  closeSessionTxnEnabled: true,
};

export interface HarnessOptions {
  readonly settings?: Partial<KeeperSettings>;
  readonly monitor?: KeeperMonitor;
  readonly sessionsMax?: number;
  /** Commits are withheld until `commit` is called. */
  readonly withhold?: boolean;
  readonly tickTimeMs?: number;
  readonly skipAcl?: boolean;
  /** Serves as the only server unless told otherwise; `rest`: it does not serve yet. */
  readonly role?: 'standalone' | 'rest';
  /** Where the history begins; 0 unless given. */
  readonly lastZxid?: bigint;
  readonly treeBytesMax?: number;
  /** A tree that is there already, instead of an empty one. */
  readonly memory?: TreeMemory;
}

const wallMsAtStart = 1_795_000_000_000;

export class Harness implements KeeperOutput {
  readonly memory: TreeMemory;
  readonly tree: TreeWriter;
  readonly view: TreeView;
  readonly sessions: SessionTracker;
  readonly ephemerals = new Ephemerals();
  readonly watches: WatchTable;
  readonly schemes: SchemeTable;
  readonly core: KeeperCore;
  readonly outputs: Output[] = [];
  /** All txns, and how many of them are committed. */
  readonly proposed: Proposed[] = [];
  readonly asked: Asked[] = [];
  /** Connections of which the core wants to hear that there is room. */
  readonly roomAsked: number[] = [];
  isFull = false;
  committed = 0;
  withhold: boolean;
  nowMs = 1000;
  private readonly options: HarnessOptions;
  private nextCnxnId = 1;
  private readonly clients = new Map<number, Client>();

  constructor(options: HarnessOptions = {}) {
    this.withhold = options.withhold ?? false;
    this.options = options;
    this.memory =
      options.memory ??
      createTreeMemory({ bytesMax: options.treeBytesMax ?? 8 << 20, segmentBytes: 1 << 20 });
    const settings = { ...defaultSettings, ...options.settings };
    this.tree = new TreeWriter(this.memory, settings.ephemeralTypes);
    if (options.memory === undefined) this.createTree(options.lastZxid ?? 0n);
    this.view = new TreeView(this.memory);
    const { sessionsMax = 64, tickTimeMs = 2000 } = options;
    const sessionTable = new SessionTable(createSessionTable({ sessionsMax, nowMs: this.nowMs }));
    this.sessions = new SessionTracker(sessionTable, tickTimeMs);
    this.watches = new WatchTable((bytes, start, end) => this.tree.hashOf(bytes, start, end));
    this.schemes = createSchemeTable({
      skipAcl: options.skipAcl ?? false,
      digest: {
        hash: (text) => createHash('sha1').update(text).digest('base64'),
        superDigest: digestOf('super:test'),
      },
      sasl: null,
      x509: null,
      ensemble: null,
    });
    const { tree, sessions, ephemerals, watches, schemes } = this;
    this.core = new KeeperCore({
      ...{ tree, sessions, sessionTable, ephemerals, watches, schemes },
      quotas: new Quotas(tree),
      monitor: options.monitor ?? silentMonitor,
      output: this,
      settings,
    });
    this.core.begin(this.wallMs, this.nowMs);
    if (options.role !== 'rest') this.core.serveAlone();
    this.core.tick();
  }

  get wallMs(): number {
    return wallMsAtStart + this.nowMs;
  }

  /** Both clocks go on; nothing else happens. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.core.begin(this.wallMs, this.nowMs);
  }

  get lastZxid(): bigint {
    return joinHalves(this.view.lastZxidHi, this.view.lastZxidLo);
  }

  private createTree(lastZxid: bigint): void {
    this.tree.createSystemNodes();
    this.tree.openSection();
    this.tree.closeSection(Number(lastZxid >> 32n), Number(BigInt.asIntN(32, lastZxid)));
  }

  /** Another core on the same tree, without any session. */
  restart(): Harness {
    return new Harness({ ...this.options, memory: this.memory });
  }

  /** A connection with a new session. */
  client(options: { timeOut?: number; address?: string } = {}): Client {
    const client = this.connection();
    client.connect({ timeOut: options.timeOut ?? 10_000 }, options.address);
    if (this.withhold) this.commit();
    return client;
  }

  /** A connection that has not said anything yet. */
  connection(): Client {
    const client = new Client(this, this.nextCnxnId++);
    this.clients.set(client.cnxnId, client);
    return client;
  }

  /** Commits `count` of the txns that wait, or all of them. */
  commit(count = this.proposed.length - this.committed): void {
    for (let i = 0; i < count && this.committed < this.proposed.length; i++) {
      const { hi, lo } = this.proposed[this.committed++] as Proposed;
      this.core.commit(hi, lo);
    }
  }

  outputsFor(client: Client): Output[] {
    return this.outputs.filter((output) => output.cnxnId === client.cnxnId);
  }

  reply(cnxnId: number, frame: Uint8Array, start: number, end: number): void {
    const copy = frame.slice(start, end);
    this.outputs.push({ kind: 'reply', cnxnId, frame: copy, visibleZxid: this.lastZxid });
  }

  notify(
    cnxnIds: Int32Array,
    count: number,
    _zxidHi: number,
    _zxidLo: number,
    frame: Uint8Array,
    start: number,
    end: number,
  ): void {
    const inSection = this.view.beginRead() < 0;
    for (let i = 0; i < count; i++) {
      const copy = frame.slice(start, end);
      const cnxnId = cnxnIds[i] as number;
      const visibleZxid = this.lastZxid;
      this.outputs.push({ kind: 'event', cnxnId, frame: copy, visibleZxid, inSection });
    }
  }

  replayEvent(cnxnId: number, frame: Uint8Array, start: number, end: number): void {
    const copy = frame.slice(start, end);
    this.outputs.push({ kind: 'replay', cnxnId, frame: copy, visibleZxid: this.lastZxid });
  }

  connected(cnxnId: number, answer: ConnectAnswer): void {
    this.outputs.push({ kind: 'connected', cnxnId, answer, visibleZxid: this.lastZxid });
  }

  askRoom(cnxnId: number): void {
    this.roomAsked.push(cnxnId);
  }

  close(cnxnId: number): void {
    this.outputs.push({ kind: 'close', cnxnId, visibleZxid: this.lastZxid });
  }

  propose(payload: Uint8Array, start: number, end: number, hi: number, lo: number): void {
    this.proposed.push({ hi, lo, payload: payload.slice(start, end) });
    if (!this.withhold) this.commit();
  }

  forward(request: ForwardedRequest): void {
    this.asked.push({ kind: 'forward', request: copyOf(request) });
  }

  sync(request: ForwardedRequest): void {
    this.asked.push({ kind: 'sync', request: copyOf(request) });
  }

  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    this.asked.push({ kind: 'revalidate', sessionIdHi, sessionIdLo, timeoutMs });
  }
}

function copyOf(request: ForwardedRequest): ForwardedRequest {
  const bytes = request.bytes.slice(request.start, request.end);
  return { ...request, bytes, start: 0, end: bytes.byteLength };
}

/** One client connection: encodes requests, decodes what came for it. */
export class Client {
  readonly cnxnId: number;
  private readonly harness: Harness;
  private readonly writer = new JuteWriter();
  private identities: Identities | null = null;
  private readonly address = '127.0.0.1';
  nextXid = 1;

  constructor(harness: Harness, cnxnId: number) {
    this.harness = harness;
    this.cnxnId = cnxnId;
  }

  connect(
    ask: { lastZxidSeen?: bigint; timeOut?: number; sessionId?: bigint; passwd?: Uint8Array },
    address = this.address,
  ): void {
    const sessionId = ask.sessionId ?? 0n;
    const seen = ask.lastZxidSeen ?? 0n;
    this.harness.core.connect(
      this.cnxnId,
      {
        lastZxidSeenHi: Number(BigInt.asIntN(32, seen >> 32n)),
        lastZxidSeenLo: Number(BigInt.asIntN(32, seen)),
        timeOut: ask.timeOut ?? 10_000,
        sessionIdHi: Number(BigInt.asIntN(32, sessionId >> 32n)),
        sessionIdLo: Number(BigInt.asIntN(32, sessionId)),
        passwd: ask.passwd ?? new Uint8Array(16),
      },
      address,
    );
  }

  get answer(): ConnectAnswer | undefined {
    const found = this.outputs.find((output) => output.kind === 'connected');
    return found?.kind === 'connected' ? found.answer : undefined;
  }

  get sessionId(): bigint {
    const { sessionIdHi, sessionIdLo } = this.answer!;
    return joinHalves(sessionIdHi, sessionIdLo);
  }

  /** As the front does after an auth packet. */
  authenticate(scheme: string, auth: string): void {
    const before = this.identities ?? decodeIp(this.address);
    const result = authenticate(scheme, encodeUtf8(auth), before, this.harness.schemes);
    if (result.kind !== 'ok') throw new Error('refused');
    this.identities = result.identities;
    this.harness.core.setIdentities(this.cnxnId, result.identities);
  }

  /** Sends the bytes of a request payload, header included. */
  sendRaw(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    this.harness.core.request(this.cnxnId, payload, view, 0, payload.byteLength);
  }

  /** Sends a request without waiting; returns its xid. */
  send<T>(type: number, record?: Field<T>, value?: T, xid = this.nextXid++): number {
    this.writer.reset();
    this.writer.writeInt(xid);
    this.writer.writeInt(type);
    if (record !== undefined) record.write(this.writer, value as T);
    this.sendRaw(this.writer.finish().slice());
    return xid;
  }

  /** Sends a request and returns the reply that came at once. */
  call<T>(type: number, record?: Field<T>, value?: T): Reply {
    const before = this.replies.length;
    this.send(type, record, value);
    const reply = this.replies[before];
    if (reply === undefined) throw new Error(`no reply to op ${type}`);
    return reply;
  }

  sendCreate(path: string, more: CreateMore = {}): number {
    return this.send(more.type ?? proto.OpCode.create, proto.createRequest, createBody(path, more));
  }

  sendSetData(path: string, version = -1): number {
    return this.send(proto.OpCode.setData, proto.setDataRequest, { path, data: null, version });
  }

  sendSetAcl(path: string, acl: Acl[]): number {
    return this.send(proto.OpCode.setACL, proto.setACLRequest, { path, acl, version: -1 });
  }

  sendDelete(path: string, version = -1): number {
    return this.send(proto.OpCode.delete, proto.deleteRequest, { path, version });
  }

  sendGetData(path: string, watch = false): number {
    return this.send(proto.OpCode.getData, proto.pathWatchRequest, { path, watch });
  }

  create(path: string | null, more: CreateMore = {}): Reply {
    const { type = proto.OpCode.create, ttl } = more;
    const body = createBody(path, more);
    if (type === proto.OpCode.createTTL) {
      return this.call(type, proto.createTTLRequest, { ...body, ttl: ttl ?? -1n });
    }
    return this.call(type, proto.createRequest, body);
  }

  delete(path: string | null, version = -1): Reply {
    return this.call(proto.OpCode.delete, proto.deleteRequest, { path, version });
  }

  setData(path: string | null, data: string | null, version = -1): Reply {
    const bytes = data === null ? null : encodeUtf8(data);
    return this.call(proto.OpCode.setData, proto.setDataRequest, { path, data: bytes, version });
  }

  setAcl(path: string | null, acl: Acl[] | null, version = -1): Reply {
    return this.call(proto.OpCode.setACL, proto.setACLRequest, { path, acl, version });
  }

  getData(path: string | null, watch = false): Reply {
    return this.call(proto.OpCode.getData, proto.pathWatchRequest, { path, watch });
  }

  exists(path: string | null, watch = false): Reply {
    return this.call(proto.OpCode.exists, proto.pathWatchRequest, { path, watch });
  }

  getChildren(path: string | null, watch = false): Reply {
    return this.call(proto.OpCode.getChildren, proto.pathWatchRequest, { path, watch });
  }

  getAcl(path: string | null): Reply {
    return this.call(proto.OpCode.getACL, proto.pathRequest, { path });
  }

  addWatch(path: string | null, mode: number): Reply {
    return this.call(proto.OpCode.addWatch, proto.addWatchRequest, { path, mode });
  }

  /** The wire Stat of a node, which must be there. */
  stat(path: string): Stat {
    const reply = this.exists(path);
    if (reply.err !== 0) throw new Error(`no stat of ${path}: ${reply.err}`);
    return proto.statResponse.read(new JuteReader(reply.body)).stat;
  }

  children(path: string): string[] {
    const reply = this.getChildren(path);
    const { children } = proto.getChildrenResponse.read(new JuteReader(reply.body));
    return (children as string[]).sort();
  }

  get outputs(): Output[] {
    return this.harness.outputsFor(this);
  }

  get replies(): Reply[] {
    return this.outputs.filter((output) => output.kind === 'reply').map(decodeReply);
  }

  get lastReply(): Reply {
    return this.replies.at(-1)!;
  }

  /** Events of both kinds, in order. */
  get events(): Event[] {
    return this.outputs
      .filter((output) => output.kind === 'event' || output.kind === 'replay')
      .map(decodeEvent);
  }

  get isClosed(): boolean {
    return this.outputs.some((output) => output.kind === 'close');
  }
}

export type Stat = {
  czxid: bigint;
  mzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  dataLength: number;
  numChildren: number;
  pzxid: bigint;
};

export interface CreateMore {
  readonly type?: number;
  readonly data?: string | null;
  readonly acl?: Acl[] | null;
  readonly flags?: number;
  readonly ttl?: bigint;
}

export function createBody(path: string | null, more: CreateMore) {
  const { data = '', acl = openAcl, flags = 0 } = more;
  return { path, data: data === null ? null : encodeUtf8(data), acl, flags };
}

function decodeIp(address: string): Identities {
  const writer = new JuteWriter();
  writer.writeInt(1);
  writer.writeString('ip');
  writer.writeString(address);
  return decodeIdentities(new JuteReader(writer.finish().slice()));
}

export function decodeReply(output: Output): Reply {
  if (output.kind !== 'reply') throw new Error(`${output.kind} is no reply`);
  const reader = new JuteReader(output.frame);
  if (reader.readInt() !== output.frame.byteLength - 4) throw new Error('length of the frame');
  const header = proto.replyHeader.read(reader);
  return { ...header, body: output.frame.slice(reader.offset) };
}

export function decodeEvent(output: Output): Event {
  if (output.kind !== 'event' && output.kind !== 'replay') throw new Error('no event');
  const reader = new JuteReader(output.frame);
  if (reader.readInt() !== output.frame.byteLength - 4) throw new Error('length of the frame');
  const header = proto.replyHeader.read(reader);
  const event = proto.watcherEvent.read(reader);
  if (header.xid !== -1 || header.err !== 0) throw new Error('header of an event');
  return { zxid: header.zxid, type: event.type, state: event.state, path: event.path ?? '' };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}
