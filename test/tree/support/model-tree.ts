/**
 * A second, naive znode tree: a map from paths to plain objects. It computes its digest from
 * scratch, bit by bit, whenever it is asked. Tests hold the shared tree against it.
 */
import type { Stat } from '../../../src/jute/data.ts';

export interface ModelNode {
  data: Uint8Array | null;
  acl: string;
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

export class ModelTree {
  /** Keyed by path; the root is "". */
  readonly nodes = new Map<string, ModelNode>();

  static ofEmptyServer(): ModelTree {
    const tree = new ModelTree();
    for (const path of ['', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
      tree.nodes.set(path, zeroNode('open'));
    }
    const config = tree.get('/zookeeper/config');
    config.aversion = -1;
    config.acl = 'config';
    return tree;
  }

  get(path: string): ModelNode {
    const node = this.nodes.get(path);
    if (node === undefined) throw new Error(`no node ${path}`);
    return node;
  }

  children(path: string): string[] {
    const prefix = `${path}/`;
    const names: string[] = [];
    for (const other of this.nodes.keys()) {
      const isBelow = other.startsWith(prefix) && other !== path;
      if (isBelow && !other.slice(prefix.length).includes('/')) {
        names.push(other.slice(prefix.length));
      }
    }
    return names.sort();
  }

  descendants(path: string): number {
    let count = 0;
    for (const other of this.nodes.keys()) if (other.startsWith(`${path}/`)) count++;
    return count;
  }

  create(
    path: string,
    zxid: bigint,
    time: bigint,
    node: Pick<ModelNode, 'data' | 'acl' | 'owner'>,
  ): void {
    const stamps = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time };
    this.nodes.set(path, { ...zeroNode(node.acl), ...node, ...stamps });
  }

  raiseParent(path: string, cversion: number, zxid: bigint): void {
    const node = this.get(path);
    const raised = cversion === -1 ? (node.cversion + 1) | 0 : cversion;
    if (raised <= node.cversion) return;
    node.cversion = raised;
    node.pzxid = zxid;
  }

  remove(path: string, zxid: bigint): void {
    this.nodes.delete(path);
    const parent = this.get(parentOf(path));
    if (zxid > parent.pzxid) parent.pzxid = zxid;
  }

  stat(path: string, hiddenOwner = false): Stat {
    const node = this.get(path);
    const children = this.children(path).length;
    return {
      czxid: node.czxid,
      mzxid: node.mzxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      cversion: (2 * node.cversion - children) | 0,
      aversion: node.aversion,
      ephemeralOwner: hiddenOwner ? 0n : node.owner,
      dataLength: node.data?.length ?? 0,
      numChildren: children,
      pzxid: node.pzxid,
    };
  }

  dataBytes(): number {
    let bytes = 1;
    for (const [path, node] of this.nodes) {
      bytes += new TextEncoder().encode(path).length + (node.data?.length ?? 0);
    }
    return bytes;
  }

  /** Unsigned 64-bit sum. */
  digest(): bigint {
    let sum = 0n;
    for (const path of this.nodes.keys()) sum += BigInt(this.nodeDigest(path));
    return BigInt.asUintN(64, sum);
  }

  nodeDigest(path: string): number {
    if (path.startsWith('/zookeeper/')) return 0;
    const node = this.get(path);
    const stat = new DataView(new ArrayBuffer(60));
    stat.setBigInt64(0, node.czxid);
    stat.setBigInt64(8, node.mzxid);
    stat.setBigInt64(16, node.pzxid);
    stat.setBigInt64(24, node.ctime);
    stat.setBigInt64(32, node.mtime);
    stat.setInt32(40, node.version);
    stat.setInt32(44, node.cversion);
    stat.setInt32(48, node.aversion);
    stat.setBigInt64(52, node.owner);
    return bitwiseCrc32([
      new TextEncoder().encode(path),
      node.data ?? new Uint8Array(0),
      new Uint8Array(stat.buffer),
    ]);
  }
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function bitwiseCrc32(parts: readonly Uint8Array[]): number {
  let crc = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

function zeroNode(acl: string): ModelNode {
  return {
    data: new Uint8Array(0),
    acl,
    czxid: 0n,
    mzxid: 0n,
    pzxid: 0n,
    ctime: 0n,
    mtime: 0n,
    version: 0,
    cversion: 0,
    aversion: 0,
    owner: 0n,
  };
}
