/**
 * The disk port over Node's file system, with synchronous calls only: the order of effects is the
 * order of the program text, and the caller's thread waits for the disk. Every failure is a
 * `DiskError`.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { assert } from '../base/assert.ts';
import { type Disk, DiskError, type DiskFile } from '../base/ports.ts';

function attempt<T>(operation: string, path: string, effect: () => T): T {
  try {
    return effect();
  } catch (error) {
    throw new DiskError(operation, path, errnoOf(error));
  }
}

function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : String(error);
}

function openFile(path: string, flags: string): DiskFile {
  return new NodeDiskFile(
    path,
    attempt('open', path, () => openSync(path, flags, 0o644)),
  );
}

/** The file system of this machine. */
export class NodeDisk implements Disk {
  exists(path: string): boolean {
    return existsSync(path);
  }

  list(directory: string): string[] {
    try {
      return readdirSync(directory);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw new DiskError('list', directory, errnoOf(error));
    }
  }

  makeDirectory(path: string): void {
    attempt('mkdir', path, () => mkdirSync(path));
  }

  openRead(path: string): DiskFile {
    return openFile(path, 'r');
  }

  create(path: string): DiskFile {
    return openFile(path, 'w+');
  }

  openWrite(path: string): DiskFile {
    return openFile(path, 'r+');
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => renameSync(from, to));
  }

  remove(path: string): void {
    attempt('remove', path, () => unlinkSync(path));
  }

  syncDirectory(path: string): void {
    const fd = attempt('open', path, () => openSync(path, 'r'));
    try {
      attempt('fsync', path, () => fsyncSync(fd));
    } finally {
      closeSync(fd);
    }
  }
}

class NodeDiskFile implements DiskFile {
  readonly path: string;
  private fd: number | null;

  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
  }

  size(): number {
    return attempt('stat', this.path, () => fstatSync(this.open()).size);
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const fd = this.open();
    let done = 0;
    while (done < length) {
      const count = attempt('read', this.path, () =>
        readSync(fd, into, offset + done, length - done, position + done),
      );
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void {
    const fd = this.open();
    let done = 0;
    while (done < length) {
      done += attempt('write', this.path, () =>
        writeSync(fd, from, offset + done, length - done, position + done),
      );
    }
  }

  truncate(size: number): void {
    attempt('truncate', this.path, () => ftruncateSync(this.open(), size));
  }

  sync(): void {
    attempt('fdatasync', this.path, () => fdatasyncSync(this.open()));
  }

  /** A second call does nothing: the number may already belong to another file. */
  close(): void {
    const fd = this.fd;
    if (fd === null) return;
    this.fd = null;
    attempt('close', this.path, () => closeSync(fd));
  }

  private open(): number {
    assert(this.fd !== null, `${this.path} is closed`);
    return this.fd;
  }
}
