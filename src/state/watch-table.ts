/**
 * Who watches which path: all watches of the clients of this server, both tables of Apache's
 * `DataTree` (each a `WatchManager`) in one. Keyed by connection; a watch ends with its
 * connection. Does not know what the watchers may read: the caller filters the hits, and what it
 * drops is consumed all the same.
 *
 * Paths are exactly the bytes of the request. The root is "/", never "".
 */
import { assert } from '../base/assert.ts';
import { EventType } from '../jute/proto.ts';
import { IntRecords } from './int-records.ts';
import { childTableModes, dataTableModes, standardModes, WatchMode } from './watch-modes.ts';
import { PathField, WatchPaths } from './watch-paths.ts';
import { WatchField, WatchRecords } from './watch-records.ts';

/** 32-bit hash of `bytes[start..end)`: `TreeView.hashOf`. */
export type PathHash = (bytes: Uint8Array, start: number, end: number) => number;

/** Fields of a connection record. `stamp` is the trigger that has hit it last. */
const CnxnField = { id: 0, firstWatch: 1, dataWatches: 2, stamp: 3 } as const;
const cnxnStride = 4;
const dataOnlyModes = dataTableModes & ~childTableModes;
const slash = 0x2f;

export class WatchTable {
  /** Connections (int32) to notify after `trigger`: as many as it returned, none twice. */
  hits = new Int32Array(64);
  private hitCount = 0;
  private stamp = 0;
  private readonly hash: PathHash;
  private readonly paths = new WatchPaths();
  private readonly watches = new WatchRecords(this.paths);
  private readonly connections = new Map<number, number>();
  private readonly cnxns = new IntRecords(cnxnStride);
  private dataPairs = 0;
  private childPairs = 0;
  private dataPaths = 0;
  /** How many recursive watches there are on paths of each length: ancestors worth a look. */
  private readonly recursiveLengths = new Map<number, number>();

  constructor(pathHash: PathHash) {
    this.hash = pathHash;
  }

  /** From now on watches of this connection are taken; before and after its life they are not. */
  openConnection(cnxnId: number): void {
    assert(!this.connections.has(cnxnId), 'a connection is opened once');
    const cnxn = this.cnxns.allocate();
    this.setCnxn(cnxn, CnxnField.id, cnxnId);
    this.connections.set(cnxnId, cnxn);
  }

  /** Drops a connection and its watches; unknown ones are ignored. */
  removeConnection(cnxnId: number): void {
    const cnxn = this.connections.get(cnxnId);
    if (cnxn === undefined) return;
    for (let watch = this.cnxn(cnxn, CnxnField.firstWatch); watch !== 0; ) {
      const next = this.watches.get(watch, WatchField.nextInConnection);
      this.setModes(watch, 0);
      watch = next;
    }
    this.cnxns.release(cnxn);
    this.connections.delete(cnxnId);
  }

  /** True when the connection did not have this watch yet. No-op on a closed connection. */
  add(bytes: Uint8Array, start: number, end: number, cnxnId: number, mode: WatchMode): boolean {
    const cnxn = this.connections.get(cnxnId);
    if (cnxn === undefined) return false;
    const hash = this.hash(bytes, start, end) | 0;
    let path = this.paths.find(bytes, start, end, hash);
    if (path === 0) path = this.paths.add(bytes, start, end, hash);
    let watch = this.watches.find(path, cnxn);
    if (watch === 0) {
      watch = this.watches.add(path, cnxn, this.cnxn(cnxn, CnxnField.firstWatch));
      this.setCnxn(cnxn, CnxnField.firstWatch, watch);
    }
    const before = this.watches.get(watch, WatchField.modes);
    this.setModes(watch, before | mode);
    return (before & mode) === 0;
  }

  /**
   * An event on the path whose hash is `hash`: fills `hits` and returns how many there are, in
   * order of registration, watchers of ancestors behind. Standard watches are consumed. Type
   * nodeDeleted covers both tables, each connection once; nodeChildrenChanged of the parent is a
   * call of its own.
   */
  trigger(type: EventType, bytes: Uint8Array, start: number, end: number, hash: number): number {
    this.hitCount = 0;
    if (this.paths.count === 0) return 0;
    this.nextStamp();
    let modes: number = dataTableModes;
    if (type === EventType.nodeChildrenChanged) modes = childTableModes;
    if (type === EventType.nodeDeleted) modes = dataTableModes | childTableModes;
    const path = this.paths.find(bytes, start, end, hash | 0);
    if (path !== 0) this.hitWatchers(path, modes);
    const isForRecursive = type !== EventType.nodeChildrenChanged;
    if (isForRecursive && this.recursiveLengths.size > 0) this.hitAncestors(bytes, start, end);
    return this.hitCount;
  }

  /** Has the connection one of `modes` (see `modesOfWatcherType`) at exactly this path? */
  has(bytes: Uint8Array, start: number, end: number, cnxnId: number, modes: number): boolean {
    const watch = this.find(bytes, start, end, cnxnId);
    return watch !== 0 && (this.watches.get(watch, WatchField.modes) & modes) !== 0;
  }

  /** Takes away those of `modes` that the connection has at exactly this path; false = none. */
  remove(bytes: Uint8Array, start: number, end: number, cnxnId: number, modes: number): boolean {
    const watch = this.find(bytes, start, end, cnxnId);
    if (watch === 0) return false;
    const before = this.watches.get(watch, WatchField.modes);
    if ((before & modes) === 0) return false;
    this.setModes(watch, before & ~modes);
    return true;
  }

  /** For mntr: (path, connection) pairs of the data table and of the child table. */
  get watchCount(): number {
    return this.dataPairs + this.childPairs;
  }

  /** For wchs; the data table alone. */
  summary(): { connections: number; paths: number; watches: number } {
    let connections = 0;
    for (const cnxn of this.connections.values()) {
      if (this.cnxn(cnxn, CnxnField.dataWatches) > 0) connections++;
    }
    return { connections, paths: this.dataPaths, watches: this.dataPairs };
  }

  /** For wchc; the data table alone. Take all of it before the table changes. */
  *byConnection(): Generator<{ cnxnId: number; paths: string[] }> {
    for (const [cnxnId, cnxn] of this.connections) {
      if (this.cnxn(cnxn, CnxnField.dataWatches) === 0) continue;
      const paths: string[] = [];
      for (let watch = this.cnxn(cnxn, CnxnField.firstWatch); watch !== 0; ) {
        const isData = (this.watches.get(watch, WatchField.modes) & dataTableModes) !== 0;
        if (isData) paths.push(this.paths.text(this.watches.get(watch, WatchField.path)));
        watch = this.watches.get(watch, WatchField.nextInConnection);
      }
      yield { cnxnId, paths };
    }
  }

  /** For wchp; the data table alone. Take all of it before the table changes. */
  *byPath(): Generator<{ path: string; cnxnIds: number[] }> {
    for (const path of this.paths.all()) {
      if (this.paths.get(path, PathField.dataWatches) === 0) continue;
      const cnxnIds: number[] = [];
      const first = this.paths.get(path, PathField.firstWatch);
      let watch = first;
      do {
        const isData = (this.watches.get(watch, WatchField.modes) & dataTableModes) !== 0;
        const cnxn = this.watches.get(watch, WatchField.connection);
        if (isData) cnxnIds.push(this.cnxn(cnxn, CnxnField.id));
        watch = this.watches.get(watch, WatchField.nextInPath);
      } while (watch !== first);
      yield { path: this.paths.text(path), cnxnIds };
    }
  }

  private cnxn(cnxn: number, field: number): number {
    return this.cnxns.words[cnxn * cnxnStride + field] as number;
  }

  private setCnxn(cnxn: number, field: number, value: number): void {
    this.cnxns.words[cnxn * cnxnStride + field] = value;
  }

  private find(bytes: Uint8Array, start: number, end: number, cnxnId: number): number {
    const cnxn = this.connections.get(cnxnId);
    if (cnxn === undefined) return 0;
    const path = this.paths.find(bytes, start, end, this.hash(bytes, start, end) | 0);
    return path === 0 ? 0 : this.watches.find(path, cnxn);
  }

  /** Hits all watchers of a path that have one of `modes`, and consumes their standard ones. */
  private hitWatchers(path: number, modes: number): void {
    const isWanted =
      ((modes & dataOnlyModes) !== 0 && this.paths.get(path, PathField.dataWatches) > 0) ||
      ((modes & WatchMode.children) !== 0 && this.paths.get(path, PathField.childWatches) > 0);
    if (!isWanted) return;
    let watch = this.paths.get(path, PathField.firstWatch);
    const last = this.watches.get(watch, WatchField.previousInPath);
    for (let isLast = false; !isLast; ) {
      isLast = watch === last;
      const next = this.watches.get(watch, WatchField.nextInPath);
      const before = this.watches.get(watch, WatchField.modes);
      if ((before & modes) !== 0) {
        this.hit(this.watches.get(watch, WatchField.connection));
        const consumed = modes & standardModes;
        if ((before & consumed) !== 0) this.setModes(watch, before & ~consumed);
      }
      watch = next;
    }
  }

  /** Hits the recursive watchers of every ancestor of the path, the root included. */
  private hitAncestors(bytes: Uint8Array, start: number, end: number): void {
    for (let at = end - 1; at >= start; at--) {
      if (bytes[at] !== slash) continue;
      const ancestorEnd = Math.max(at, start + 1);
      if (ancestorEnd === end || !this.recursiveLengths.has(ancestorEnd - start)) continue;
      const hash = this.hash(bytes, start, ancestorEnd) | 0;
      const path = this.paths.find(bytes, start, ancestorEnd, hash);
      if (path !== 0) this.hitWatchers(path, WatchMode.recursive);
    }
  }

  private hit(cnxn: number): void {
    if (this.cnxn(cnxn, CnxnField.stamp) === this.stamp) return;
    this.setCnxn(cnxn, CnxnField.stamp, this.stamp);
    if (this.hitCount === this.hits.length) {
      const hits = new Int32Array(2 * this.hits.length);
      hits.set(this.hits);
      this.hits = hits;
    }
    this.hits[this.hitCount++] = this.cnxn(cnxn, CnxnField.id);
  }

  /** Never 0. When all have been used, the marks of old triggers are wiped away. */
  private nextStamp(): void {
    this.stamp = (this.stamp + 1) | 0;
    if (this.stamp !== 0) return;
    this.stamp = 1;
    for (const cnxn of this.connections.values()) this.setCnxn(cnxn, CnxnField.stamp, 0);
  }

  /** The only place where modes change: keeps all counts, and removes what has become empty. */
  private setModes(watch: number, modes: number): void {
    const before = this.watches.get(watch, WatchField.modes);
    const path = this.watches.get(watch, WatchField.path);
    const cnxn = this.watches.get(watch, WatchField.connection);
    this.watches.set(watch, WatchField.modes, modes);
    const data = has(modes, dataTableModes) - has(before, dataTableModes);
    const child = has(modes, childTableModes) - has(before, childTableModes);
    const recursive = has(modes, WatchMode.recursive) - has(before, WatchMode.recursive);
    if (data !== 0) this.countData(path, cnxn, data);
    if (child !== 0) {
      this.childPairs += child;
      const count = this.paths.get(path, PathField.childWatches) + child;
      this.paths.set(path, PathField.childWatches, count);
    }
    if (recursive !== 0) this.countRecursive(path, recursive);
    if (modes !== 0) return;
    const first = this.watches.remove(watch, this.cnxn(cnxn, CnxnField.firstWatch));
    this.setCnxn(cnxn, CnxnField.firstWatch, first);
    if (this.paths.get(path, PathField.firstWatch) === 0) this.paths.remove(path);
  }

  private countData(path: number, cnxn: number, more: number): void {
    this.dataPairs += more;
    const count = this.paths.get(path, PathField.dataWatches) + more;
    this.paths.set(path, PathField.dataWatches, count);
    if (count === Math.max(more, 0)) this.dataPaths += more;
    this.setCnxn(cnxn, CnxnField.dataWatches, this.cnxn(cnxn, CnxnField.dataWatches) + more);
  }

  private countRecursive(path: number, more: number): void {
    const length = this.paths.get(path, PathField.length);
    const count = (this.recursiveLengths.get(length) ?? 0) + more;
    if (count === 0) this.recursiveLengths.delete(length);
    else this.recursiveLengths.set(length, count);
  }
}

function has(modes: number, wanted: number): 0 | 1 {
  return (modes & wanted) === 0 ? 0 : 1;
}
