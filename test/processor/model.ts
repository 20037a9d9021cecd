/**
 * A second server, as stupid as can be: strings, a Map, one write after the other, and a copy of
 * everything before each multi. Written from the specification alone; shares no code with `src`
 * but the names of the error codes.
 */
import { ErrorCode } from '../../src/base/error-codes.ts';
import type { Acl } from '../../src/jute/data.ts';
import type { Stat } from './harness.ts';

export type WriteOp =
  | CreateOp
  | { kind: 'delete'; path: string; version: number }
  | { kind: 'setData'; path: string; data: string | null; version: number }
  | { kind: 'setACL'; path: string; acl: Acl[]; version: number }
  | { kind: 'check'; path: string; version: number };

export interface CreateOp {
  kind: 'create';
  type: 1 | 15 | 19 | 21;
  path: string;
  data: string | null;
  acl: Acl[];
  flags: number;
  ttl: bigint;
}

export type ReadOp =
  | { kind: 'exists' | 'getData' | 'getChildren' | 'getACL' | 'count'; path: string }
  | { kind: 'ephemerals' };

export interface Caller {
  session: bigint;
  /** Digest ids. */
  users: readonly string[];
  /** Only its server knows the session: it can own no node. */
  isLocal?: boolean;
}

export interface Node {
  data: string | null;
  acl: Acl[];
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  created: number;
  aversion: number;
  owner: bigint;
}

/** What a write answers. `type` is the header type of the result inside a multi. */
export interface Result {
  err: number;
  type?: number;
  path?: string;
  stat?: Stat;
}

const world: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const containerOwner = -(1n << 63n);
const ttlOwner = BigInt.asIntN(64, 0xffn << 56n);
const reserved = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'];

class Refusal extends Error {
  readonly code: number;
  constructor(code: number) {
    super(String(code));
    this.code = code;
  }
}

function demand(condition: boolean, code: number): void {
  if (!condition) throw new Refusal(code);
}

export class Model {
  nodes = new Map<string, Node>();
  zxid = 0n;
  private time = 0n;

  constructor() {
    const zero = { czxid: 0n, mzxid: 0n, pzxid: 0n, ctime: 0n, mtime: 0n };
    for (const path of reserved) {
      const node = {
        ...zero,
        data: '',
        acl: world,
        version: 0,
        created: 0,
        aversion: 0,
        owner: 0n,
      };
      this.nodes.set(path, node);
    }
    const config = this.nodes.get('/zookeeper/config') as Node;
    config.acl = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
    config.aversion = -1;
  }

  /** One write, or several of a multi (`null` = a single one), at this zxid and time. */
  write(caller: Caller, ops: WriteOp | WriteOp[], zxid: bigint, time: bigint): Result | Result[] {
    this.zxid = zxid;
    this.time = time;
    if (!Array.isArray(ops)) return this.attempt(caller, ops);
    const before = structuredClone(this.nodes);
    const results: Result[] = [];
    for (const op of ops) {
      const result = this.attempt(caller, op);
      if (result.err !== 0) {
        this.nodes = before;
        return ops.map((_, i) => {
          if (i === results.length) return { err: result.err };
          return { err: i < results.length ? 0 : ErrorCode.runtimeInconsistency };
        });
      }
      results.push(result);
    }
    return results;
  }

  closeSession(session: bigint, zxid: bigint): void {
    this.zxid = zxid;
    for (const [path, node] of [...this.nodes]) {
      if (node.owner !== session) continue;
      this.nodes.delete(path);
      this.at(parentOf(path)).pzxid = zxid;
    }
  }

  private attempt(caller: Caller, op: WriteOp): Result {
    try {
      switch (op.kind) {
        case 'create':
          return this.create(caller, op);
        case 'delete':
          return this.delete(caller, op);
        case 'setData':
          return this.setData(caller, op);
        case 'setACL':
          return this.setAcl(caller, op);
        case 'check':
          return this.check(caller, op);
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { err: error.code };
    }
  }

  private create(caller: Caller, op: CreateOp): Result {
    const ttlFlag = op.flags === 5 || op.flags === 6;
    demand(op.flags >= 0 && op.flags <= 6, ErrorCode.badArguments);
    const ttl = op.type === 21 ? op.ttl : -1n;
    demand(ttlFlag ? ttl > 0n && ttl < 1n << 40n : op.type !== 21, ErrorCode.badArguments);
    const isEphemeral = op.flags === 1 || op.flags === 3;
    demand(!isEphemeral || !caller.isLocal, ErrorCode.sessionExpired);
    demand(op.path.includes('/'), ErrorCode.badArguments);
    const acl = this.fixAcl(caller, op.acl);
    const parent = this.nodes.get(parentOf(op.path));
    demand(parent !== undefined, ErrorCode.noNode);
    this.demandPerms(caller, parent as Node, 4);
    const { created, owner } = parent as Node;
    const sequential = [2, 3, 6].includes(op.flags);
    const path = sequential ? op.path + String(created).padStart(10, '0') : op.path;
    demand(isValid(path), ErrorCode.badArguments);
    demand(!this.nodes.has(path), ErrorCode.nodeExists);
    const isSession = owner !== 0n && owner !== containerOwner && owner >> 56n !== -1n;
    demand(!isSession, ErrorCode.noChildrenForEphemerals);
    const { zxid, time } = this;
    (parent as Node).created++;
    (parent as Node).pzxid = zxid;
    let newOwner = 0n;
    if (op.type === 19) newOwner = containerOwner;
    else if (op.type === 21) newOwner = ttlOwner | ttl;
    else if (op.flags === 1 || op.flags === 3) newOwner = caller.session;
    this.nodes.set(path, {
      ...{ data: op.data, acl, owner: newOwner, czxid: zxid, mzxid: zxid, pzxid: zxid },
      ...{ ctime: time, mtime: time, version: 0, created: 0, aversion: 0 },
    });
    if (op.type === 1) return { err: 0, type: 1, path };
    return { err: 0, type: 15, path, stat: this.stat(path) };
  }

  private delete(caller: Caller, op: { path: string; version: number }): Result {
    demand(op.path.includes('/') && !reserved.includes(op.path), ErrorCode.badArguments);
    const parent = this.nodes.get(parentOf(op.path));
    demand(parent !== undefined, ErrorCode.noNode);
    this.demandPerms(caller, parent as Node, 8);
    const node = this.nodes.get(op.path);
    demand(node !== undefined, ErrorCode.noNode);
    demand(op.version === -1 || op.version === node?.version, ErrorCode.badVersion);
    demand(this.childrenOf(op.path).length === 0, ErrorCode.notEmpty);
    this.nodes.delete(op.path);
    (parent as Node).pzxid = this.zxid;
    return { err: 0, type: 2 };
  }

  private setData(
    caller: Caller,
    op: { path: string; data: string | null; version: number },
  ): Result {
    demand(isValid(op.path), ErrorCode.badArguments);
    const node = this.existing(op.path);
    this.demandPerms(caller, node, 2);
    demand(op.version === -1 || op.version === node.version, ErrorCode.badVersion);
    node.data = op.data;
    node.version++;
    node.mzxid = this.zxid;
    node.mtime = this.time;
    return { err: 0, type: 5, stat: this.stat(op.path) };
  }

  private setAcl(caller: Caller, op: { path: string; acl: Acl[]; version: number }): Result {
    demand(isValid(op.path), ErrorCode.badArguments);
    const acl = this.fixAcl(caller, op.acl);
    const node = this.existing(op.path);
    this.demandPerms(caller, node, 16);
    demand(op.version === -1 || op.version === node.aversion, ErrorCode.badVersion);
    node.acl = acl;
    node.aversion++;
    return { err: 0, stat: this.stat(op.path) };
  }

  private check(caller: Caller, op: { path: string; version: number }): Result {
    demand(isValid(op.path), ErrorCode.badArguments);
    const node = this.existing(op.path);
    this.demandPerms(caller, node, 1);
    demand(op.version === -1 || op.version === node.version, ErrorCode.badVersion);
    return { err: 0, type: 13 };
  }

  read(caller: Caller, op: ReadOp): { err: number; value?: unknown } {
    if (op.kind === 'ephemerals') {
      const own = [...this.nodes].filter(([, node]) => node.owner === caller.session);
      return { err: 0, value: own.map(([path]) => path).sort() };
    }
    const path = op.path === '' ? '/' : op.path;
    const node = this.nodes.get(path);
    if (node === undefined) return { err: ErrorCode.noNode };
    const perms = op.kind === 'getACL' ? 1 | 16 : 1;
    if (!this.permits(caller, node, perms)) return { err: ErrorCode.noAuth };
    const stat = this.stat(path);
    switch (op.kind) {
      case 'exists':
        return { err: 0, value: stat };
      case 'getData':
        return { err: 0, value: [node.data, stat] };
      case 'getChildren':
        return { err: 0, value: [this.childrenOf(path).sort(), stat] };
      case 'getACL': {
        const sees = this.permits(caller, node, 16);
        const acl = node.acl.map(({ perms: p, id: { scheme, id } }) => {
          const masked = sees || scheme !== 'digest' ? id : `${id?.split(':')[0]}:x`;
          return { perms: p, id: { scheme, id: masked } };
        });
        return { err: 0, value: [acl, stat] };
      }
      case 'count': {
        const below = path === '/' ? '/' : `${path}/`;
        const names = [...this.nodes.keys()].filter((other) => other.startsWith(below));
        const count = names.filter((other) => other !== '/').length;
        // Below the root as "" Apache counts the root as "/", too.
        return { err: 0, value: op.path === '' ? count + 1 : count };
      }
    }
  }

  /** Sum over all nodes of CRC-32(path, data, stat), signed 64 bits. */
  digest(): bigint {
    let sum = 0n;
    for (const [path, node] of this.nodes) {
      if (path.startsWith('/zookeeper/')) continue;
      const stat = Buffer.alloc(60);
      const longs = [node.czxid, node.mzxid, node.pzxid, node.ctime, node.mtime];
      longs.forEach((value, i) => {
        stat.writeBigInt64BE(value, 8 * i);
      });
      [node.version, node.created, node.aversion].forEach((value, i) => {
        stat.writeInt32BE(value, 40 + 4 * i);
      });
      stat.writeBigInt64BE(node.owner, 52);
      const parts = [Buffer.from(path === '/' ? '' : path), Buffer.from(node.data ?? ''), stat];
      sum += BigInt(crc32(Buffer.concat(parts)));
    }
    return BigInt.asIntN(64, sum);
  }

  private existing(path: string): Node {
    demand(this.nodes.has(path), ErrorCode.noNode);
    return this.at(path);
  }

  private at(path: string): Node {
    return this.nodes.get(path) as Node;
  }

  private childrenOf(path: string): string[] {
    const below = path === '/' ? '/' : `${path}/`;
    return [...this.nodes.keys()]
      .filter((other) => other !== '/' && other.startsWith(below))
      .map((other) => other.slice(below.length))
      .filter((name) => !name.includes('/'));
  }

  private stat(path: string): Stat {
    const { data, owner, created, acl: _, ...rest } = this.at(path);
    const numChildren = this.childrenOf(path).length;
    const isSession = owner !== 0n && owner !== containerOwner && owner >> 56n !== -1n;
    return {
      ...rest,
      cversion: 2 * created - numChildren,
      ephemeralOwner: isSession ? owner : 0n,
      dataLength: data === null ? 0 : Buffer.byteLength(data),
      numChildren,
    };
  }

  private fixAcl(caller: Caller, acl: Acl[]): Acl[] {
    const fixed: Acl[] = [];
    for (const { perms, id } of acl) {
      const digests = caller.users.map((user) => ({ perms, id: { scheme: 'digest', id: user } }));
      if (id.scheme === 'auth') fixed.push(...digests);
      else fixed.push({ perms, id });
      demand(id.scheme !== 'auth' || digests.length > 0, ErrorCode.invalidAcl);
      const valid = id.scheme !== 'world' || id.id === 'anyone';
      demand(valid, ErrorCode.invalidAcl);
    }
    demand(fixed.length > 0, ErrorCode.invalidAcl);
    return fixed;
  }

  private demandPerms(caller: Caller, node: Node, perms: number): void {
    demand(this.permits(caller, node, perms), ErrorCode.noAuth);
  }

  private permits(caller: Caller, node: Node, perms: number): boolean {
    return node.acl.some(({ perms: granted, id }) => {
      if ((granted & perms) === 0) return false;
      return id.scheme === 'world' || caller.users.includes(id.id ?? '');
    });
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function isValid(path: string): boolean {
  if (path === '/') return true;
  if (!path.startsWith('/')) return false;
  const names = path.slice(1).split('/');
  return names.every((name) => name !== '' && name !== '.' && name !== '..');
}

/** Bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
