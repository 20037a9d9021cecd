/**
 * A client of a simulated server, without a socket: it sends requests in order, knows which
 * replies it is owed, and checks what every client may rely on: one reply for each request, in
 * order, with zxids that never fall.
 */

import { identitiesOfAddress } from '../../src/auth/schemes.ts';
import { joinHalves } from '../../src/base/zxid.ts';
import type { Connected } from '../../src/front/replies.ts';
import type { Acl } from '../../src/jute/data.ts';
import * as proto from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import type { Field } from '../../src/jute/schema.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { type CreateMore, createBody, openAcl } from '../processor/harness.ts';

export interface SimReply {
  readonly type: number;
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
  readonly body: Uint8Array;
  /** How many events had come before it. */
  readonly eventsBefore: number;
}

export interface SimEvent {
  /** -1 when it answers a setWatches. */
  readonly zxid: bigint;
  readonly type: number;
  readonly path: string;
}

export type MultiOp =
  | { readonly kind: 'create'; readonly path: string; readonly data: string }
  | { readonly kind: 'delete' | 'check'; readonly path: string; readonly version: number }
  | { readonly kind: 'setData'; readonly path: string; readonly data: string };

export interface Session {
  readonly id: bigint;
  readonly passwd: Uint8Array;
}

export const noSession: Session = { id: 0n, passwd: new Uint8Array(16) };

interface Outgoing {
  readonly type: number;
  readonly payload: Uint8Array;
}

export class SimClient {
  readonly cnxnId: number;
  state: 'fresh' | 'connecting' | 'open' | 'refused' | 'closed' = 'fresh';
  session: Session;
  identities = identitiesOfAddress('127.0.0.1');
  slot = -1;
  timeoutMs = 0;
  lastZxid = 0n;
  /** Not sent yet. */
  readonly outgoing: (Outgoing | 'identities')[] = [];
  readonly replies: SimReply[] = [];
  readonly events: SimEvent[] = [];
  private readonly owed: { readonly xid: number; readonly type: number }[] = [];
  private readonly writer = new JuteWriter();
  private pieces: Uint8Array = new Uint8Array(0);
  /** A library goes on counting when it takes its session to another connection. */
  nextXid = 1;

  constructor(cnxnId: number, session: Session, lastZxid: bigint) {
    this.cnxnId = cnxnId;
    this.session = session;
    this.lastZxid = lastZxid;
  }

  /** Requests without an answer so far, sent or not. */
  get unanswered(): number {
    return this.owed.length + this.outgoing.filter((item) => item !== 'identities').length;
  }

  /** Of the last request, 0 before the first. */
  get lastXid(): number {
    return this.nextXid - 1;
  }

  get lastReply(): SimReply {
    const reply = this.replies.at(-1);
    if (reply === undefined) throw new Error(`client ${this.cnxnId} has no reply`);
    return reply;
  }

  send<T>(type: number, record?: Field<T>, value?: T): void {
    const { writer } = this;
    writer.reset();
    writer.writeInt(this.nextXid++);
    writer.writeInt(type);
    if (record !== undefined) record.write(writer, value as T);
    this.outgoing.push({ type, payload: writer.finish().slice() });
  }

  create(path: string, more: CreateMore = {}): void {
    const { type = proto.OpCode.create, ttl } = more;
    const body = createBody(path, more);
    if (ttl !== undefined) {
      this.send(proto.OpCode.createTTL, proto.createTTLRequest, { ...body, ttl });
    } else this.send(type, proto.createRequest, body);
  }

  setData(path: string, data: string, version = -1): void {
    const value = { path, data: encodeUtf8(data), version };
    this.send(proto.OpCode.setData, proto.setDataRequest, value);
  }

  delete(path: string, version = -1): void {
    this.send(proto.OpCode.delete, proto.deleteRequest, { path, version });
  }

  setAcl(path: string, acl: Acl[]): void {
    this.send(proto.OpCode.setACL, proto.setACLRequest, { path, acl, version: -1 });
  }

  getData(path: string, watch = false): void {
    this.send(proto.OpCode.getData, proto.pathWatchRequest, { path, watch });
  }

  addWatch(path: string, mode: number): void {
    this.send(proto.OpCode.addWatch, proto.addWatchRequest, { path, mode });
  }

  /** As a library does on a new connection: what it watched on the one before. */
  setWatches(since: bigint, data: readonly string[], recursive: readonly string[]): void {
    this.send(proto.OpCode.setWatches2, proto.setWatches2Request, {
      relativeZxid: since,
      ...{ dataWatches: [...data], existWatches: [], childWatches: [] },
      ...{ persistentWatches: [], persistentRecursiveWatches: [...recursive] },
    });
  }

  multi(ops: readonly MultiOp[]): void {
    const body = new JuteWriter();
    for (const op of ops) writeMultiOp(body, op);
    proto.multiHeader.write(body, { type: -1, done: true, err: -1 });
    const bytes = body.finish();
    const raw: Field<null> = { read: () => null, write: (writer) => writer.writeRaw(bytes) };
    this.send(proto.OpCode.multi, raw, null);
  }

  sync(): void {
    this.send(proto.OpCode.sync, proto.pathRequest, { path: '/' });
  }

  closeSession(): void {
    this.send(proto.OpCode.closeSession);
  }

  /** As after an auth packet, which the front handles by itself. */
  authenticate(user: string, id: string): void {
    this.identities = this.identities.with({ scheme: user, id });
    this.outgoing.push('identities');
  }

  onSent(item: Outgoing): void {
    const xid = new DataView(item.payload.buffer).getInt32(0);
    this.owed.push({ xid, type: item.type });
  }

  onConnected(answer: Connected): void {
    if (this.state !== 'connecting') throw new Error(`connected while ${this.state}`);
    this.state = answer.valid ? 'open' : 'refused';
    if (!answer.valid) return;
    const id = joinHalves(answer.sessionIdHi, answer.sessionIdLo);
    this.session = { id, passwd: answer.passwd.slice() };
    this.slot = answer.slot;
    this.timeoutMs = answer.timeoutMs;
  }

  onClose(): void {
    if (this.state !== 'refused') this.state = 'closed';
    this.outgoing.length = 0;
    this.owed.length = 0;
  }

  /** Bytes of the stream. Returns the frames that they complete. */
  onBytes(bytes: Uint8Array, start: number, end: number): Uint8Array[] {
    const all = Buffer.concat([this.pieces, bytes.slice(start, end)]);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= 4 && all.length - at - 4 >= all.readInt32BE(at)) {
      const next = at + 4 + all.readInt32BE(at);
      frames.push(Uint8Array.from(all.subarray(at + 4, next)));
      at = next;
    }
    this.pieces = all.subarray(at);
    return frames;
  }

  /** A whole frame; returns what it was. */
  onFrame(frame: Uint8Array): SimReply | SimEvent {
    const reader = new JuteReader(frame);
    const header = proto.replyHeader.read(reader);
    if (header.xid === proto.Xid.notification) {
      const { type, path } = proto.watcherEvent.read(reader);
      const event = { zxid: header.zxid, type, path: path ?? '' };
      this.events.push(event);
      return event;
    }
    const owed = this.owed.shift();
    if (owed?.xid !== header.xid) {
      throw new Error(`client ${this.cnxnId} is owed ${owed?.xid}, answered is ${header.xid}`);
    }
    if (header.zxid < this.lastZxid) {
      throw new Error(`client ${this.cnxnId} saw ${this.lastZxid}, then ${header.zxid}`);
    }
    this.lastZxid = header.zxid;
    const eventsBefore = this.events.length;
    const reply = { ...header, type: owed.type, body: frame.slice(reader.offset), eventsBefore };
    this.replies.push(reply);
    return reply;
  }
}

function writeMultiOp(body: JuteWriter, op: MultiOp): void {
  const { OpCode } = proto;
  proto.multiHeader.write(body, { type: OpCode[op.kind], done: false, err: -1 });
  switch (op.kind) {
    case 'create':
      proto.createRequest.write(body, createBody(op.path, { data: op.data, acl: openAcl }));
      return;
    case 'setData':
      proto.setDataRequest.write(body, { path: op.path, data: encodeUtf8(op.data), version: -1 });
      return;
    default:
      proto.deleteRequest.write(body, { path: op.path, version: op.version });
  }
}
