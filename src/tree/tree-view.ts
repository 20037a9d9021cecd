/** Lock-free reads of the shared tree (signatures; the implementation follows). */
import type { AclTableView } from './acl-table.ts';
import { pathHash } from './path-hash.ts';
import type { TreeMemory } from './tree-memory.ts';

export class TreeView {
  readonly memory: TreeMemory;
  declare readonly acls: AclTableView;

  constructor(memory: TreeMemory) {
    this.memory = memory;
  }

  /** Even number of the observation that begins, or -1 while the writer is in a section. */
  beginRead(): number {
    throw new Error('not built yet');
  }
  /** True when all reads since `beginRead` saw one state of the tree. */
  endRead(seq: number): boolean {
    throw new Error(`not built yet ${seq}`);
  }

  /** Ref of the node at a path, 0 when there is none. "" and "/" are both the root. */
  find(bytes: Uint8Array, start: number, end: number): number {
    throw new Error(`not built yet ${bytes.length} ${start} ${end}`);
  }
  hashOf(bytes: Uint8Array, start: number, end: number): number {
    return pathHash(bytes, start, end);
  }

  parent(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  firstChild(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  nextSibling(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  childCount(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  nameLength(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  writeName(ref: number, out: Uint8Array, at: number): number {
    throw new Error(`not built yet ${ref} ${out.length} ${at}`);
  }
  /** 0 for the root. */
  pathLength(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  writePath(ref: number, out: Uint8Array, at: number): number {
    throw new Error(`not built yet ${ref} ${out.length} ${at}`);
  }
  version(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  /** Raw: how many children were ever created (as persisted). */
  cversion(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  aversion(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  czxidHi(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  czxidLo(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  mzxidHi(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  mzxidLo(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  pzxidHi(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  pzxidLo(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  ctimeHi(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  ctimeLo(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  mtimeHi(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  mtimeLo(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  /** Raw ephemeral owner: a session id, 0, or the mark of a container or TTL node. */
  ownerHi(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  ownerLo(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  /** -1 for null data. */
  dataLength(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  writeData(ref: number, out: Uint8Array, at: number): number {
    throw new Error(`not built yet ${ref} ${out.length} ${at}`);
  }
  /** 4 + data + 68: what `writeDataAndStat` will write. */
  dataAndStatBytes(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  writeDataAndStat(ref: number, out: Uint8Array, at: number): number {
    throw new Error(`not built yet ${ref} ${out.length} ${at}`);
  }
  /** 68 bytes of wire Stat; returns 68. */
  writeStat(ref: number, out: Uint8Array, at: number): number {
    throw new Error(`not built yet ${ref} ${out.length} ${at}`);
  }
  /** Bytes of the jute `vector<ustring>` of the children's names. */
  childNamesBytes(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  /** Writes the jute `vector<ustring>` of the children's names; returns the bytes written. */
  writeChildNames(ref: number, out: Uint8Array, at: number): number {
    throw new Error(`not built yet ${ref} ${out.length} ${at}`);
  }
  aclId(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  isReadableByAnyone(ref: number): boolean {
    throw new Error(`not built yet ${ref}`);
  }
  /** Nodes below a node, -1 when there are more than `limit`. */
  descendantCount(ref: number, limit: number): number {
    throw new Error(`not built yet ${ref} ${limit}`);
  }
  /** Unsigned 32-bit digest of a node, 0 below /zookeeper/. */
  nodeDigest(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }
  /** CRC-32 state (int32, not inverted) after path and data: `statDigest` continues from it. */
  dataPathCrc(ref: number): number {
    throw new Error(`not built yet ${ref}`);
  }

  /** Nodes, the root once (Apache reports one more). */
  get nodeCount(): number {
    throw new Error('not built yet');
  }
  get approximateDataBytes(): number {
    throw new Error('not built yet');
  }
  get lastZxidHi(): number {
    throw new Error('not built yet');
  }
  get lastZxidLo(): number {
    throw new Error('not built yet');
  }
  get digestHi(): number {
    throw new Error('not built yet');
  }
  get digestLo(): number {
    throw new Error('not built yet');
  }
}
