/**
 * The state of one node as prep sees it: all that a txn may depend on or change, without the data
 * itself. Filled from the tree or from an outstanding change; a plain record that is reused.
 */
import { ViewCache } from '../base/copy-bytes.ts';
import { crcView } from '../tree/digest.ts';

const views = new ViewCache();

export class NodeState {
  czxidHi = 0;
  czxidLo = 0;
  mzxidHi = 0;
  mzxidLo = 0;
  pzxidHi = 0;
  pzxidLo = 0;
  ctimeHi = 0;
  ctimeLo = 0;
  mtimeHi = 0;
  mtimeLo = 0;
  version = 0;
  /** Raw: how many children were ever created. */
  cversion = 0;
  aversion = 0;
  /** Raw ephemeralOwner. */
  ownerHi = 0;
  ownerLo = 0;
  childCount = 0;
  /** -1 for null data. */
  dataLength = -1;
  /** Of its path, also where there is no such node. */
  hash = 0;
  /** CRC-32 state over the path, and over path and data, which `statDigest` continues. */
  pathCrc = 0;
  dataPathCrc = 0;
  /** The node's part of the tree digest, unsigned. */
  digest = 0;
  /** ACL in the tree's table; not used when `acl` is there. */
  aclId = 0;
  /** A list that is not in the table yet, as jute vec<ACL>; shared, never changed. */
  acl: Uint8Array | null = null;

  copyFrom(other: NodeState): void {
    this.czxidHi = other.czxidHi;
    this.czxidLo = other.czxidLo;
    this.mzxidHi = other.mzxidHi;
    this.mzxidLo = other.mzxidLo;
    this.pzxidHi = other.pzxidHi;
    this.pzxidLo = other.pzxidLo;
    this.ctimeHi = other.ctimeHi;
    this.ctimeLo = other.ctimeLo;
    this.mtimeHi = other.mtimeHi;
    this.mtimeLo = other.mtimeLo;
    this.version = other.version;
    this.cversion = other.cversion;
    this.aversion = other.aversion;
    this.ownerHi = other.ownerHi;
    this.ownerLo = other.ownerLo;
    this.childCount = other.childCount;
    this.dataLength = other.dataLength;
    this.hash = other.hash;
    this.pathCrc = other.pathCrc;
    this.dataPathCrc = other.dataPathCrc;
    this.digest = other.digest;
    this.aclId = other.aclId;
    this.acl = other.acl;
  }

  /** The state of a node that is created at this zxid and time; data and ACL are the caller's. */
  becomeCreated(zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): void {
    this.czxidHi = this.mzxidHi = this.pzxidHi = zxidHi;
    this.czxidLo = this.mzxidLo = this.pzxidLo = zxidLo;
    this.ctimeHi = this.mtimeHi = timeHi;
    this.ctimeLo = this.mtimeLo = timeLo;
    this.version = this.cversion = this.aversion = 0;
    this.ownerHi = this.ownerLo = 0;
    this.childCount = 0;
    this.digest = 0;
  }

  /** A path that goes on behind that of the parent with `path[start..end)`. */
  setPath(parent: NodeState, path: Uint8Array, start: number, end: number): void {
    this.pathCrc = crcView(parent.pathCrc, views.viewOf(path), start, end);
  }

  /** -1 is the length of null data, which may come with any start. */
  setData(data: Uint8Array, start: number, length: number): void {
    this.dataLength = length;
    this.dataPathCrc = this.pathCrc;
    if (length <= 0) return;
    this.dataPathCrc = crcView(this.pathCrc, views.viewOf(data), start, start + length);
  }

  /** A child came to be: as the tree does it, never backwards (Apache `DataTree.createNode`). */
  raiseCversion(cversion: number, zxidHi: number, zxidLo: number): void {
    if (cversion <= this.cversion) return;
    this.cversion = cversion;
    this.pzxidHi = zxidHi;
    this.pzxidLo = zxidLo;
  }
}
