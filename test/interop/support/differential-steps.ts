/**
 * What a stream of a differential test is made of: steps as plain values that know how to say what
 * they are, and the requests in them as bytes. Nothing here knows of servers or of expectations.
 */
import type { Acl } from '../../../src/jute/data.ts';
import { aclVector } from '../../../src/jute/data.ts';
import { CreateFlag, OpCode } from '../../../src/jute/proto.ts';
import { encodeUtf8 } from '../../../src/jute/utf8.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';

/** A path as text, as bytes that are no text, or null. */
export type PathLike = string | Uint8Array | null;

/** The zxid so many before the newest: sides may differ in it where that is deliberate. */
export type ZxidBack = (back: bigint) => bigint;
export type BodyFor = (zxidBack: ZxidBack) => Uint8Array;

export interface Request {
  /** For people. */
  readonly text: string;
  readonly type: number;
  readonly body: Uint8Array | BodyFor;
  /** The next number of its connection unless given. Never -1, which notifications have. */
  readonly xid?: number;
}

export interface ConnectStep {
  readonly kind: 'connect';
  readonly client: number;
  readonly how: 'new' | 'reopen' | 'wrong' | 'short' | 'null' | 'unknown';
  readonly timeoutMs: number;
  readonly readOnly: boolean | 'absent';
  /** `lastZxidSeen` as an offset from the newest zxid there is; undefined = 0. */
  readonly zxidAhead?: bigint;
}

export type Step =
  | ConnectStep
  | { readonly kind: 'request'; readonly client: number; readonly request: Request }
  /** Sent in one piece; the replies are waited for afterwards. */
  | { readonly kind: 'burst'; readonly client: number; readonly requests: readonly Request[] }
  /** Bytes as they are, the length before them included. */
  | {
      readonly kind: 'bytes';
      readonly client: number;
      readonly text: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'abandon'; readonly client: number }
  /** Opens the session of the client on another connection, which takes the old one's place. */
  | { readonly kind: 'take-over'; readonly client: number }
  /** Tries the same with a wrong password, beside the connection that there is. */
  | { readonly kind: 'intrude'; readonly client: number }
  /** Waits for so many events that no request of the client brings about. */
  | { readonly kind: 'events'; readonly client: number; readonly count: number };

export function describeStep(step: Step): string {
  const who = `c${step.client}`;
  if (step.kind === 'request') return `${who} ${describeRequest(step.request)}`;
  if (step.kind === 'burst') {
    return `${who} at once: ${step.requests.map(describeRequest).join('; ')}`;
  }
  if (step.kind === 'bytes') return `${who} bytes ${step.text}`;
  if (step.kind === 'events') return `${who} waits for ${step.count} events`;
  if (step.kind !== 'connect') return `${who} ${step.kind}`;
  const ahead = step.zxidAhead === undefined ? '' : ` lastZxidSeen=last${step.zxidAhead}`;
  return `${who} connect ${step.how} timeout=${step.timeoutMs} readOnly=${step.readOnly}${ahead}`;
}

function describeRequest(request: Request): string {
  return request.xid === undefined ? request.text : `${request.text} xid=${request.xid}`;
}

export function show(value: unknown): string {
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value).toString('hex');
    return hex.length > 80 ? `0x${hex.slice(0, 60)}..(${value.byteLength} bytes)` : `0x${hex}`;
  }
  const text = JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? `${each}` : each));
  if (text.length > 300) return `${text.slice(0, 280)}..(${text.length})`;
  return text.replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const names = new Map<number, string>(Object.entries(OpCode).map(([name, code]) => [code, name]));

export function opName(type: number): string {
  return names.get(type) ?? `op${type}`;
}

/** Builds the bytes of a body; one call a field. */
export class Body {
  private readonly writer = new JuteWriter(64);

  path(path: PathLike): this {
    this.writer.writeBuffer(typeof path === 'string' ? encodeUtf8(path) : path);
    return this;
  }

  buffer(bytes: Uint8Array | null): this {
    this.writer.writeBuffer(bytes);
    return this;
  }

  int(value: number): this {
    this.writer.writeInt(value);
    return this;
  }

  long(value: bigint): this {
    this.writer.writeLong(value);
    return this;
  }

  bool(value: boolean): this {
    this.writer.writeBool(value);
    return this;
  }

  /** A list, or the count of one that is not there. */
  acl(acl: AclLike): this {
    if (typeof acl === 'number') this.writer.writeInt(acl);
    else aclVector.write(this.writer, acl);
    return this;
  }

  paths(paths: readonly PathLike[] | null): this {
    this.writer.writeInt(paths === null ? -1 : paths.length);
    for (const path of paths ?? []) this.path(path);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.writer.writeRaw(bytes);
    return this;
  }

  done(): Uint8Array {
    return this.writer.finish().slice();
  }
}

/** `Acl` as the schema has it, with null where the wire may have null. */
export type AclLike = Acl[] | null | number;

function request(type: number, detail: string, body: Body): Request {
  return { text: `${opName(type)} ${detail}`, type, body: body.done() };
}

export interface CreateOf {
  readonly data?: Uint8Array | null;
  readonly flags?: number;
  readonly acl?: AclLike;
  readonly ttl?: bigint;
}

export const openAcl: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

const flagNames = new Map<number, string>(
  Object.entries(CreateFlag).map(([name, flag]) => [flag, name]),
);

export function create(type: number, path: PathLike, options: CreateOf = {}): Request {
  const { data = new Uint8Array(0), flags = 0, acl = openAcl, ttl } = options;
  const body = new Body().path(path).buffer(data).acl(acl).int(flags);
  if (type === OpCode.createTTL) body.long(ttl ?? -1n);
  const list = acl === openAcl ? 'open' : show(acl);
  const more = ttl === undefined ? '' : ` ttl=${ttl}`;
  const detail = `${show(path)} data=${show(data)} ${flagNames.get(flags) ?? flags} acl=${list}`;
  return request(type, detail + more, body);
}

export function remove(path: PathLike, version = -1): Request {
  return request(OpCode.delete, `${show(path)} v${version}`, new Body().path(path).int(version));
}

export function setData(path: PathLike, data: Uint8Array | null, version = -1): Request {
  const body = new Body().path(path).buffer(data).int(version);
  return request(OpCode.setData, `${show(path)} data=${show(data)} v${version}`, body);
}

export function setAcl(path: PathLike, acl: AclLike, version = -1): Request {
  const body = new Body().path(path).acl(acl).int(version);
  return request(OpCode.setACL, `${show(path)} acl=${show(acl)} v${version}`, body);
}

export function check(path: PathLike, version = -1): Request {
  return request(OpCode.check, `${show(path)} v${version}`, new Body().path(path).int(version));
}

/** exists, getData, getChildren, getChildren2. */
export function read(type: number, path: PathLike, watch = false): Request {
  return request(type, `${show(path)}${watch ? ' watch' : ''}`, new Body().path(path).bool(watch));
}

/** Whose body is a path alone: getACL, sync, getEphemerals, getAllChildrenNumber. */
export function ofPath(type: number, path: PathLike): Request {
  return request(type, show(path), new Body().path(path));
}

/** checkWatches, removeWatches, addWatch. */
export function ofWatch(type: number, path: PathLike, mode: number): Request {
  return request(type, `${show(path)} ${mode}`, new Body().path(path).int(mode));
}

/** Lists as the op has them: data, exist, child, and for setWatches2 persistent, recursive. */
export function setWatches(
  type: number,
  zxidsBack: bigint,
  lists: readonly (readonly PathLike[] | null)[],
): Request {
  const body = (zxidBack: ZxidBack) => {
    const written = new Body().long(zxidBack(zxidsBack));
    for (const list of lists) written.paths(list);
    return written.done();
  };
  return { text: `${opName(type)} relative=last-${zxidsBack} ${show(lists)}`, type, body };
}

export function auth(scheme: string | null, data: string | Uint8Array | null): Request {
  const bytes = typeof data === 'string' ? encodeUtf8(data) : data;
  const body = new Body().int(0).path(scheme).buffer(bytes);
  return request(OpCode.auth, `${show(scheme)} ${show(data)}`, body);
}

export function bare(type: number, body: Uint8Array = new Uint8Array(0)): Request {
  return { text: `${opName(type)}${body.byteLength > 0 ? ` ${show(body)}` : ''}`, type, body };
}

/** What of a multi is not as a client would write it. */
export interface MultiOddity {
  /** Header type of the terminator. */
  readonly endType?: number;
  /** Without a terminator. */
  readonly open?: boolean;
}

/** multi, or multiRead. */
export function multi(type: number, parts: readonly Request[], oddity: MultiOddity = {}): Request {
  const body = new Body();
  for (const part of parts) body.int(part.type).bool(false).int(-1).raw(bodyOf(part));
  if (oddity.open !== true)
    body
      .int(oddity.endType ?? -1)
      .bool(true)
      .int(-1);
  const odd = Object.keys(oddity).length > 0 ? ` ${show(oddity)}` : '';
  const list = parts.length > 12 ? [...parts.slice(0, 10), bare(parts.length)] : parts;
  return request(type, `[${list.map((part) => part.text).join(', ')}]${odd}`, body);
}

export function bodyOf(from: Request, zxidBack: ZxidBack = () => 0n): Uint8Array {
  return typeof from.body === 'function' ? from.body(zxidBack) : from.body;
}

/** The same with other bytes at its end: `cut` bytes fewer, then `more`. */
export function damaged(from: Request, cut: number, more: Uint8Array): Request {
  const body = (zxidBack: ZxidBack) => {
    const whole = bodyOf(from, zxidBack);
    const left = whole.subarray(0, Math.max(0, whole.byteLength - cut));
    return new Body().raw(left).raw(more).done();
  };
  const what = cut > 0 ? ` cut by ${cut}` : '';
  const then = more.byteLength > 0 ? ` then ${show(more)}` : '';
  return { ...from, text: `${from.text}${what}${then}`, body };
}

export function ask(client: number, from: Request): Step {
  return { kind: 'request', client, request: from };
}
