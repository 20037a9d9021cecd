/** The real file system behind the port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DiskError } from '../../src/base/ports.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';

const root = mkdtempSync(join(tmpdir(), 'ringkeeper-disk-'));
const disk = new NodeDisk();

afterAll(() => rmSync(root, { recursive: true }));

describe('the disk of this machine', () => {
  it('keeps what is written, at any position and from any part of a buffer', () => {
    const path = join(root, 'a');
    const file = disk.create(path);
    file.write(Uint8Array.of(9, 1, 2, 3, 9), 1, 3, 2);
    file.sync();
    expect(file.size()).toBe(5);
    const into = new Uint8Array(10).fill(7);
    expect(file.read(into, 1, 9, 1)).toBe(4);
    expect([...into]).toEqual([7, 0, 1, 2, 3, 7, 7, 7, 7, 7]);
    file.truncate(3);
    file.close();
    file.close();
    expect(disk.openRead(path).size()).toBe(3);
    expect(disk.create(path).size()).toBe(0);
  });

  it('takes shared memory, as the rings are', () => {
    const file = disk.create(join(root, 'shared'));
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set([1, 2, 3, 4]);
    file.write(shared, 0, 4, 0);
    const into = new Uint8Array(new SharedArrayBuffer(4));
    expect(file.read(into, 0, 4, 0)).toBe(4);
    expect([...into]).toEqual([1, 2, 3, 4]);
    file.close();
  });

  it('makes, lists, renames and removes', () => {
    const path = join(root, 'd');
    expect(disk.list(path)).toEqual([]);
    disk.makeDirectory(path);
    disk.create(join(path, 'x')).close();
    disk.rename(join(path, 'x'), join(path, 'y'));
    disk.syncDirectory(path);
    expect(disk.list(path)).toEqual(['y']);
    expect(disk.exists(join(path, 'y'))).toBe(true);
    disk.remove(join(path, 'y'));
    expect(disk.exists(join(path, 'y'))).toBe(false);
  });

  it('fails with the errno', () => {
    const missing = join(root, 'none', 'x');
    const attempts: [() => unknown, string][] = [
      [() => disk.openRead(missing), 'ENOENT'],
      [() => disk.openWrite(missing), 'ENOENT'],
      [() => disk.create(missing), 'ENOENT'],
      [() => disk.remove(missing), 'ENOENT'],
      [() => disk.rename(missing, root), 'ENOENT'],
      [() => disk.makeDirectory(root), 'EEXIST'],
      [() => disk.syncDirectory(missing), 'ENOENT'],
      [() => disk.list(join(root, 'a')), 'ENOTDIR'],
    ];
    for (const [attempt, code] of attempts) {
      try {
        attempt();
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(DiskError);
        expect(error).toMatchObject({ code });
      }
    }
  });
});
