/**
 * A second implementation of what recovery fills, as plain as can be: maps, bigints, decoded
 * records, the digest summed over all nodes whenever somebody asks. It shares no code with the
 * server's own tree and exists to disagree with it.
 */
import { createHash } from 'node:crypto';
import { type Acl, aclVector, statPersisted } from '../../src/jute/data.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import * as txn from '../../src/jute/txn.ts';
import type { Halves, RecoverySink } from '../../src/storage/recovery-sink.ts';

export interface NaiveNode {
  data: Uint8Array | null;
  acl: Acl[];
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  cversion: number;
  aversion: number;
  owner: bigint;
}

const containerOwner = -(1n << 63n);
const openAcl: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

export class NaiveState implements RecoverySink {
  readonly nodes = new Map<string, NaiveNode>();
  readonly sessions = new Map<bigint, number>();
  readonly acls = new Map<number, Acl[]>();
  /** Each txn that was applied, by zxid. */
  readonly applied: bigint[] = [];
  /** Effects that were found done, or impossible: legal in the fuzzy range only. */
  readonly ignored: string[] = [];
  snapshotZxid = -1n;
  fuzzyEnd: bigint | null = null;
  lastZxid = 0n;

  beginSnapshot(zxid: bigint): void {
    this.snapshotZxid = this.lastZxid = zxid;
  }

  session(idHi: number, idLo: number, timeoutMs: number): void {
    this.sessions.set((BigInt(idHi) << 32n) | BigInt(idLo >>> 0), timeoutMs);
  }

  acl(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.acls.set(id, aclVector.read(readerOf(bytes, start, end)) ?? []);
  }

  node(
    bytes: Uint8Array,
    pathStart: number,
    pathEnd: number,
    dataStart: number,
    dataLength: number,
    aclId: number,
    statStart: number,
  ): void {
    const path = Buffer.from(bytes.slice(pathStart, pathEnd)).toString('utf8');
    if (path !== '' && !this.nodes.has(parentOf(path))) throw new Error(`${path} has no parent`);
    const stat = statPersisted.read(readerOf(bytes, statStart, statStart + 60));
    const { ephemeralOwner: owner, ...rest } = stat;
    const data = dataLength < 0 ? null : bytes.slice(dataStart, dataStart + dataLength);
    const acl = aclId === -1 ? openAcl : (this.acls.get(aclId) ?? []);
    this.nodes.set(path, { ...rest, owner, data, acl });
  }

  endSnapshot(fuzzyEnd: bigint | null): void {
    this.fuzzyEnd = fuzzyEnd;
  }

  applyTxn(bytes: Uint8Array, start: number, bodyEnd: number): void {
    const reader = readerOf(bytes, start, bodyEnd);
    const header = txn.txnHeader.read(reader);
    this.apply(header, header.type, reader);
    this.lastZxid = header.zxid;
    this.applied.push(header.zxid);
  }

  treeDigest(): Halves {
    const digest = this.digest();
    return { hi: Number(BigInt.asIntN(32, digest >> 32n)), lo: Number(BigInt.asIntN(32, digest)) };
  }

  digest(): bigint {
    let sum = 0n;
    for (const [path, node] of this.nodes) sum += BigInt(nodeDigest(path, node));
    return BigInt.asUintN(64, sum);
  }

  childrenOf(path: string): string[] {
    return [...this.nodes.keys()].filter((other) => other !== '' && parentOf(other) === path);
  }

  /** Paths of ephemerals by owner, containers, and TTLs by path. */
  owners(): { ephemerals: Map<bigint, string[]>; containers: string[]; ttls: Map<string, number> } {
    const ephemerals = new Map<bigint, string[]>();
    const containers: string[] = [];
    const ttls = new Map<string, number>();
    for (const [path, { owner }] of this.nodes) {
      if (owner === 0n) continue;
      if (owner === containerOwner) containers.push(path);
      else if (owner >> 56n === -1n) ttls.set(path, Number(owner & 0xffffffffffn));
      else ephemerals.set(owner, [...(ephemerals.get(owner) ?? []), path]);
    }
    return { ephemerals, containers, ttls };
  }

  /** Everything in it, as one value to compare. */
  fingerprint(): string {
    const parts = [...this.nodes].map(([path, node]) => {
      const { data, acl, czxid, mzxid, pzxid, ctime, mtime, owner } = node;
      const bytes = data === null ? 'null' : `"${Buffer.from(data).toString('latin1')}"`;
      const counts = [node.version, node.cversion, node.aversion];
      const stat = [czxid, mzxid, pzxid, ctime, mtime, owner, ...counts];
      return [path, bytes, JSON.stringify(acl), stat.join()].join('|');
    });
    for (const [id, timeoutMs] of this.sessions) parts.push(`session ${id} ${timeoutMs}`);
    parts.push(`zxid ${this.lastZxid}`);
    return createHash('sha256').update(parts.sort().join('\n')).digest('hex');
  }

  private apply(header: txn.TxnHeader, type: number, reader: JuteReader): void {
    switch (type) {
      case OpCode.createSession:
        this.sessions.set(header.clientId, txn.createSessionTxn.read(reader).timeOut);
        return;
      case OpCode.closeSession:
        this.closeSession(header, reader);
        return;
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.create(header, type, reader);
        return;
      case OpCode.delete:
      case OpCode.deleteContainer:
        this.remove(header, txn.deleteTxn.read(reader).path ?? '');
        return;
      case OpCode.setData:
      case OpCode.reconfig:
        this.setData(header, reader);
        return;
      case OpCode.setACL:
        this.setAcl(reader);
        return;
      case OpCode.multi:
        this.multi(header, reader);
        return;
      case OpCode.error:
      case OpCode.check:
        return;
      default:
        throw new Error(`txn type ${type}`);
    }
  }

  private closeSession(header: txn.TxnHeader, reader: JuteReader): void {
    this.sessions.delete(header.clientId);
    const listed =
      reader.remaining() > 0 ? (txn.closeSessionTxn.read(reader).paths2Delete ?? []) : [];
    for (const path of listed) this.remove(header, path ?? '');
    for (const [path, node] of this.nodes) {
      if (node.owner === header.clientId && header.clientId !== 0n) this.remove(header, path);
    }
  }

  private create(header: txn.TxnHeader, type: number, reader: JuteReader): void {
    const body = readCreate(type, reader);
    const { path, parentCVersion } = body;
    const parent = this.nodes.get(parentOf(path));
    if (parent === undefined) {
      this.ignored.push(`create ${path}: no parent`);
      return;
    }
    const raised = parentCVersion === -1 ? parent.cversion + 1 : parentCVersion;
    if (raised > parent.cversion) {
      parent.cversion = raised;
      parent.pzxid = header.zxid;
    }
    const existing = this.nodes.get(path);
    if (existing !== undefined) {
      this.ignored.push(`create ${path}: exists`);
      existing.acl = body.acl;
      return;
    }
    const { zxid, time } = header;
    const owner = body.owner === 'session' ? header.clientId : body.owner;
    this.nodes.set(path, {
      ...{ data: body.data, acl: body.acl, owner },
      ...{ czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time },
      ...{ version: 0, cversion: 0, aversion: 0 },
    });
  }

  private remove(header: txn.TxnHeader, path: string): void {
    const parent = this.nodes.get(parentOf(path));
    if (parent === undefined) {
      this.ignored.push(`delete ${path}: no parent`);
      return;
    }
    if (header.zxid > parent.pzxid) parent.pzxid = header.zxid;
    if (!this.nodes.delete(path)) this.ignored.push(`delete ${path}: gone`);
  }

  private setData(header: txn.TxnHeader, reader: JuteReader): void {
    const { path, data, version } = txn.setDataTxn.read(reader);
    const node = this.nodes.get(keyOf(path ?? ''));
    if (node === undefined) {
      this.ignored.push(`setData ${path}: gone`);
      return;
    }
    Object.assign(node, { data, version, mzxid: header.zxid, mtime: header.time });
  }

  private setAcl(reader: JuteReader): void {
    const { path, acl, version } = txn.setACLTxn.read(reader);
    const node = this.nodes.get(keyOf(path ?? ''));
    if (node === undefined) {
      this.ignored.push(`setACL ${path}: gone`);
      return;
    }
    Object.assign(node, { acl: acl ?? [], aversion: version });
  }

  private multi(header: txn.TxnHeader, reader: JuteReader): void {
    const txns = txn.multiTxn.read(reader).txns ?? [];
    if (txns.some((part) => part.type === OpCode.error)) return;
    for (const { type, data } of txns) {
      const body = data ?? new Uint8Array(0);
      this.apply(header, type, readerOf(body, 0, body.byteLength));
    }
  }
}

interface CreateBody {
  path: string;
  data: Uint8Array | null;
  acl: Acl[];
  owner: bigint | 'session';
  parentCVersion: number;
}

function readCreate(type: number, reader: JuteReader): CreateBody {
  const path = reader.readString() ?? '';
  const data = reader.readBuffer();
  const acl = aclVector.read(reader) ?? [];
  let owner: bigint | 'session' = 0n;
  if (type === OpCode.create || type === OpCode.create2) owner = reader.readBool() ? 'session' : 0n;
  const parentCVersion = reader.remaining() >= 4 ? reader.readInt() : -1;
  if (type === OpCode.createContainer) owner = containerOwner;
  if (type === OpCode.createTTL) owner = BigInt.asIntN(64, (0xffn << 56n) | reader.readLong());
  return { path, data, acl, owner, parentCVersion };
}

function keyOf(path: string): string {
  return path === '/' ? '' : path;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function readerOf(bytes: Uint8Array, start: number, end: number): JuteReader {
  return new JuteReader(bytes.subarray(start, end));
}

const crcTable = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
}

/** Apache `DigestCalculator`: CRC-32 over path, data, and the stat with pzxid in third place. */
export function nodeDigest(path: string, node: NaiveNode): number {
  if (path.startsWith('/zookeeper/')) return 0;
  const stat = new DataView(new ArrayBuffer(60));
  const longs = [node.czxid, node.mzxid, node.pzxid, node.ctime, node.mtime];
  longs.forEach((value, index) => {
    stat.setBigInt64(index * 8, value);
  });
  stat.setInt32(40, node.version);
  stat.setInt32(44, node.cversion);
  stat.setInt32(48, node.aversion);
  stat.setBigInt64(52, node.owner);
  let crc = crc32(new TextEncoder().encode(path), 0);
  if (node.data !== null) crc = crc32(node.data, crc);
  return crc32(new Uint8Array(stat.buffer), crc);
}
