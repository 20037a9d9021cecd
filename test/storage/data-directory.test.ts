/** Where files belong, and directories that cannot be used. */
import { describe, expect, it } from 'vitest';
import type { Zxid } from '../../src/base/zxid.ts';
import {
  DataDirectoryError,
  dataDirectory,
  logFileName,
  openDataDirectory,
  snapshotFileName,
} from '../../src/storage/data-directory.ts';
import { SimDisk } from '../sim/sim-disk.ts';

describe('a data directory', () => {
  it('has one or two places', () => {
    expect(dataDirectory('/d/')).toMatchObject({ snapshots: '/d/version-2', logs: '/d/version-2' });
    expect(dataDirectory('/d', '/l').logs).toBe('/l/version-2');
  });

  it('names files by zxid in lower-case hex', () => {
    expect(logFileName(0x10000000dn as Zxid)).toBe('log.10000000d');
    expect(snapshotFileName(0n as Zxid)).toBe('snapshot.0');
    expect(snapshotFileName(0xabn as Zxid, 'snappy')).toBe('snapshot.ab.snappy');
  });

  it('is created durably, parents and all', () => {
    const disk = new SimDisk();
    openDataDirectory(disk, dataDirectory('/a/b/data', '/a/log'), true);
    const after = disk.crash('lose-all', 1);
    expect(after.exists('/a/b/data/version-2')).toBe(true);
    expect(after.exists('/a/log/version-2')).toBe(true);
  });

  it('is not created when autocreate is off', () => {
    const disk = new SimDisk();
    const open = () => openDataDirectory(disk, dataDirectory('/data'), false);
    expect(open).toThrow(DataDirectoryError);
    expect(open).toThrow('datadir.autocreate');
    openDataDirectory(disk, dataDirectory('/data'), true);
    expect(open).not.toThrow();
  });

  it('is refused with exit code 3 when logs and snapshots lie in each other’s place', () => {
    for (const misplaced of ['/data/version-2/log.1', '/logs/version-2/snapshot.junk']) {
      const disk = new SimDisk();
      const directory = dataDirectory('/data', '/logs');
      openDataDirectory(disk, directory, true);
      disk.create(misplaced);
      try {
        openDataDirectory(disk, directory, true);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ name: 'DataDirectoryError', exitCode: 3 });
      }
    }
  });
});
