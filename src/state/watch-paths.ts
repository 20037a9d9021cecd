/**
 * The paths that somebody watches, each once, as bytes: a hash table of records. A path stands for
 * exactly its bytes, whether such a node exists or not. Knows no connections and no modes.
 */
import { decodeUtf8 } from '../jute/utf8.ts';
import { ByteArena } from './byte-arena.ts';
import { IntRecords } from './int-records.ts';

/** Fields of a path record. The owner of the watches uses the last three. */
export const PathField = {
  hash: 0,
  at: 1,
  length: 2,
  nextInChain: 3,
  firstWatch: 4,
  dataWatches: 5,
  childWatches: 6,
} as const;
const stride = 7;

export class WatchPaths {
  /** How many paths are watched. */
  count = 0;
  private readonly records = new IntRecords(stride);
  private readonly arena = new ByteArena();
  private heads = new Int32Array(64);

  get(path: number, field: number): number {
    return this.records.words[path * stride + field] as number;
  }

  set(path: number, field: number, value: number): void {
    this.records.words[path * stride + field] = value;
  }

  /** Record of the path `bytes[start..end)`, 0 when there is none. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const { words } = this.records;
    let path = this.heads[hash & (this.heads.length - 1)] as number;
    while (path !== 0) {
      const at = path * stride;
      const isSame =
        words[at + PathField.hash] === hash &&
        words[at + PathField.length] === end - start &&
        this.equals(words[at + PathField.at] as number, bytes, start, end);
      if (isSame) return path;
      path = words[at + PathField.nextInChain] as number;
    }
    return 0;
  }

  /** A path that `find` does not know. */
  add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    if (this.count >= this.heads.length) this.grow();
    const path = this.records.allocate();
    this.set(path, PathField.hash, hash);
    this.set(path, PathField.at, this.arena.store(bytes, start, end));
    this.set(path, PathField.length, end - start);
    this.link(path);
    this.count++;
    return path;
  }

  remove(path: number): void {
    const slot = this.get(path, PathField.hash) & (this.heads.length - 1);
    const next = this.get(path, PathField.nextInChain);
    let before = this.heads[slot] as number;
    if (before === path) this.heads[slot] = next;
    else {
      while (this.get(before, PathField.nextInChain) !== path) {
        before = this.get(before, PathField.nextInChain);
      }
      this.set(before, PathField.nextInChain, next);
    }
    this.arena.release(this.get(path, PathField.at), this.get(path, PathField.length));
    this.records.release(path);
    this.count--;
  }

  text(path: number): string {
    const at = this.get(path, PathField.at);
    return decodeUtf8(this.arena.bytes, at, at + this.get(path, PathField.length));
  }

  /** All paths, in no order; do not add or remove meanwhile. */
  *all(): Generator<number> {
    for (let path of this.heads) {
      for (; path !== 0; path = this.get(path, PathField.nextInChain)) yield path;
    }
  }

  private equals(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.arena.bytes;
    for (let i = start, j = at; i < end; i++, j++) if (bytes[i] !== own[j]) return false;
    return true;
  }

  private link(path: number): void {
    const slot = this.get(path, PathField.hash) & (this.heads.length - 1);
    this.set(path, PathField.nextInChain, this.heads[slot] as number);
    this.heads[slot] = path;
  }

  private grow(): void {
    const old = this.heads;
    this.heads = new Int32Array(2 * old.length);
    for (let path of old) {
      while (path !== 0) {
        const next = this.get(path, PathField.nextInChain);
        this.link(path);
        path = next;
      }
    }
  }
}
