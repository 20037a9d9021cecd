/** What purge removes, and above all what it leaves. */
import { describe, expect, it } from 'vitest';
import type { Zxid } from '../../src/base/zxid.ts';
import { createLock, ThreadLock } from '../../src/ring/thread-lock.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { purge } from '../../src/storage/purge.ts';
import { SnapshotWriter } from '../../src/storage/snapshot-writer.ts';
import { retireHistory, truncateHistory } from '../../src/storage/txn-log-history.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { History, writeState } from './history.ts';
import {
  directory,
  newDisk,
  newWriter,
  patchFile,
  readFile,
  recoverFrom,
  writeFile,
} from './sim-directory.ts';

/** Snapshots 0, 5, 10, ... and logs that begin at 1, 4, 7, ... */
function filled(rounds: number): { disk: SimDisk; history: History } {
  const disk = newDisk();
  recoverFrom(disk);
  const writer = newWriter(disk);
  const history = new History();
  for (let txn = 1; txn <= rounds * 5; txn++) {
    history.append(writer, 1);
    if (txn % 3 === 0) writer.roll();
    if (txn % 5 === 0) takeSnapshot(disk, history);
  }
  writer.close();
  return { disk, history };
}

function takeSnapshot(disk: SimDisk, history: History, encoding: 'plain' | 'gz' = 'plain'): void {
  const zxid = history.lastZxid;
  const place = { disk, directory: directory.snapshots, zxid, encoding };
  const writer = new SnapshotWriter({ ...place, compression: nodeCompression });
  writeState(writer, history.state);
  writer.publish({ digest: null, lastProcessedZxid: null });
}

const lock = new ThreadLock(createLock());

function run(disk: SimDisk, retainCount = 3) {
  return purge({ disk, directory, lock, compression: nodeCompression, retainCount });
}

const names = (disk: SimDisk) => disk.list(directory.snapshots).sort();

describe('purge', () => {
  it('keeps the newest snapshots and every log from the oldest of them on', () => {
    const { disk, history } = filled(6);
    run(disk);
    expect(names(disk)).toEqual([
      ...['log.13', 'log.16', 'log.19', 'log.1c'],
      ...['snapshot.14', 'snapshot.19', 'snapshot.1e'],
    ]);
    expect(recoverFrom(disk).lastZxid).toBe(history.lastZxid);
  });

  it('keeps what each retained snapshot needs to reach the end', () => {
    const { disk, history } = filled(8);
    run(disk, 4);
    const newestFirst = names(disk)
      .filter((name) => name.startsWith('snapshot.'))
      .sort((a, b) => Number.parseInt(b.slice(9), 16) - Number.parseInt(a.slice(9), 16));
    expect(newestFirst).toHaveLength(4);
    for (const name of newestFirst) {
      const { lastZxid, state } = recoverFrom(disk);
      expect(lastZxid).toBe(history.lastZxid);
      expect(state.fingerprint()).toBe(history.state.fingerprint());
      expect(state.snapshotZxid).toBe(BigInt(`0x${name.slice(9)}`));
      disk.remove(`${directory.snapshots}/${name}`);
    }
  });

  it('does not count a snapshot whose seals do not hold', () => {
    const { disk, history } = filled(6);
    for (const name of ['snapshot.1e', 'snapshot.19']) {
      const size = readFile(disk, name).byteLength;
      patchFile(disk, name, size >> 1, [0xee]);
    }
    const { damaged } = run(disk);
    expect(damaged).toHaveLength(2);
    expect(names(disk).filter((name) => name.startsWith('snapshot.'))).toEqual([
      ...['snapshot.14', 'snapshot.19', 'snapshot.1e', 'snapshot.a', 'snapshot.f'],
    ]);
    expect(recoverFrom(disk).lastZxid).toBe(history.lastZxid);
  });

  it('counts a compressed snapshot only when it is whole', () => {
    const { disk, history } = filled(4);
    takeSnapshot(disk, history, 'gz');
    const whole = readFile(disk, 'snapshot.14.gz');
    writeFile(disk, 'snapshot.14.gz', whole.subarray(0, whole.length - 9));
    disk.remove(`${directory.snapshots}/snapshot.14`);
    run(disk);
    expect(names(disk)).toContain('snapshot.5');
    expect(recoverFrom(disk).lastZxid).toBe(history.lastZxid);
  });

  it('counts two encodings of one zxid once', () => {
    const { disk, history } = filled(5);
    takeSnapshot(disk, history, 'gz');
    run(disk);
    expect(names(disk).filter((name) => name.startsWith('snapshot.'))).toEqual([
      ...['snapshot.14', 'snapshot.19', 'snapshot.19.gz', 'snapshot.f'],
    ]);
  });

  it('removes nothing when no snapshot verifies', () => {
    const { disk } = filled(5);
    for (const name of names(disk)) {
      if (name.startsWith('snapshot.')) patchFile(disk, name, 40, [0xee]);
    }
    const before = names(disk);
    expect(run(disk).removed).toEqual([]);
    expect(names(disk)).toEqual(before);
  });

  it('leaves foreign names alone, and of obsolete logs only the young', () => {
    const { disk } = filled(5);
    const foreign = ['log.1.bak', 'snapshot.1.old', 'notes', 'obsolete-log.ff'];
    for (const name of [...foreign, 'obsolete-log.2']) writeFile(disk, name, new Uint8Array(3));
    run(disk);
    expect(names(disk)).toEqual(expect.arrayContaining(foreign));
    expect(names(disk)).not.toContain('obsolete-log.2');
  });

  it('trusts no name that a power cut could still take away', () => {
    const { disk, history } = filled(5);
    // Somebody renamed without syncing the directory.
    const zxid = (history.lastZxid + 1n) as Zxid;
    writeFile(disk, 'x', readFile(disk, 'snapshot.19'));
    disk.rename(`${directory.snapshots}/x`, `${directory.snapshots}/snapshot.${zxid.toString(16)}`);
    run(disk);
    expect(names(disk.crash('lose-all', 1))).toContain('snapshot.1a');
  });

  it('leaves everything while the history is cut or replaced', () => {
    const { disk } = filled(5);
    const before = names(disk);
    lock.take();
    expect(run(disk).removed).toEqual([]);
    lock.release();
    expect(names(disk)).toEqual(before);
    expect(run(disk).removed).not.toEqual([]);
    expect(lock.tryTake()).toBe(true);
    lock.release();
  });

  it.each([
    { what: 'cut', change: (disk: SimDisk) => void truncateHistory(disk, directory, 24n as Zxid) },
    {
      what: 'replaced',
      change: (disk: SimDisk) => void retireHistory(disk, directory, 0x14n as Zxid),
    },
  ])('removes nothing by a list from before the history was $what', ({ change }) => {
    const { disk } = filled(5);
    let after: string[] = [];
    // Snapshots are read for long, without the lock.
    const openRead = disk.openRead.bind(disk);
    disk.openRead = (path) => {
      disk.openRead = openRead;
      const file = openRead(path);
      change(disk);
      after = names(disk);
      return file;
    };
    expect(run(disk).removed).toEqual([]);
    expect(names(disk)).toEqual(after);
  });

  it('never keeps fewer than three', () => {
    expect(() => run(newDisk(), 2)).toThrow('at least 3');
  });
});
