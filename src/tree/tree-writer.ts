/** The one writer of a shared tree (signatures; the implementation follows). */
import type { AclTable } from './acl-table.ts';
import { TreeView } from './tree-view.ts';

export class TreeWriter extends TreeView {
  declare readonly acls: AclTable;

  /** Begins a section: all changes until `closeSection` are seen together or not at all. */
  openSection(): void {
    throw new Error('not built yet');
  }
  /** Ends the section and publishes `lastZxid` with it. */
  closeSection(zxidHi: number, zxidLo: number): void {
    throw new Error(`not built yet ${zxidHi} ${zxidLo}`);
  }
  /** The zxid and time (ms since the epoch) that the following changes are stamped with. */
  beginTxn(zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): void {
    throw new Error(`not built yet ${zxidHi} ${zxidLo} ${timeHi} ${timeLo}`);
  }
  /**
   * Adds a node that does not exist below a parent that does. Neither the raw cversion nor the
   * pzxid of the parent changes: `raiseParent` does that. `dataLength` -1 is null data.
   */
  create(
    parent: number,
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    ownerHi: number,
    ownerLo: number,
  ): number {
    throw new Error(
      `not built yet ${parent} ${path} ${pathStart} ${pathEnd} ${data} ${dataStart} ${dataLength} ${aclId} ${ownerHi} ${ownerLo}`,
    );
  }
  /** -1 stands for the current value + 1. Raises cversion and sets pzxid, or does nothing. */
  raiseParent(parent: number, parentCVersion: number): void {
    throw new Error(`not built yet ${parent} ${parentCVersion}`);
  }
  /** pzxid = max(pzxid, zxid of the txn): what a delete does to the parent. */
  raisePzxid(ref: number): void {
    throw new Error(`not built yet ${ref}`);
  }
  /** Removes a node without children, and raises the pzxid of its parent. */
  remove(ref: number): void {
    throw new Error(`not built yet ${ref}`);
  }
  setData(
    ref: number,
    data: Uint8Array | null,
    start: number,
    length: number,
    version: number,
  ): void {
    throw new Error(`not built yet ${ref} ${data} ${start} ${length} ${version}`);
  }
  setAcl(ref: number, aclId: number, aversion: number): void {
    throw new Error(`not built yet ${ref} ${aclId} ${aversion}`);
  }
  /** Replaces the data and nothing else: no version, no mzxid, no mtime (quota usage nodes). */
  setQuotaData(ref: number, data: Uint8Array, start: number, length: number): void {
    throw new Error(`not built yet ${ref} ${data} ${start} ${length}`);
  }
  /**
   * Adds (or overwrites) a node as a snapshot holds it; `stat[statStart..+60)` is a StatPersisted.
   * Returns 0 when the parent does not exist.
   */
  load(
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
    data: Uint8Array | null,
    dataStart: number,
    dataLength: number,
    aclId: number,
    stat: Uint8Array,
    statStart: number,
  ): number {
    throw new Error(
      `not built yet ${path} ${pathStart} ${pathEnd} ${data} ${dataStart} ${dataLength} ${aclId} ${stat} ${statStart}`,
    );
  }
  /** False when `bytes` more would pass the high-water mark of the memory. */
  hasRoomFor(bytes: number): boolean {
    throw new Error(`not built yet ${bytes}`);
  }
  /** Fills a memory without nodes with the tree of an empty server. Opens its own section. */
  createSystemNodes(): void {
    throw new Error('not built yet');
  }
  /** Empties the memory: no nodes, no ACLs, zxid 0. Walkers are told to give up. Own section. */
  clear(): void {
    throw new Error('not built yet');
  }
}
