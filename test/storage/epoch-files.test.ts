/** Epoch files: what is read back, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { Epoch, Zxid } from '../../src/base/zxid.ts';
import { EpochFiles } from '../../src/storage/epoch-files.ts';
import { RecoveryError } from '../../src/storage/recovery-sink.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { directory, newDisk, readFile, writeFile } from './sim-directory.ts';

const text = (value: string) => new TextEncoder().encode(value);
const zxid = (epoch: number, counter = 1) => ((BigInt(epoch) << 32n) | BigInt(counter)) as Zxid;

function withFiles(files: Record<string, string>): SimDisk {
  const disk = newDisk();
  for (const [name, content] of Object.entries(files)) writeFile(disk, name, text(content));
  return disk;
}

const recover = (disk: SimDisk, last: Zxid) => new EpochFiles(disk, directory).recover(last);

describe('epoch files', () => {
  it('are written as Apache writes them, without a newline', () => {
    const disk = newDisk();
    const files = new EpochFiles(disk, directory);
    files.writeAcceptedEpoch(12 as Epoch);
    files.writeCurrentEpoch(11 as Epoch);
    expect(Buffer.from(readFile(disk, 'acceptedEpoch')).toString()).toBe('12');
    expect(Buffer.from(readFile(disk, 'currentEpoch')).toString()).toBe('11');
    expect(recover(disk.crash('lose-all', 1), zxid(11))).toEqual({ accepted: 12, current: 11 });
  });

  it('are read with a newline too', () => {
    const disk = withFiles({ acceptedEpoch: '7\n', currentEpoch: '7\nx' });
    expect(recover(disk, zxid(7))).toEqual({ accepted: 7, current: 7 });
  });

  it('begin with the epoch of the last txn when they are missing', () => {
    const disk = newDisk();
    expect(recover(disk, zxid(4))).toEqual({ accepted: 4, current: 4 });
    expect(Buffer.from(readFile(disk, 'currentEpoch')).toString()).toBe('4');
    expect(recover(newDisk(), -1n as Zxid)).toEqual({ accepted: 0, current: 0 });
  });

  it('are refused when currentEpoch is behind the last txn without a sign of why', () => {
    const disk = withFiles({ acceptedEpoch: '5', currentEpoch: '3' });
    const attempt = () => recover(disk, zxid(4));
    expect(attempt).toThrow(RecoveryError);
    expect(attempt).toThrow('currentEpoch 3 is older than the last txn');
  });

  it('take the epoch of the last txn when a synchronization was cut short', () => {
    const disk = withFiles({ acceptedEpoch: '5', currentEpoch: '3', 'currentEpoch.tmp': '5' });
    expect(recover(disk, zxid(4))).toEqual({ accepted: 5, current: 4 });
    expect(disk.list(directory.snapshots).sort()).toEqual(['acceptedEpoch', 'currentEpoch']);
    expect(recover(disk, zxid(4))).toEqual({ accepted: 5, current: 4 });
  });

  it('leave an announced epoch alone when the log did not get there', () => {
    const disk = withFiles({ acceptedEpoch: '5', currentEpoch: '3' });
    new EpochFiles(disk, directory).prepareCurrentEpoch(5 as Epoch);
    expect(recover(disk, zxid(3))).toEqual({ accepted: 5, current: 3 });
  });

  it('are refused when accepted is less than current, unless its update was cut short', () => {
    const files = { acceptedEpoch: '2', currentEpoch: '4' };
    expect(() => recover(withFiles(files), zxid(4))).toThrow('acceptedEpoch 2 is less');
    const torn = withFiles({ ...files, 'acceptedEpoch.tmp': '' });
    expect(() => recover(torn, zxid(4))).toThrow('acceptedEpoch 2 is less');
    const unfinished = withFiles({ ...files, 'acceptedEpoch.tmp': '4' });
    expect(recover(unfinished, zxid(4))).toEqual({ accepted: 4, current: 4 });
  });

  it('are refused when they hold anything but a number', () => {
    for (const content of ['', 'x', '-1', '1.5', '99999999999', '0x3']) {
      const disk = withFiles({ acceptedEpoch: '5', currentEpoch: content });
      expect(() => recover(disk, zxid(1)), JSON.stringify(content)).toThrow('not a decimal epoch');
    }
  });
});
