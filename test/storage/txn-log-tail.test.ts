/** What lies behind the last whole record: a torn write, or damage. */
import { describe, expect, it } from 'vitest';
import type { Zxid } from '../../src/base/zxid.ts';
import { RecoveryError } from '../../src/storage/recovery-sink.ts';
import { TxnLogReader } from '../../src/storage/txn-log-reader.ts';
import { inspectTail } from '../../src/storage/txn-log-tail.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { History } from './history.ts';
import { newDisk, newWriter, patchFile, pathOf, readFile, recoverFrom } from './sim-directory.ts';

/** A directory with `txns` txns of `dataBytes` in log.1, and where each record begins. */
function logOf(txns: number, dataBytes: number, padding = 0) {
  const disk = newDisk();
  recoverFrom(disk);
  const writer = newWriter(disk);
  new History().append(writer, txns, dataBytes);
  writer.close();
  const reader = new TxnLogReader(disk.openRead(pathOf('log.1')));
  const offsets: number[] = [];
  while (reader.next()) offsets.push(reader.offset);
  offsets.push(reader.nextOffset);
  if (padding > 0) patchFile(disk, 'log.1', reader.nextOffset, new Array(padding).fill(0));
  return { disk, offsets };
}

function zero(disk: SimDisk, start: number, end: number): void {
  patchFile(disk, 'log.1', start, new Array(end - start).fill(0));
}

function cut(disk: SimDisk, size: number): void {
  disk.openWrite(pathOf('log.1')).truncate(size);
}

function refusal(disk: SimDisk, truncateCorruptTail = false): RecoveryError {
  try {
    recoverFrom(disk, { truncateCorruptTail });
  } catch (error) {
    if (error instanceof RecoveryError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('a torn end', () => {
  it('is cut off wherever the last record was cut', () => {
    const { offsets } = logOf(5, 100);
    for (let size = offsets[4]! + 1; size < offsets[5]!; size++) {
      const { disk } = logOf(5, 100);
      cut(disk, size);
      expect(recoverFrom(disk).lastZxid).toBe(4n);
      // The first four bytes of a record are zero, like the room behind the last one.
      const isMerelyZeros = size <= offsets[4]! + 4;
      expect(readFile(disk, 'log.1').byteLength).toBe(isMerelyZeros ? size : offsets[4]);
    }
  });

  it('is cut off wherever zeros of a padded file begin', () => {
    const { offsets } = logOf(5, 100);
    for (let from = offsets[4]!; from < offsets[5]!; from++) {
      const { disk } = logOf(5, 100, 3000);
      zero(disk, from, offsets[5]!);
      expect(recoverFrom(disk).lastZxid).toBe(4n);
    }
  });

  it('may have whole records of its batch behind it when one of its sectors is missing', () => {
    const { disk, offsets } = logOf(12, 1600, 4096);
    const sector = Math.ceil(offsets[3]! / 512) * 512;
    expect(sector + 512).toBeLessThan(offsets[4]!);
    zero(disk, sector, sector + 512);
    const { lastZxid, logger } = recoverFrom(disk);
    expect(lastZxid).toBe(3n);
    expect(logger.entries[0]?.message).toContain('a sector of the record was never written');
    expect(readFile(disk, 'log.1').byteLength).toBe(offsets[3]);
  });

  it('is one when a length that no record has is all that is left', () => {
    const { disk, offsets } = logOf(5, 100, 64);
    patchFile(disk, 'log.1', offsets[4]! + 8, [0xff, 0xff, 0xff, 0xff]);
    zero(disk, offsets[4]! + 12, offsets[5]!);
    expect(recoverFrom(disk).lastZxid).toBe(4n);
  });
});

describe('damage', () => {
  it('of any single bit of a record with others behind it is refused', () => {
    const { offsets } = logOf(6, 60);
    for (let at = offsets[2]!; at < offsets[3]!; at++) {
      const { disk } = logOf(6, 60, 1024);
      const [byte] = readFile(disk, 'log.1').subarray(at, at + 1);
      patchFile(disk, 'log.1', at, [byte! ^ (1 << (at % 8))]);
      const before = readFile(disk, 'log.1');
      const error = refusal(disk, true);
      expect({ kind: error.kind, offset: error.offset }).toEqual({
        kind: 'bad-record',
        offset: offsets[2],
      });
      expect(error.zxid).toBe(3n);
      expect(readFile(disk, 'log.1')).toEqual(before);
    }
  });

  it('of the length of the last record is told from a torn end', () => {
    const { offsets } = logOf(6, 60);
    const start = offsets[5]!;
    for (const length of [-1, 0, 1, 64, 1000, 0x10000, 0x7fffffff]) {
      const { disk } = logOf(6, 60, 1024);
      const bytes = [length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
      patchFile(disk, 'log.1', start + 8, bytes);
      expect(refusal(disk)).toMatchObject({ kind: 'bad-record', offset: start, zxid: 6n });
      expect(recoverFrom(disk, { truncateCorruptTail: true }).lastZxid).toBe(5n);
    }
  });

  it('of the checksum, payload or mark of the last record is refused unless told otherwise', () => {
    const { offsets } = logOf(6, 60);
    const [start, end] = [offsets[5]!, offsets[6]!];
    for (const at of [start + 5, start + 20, start + 30, end - 10, end - 1]) {
      const { disk } = logOf(6, 60, 1024);
      const [byte] = readFile(disk, 'log.1').subarray(at, at + 1);
      patchFile(disk, 'log.1', at, [byte! ^ 0x10]);
      expect(refusal(disk)).toMatchObject({ kind: 'bad-record', offset: start, zxid: 6n });
      expect(recoverFrom(disk, { truncateCorruptTail: true }).lastZxid).toBe(5n);
    }
  });

  it('of the last record of a member is refused whatever is set, for it could vote without it', () => {
    const { disk, offsets } = logOf(6, 60);
    patchFile(disk, 'log.1', offsets[6]! - 10, [0xee]);
    const member = { truncateCorruptTail: true, role: 'quorum' } as const;
    expect(() => recoverFrom(disk, member)).toThrow(
      /db\.autocreate=false so that it does not vote/,
    );
    expect(() => recoverFrom(disk, member)).not.toThrow(/set zookeeper\.recovery/);
    expect(recoverFrom(disk, { truncateCorruptTail: true }).lastZxid).toBe(5n);
  });

  it('like a lost sector, but farther from the end than one batch reaches, is refused', () => {
    const { disk } = logOf(3, 40);
    const size = 9 * 1024 * 1024;
    const { offsets } = logOf(3, 40);
    zero(disk, offsets[1]!, offsets[1]! + 1024);
    patchFile(disk, 'log.1', size, [1]);
    const verdict = inspectTail(disk.openRead(pathOf('log.1')), offsets[1]!, 1n as Zxid, 2097150);
    expect(verdict.kind).toBe('torn');
    const { disk: other } = logOf(12, 900, 4096);
    const reader = new TxnLogReader(other.openRead(pathOf('log.1')));
    reader.next();
    const second = reader.nextOffset;
    reader.next();
    zero(other, Math.ceil(second / 512) * 512, Math.ceil(second / 512) * 512 + 512);
    patchFile(other, 'log.1', size, [1]);
    const far = inspectTail(other.openRead(pathOf('log.1')), second, 1n as Zxid, 2097150);
    expect(far.kind).toBe('corrupt');
  });

  it('in a file that others follow is refused, even when it looks torn', () => {
    const disk = newDisk();
    recoverFrom(disk);
    const writer = newWriter(disk);
    const history = new History();
    history.append(writer, 5);
    writer.roll();
    history.append(writer, 5);
    writer.close();
    cut(disk, readFile(disk, 'log.1').byteLength - 1);
    expect(refusal(disk)).toMatchObject({ kind: 'bad-record', zxid: 5n, file: pathOf('log.1') });
  });

  it('of a header is refused when records follow it', () => {
    const { disk } = logOf(3, 40);
    patchFile(disk, 'log.1', 0, [0]);
    expect(refusal(disk)).toMatchObject({ kind: 'bad-header', offset: 0, file: pathOf('log.1') });
  });
});
