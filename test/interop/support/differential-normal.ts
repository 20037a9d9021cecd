/**
 * Frames of one server as values that can be compared with those of another: times are told as
 * "the time of that zxid", sessions by the order in which they were opened, lists without an order
 * sorted. Everything else stays as it came. Knows one server; compares nothing.
 */
import { type Acl, type Stat, stat } from '../../../src/jute/data.ts';
import {
  createRequest,
  createTTLRequest,
  deleteRequest,
  errorResponse,
  getACLResponse,
  getChildrenResponse,
  multiHeader,
  OpCode,
  pathWatchRequest,
  reconfigRequest,
  replyHeader,
  setACLRequest,
  setDataRequest,
  watcherEvent,
  whoAmIResponse,
  Xid,
} from '../../../src/jute/proto.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import type { Field, ValueOf } from '../../../src/jute/schema.ts';

/** A frame as it is compared and shown. Bigints are text. */
export interface Seen {
  readonly what: string;
  readonly zxid: string;
  readonly err?: number;
  /** Of the whole frame. */
  readonly length?: number;
  readonly body?: unknown;
}

/** Writes whose body Apache decodes before it takes a zxid (hazard H2), and that body. */
const decodedFirst = new Map<number, Field<unknown>>([
  [OpCode.create, createRequest],
  [OpCode.create2, createRequest],
  [OpCode.createContainer, createRequest],
  [OpCode.createTTL, createTTLRequest],
  [OpCode.delete, deleteRequest],
  [OpCode.setData, setDataRequest],
  [OpCode.setACL, setACLRequest],
  [OpCode.reconfig, reconfigRequest],
]);

export function isUndecodableWrite(type: number, body: Uint8Array): boolean {
  if (type === OpCode.multi) return isWithoutAcl(new JuteReader(body));
  const schema = decodedFirst.get(type);
  if (schema === undefined) return false;
  try {
    schema.read(new JuteReader(body));
    return false;
  } catch {
    return true;
  }
}

const parts = new Map<number, Field<unknown>>([
  ...decodedFirst,
  [OpCode.check, deleteRequest],
  [OpCode.getData, pathWatchRequest],
  [OpCode.getChildren, pathWatchRequest],
]);
const needAcl = new Set<number>([OpCode.create, OpCode.create2, OpCode.createContainer]);

/** Of a multi, the only case: an ACL list that is null stops Apache's decoder by an exception. */
function isWithoutAcl(reader: JuteReader): boolean {
  try {
    for (;;) {
      const { type, done } = multiHeader.read(reader);
      const schema = parts.get(type);
      if (done || schema === undefined) return false;
      const part = schema.read(reader) as ValueOf<typeof createRequest>;
      if (!needAcl.has(type)) continue;
      // A flag that is none is an error of another kind, and so is, if there is a list, one of TTL.
      if (part.flags < 0 || part.flags > 6) return false;
      if (part.acl === null) return true;
      if (part.flags > 4) return false;
    }
  } catch {
    return false;
  }
}

export class Normalizer {
  /** Highest zxid of a reply, as the server has it. */
  lastZxid = 0n;
  private readonly takesZxidForUndecodable: boolean;
  private readonly extraZxids: bigint[] = [];
  private readonly times = new Map<bigint, bigint>();
  private readonly sessions = new Map<bigint, string>();

  constructor(takesZxidForUndecodable: boolean) {
    this.takesZxidForUndecodable = takesZxidForUndecodable;
  }

  /** Known from now on by this name. */
  nameSession(id: bigint, name: string): void {
    this.sessions.set(id, name);
  }

  session(id: bigint): string {
    return this.sessions.get(id) ?? `0x${BigInt.asUintN(64, id).toString(16)}`;
  }

  /** Text of an administrative word, with sessions by their names. */
  text(text: string): string {
    return text.replace(/0x[0-9a-f]+/g, (id) => {
      return this.sessions.get(BigInt.asIntN(64, BigInt(id))) ?? id;
    });
  }

  /** As it would be had undecodable writes taken none. */
  zxid(zxid: bigint): bigint {
    if (zxid <= 0n) return zxid;
    let extra = 0n;
    for (const each of this.extraZxids) if (each <= zxid) extra++;
    return zxid - extra;
  }

  /** The server's own zxid for the one that is so many before the newest on both sides. */
  zxidBack(back: bigint): bigint {
    let zxid = this.zxid(this.lastZxid) - back;
    for (const each of this.extraZxids) if (each <= zxid + 1n) zxid++;
    return zxid;
  }

  event(frame: Uint8Array): Seen {
    const reader = new JuteReader(frame);
    const { zxid } = replyHeader.read(reader);
    const { type, state, path } = watcherEvent.read(reader);
    const what = `event ${type} state ${state} ${path}`;
    return { what, zxid: `${this.zxid(zxid)}`, length: frame.byteLength };
  }

  reply(frame: Uint8Array, type: number, requestBody: Uint8Array): Seen {
    const reader = new JuteReader(frame);
    const { xid, zxid, err } = replyHeader.read(reader);
    if (zxid > this.lastZxid) {
      this.lastZxid = zxid;
      const takes = this.takesZxidForUndecodable && err === -5;
      if (takes && isUndecodableWrite(type, requestBody)) this.extraZxids.push(zxid);
    }
    const body = this.body(reader, type, err);
    return {
      what: `reply ${xid}`,
      zxid: `${this.zxid(zxid)}`,
      err,
      length: frame.byteLength,
      body,
    };
  }

  private body(reader: JuteReader, type: number, err: number): unknown {
    const { offset } = reader;
    const hex = Buffer.from(reader.bytes.subarray(offset)).toString('hex');
    if (hex === '') return 'none';
    const decode = err === 0 || type === OpCode.multiRead ? this.decoders[type] : undefined;
    if (decode === undefined) return hex;
    try {
      const value = decode(reader);
      return reader.remaining() === 0 ? value : { value, more: reader.remaining() };
    } catch {
      return { undecodable: hex };
    }
  }

  private readonly decoders: Record<number, (reader: JuteReader) => unknown> = {
    [OpCode.create]: readText,
    [OpCode.create2]: (reader) => [readText(reader), this.stat(reader)],
    [OpCode.createContainer]: (reader) => [readText(reader), this.stat(reader)],
    [OpCode.createTTL]: (reader) => [readText(reader), this.stat(reader)],
    [OpCode.exists]: (reader) => this.stat(reader),
    [OpCode.setData]: (reader) => this.stat(reader),
    [OpCode.setACL]: (reader) => this.stat(reader),
    [OpCode.getData]: (reader) => [readHex(reader), this.stat(reader)],
    [OpCode.getACL]: (reader) => {
      const value = getACLResponse.read(reader);
      return [sortedRuns(value.acl), this.describeStat(value.stat)];
    },
    [OpCode.getChildren]: readNames,
    [OpCode.getChildren2]: (reader) => [readNames(reader), this.stat(reader)],
    [OpCode.sync]: readHex,
    [OpCode.getEphemerals]: readNames,
    [OpCode.getAllChildrenNumber]: (reader) => reader.readInt(),
    [OpCode.whoAmI]: (reader) => {
      const users = whoAmIResponse.read(reader).clientInfo ?? [];
      return users.map(({ scheme, id }) => `${scheme}:${id}`).sort();
    },
    [OpCode.addWatch]: (reader) => errorResponse.read(reader).err,
    [OpCode.sasl]: readHex,
    [OpCode.multi]: (reader) => this.results(reader),
    [OpCode.multiRead]: (reader) => this.results(reader),
  };

  private results(reader: JuteReader): unknown[] {
    const results: unknown[] = [];
    for (;;) {
      const type = reader.readInt();
      const done = reader.readBool();
      const err = reader.readInt();
      if (done) return [...results, { end: type, err }];
      if (type === OpCode.error) results.push({ failed: err, code: reader.readInt() });
      else results.push({ type, err, value: this.decoders[type]?.(reader) });
    }
  }

  private stat(reader: JuteReader): unknown {
    return this.describeStat(stat.read(reader));
  }

  private describeStat(value: Stat): unknown {
    const { czxid, mzxid, pzxid, ctime, mtime, ephemeralOwner } = value;
    return {
      ...value,
      czxid: `${this.zxid(czxid)}`,
      mzxid: `${this.zxid(mzxid)}`,
      pzxid: `${this.zxid(pzxid)}`,
      ctime: this.time(czxid, ctime),
      mtime: this.time(mzxid, mtime),
      ephemeralOwner: this.session(ephemeralOwner),
    };
  }

  /** Every stat must tell the same time of a zxid as the first one did. */
  private time(zxid: bigint, time: bigint): string {
    if (zxid === 0n) return `${time}`;
    const known = this.times.get(zxid);
    if (known === undefined) this.times.set(zxid, time);
    return known === undefined || known === time ? 'of its zxid' : `${time - known} off`;
  }
}

export function isEvent(frame: Uint8Array): boolean {
  return new DataView(frame.buffer, frame.byteOffset).getInt32(0) === Xid.notification;
}

function readText(reader: JuteReader): string | null {
  return reader.readString();
}

function readHex(reader: JuteReader): string | null {
  const bytes = reader.readBuffer();
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

function readNames(reader: JuteReader): string[] {
  return (getChildrenResponse.read(reader).children ?? []).map((name) => name ?? '').sort();
}

/** Entries for `auth` stand in the order of a hash set: neighbours alike but for the id. */
export function sortedRuns(acl: Acl[] | null): string[] | null {
  if (acl === null) return null;
  const runs: { kind: string; ids: string[] }[] = [];
  for (const { perms, id } of acl) {
    const kind = `${perms} ${id.scheme}`;
    const last = runs.at(-1);
    if (last?.kind === kind) last.ids.push(`${id.id}`);
    else runs.push({ kind, ids: [`${id.id}`] });
  }
  return runs.map(({ kind, ids }) => `${kind} ${ids.sort().join(' ')}`);
}
