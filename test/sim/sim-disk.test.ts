/** The simulated disk does what its policies say; the crash tests are worth no more than this. */
import { describe, expect, it } from 'vitest';
import { DiskError } from '../../src/base/ports.ts';
import { crashPolicies, SimCrash, SimDisk } from './sim-disk.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function content(disk: SimDisk, path: string): string {
  const file = disk.openRead(path);
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0, bytes.byteLength, 0);
  return new TextDecoder().decode(bytes);
}

/** A durable file `/d/a` with the content "old". */
function prepared(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  disk.syncDirectory('/');
  put(disk, '/d/a', 'old');
  disk.syncDirectory('/d');
  return disk;
}

function put(disk: SimDisk, path: string, text: string): void {
  const file = disk.create(path);
  file.write(bytesOf(text), 0, text.length, 0);
  file.sync();
}

/** What is found over many seeds. */
function outcomes<T>(
  disk: SimDisk,
  policy: (typeof crashPolicies)[number],
  look: (d: SimDisk) => T,
) {
  return new Set(Array.from({ length: 200 }, (_, seed) => look(disk.crash(policy, seed))));
}

describe('the simulated disk', () => {
  it('loses bytes that were not synced and keeps those that were', () => {
    const disk = prepared();
    const file = disk.openWrite('/d/a');
    file.write(bytesOf('new!'), 0, 4, 0);
    expect(content(disk, '/d/a')).toBe('new!');
    expect(content(disk.crash('lose-all', 1), '/d/a')).toBe('old');
    expect(content(disk.crash('keep-all', 1), '/d/a')).toBe('new!');
    file.sync();
    for (const policy of crashPolicies) {
      expect(outcomes(disk, policy, (after) => content(after, '/d/a'))).toEqual(new Set(['new!']));
    }
  });

  it('loses names until their directory is synced, although the file was', () => {
    const disk = prepared();
    put(disk, '/d/b', 'x');
    for (const policy of ['lose-all', 'posix-worst', 'random-subset'] as const) {
      expect(outcomes(disk, policy, (after) => after.exists('/d/b')).has(false)).toBe(true);
    }
    disk.syncDirectory('/d');
    for (const policy of crashPolicies) {
      expect(outcomes(disk, policy, (after) => after.exists('/d/b'))).toEqual(new Set([true]));
    }
  });

  it('brings removed and renamed files back until the directory is synced', () => {
    const disk = prepared();
    put(disk, '/d/tmp', 'new');
    disk.rename('/d/tmp', '/d/a');
    const look = (after: SimDisk) => content(after, '/d/a');
    expect(outcomes(disk, 'posix-worst', look)).toEqual(new Set(['old', 'new']));
    disk.syncDirectory('/d');
    expect(outcomes(disk, 'posix-worst', look)).toEqual(new Set(['new']));
    disk.remove('/d/a');
    expect(outcomes(disk, 'posix-worst', (d) => d.exists('/d/a'))).toEqual(new Set([true, false]));
    expect(disk.crash('lose-all', 1).exists('/d/a')).toBe(true);
  });

  it('under metadata-ordered commits earlier names with any fsync, and keeps their order', () => {
    const disk = prepared();
    disk.create('/d/b');
    disk.create('/d/c');
    const look = (after: SimDisk) => after.list('/d').sort().join();
    expect(outcomes(disk, 'metadata-ordered', look)).toEqual(new Set(['a', 'a,b', 'a,b,c']));
    expect(outcomes(disk, 'posix-worst', look)).toEqual(new Set(['a', 'a,b', 'a,c', 'a,b,c']));
    disk.openWrite('/d/a').sync();
    expect(outcomes(disk, 'metadata-ordered', look)).toEqual(new Set(['a,b,c']));
  });

  it('tears writes at sectors or pages, as the policy says', () => {
    const disk = prepared();
    const file = disk.openWrite('/d/a');
    file.write(new Uint8Array(16384).fill(0x78), 0, 16384, 0);
    const shape = (size: number) => (after: SimDisk) => {
      const text = content(after, '/d/a').padEnd(16384, '\0');
      const units = Array.from({ length: 16384 / size }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      return units.map((unit) => (/^x+$/.test(unit) ? 'x' : unit.includes('x') ? '!' : '.'));
    };
    for (const policy of ['random-subset', 'torn-4096', 'metadata-ordered'] as const) {
      const found = outcomes(disk, policy, (d) => shape(4096)(d).join(''));
      expect([...found].join('')).not.toContain('!');
      expect(found.size).toBeGreaterThan(3);
    }
    expect(outcomes(disk, 'random-subset', (d) => shape(4096)(d).join(''))).toContain('.x.x');
    for (const policy of ['torn-512', 'posix-worst'] as const) {
      const found = [...outcomes(disk, policy, (d) => shape(512)(d).join(''))].join('');
      expect(found).not.toContain('!');
      expect(found).toContain('.x.');
    }
  });

  it('keeps no later write of a sector that lost an earlier one', () => {
    const disk = prepared();
    const file = disk.openWrite('/d/a');
    file.write(bytesOf('1'), 0, 1, 3);
    file.write(bytesOf('2'), 0, 1, 4);
    for (const policy of crashPolicies) {
      for (const text of outcomes(disk, policy, (after) => content(after, '/d/a'))) {
        expect(text.includes('2') && !text.includes('1'), `${policy} left ${text}`).toBe(false);
      }
    }
  });

  it('brings cut bytes back until the file is synced', () => {
    const disk = prepared();
    const file = disk.openWrite('/d/a');
    file.truncate(1);
    expect(content(disk, '/d/a')).toBe('o');
    expect(content(disk.crash('lose-all', 1), '/d/a')).toBe('old');
    file.sync();
    expect(content(disk.crash('lose-all', 1), '/d/a')).toBe('o');
  });

  it('keeps everything when only the process dies, and still may lose it afterwards', () => {
    const disk = prepared();
    disk.openWrite('/d/a').write(bytesOf('new'), 0, 3, 0);
    put(disk, '/d/b', 'x');
    const next = disk.killed();
    expect([content(next, '/d/a'), content(next, '/d/b')]).toEqual(['new', 'x']);
    expect(content(next.crash('lose-all', 1), '/d/a')).toBe('old');
    next.openWrite('/d/a').sync();
    expect(content(next.crash('lose-all', 1), '/d/a')).toBe('new');
    expect(content(disk.crash('lose-all', 1), '/d/a')).toBe('old');
  });

  it('drops pages at a failed sync, and the next one succeeds without them', () => {
    const disk = prepared();
    const file = disk.openWrite('/d/a');
    file.write(bytesOf('new'), 0, 3, 0);
    disk.failures.set(disk.effects, 'EIO');
    expect(() => file.sync()).toThrow(DiskError);
    file.sync();
    expect(content(disk, '/d/a')).toBe('new');
    expect(content(disk.crash('keep-all', 1), '/d/a')).toBe('old');
  });

  it('is full after so many bytes, with as much written as fits', () => {
    const disk = prepared();
    disk.spaceBytes = 2;
    const file = disk.openWrite('/d/a');
    expect(() => file.write(bytesOf('abcdef'), 0, 6, 0)).toThrow('ENOSPC');
    expect(content(disk, '/d/a')).toBe('abcde');
    expect(() => file.write(bytesOf('z'), 0, 1, 5)).toThrow('ENOSPC');
    file.write(bytesOf('zz'), 0, 2, 0);
  });

  it('stops at the effect it is told to, and answers nothing afterwards', () => {
    for (const moment of ['before', 'middle'] as const) {
      const disk = prepared();
      disk.crashAt = { effect: disk.effects + 1, moment };
      disk.create('/d/b');
      expect(() => disk.rename('/d/b', '/d/c')).toThrow(SimCrash);
      expect(() => disk.exists('/d/c')).toThrow(SimCrash);
      expect(() => disk.create('/d/x')).toThrow(SimCrash);
      const after = disk.crash('keep-all', 1);
      expect(after.exists('/d/c')).toBe(moment === 'middle');
    }
  });

  it('writes half of the pages when it is stopped in the middle of a write', () => {
    const disk = prepared();
    disk.crashAt = { effect: disk.effects, moment: 'middle' };
    const file = disk.openWrite('/d/a');
    expect(() => file.write(new Uint8Array(16384).fill(0x78), 0, 16384, 0)).toThrow(SimCrash);
    expect(disk.crash('keep-all', 1).openRead('/d/a').size()).toBe(8192);
  });

  it('does the same again for the same seed', () => {
    const disk = prepared();
    disk.openWrite('/d/a').write(new Uint8Array(40_000).fill(1), 0, 40_000, 0);
    for (const policy of crashPolicies) {
      expect(disk.crash(policy, 5).image()).toBe(disk.crash(policy, 5).image());
    }
    expect(disk.crash('posix-worst', 5).image()).not.toBe(disk.crash('posix-worst', 6).image());
  });

  it('fails as file systems fail', () => {
    const disk = prepared();
    expect(() => disk.openRead('/d/none')).toThrow('ENOENT');
    expect(() => disk.remove('/d/none')).toThrow('ENOENT');
    expect(() => disk.create('/none/x')).toThrow('ENOENT');
    expect(() => disk.makeDirectory('/d')).toThrow('EEXIST');
    expect(() => disk.openRead('/d')).toThrow('EISDIR');
    expect(disk.list('/none')).toEqual([]);
  });
});
