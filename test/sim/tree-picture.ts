/**
 * Everything that a state consists of, as text to compare: each node with all fields of its Stat,
 * its data and its ACL, and each session. The shared tree is read here node by node, its wire
 * Stats are held against the raw fields, and its digest against a sum made from scratch.
 */
import { joinHalves } from '../../src/base/zxid.ts';
import { type Acl, aclVector, stat as wireStat } from '../../src/jute/data.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { SessionTable, type SessionTableMemory } from '../../src/state/session-table.ts';
import type { TreeView } from '../../src/tree/tree-view.ts';
import { type NaiveNode, nodeDigest } from '../storage/naive-state.ts';

export interface StatePicture {
  readonly zxid: bigint;
  readonly text: string;
  /** Sorted paths of ephemerals by owner. */
  readonly ephemerals: string;
}

/** No txn changes it: each member has it from its own configuration, at a time of its own. */
const membershipPath = '/zookeeper/config';
const containerOwner = -(1n << 63n);
const statsPattern = /^\/zookeeper\/quota(\/.+)\/zookeeper_stats$/;

/** Throws when the tree contradicts itself. */
export function pictureOfTree(view: TreeView, memory: SessionTableMemory): StatePicture {
  const nodes = nodesOf(view);
  let digest = 0n;
  for (const [path, node] of nodes) digest += BigInt(nodeDigest(path, node));
  const found = BigInt.asUintN(64, joinHalves(view.digestHi, view.digestLo));
  if (found !== digest)
    throw new Error(`the tree says digest ${found}, its nodes add to ${digest}`);
  if (view.nodeCount !== nodes.size) {
    throw new Error(`the tree counts ${view.nodeCount} nodes and has ${nodes.size}`);
  }
  const sessions = new Map<bigint, number>();
  new SessionTable(memory).walk((hi, lo, timeoutMs) => sessions.set(joinHalves(hi, lo), timeoutMs));
  return pictureOf(joinHalves(view.lastZxidHi, view.lastZxidLo), nodes, sessions);
}

export function pictureOf(
  zxid: bigint,
  nodes: ReadonlyMap<string, NaiveNode>,
  sessions: ReadonlyMap<bigint, number>,
): StatePicture {
  const replicated = [...nodes].filter(([path]) => path !== membershipPath);
  const lines = replicated.map(([path, node]) => lineOf(path, node));
  for (const [id, timeoutMs] of sessions) lines.push(`session ${id} ${timeoutMs}`);
  return { zxid, text: lines.sort().join('\n'), ephemerals: ephemeralsOf(nodes) };
}

/** The first few lines in which two pictures differ. */
export function differenceOf(found: StatePicture, expected: StatePicture): string {
  const there = new Set(expected.text.split('\n'));
  const here = new Set(found.text.split('\n'));
  const more = [...here].filter((line) => !there.has(line)).map((line) => `  found    ${line}`);
  const less = [...there].filter((line) => !here.has(line)).map((line) => `  expected ${line}`);
  return [...more.slice(0, 4), ...less.slice(0, 4)].join('\n');
}

/** What the usage node of an active quota must hold; null for all other nodes. */
export function usageOf(path: string, nodes: ReadonlyMap<string, NaiveNode>): string | null {
  const target = statsPattern.exec(path)?.[1];
  if (target === undefined || !nodes.has(`/zookeeper/quota${target}/zookeeper_limits`)) return null;
  let count = 0;
  let bytes = 0;
  for (const [other, { data }] of nodes) {
    if (other !== target && !other.startsWith(`${target}/`)) continue;
    count++;
    bytes += data?.byteLength ?? 0;
  }
  return `count=${count},bytes=${bytes}`;
}

function lineOf(path: string, node: NaiveNode): string {
  const data = node.data === null ? 'null' : `"${Buffer.from(node.data).toString('latin1')}"`;
  const acl = node.acl.map(({ perms, id }) => `${perms}:${id.scheme}:${id.id}`).join('+');
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, owner } = node;
  const zxids = `czxid ${czxid} mzxid ${mzxid} pzxid ${pzxid}`;
  const times = `ctime ${ctime} mtime ${mtime}`;
  const versions = `version ${version} cversion ${cversion} aversion ${aversion}`;
  return `${path} ${data} ${acl} ${zxids} ${times} ${versions} owner ${owner}`;
}

function ephemeralsOf(nodes: ReadonlyMap<string, NaiveNode>): string {
  const owned = [...nodes].filter(([, { owner }]) => isSessionOwner(owner));
  return owned
    .map(([path, { owner }]) => `${owner} ${path}`)
    .sort()
    .join('\n');
}

/** The owner of an ephemeral node; containers and TTL nodes have others. */
export function isSessionOwner(owner: bigint): boolean {
  return owner !== 0n && !isHidden(owner);
}

function isHidden(owner: bigint): boolean {
  return owner === containerOwner || owner >> 56n === -1n;
}

function nodesOf(view: TreeView): Map<string, NaiveNode> {
  const nodes = new Map<string, NaiveNode>();
  const waiting = [view.find(new Uint8Array(0), 0, 0)];
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    const pathBytes = new Uint8Array(view.pathLength(ref));
    view.writePath(ref, pathBytes, 0);
    const path = Buffer.from(pathBytes).toString('utf8');
    nodes.set(path === '/' ? '' : path, nodeOf(view, ref, path));
    let children = 0;
    for (let child = view.firstChild(ref); child !== 0; child = view.nextSibling(child)) {
      if (view.parent(child) !== ref) throw new Error(`a child of ${path} has another parent`);
      waiting.push(child);
      children++;
    }
    if (children !== view.childCount(ref)) throw new Error(`${path} miscounts its children`);
    if (view.find(pathBytes, 0, pathBytes.length) !== ref) throw new Error(`${path} is not found`);
  }
  return nodes;
}

function nodeOf(view: TreeView, ref: number, path: string): NaiveNode {
  const length = view.dataLength(ref);
  const data = length < 0 ? null : new Uint8Array(length);
  if (data !== null) view.writeData(ref, data, 0);
  const range = view.acls.bytesOf(view.aclId(ref));
  if (range === null) throw new Error(`${path} has an ACL that is not in the table`);
  const reader = new JuteReader(range.bytes.slice(range.start, range.end));
  const acl: Acl[] = aclVector.read(reader) ?? [];
  const bytes = new Uint8Array(68);
  view.writeStat(ref, bytes, 0);
  const stat = wireStat.read(new JuteReader(bytes));
  const owner = joinHalves(view.ownerHi(ref), view.ownerLo(ref));
  const cversion = view.cversion(ref);
  const children = view.childCount(ref);
  const wire = `${stat.cversion} ${stat.ephemeralOwner} ${stat.dataLength} ${stat.numChildren}`;
  const shownOwner = isHidden(owner) ? 0n : owner;
  const due = `${(2 * cversion - children) | 0} ${shownOwner} ${Math.max(length, 0)} ${children}`;
  if (wire !== due) throw new Error(`${path} shows ${wire} on the wire, which should be ${due}`);
  const { czxid, mzxid, pzxid, ctime, mtime, version, aversion } = stat;
  const zxids = { czxid, mzxid, pzxid, ctime, mtime };
  return { data, acl, ...zxids, version, cversion, aversion, owner };
}
