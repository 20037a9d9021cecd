/** A disk that keeps one file, in memory, and syncs nothing: what is measured is our own work. */
import { assert } from '../../../src/base/assert.ts';
import type { Disk, DiskFile } from '../../../src/base/ports.ts';
import type { DataDirectory } from '../../../src/storage/data-directory.ts';

const bytesAtFirst = 1 << 20;

export const memoryDirectory: DataDirectory = {
  ...{ dataDir: '/data', dataLogDir: '/data' },
  ...{ snapshots: '/data/version-2', logs: '/data/version-2' },
};

class MemoryFile implements DiskFile {
  readonly path: string;
  bytes = new Uint8Array(bytesAtFirst);
  private length = 0;

  constructor(path: string) {
    this.path = path;
  }

  size(): number {
    return this.length;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const end = Math.min(position + length, this.length);
    into.set(this.bytes.subarray(position, end), offset);
    return end - position;
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void {
    const end = position + length;
    if (end > this.bytes.byteLength) {
      const longer = new Uint8Array(2 * end);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes.set(from.subarray(offset, offset + length), position);
    this.length = Math.max(this.length, end);
  }

  truncate(size: number): void {
    this.length = size;
  }

  sync(): void {}

  close(): void {}
}

export class MemoryDisk implements Disk {
  private file: MemoryFile | null = null;

  exists(): boolean {
    return false;
  }

  list(): string[] {
    return [];
  }

  makeDirectory(): void {}

  openRead(): DiskFile {
    assert(this.file !== null, 'a file is written before it is read');
    return this.file;
  }

  /** The memory of the last file serves again. */
  create(path: string): DiskFile {
    this.file ??= new MemoryFile(path);
    this.file.truncate(0);
    return this.file;
  }

  openWrite(): DiskFile {
    return this.openRead();
  }

  rename(): void {}

  remove(): void {}

  syncDirectory(): void {}
}
