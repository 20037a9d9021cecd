/**
 * What the server needs from the world, as ports: production gives Node's implementation, tests
 * and the simulator give a twin that can be stopped, replayed and broken. All calls are
 * synchronous, so that the order of effects is a property of the program text.
 */

/** Time. `nowMs` may jump (wall clock); `monotonicMs` only grows and has no meaning across runs. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
}

/** Held by one thread at a time. Who has taken it must release it. */
export interface Lock {
  /** False when somebody holds it. */
  tryTake(): boolean;
  /** Waits, with its whole thread, until nobody holds it. */
  take(): void;
  release(): void;
}

export interface Random {
  /** An unsigned 32-bit integer. */
  next32(): number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Structured logging: `fields` first, then the sentence that a person reads. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** An open file. Positions and lengths are bytes; every call throws a `DiskError` on failure. */
export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Reads up to `length` bytes into `into[offset..]`; returns how many were there. */
  read(into: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes all `length` bytes or throws. */
  write(from: Uint8Array, offset: number, length: number, position: number): void;
  truncate(size: number): void;
  /** fdatasync: the bytes, and the size when it changed, are durable when it returns. */
  sync(): void;
  close(): void;
}

/**
 * A file system. Names are durable only after `syncDirectory` of their directory; bytes only
 * after `DiskFile.sync`.
 */
export interface Disk {
  exists(path: string): boolean;
  /** Names in a directory, in no order; empty when there is no such directory. */
  list(directory: string): string[];
  makeDirectory(path: string): void;
  openRead(path: string): DiskFile;
  /** Creates the file, or empties it if it exists. */
  create(path: string): DiskFile;
  /** Opens an existing file for reading and writing. */
  openWrite(path: string): DiskFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncDirectory(path: string): void;
}

/** A failed disk operation: `code` is the errno name, e.g. `ENOSPC`. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;
  readonly path: string;

  constructor(operation: string, path: string, code: string) {
    super(`${operation} of ${path} failed: ${code}`);
    this.code = code;
    this.path = path;
  }
}
