/** The log writer: what it puts where, when it syncs, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../src/base/assert.ts';
import { DiskError } from '../../src/base/ports.ts';
import type { Zxid } from '../../src/base/zxid.ts';
import { TxnLogReader } from '../../src/storage/txn-log-reader.ts';
import { paddedSize } from '../../src/storage/txn-log-writer.ts';
import type { EffectMoment, SimDisk } from '../sim/sim-disk.ts';
import { History } from './history.ts';
import { newDisk, newWriter, pathOf, readFile } from './sim-directory.ts';

/** The effects that `run` has, as `name file`. */
function effectsOf(disk: SimDisk, run: () => void): string[] {
  const effects: string[] = [];
  disk.onMoment = ({ moment, name, path }: EffectMoment) => {
    if (moment === 'before') effects.push(`${name} ${path.split('/').at(-1)}`);
  };
  run();
  disk.onMoment = null;
  return effects;
}

function zxidsIn(disk: SimDisk, name: string): bigint[] {
  const reader = new TxnLogReader(disk.openRead(pathOf(name)));
  const zxids: bigint[] = [];
  while (reader.next()) zxids.push((BigInt(reader.zxidHi) << 32n) | BigInt(reader.zxidLo));
  return zxids;
}

describe('the log writer', () => {
  it('names a file after its first txn and makes it durable before any record', () => {
    const disk = newDisk();
    const writer = newWriter(disk, { lastZxid: 0x29n as Zxid });
    const history = new History('a', 0x29n);
    history.append(writer, 2);
    expect(disk.list('/data/version-2')).toEqual([]);
    expect(effectsOf(disk, () => writer.flush())).toEqual([
      ...['create log.2a', 'write log.2a', 'sync log.2a', 'sync-directory version-2'],
      ...['write log.2a', 'sync log.2a'],
    ]);
  });

  it('needs one write and one fdatasync for a batch, however many txns are in it', () => {
    const disk = newDisk();
    const writer = newWriter(disk);
    const history = new History();
    history.append(writer, 1);
    writer.flush();
    history.append(writer, 40);
    expect(writer.pendingTxns).toBe(40);
    expect(effectsOf(disk, () => writer.flush())).toEqual(['write log.1', 'sync log.1']);
    expect(writer.pendingTxns).toBe(0);
    expect([writer.syncedHi, writer.syncedLo]).toEqual([0, 41]);
    expect(effectsOf(disk, () => writer.flush())).toEqual([]);
    expect(zxidsIn(disk, 'log.1')).toEqual(Array.from({ length: 41 }, (_, i) => BigInt(i + 1)));
  });

  it('claims nothing as synced before the fdatasync has returned', () => {
    const disk = newDisk();
    const writer = newWriter(disk);
    new History().append(writer, 3);
    disk.onMoment = () => expect(writer.syncedLo).toBe(0);
    writer.flush();
    expect(writer.syncedLo).toBe(3);
  });

  it('syncs nothing when forceSync is no', () => {
    const disk = newDisk();
    const writer = newWriter(disk, { forceSync: false, preallocBytes: 8192 });
    new History().append(writer, 3);
    const effects = effectsOf(disk, () => {
      writer.flush();
      writer.prepareAhead();
    });
    expect(effects.filter((effect) => effect.startsWith('sync'))).toEqual([]);
    expect(zxidsIn(disk, 'log.1')).toHaveLength(3);
  });

  it('begins a new file after a roll and counts from there', () => {
    const disk = newDisk();
    const writer = newWriter(disk);
    const history = new History();
    history.append(writer, 3);
    expect(writer.txnsSinceRoll).toBe(3);
    expect(writer.bytesSinceRoll).toBe(writer.pendingBytes);
    writer.roll();
    expect([writer.txnsSinceRoll, writer.bytesSinceRoll]).toEqual([0, 0]);
    expect(writer.syncedLo).toBe(3);
    history.append(writer, 2);
    writer.flush();
    expect(zxidsIn(disk, 'log.1')).toEqual([1n, 2n, 3n]);
    expect(zxidsIn(disk, 'log.4')).toEqual([4n, 5n]);
  });

  it('refuses zxids that do not follow, for recovery would refuse them', () => {
    const { payload } = new History().next();
    const append = (last: bigint, hi: number, lo: number) => () =>
      newWriter(newDisk(), { lastZxid: last as Zxid }).append(payload, 0, payload.length, hi, lo);
    expect(append(5n, 0, 6)).not.toThrow();
    expect(append(5n, 0, 5)).toThrow(AssertionError);
    expect(append(5n, 0, 4)).toThrow(AssertionError);
    expect(append(5n, 0, 7)).toThrow('0x7 does not follow 0x5');
    expect(append(0x100000005n, 0, 6)).toThrow(AssertionError);
    expect(append(0x100000005n, 3, 1)).not.toThrow();
    expect(append(0x100000005n, 3, 2)).toThrow(AssertionError);
    expect(append(0x17fffffffn, 1, 0x80000000 | 0)).not.toThrow();
  });

  it('never opens a file that exists', () => {
    const disk = newDisk();
    disk.create(pathOf('log.1'));
    const writer = newWriter(disk);
    new History().append(writer, 1);
    expect(() => writer.flush()).toThrow('a log is never appended to a second time');
  });

  it('refuses payloads that no reader would take', () => {
    const writer = newWriter(newDisk(), { payloadBytesMax: 100 });
    expect(() => writer.append(new Uint8Array(101), 0, 101, 0, 1)).toThrow(AssertionError);
    expect(() => writer.append(new Uint8Array(31), 0, 31, 0, 1)).toThrow(AssertionError);
  });

  it('holds payloads of any length up to the limit whole', () => {
    const disk = newDisk();
    const writer = newWriter(disk);
    const payload = new Uint8Array(2 * 0xfffff).fill(7);
    new DataView(payload.buffer).setBigInt64(12, 1n);
    writer.append(payload, 0, payload.byteLength, 0, 1);
    writer.flush();
    const reader = new TxnLogReader(disk.openRead(pathOf('log.1')));
    expect(reader.next()).toBe(true);
    const found = reader.bytes.subarray(reader.start, reader.end);
    expect(Buffer.compare(found, payload)).toBe(0);
    expect(reader.next()).toBe(false);
    expect(reader.stop).toEqual({ reason: 'end-of-file', offset: 16 + 13 + payload.byteLength });
  });
});

describe('preallocation', () => {
  it('pads to the size that Apache would choose', () => {
    expect(paddedSize(16, 16, 8192)).toBe(8208);
    expect(paddedSize(4111, 8208, 8192)).toBe(8208);
    expect(paddedSize(4112, 8208, 8192)).toBe(16400);
    expect(paddedSize(20000, 16400, 8192)).toBe(24576);
    expect(paddedSize(20000, 16400, 0)).toBe(16400);
  });

  it('gives files of the length that Apache gives them', () => {
    const disk = newDisk();
    const writer = newWriter(disk, { preallocBytes: 8192 });
    const history = new History();
    history.append(writer, 5);
    writer.flush();
    while (writer.prepareAhead());
    expect(readFile(disk, 'log.1')).toHaveLength(8208);
    expect(writer.fileBytes).toBe(8208);
    history.append(writer, 50);
    writer.flush();
    history.append(writer, 1);
    writer.flush();
    while (writer.prepareAhead());
    expect(readFile(disk, 'log.1')).toHaveLength(16400);
  });

  it('zeroes the next bytes before they are needed, so that a flush changes no size', () => {
    const disk = newDisk();
    const writer = newWriter(disk, { preallocBytes: 64 * 1024 * 1024 });
    const history = new History();
    history.append(writer, 1);
    writer.flush();
    let steps = 0;
    while (writer.prepareAhead()) steps++;
    const size = readFile(disk, 'log.1').byteLength;
    expect(steps).toBeLessThan(8);
    expect(size).toBeGreaterThan(4 * 1024 * 1024);
    history.append(writer, 30);
    writer.flush();
    expect(readFile(disk, 'log.1').byteLength).toBe(size);
    expect(writer.prepareAhead()).toBe(false);
  });

  it('waits while txns are pending', () => {
    const disk = newDisk();
    const writer = newWriter(disk, { preallocBytes: 8 * 1024 * 1024 });
    const history = new History();
    expect(writer.prepareAhead()).toBe(false);
    history.append(writer, 1);
    writer.flush();
    history.append(writer, 1);
    expect(effectsOf(disk, () => writer.prepareAhead())).toEqual([]);
  });

  it('never writes zeros over records', () => {
    const disk = newDisk();
    const writer = newWriter(disk, { preallocBytes: 8192, aheadBytes: 4096 });
    const history = new History();
    for (let i = 0; i < 60; i++) {
      history.append(writer, 1 + (i % 5), (i * 97) % 1500);
      writer.flush();
      if (i % 2 === 0) writer.prepareAhead();
    }
    expect(zxidsIn(disk, 'log.1')).toHaveLength(Number(history.lastZxid));
  });
});

describe('a failed disk operation', () => {
  const cases: [string, (disk: SimDisk) => void, string][] = [
    ['write', (disk) => disk.failures.set(disk.effects, 'EIO'), 'EIO'],
    ['fdatasync', (disk) => disk.failures.set(disk.effects + 1, 'EIO'), 'EIO'],
    ['full disk', (disk) => Object.assign(disk, { spaceBytes: 50 }), 'ENOSPC'],
  ];
  for (const [name, harm, code] of cases) {
    it(`(${name}) is never retried: the writer refuses everything afterwards`, () => {
      const disk = newDisk();
      const writer = newWriter(disk);
      const history = new History();
      history.append(writer, 2);
      writer.flush();
      history.append(writer, 2);
      harm(disk);
      expect(() => writer.flush()).toThrow(code);
      disk.failures.clear();
      disk.spaceBytes = Number.POSITIVE_INFINITY;
      expect(writer.hasFailed).toBe(true);
      expect(writer.syncedLo).toBe(2);
      const later = [
        () => writer.flush(),
        () => history.append(writer, 1),
        () => writer.prepareAhead(),
        () => writer.roll(),
        () => writer.truncate(1n as Zxid),
        () => writer.close(),
      ];
      const effects = effectsOf(disk, () => {
        for (const attempt of later) expect(attempt).toThrow(DiskError);
      });
      expect(effects).toEqual([]);
    });
  }

  it('in the directory of a new file is one too', () => {
    const disk = newDisk();
    const writer = newWriter(disk);
    new History().append(writer, 1);
    disk.failures.set(disk.effects + 3, 'EIO');
    expect(() => writer.flush()).toThrow('sync-directory');
    expect(() => writer.flush()).toThrow(DiskError);
    expect(writer.syncedLo).toBe(0);
  });
});
