import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeHistory, encodeHistory } from '../../src/check/history-format.ts';
import { readRunDirectory } from '../../src/check/node-run-directory.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { temporaryDirectory } from '../support/ringkeeper-process.ts';
import { madeRun } from './made-run.ts';

describe('a history', () => {
  it('is read as it was written', () => {
    const { reader } = madeRun();
    const opened = { atNs: 5n, connection: 1, session: 7n, timeoutMs: 4000, lastZxidSeen: 0n };
    const history = { ...reader, connections: [opened] };
    expect(decodeHistory('reader', encodeHistory(history))).toEqual(history);
  });

  it('is refused when it is cut anywhere but between two records', () => {
    const { reader } = madeRun();
    const bytes = encodeHistory(reader);
    const whole = new Set<number>([8]);
    for (let count = 1; count <= reader.operations.length; count++) {
      const part = { ...reader, operations: reader.operations.slice(0, count), notifications: [] };
      whole.add(encodeHistory(part).byteLength);
    }
    const end = encodeHistory({ ...reader, notifications: [] }).byteLength;
    for (let length = 0; length <= end; length++) {
      const read = () => decodeHistory('cut', bytes.slice(0, length));
      if (whole.has(length)) expect(read).not.toThrow();
      else expect(read, `${length} bytes`).toThrow();
    }
  });

  it('is refused for another magic and for a kind that no record has', () => {
    expect(() => decodeHistory('x', new Uint8Array(8))).toThrow('not a history');
    const bytes = new Uint8Array([
      ...encodeHistory({ ...madeRun().reader, operations: [], notifications: [] }),
      0,
      0,
      0,
      9,
    ]);
    expect(() => decodeHistory('x', bytes)).toThrow('kind 9');
  });
});

describe('a run directory', () => {
  it('is refused, by the name of what is wrong, when it cannot be checked', () => {
    const directory = temporaryDirectory();
    const read = () => readRunDirectory(new NodeDisk(), directory);
    expect(read).toThrow('clients');
    mkdirSync(join(directory, 'clients'));
    expect(read).toThrow('servers');
    mkdirSync(join(directory, 'servers'));
    expect(read).toThrow('no history');
    writeFileSync(join(directory, 'clients', 'a.history'), encodeHistory(madeRun().reader));
    expect(read).toThrow('begins with the first txn');
    writeFileSync(join(directory, 'clients', 'b.history'), 'no history at all');
    expect(read).toThrow('b.history');
  });
});
