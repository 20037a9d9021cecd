/** Logs: our writer makes the bytes that Apache's makes, down to the padding. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Zxid } from '../../src/base/zxid.ts';
import { TxnLogReader } from '../../src/storage/txn-log-reader.ts';
import { SimDisk } from '../sim/sim-disk.ts';
import {
  directory,
  newDisk,
  newWriter,
  pathOf,
  readFile,
  writeFile,
} from '../storage/sim-directory.ts';
import { fixturePath } from './fixture-directory.ts';

function rewritten(name: string, file: string, preallocBytes: number): Uint8Array {
  const source = new SimDisk();
  source.makeDirectory('/data');
  source.makeDirectory(directory.logs);
  writeFile(source, file, readFileSync(fixturePath(name, file)));
  const reader = new TxnLogReader(source.openRead(pathOf(file)));
  const disk = newDisk();
  const first = BigInt(`0x${file.slice(4)}`);
  const writer = newWriter(disk, { preallocBytes, lastZxid: (first - 1n) as Zxid });
  while (reader.next()) {
    const { bytes, start, end, zxidHi, zxidLo } = reader;
    writer.append(bytes, start, end, zxidHi, zxidLo);
    writer.flush();
    while (writer.prepareAhead());
  }
  writer.close();
  return readFile(disk, file);
}

describe('a log of Apache, read and written again', () => {
  for (const [name, file, prealloc] of [
    ['zk-3.8-datadir/main', 'log.1', 8192],
    ['zk-3.8-datadir/main', 'log.2b', 8192],
    ['zk-3.9-datadir/quorum-member', 'log.500000001', 8192],
    ['zk-3.9-datadir/main', 'log.1', 0],
    ['zk-3.9-datadir/main', 'log.2b', 0],
    ['zk-3.9-datadir/quorum-member', 'log.400000001', 0],
    ['zk-3.9-datadir/compressed', 'log.e', 0],
  ] as const) {
    it(`has the same bytes: ${name}/${file}${prealloc > 0 ? ' with its padding' : ''}`, () => {
      const golden = readFileSync(fixturePath(name, file));
      expect(Buffer.compare(rewritten(name, file, prealloc), golden)).toBe(0);
    });
  }
});

describe('the start of a log', () => {
  it('is header, then checksum, length, header, body, digest and mark of each txn', () => {
    const header = '0100001444820000000000000000000000000001000001a200585ab9fffffff6';
    const payload = `${header}000493e0000000020000000051c6d660`;
    const disk = newDisk();
    const writer = newWriter(disk);
    writer.append(Buffer.from(payload, 'hex'), 0, payload.length / 2, 0, 1);
    writer.close();
    const start = '5a4b4c47000000020000000000000000';
    const expected = `${start}00000000b6bb0aa400000030${payload}42`;
    expect(Buffer.from(readFile(disk, 'log.1')).toString('hex')).toBe(expected);
    const apache = readFileSync(fixturePath('zk-3.9-datadir/main', 'log.1'));
    expect(apache.subarray(0, 77).toString('hex')).toBe(expected);
  });
});
