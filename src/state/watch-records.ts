/**
 * The watches themselves: one record for each pair of a path and a connection, found by the pair,
 * by the path (in order of registration) and by the connection. What the modes mean is the
 * table's business.
 *
 *   path record -> first watch <-> watch <-> ... (a ring: the first knows the last)
 *   connection  -> first watch <-> watch <-> ...
 *   hash of (path, connection) -> watch -> watch -> ...
 */
import { IntRecords } from './int-records.ts';
import { PathField, type WatchPaths } from './watch-paths.ts';

export const WatchField = {
  path: 0,
  connection: 1,
  modes: 2,
  nextInPath: 3,
  previousInPath: 4,
  nextInConnection: 5,
  previousInConnection: 6,
  nextInPair: 7,
} as const;
const stride = 8;

export class WatchRecords {
  count = 0;
  private readonly paths: WatchPaths;
  private readonly records = new IntRecords(stride);
  private pairs = new Int32Array(64);

  constructor(paths: WatchPaths) {
    this.paths = paths;
  }

  get(watch: number, field: number): number {
    return this.records.words[watch * stride + field] as number;
  }

  set(watch: number, field: number, value: number): void {
    this.records.words[watch * stride + field] = value;
  }

  /** 0 when the connection does not watch the path. */
  find(path: number, connection: number): number {
    let watch = this.pairs[this.pairSlot(path, connection)] as number;
    while (watch !== 0) {
      const isPair =
        this.get(watch, WatchField.path) === path &&
        this.get(watch, WatchField.connection) === connection;
      if (isPair) return watch;
      watch = this.get(watch, WatchField.nextInPair);
    }
    return 0;
  }

  /** A watch without modes, the last one of its path; `first` is the connection's first watch. */
  add(path: number, connection: number, first: number): number {
    if (this.count >= this.pairs.length) this.grow();
    const watch = this.records.allocate();
    this.set(watch, WatchField.path, path);
    this.set(watch, WatchField.connection, connection);
    this.linkPair(watch);
    this.linkPath(watch, path);
    this.set(watch, WatchField.nextInConnection, first);
    if (first !== 0) this.set(first, WatchField.previousInConnection, watch);
    this.count++;
    return watch;
  }

  /** Returns the first watch of the connection from now on, given the one until now. */
  remove(watch: number, first: number): number {
    const next = this.get(watch, WatchField.nextInConnection);
    const previous = this.get(watch, WatchField.previousInConnection);
    if (next !== 0) this.set(next, WatchField.previousInConnection, previous);
    if (previous !== 0) this.set(previous, WatchField.nextInConnection, next);
    this.unlinkPath(watch);
    this.unlinkPair(watch);
    this.records.release(watch);
    this.count--;
    return watch === first ? next : first;
  }

  private linkPath(watch: number, path: number): void {
    const first = this.paths.get(path, PathField.firstWatch);
    if (first === 0) this.paths.set(path, PathField.firstWatch, watch);
    const next = first === 0 ? watch : first;
    const previous = first === 0 ? watch : this.get(first, WatchField.previousInPath);
    this.set(watch, WatchField.nextInPath, next);
    this.set(watch, WatchField.previousInPath, previous);
    this.set(previous, WatchField.nextInPath, watch);
    this.set(next, WatchField.previousInPath, watch);
  }

  private unlinkPath(watch: number): void {
    const path = this.get(watch, WatchField.path);
    const next = this.get(watch, WatchField.nextInPath);
    const previous = this.get(watch, WatchField.previousInPath);
    this.set(previous, WatchField.nextInPath, next);
    this.set(next, WatchField.previousInPath, previous);
    if (this.paths.get(path, PathField.firstWatch) === watch) {
      this.paths.set(path, PathField.firstWatch, next === watch ? 0 : next);
    }
  }

  private linkPair(watch: number): void {
    const path = this.get(watch, WatchField.path);
    const slot = this.pairSlot(path, this.get(watch, WatchField.connection));
    this.set(watch, WatchField.nextInPair, this.pairs[slot] as number);
    this.pairs[slot] = watch;
  }

  private unlinkPair(watch: number): void {
    const path = this.get(watch, WatchField.path);
    const slot = this.pairSlot(path, this.get(watch, WatchField.connection));
    const next = this.get(watch, WatchField.nextInPair);
    let before = this.pairs[slot] as number;
    if (before === watch) {
      this.pairs[slot] = next;
      return;
    }
    while (this.get(before, WatchField.nextInPair) !== watch) {
      before = this.get(before, WatchField.nextInPair);
    }
    this.set(before, WatchField.nextInPair, next);
  }

  private pairSlot(path: number, connection: number): number {
    const mixed = Math.imul(path ^ Math.imul(connection, 0x9e3779b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.pairs.length - 1);
  }

  private grow(): void {
    const old = this.pairs;
    this.pairs = new Int32Array(2 * old.length);
    for (let watch of old) {
      while (watch !== 0) {
        const next = this.get(watch, WatchField.nextInPair);
        this.linkPair(watch);
        watch = next;
      }
    }
  }
}
