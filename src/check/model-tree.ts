/**
 * A second implementation of the tree, as plain as can be: it applies logged txns, and says what
 * the server must have answered. It shares no code with the server's own tree.
 */

import type { Acl, Stat } from '../jute/data.ts';
import { EventType, OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import * as txn from '../jute/txn.ts';

export interface ModelNode {
  data: Uint8Array | null;
  acl: readonly Acl[] | null;
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  /** Creations of children, as snapshots count them. */
  creations: number;
  aversion: number;
  /** Session of an ephemeral node, else 0. */
  owner: bigint;
  /** A container or a node with a TTL: the server may remove it by itself while it is empty. */
  readonly isReapable: boolean;
  readonly children: Set<string>;
}

export interface Change {
  readonly type: EventType;
  readonly path: string;
}

/** A node as its txn describes it. */
interface MadeNode {
  readonly path: string | null;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly parentCVersion: number;
}

/** What one operation of a txn did. */
export interface Effect {
  readonly type: number;
  readonly path: string | null;
  readonly stat: Stat | null;
  readonly data: Uint8Array | null;
  /** Of an error txn. */
  readonly err: number;
}

export interface Applied {
  readonly header: txn.TxnHeader;
  /** One for each operation of a multi, else one. */
  readonly effects: Effect[];
  readonly changes: Change[];
  /** What a closeSession removed, and what its txn says that it removes. */
  readonly removed: readonly string[];
  readonly told: readonly string[] | null;
}

const errorTxnBytes = 4;
const builtIn = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'];

export class ModelTree {
  readonly nodes = new Map<string, ModelNode>();
  private readonly ephemerals = new Map<bigint, Set<string>>();

  constructor() {
    for (const path of builtIn) this.nodes.set(path, emptyNode());
    for (const path of builtIn.slice(1)) this.nodes.get(parentOf(path))!.children.add(nameOf(path));
  }

  stat(path: string): Stat | null {
    const node = this.nodes.get(path);
    if (node === undefined) return null;
    return {
      czxid: node.czxid,
      mzxid: node.mzxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      cversion: (node.creations * 2 - node.children.size) | 0,
      aversion: node.aversion,
      ephemeralOwner: node.owner,
      dataLength: node.data?.byteLength ?? 0,
      numChildren: node.children.size,
      pzxid: node.pzxid,
    };
  }

  /** Throws when the txn cannot be applied: the log itself makes no sense then. */
  apply(bytes: Uint8Array): Applied {
    const reader = new JuteReader(bytes);
    const header = txn.txnHeader.read(reader);
    const changes: Change[] = [];
    const effects: Effect[] = [];
    let removed: string[] = [];
    let told: string[] | null = null;
    if (header.type === OpCode.multi) {
      const subs = txn.multiTxn.read(reader).txns ?? [];
      const failed = subs.some(({ type }) => type === OpCode.error);
      for (const { type, data } of subs) {
        const body = new JuteReader(data ?? new Uint8Array(0));
        if (failed) effects.push(isUndone(type, data) ? undone : failure(body));
        else effects.push(this.applyOne(header, type, body, changes));
      }
    } else if (header.type === OpCode.closeSession) {
      removed = [...(this.ephemerals.get(header.clientId) ?? [])];
      for (const path of removed) this.remove(path, header.zxid, changes);
      this.ephemerals.delete(header.clientId);
      if (reader.remaining() > txn.txnDigestBytes) {
        told = (txn.closeSessionTxn.read(reader).paths2Delete ?? []).map(String);
      }
      effects.push(effect(header.type));
    } else {
      effects.push(this.applyOne(header, header.type, reader, changes));
    }
    return { header, effects, changes, removed, told };
  }

  private applyOne(
    header: txn.TxnHeader,
    type: number,
    reader: JuteReader,
    changes: Change[],
  ): Effect {
    switch (type) {
      case OpCode.create:
      case OpCode.create2: {
        const made = txn.createTxn.read(reader);
        return this.create(header, type, made, made.ephemeral ? header.clientId : 0n, changes);
      }
      case OpCode.createContainer:
        return this.create(header, type, txn.createContainerTxn.read(reader), 0n, changes);
      case OpCode.createTTL:
        return this.create(header, type, txn.createTTLTxn.read(reader), 0n, changes);
      case OpCode.delete:
      case OpCode.deleteContainer: {
        const path = txn.deleteTxn.read(reader).path!;
        if (type === OpCode.deleteContainer && !this.existing(path).isReapable) {
          throw new Error(`${path} is no container and has no TTL`);
        }
        this.remove(path, header.zxid, changes);
        return { ...effect(type), path };
      }
      case OpCode.setData:
      case OpCode.reconfig: {
        const { path, data, version } = txn.setDataTxn.read(reader);
        const node = this.existing(path!);
        Object.assign(node, { data, version, mzxid: header.zxid, mtime: header.time });
        changes.push({ type: EventType.nodeDataChanged, path: path! });
        return { ...effect(type), path, data, stat: this.stat(path!) };
      }
      case OpCode.setACL: {
        const { path, acl, version } = txn.setACLTxn.read(reader);
        Object.assign(this.existing(path!), { acl, aversion: version });
        return { ...effect(type), path, stat: this.stat(path!) };
      }
      case OpCode.check:
        return { ...effect(type), path: txn.checkVersionTxn.read(reader).path };
      case OpCode.error:
        return failure(reader);
      case OpCode.createSession:
        return effect(type);
      default:
        throw new Error(`a txn of type ${type} is not modelled`);
    }
  }

  private create(
    { zxid, time }: txn.TxnHeader,
    type: number,
    { path: madePath, data, acl, parentCVersion }: MadeNode,
    owner: bigint,
    changes: Change[],
  ): Effect {
    const path = madePath!;
    if (this.nodes.has(path)) throw new Error(`${path} is created twice`);
    const parent = this.existing(parentOf(path));
    const isReapable = type === OpCode.createContainer || type === OpCode.createTTL;
    const node = { ...emptyNode(), data, acl, owner, isReapable };
    const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid };
    this.nodes.set(path, { ...node, ...zxids, ctime: time, mtime: time });
    parent.children.add(nameOf(path));
    const creations = parentCVersion === -1 ? parent.creations + 1 : parentCVersion;
    // As Apache's DataTree.createNode: both move together.
    if (creations > parent.creations) {
      parent.creations = creations;
      parent.pzxid = zxid;
    }
    if (owner !== 0n) {
      const owned = this.ephemerals.get(owner);
      if (owned === undefined) this.ephemerals.set(owner, new Set([path]));
      else owned.add(path);
    }
    changes.push({ type: EventType.nodeCreated, path });
    changes.push({ type: EventType.nodeChildrenChanged, path: parentOf(path) });
    return { ...effect(type), path, data, stat: this.stat(path) };
  }

  private remove(path: string, zxid: bigint, changes: Change[]): void {
    const node = this.existing(path);
    if (node.children.size > 0) throw new Error(`${path} is deleted with children`);
    const parent = this.existing(parentOf(path));
    this.nodes.delete(path);
    this.ephemerals.get(node.owner)?.delete(path);
    parent.children.delete(nameOf(path));
    if (zxid > parent.pzxid) parent.pzxid = zxid;
    changes.push({ type: EventType.nodeDeleted, path });
    changes.push({ type: EventType.nodeChildrenChanged, path: parentOf(path) });
  }

  private existing(path: string): ModelNode {
    const node = this.nodes.get(path);
    if (node === undefined) throw new Error(`${path} does not exist`);
    return node;
  }
}

function effect(type: number): Effect {
  return { type, path: null, stat: null, data: null, err: 0 };
}

/** What a failed multi had prepared before the operation that failed. */
const undone = effect(OpCode.error);

/** Apache may log it with the type of an error and the body that it had before. */
function isUndone(type: number, data: Uint8Array | null): boolean {
  return type !== OpCode.error || data?.byteLength !== errorTxnBytes;
}

function failure(reader: JuteReader): Effect {
  return { ...effect(OpCode.error), err: txn.errorTxn.read(reader).err };
}

function emptyNode(): ModelNode {
  const zero = { czxid: 0n, mzxid: 0n, pzxid: 0n, ctime: 0n, mtime: 0n, owner: 0n };
  const versions = { version: 0, creations: 0, aversion: 0 };
  return { ...zero, ...versions, data: null, acl: null, isReapable: false, children: new Set() };
}

export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
