/**
 * Who watches which path: all watches of the clients of this server (Apache `DataTree`'s two
 * `WatchManager`s in one). Keyed by connection; a watch ends with its connection. Does not know
 * what the watchers may read: the caller filters the hits.
 */
import type { EventType } from '../jute/proto.ts';
import type { WatchMode } from './watch-modes.ts';

/** 32-bit hash of `bytes[start..end)`; the tree's `pathHash`. */
export type PathHash = (bytes: Uint8Array, start: number, end: number) => number;

export class WatchTable {
  /** Connections to notify after `trigger`: the first `trigger()` entries, none twice. */
  hits: Int32Array = new Int32Array(64);

  constructor(_pathHash: PathHash) {}

  /** From now on watches of this connection are taken; before and after its life they are not. */
  openConnection(_cnxnId: number): void {
    throw new Error('not built yet');
  }

  /** Drops a connection and its watches; unknown ones are ignored. */
  removeConnection(_cnxnId: number): void {
    throw new Error('not built yet');
  }

  /** True when the connection did not have this watch yet. No-op on a closed connection. */
  add(
    _bytes: Uint8Array,
    _start: number,
    _end: number,
    _cnxnId: number,
    _mode: WatchMode,
  ): boolean {
    throw new Error('not built yet');
  }

  /**
   * An event on the path whose hash is `hash`: fills `hits` and returns how many there are. Type
   * nodeDeleted covers both tables, each connection once; nodeChildrenChanged is raised on the
   * parent by a call of its own.
   */
  trigger(
    _type: EventType,
    _bytes: Uint8Array,
    _start: number,
    _end: number,
    _hash: number,
  ): number {
    throw new Error('not built yet');
  }

  /** Has the connection one of `modes` (see `modesOfWatcherType`) at exactly this path? */
  has(_bytes: Uint8Array, _start: number, _end: number, _cnxnId: number, _modes: number): boolean {
    throw new Error('not built yet');
  }

  /** Takes away those of `modes` that the connection has at exactly this path; false = none. */
  remove(
    _bytes: Uint8Array,
    _start: number,
    _end: number,
    _cnxnId: number,
    _modes: number,
  ): boolean {
    throw new Error('not built yet');
  }

  /** For mntr: (path, connection) pairs of both tables. */
  get watchCount(): number {
    throw new Error('not built yet');
  }

  /** For wchs; the data table alone. */
  summary(): { connections: number; paths: number; watches: number } {
    throw new Error('not built yet');
  }

  /** For wchc; the data table alone. */
  byConnection(): Generator<{ cnxnId: number; paths: string[] }> {
    throw new Error('not built yet');
  }

  /** For wchp; the data table alone. */
  byPath(): Generator<{ path: string; cnxnIds: number[] }> {
    throw new Error('not built yet');
  }
}
