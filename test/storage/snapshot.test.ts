/** Snapshots: bytes equal to Apache's, all forms readable, every broken seal noticed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DiskError } from '../../src/base/ports.ts';
import type { Zxid } from '../../src/base/zxid.ts';
import { JuteError } from '../../src/jute/jute-error.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { adler32 } from '../../src/storage/adler32.ts';
import { listStorage, type SnapshotEncoding } from '../../src/storage/data-directory.ts';
import { writeEmptySnapshot } from '../../src/storage/empty-snapshot.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import type { SnapshotVisitor } from '../../src/storage/recovery-sink.ts';
import { memorySource } from '../../src/storage/snapshot-compression.ts';
import type { SnapshotTrailer } from '../../src/storage/snapshot-format.ts';
import {
  readSnapshot,
  readSnapshotFile,
  snapshotDamage,
} from '../../src/storage/snapshot-reader.ts';
import { SnapshotWriter } from '../../src/storage/snapshot-writer.ts';
import { fixturePath } from '../compat/fixture-directory.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { History, writeState } from './history.ts';
import { NaiveState } from './naive-state.ts';
import { directory, newDisk, patchFile, pathOf, readFile, writeFile } from './sim-directory.ts';

const encodings: SnapshotEncoding[] = ['plain', 'gz', 'snappy'];

function only(disk: SimDisk) {
  const [snapshot, ...others] = listStorage(disk, directory).snapshots;
  expect(others).toEqual([]);
  return snapshot!;
}

function writeHistory(disk: SimDisk, txns: number, encoding: SnapshotEncoding = 'plain') {
  const history = new History();
  for (let i = 0; i < txns; i++) history.next(1000);
  const zxid = history.lastZxid;
  const options = { disk, directory: directory.snapshots, zxid, encoding };
  const writer = new SnapshotWriter({ ...options, compression: nodeCompression });
  writeState(writer, history.state);
  writer.publish({ digest: { zxid, version: 2, digest: 77n }, lastProcessedZxid: zxid });
  return history;
}

function load(disk: SimDisk): { state: NaiveState; trailer: SnapshotTrailer } {
  const state = new NaiveState();
  const snapshot = only(disk);
  state.beginSnapshot(snapshot.zxid);
  return { state, trailer: readSnapshotFile(disk, snapshot, state, nodeCompression) };
}

describe('golden bytes', () => {
  it('make our empty snapshot the one that 3.9 writes', () => {
    const disk = newDisk();
    writeEmptySnapshot(disk, directory.snapshots);
    const golden = readFileSync(fixturePath('zk-3.9-datadir/main', 'snapshot.0'));
    expect(golden).toHaveLength(478);
    expect(Buffer.from(readFile(disk, 'snapshot.0')).toString('hex')).toBe(golden.toString('hex'));
  });

  for (const [name, file] of [
    ['zk-3.8-datadir/main', 'snapshot.0'],
    ['zk-3.8-datadir/main', 'snapshot.2a'],
    ['zk-3.9-datadir/main', 'snapshot.2a'],
    ['zk-3.9-datadir/ghost-tail', 'snapshot.20000000a'],
    ['zk-3.9-datadir/ghost-tail', 'snapshot.400000002'],
    ['zk-3.9-datadir/quorum-member', 'snapshot.400000006'],
  ] as const) {
    it(`come out again when ${name}/${file} goes through reader and writer`, () => {
      const golden = readFileSync(fixturePath(name, file));
      const disk = newDisk();
      writeFile(disk, file, golden);
      rewrite(disk);
      const found = Buffer.from(readFile(disk, file)).toString('hex');
      expect(found).toBe(golden.toString('hex'));
    });
  }

  it('come out of the compressed ones as the same stream', () => {
    for (const file of ['snapshot.d.gz', 'snapshot.d.snappy', 'snapshot.0.gz']) {
      const disk = newDisk();
      writeFile(disk, file, readFileSync(fixturePath('zk-3.9-datadir/compressed', file)));
      const before = load(disk);
      rewrite(disk);
      const after = load(disk);
      expect(after.trailer).toEqual(before.trailer);
      expect(after.state.fingerprint()).toBe(before.state.fingerprint());
    }
  });
});

/** Reads the only snapshot and writes what it holds under the same name. */
function rewrite(disk: SimDisk): void {
  const snapshot = only(disk);
  const counts = { sessions: 0, acls: 0 };
  readSnapshotFile(
    disk,
    snapshot,
    { session: () => counts.sessions++, acl: () => counts.acls++, node() {} },
    nodeCompression,
  );
  const { zxid, encoding } = snapshot;
  const place = { disk, directory: directory.snapshots, zxid, encoding };
  const writer = new SnapshotWriter({ ...place, compression: nodeCompression });
  writer.beginSessions(counts.sessions);
  if (counts.sessions === 0) writer.beginAcls(counts.acls);
  const copy: SnapshotVisitor = {
    session(idHi, idLo, timeoutMs) {
      writer.session(idHi, idLo, timeoutMs);
      if (--counts.sessions === 0) writer.beginAcls(counts.acls);
    },
    acl(id, bytes, start, end) {
      writer.acl(id, bytes, start, end);
      if (--counts.acls === 0) writer.beginNodes();
    },
    node(bytes, pathStart, pathEnd, dataStart, dataLength, aclId, statStart) {
      const data = [bytes, dataStart, dataLength] as const;
      writer.node(bytes, pathStart, pathEnd, ...data, aclId, bytes, statStart);
    },
  };
  writer.publish(readSnapshotFile(disk, snapshot, copy, nodeCompression));
}

describe('a snapshot', () => {
  for (const encoding of encodings) {
    it(`(${encoding}) holds the state that was written`, () => {
      const disk = newDisk();
      const history = writeHistory(disk, 200, encoding);
      const { state, trailer } = load(disk);
      expect(state.fingerprint()).toBe(history.state.fingerprint());
      expect(trailer).toEqual({
        digest: { zxid: 200n, version: 2, digest: 77n },
        lastProcessedZxid: 200n,
      });
    });

    it(`(${encoding}) that is cut anywhere is noticed`, () => {
      const disk = newDisk();
      writeHistory(disk, 12, encoding);
      const snapshot = only(disk);
      const whole = readFile(disk, snapshot.name);
      // A plain file may end right behind a seal: older servers wrote no more.
      const legal = encoding === 'plain' ? [whole.length - 21, whole.length - 54] : [];
      for (let size = whole.length - 1; size >= 0; size -= size > whole.length - 80 ? 1 : 97) {
        if (legal.includes(size)) continue;
        writeFile(disk, snapshot.name, whole.subarray(0, size));
        expect(snapshotDamage(disk, snapshot, nodeCompression), `${size} bytes`).not.toBeNull();
      }
    });

    it(`(${encoding}) with any wrong bit is noticed, or the bit means nothing`, () => {
      const disk = newDisk();
      const fingerprint = writeHistory(disk, 12, encoding).state.fingerprint();
      const { trailer } = load(disk);
      const snapshot = only(disk);
      const whole = readFile(disk, snapshot.name);
      let noticed = 0;
      for (let at = 16; at < whole.length; at += 5) {
        const bytes = whole.slice();
        bytes[at]! ^= 1 << (at % 8);
        writeFile(disk, snapshot.name, bytes);
        if (snapshotDamage(disk, snapshot, nodeCompression) !== null) {
          noticed++;
          continue;
        }
        const found = load(disk);
        expect(found.state.fingerprint(), `byte ${at}`).toBe(fingerprint);
        expect(found.trailer).toEqual(trailer);
      }
      expect(noticed).toBeGreaterThan((whole.length / 5) * 0.9);
    });
  }

  it('is read with every trailer that servers have written', () => {
    const zxid = 9n as Zxid;
    const digest = { zxid, version: 2, digest: -5n };
    const trailers: SnapshotTrailer[] = [
      { digest: null, lastProcessedZxid: null },
      { digest: null, lastProcessedZxid: zxid },
      { digest, lastProcessedZxid: null },
      { digest, lastProcessedZxid: zxid },
    ];
    for (const trailer of trailers) {
      const disk = newDisk();
      const writer = new SnapshotWriter({ disk, directory: directory.snapshots, zxid });
      writeState(writer, new History().state);
      writer.publish(trailer);
      expect(load(disk).trailer).toEqual(trailer);
    }
  });

  it('is read with a digest from before version 2, which was text', () => {
    const zxid = 9n as Zxid;
    const disk = newDisk();
    const writer = new SnapshotWriter({ disk, directory: directory.snapshots, zxid });
    writeState(writer, new History().state);
    writer.publish({ digest: null, lastProcessedZxid: null });
    const out = new JuteWriter();
    out.writeRaw(readFile(disk, 'snapshot.9'));
    out.writeLong(9n);
    out.writeInt(1);
    out.writeString('1f');
    const checksum = adler32(out.bytes, 0, out.offset);
    out.writeLong(BigInt(checksum));
    out.writeString('/');
    const trailer = readSnapshot(memorySource(out.finish()), new NaiveState());
    expect(trailer.digest).toEqual({ zxid: 9n, version: 1, digest: 0x1fn });
  });

  it('keeps data that is longer than the window of the reader', () => {
    const disk = newDisk();
    const zxid = 1n as Zxid;
    const state = new History().state;
    const data = new Uint8Array(1_000_000).fill(3);
    for (const name of ['/big1', '/big2', '/big3']) {
      state.nodes.set(name, { ...state.nodes.get('')!, data });
    }
    const writer = new SnapshotWriter({ disk, directory: directory.snapshots, zxid });
    writeState(writer, state);
    writer.publish({ digest: null, lastProcessedZxid: null });
    const { state: found } = load(disk);
    expect(found.nodes.get('/big3')?.data?.every((byte) => byte === 3)).toBe(true);
    expect(found.digest()).toBe(state.digest());
  });

  it('with a string longer than jute.maxbuffer allows is refused, naming the setting', () => {
    const disk = newDisk();
    writeHistory(disk, 12);
    expect(snapshotDamage(disk, only(disk), nodeCompression, 500)).toContain('jute.maxbuffer');
  });

  it('that is none at all is refused', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(600)]) {
      expect(() => readSnapshot(memorySource(bytes), new NaiveState())).toThrow(JuteError);
    }
  });
});

describe('writing a snapshot', () => {
  it('leaves nothing behind, whichever effect fails', () => {
    const counting = newDisk();
    const before = counting.effects;
    writeHistory(counting, 3);
    const effects = counting.effects - before;
    expect(effects).toBeGreaterThan(4);
    for (let at = 0; at < effects; at++) {
      const disk = newDisk();
      disk.failures.set(disk.effects + at, 'EIO');
      expect(() => writeHistory(disk, 3)).toThrow(DiskError);
      expect(disk.list(directory.snapshots), `effect ${at} failed`).toEqual([]);
    }
  });

  it('leaves nothing behind for want of space either', () => {
    for (const encoding of encodings) {
      const disk = newDisk();
      disk.spaceBytes = 100;
      expect(() => writeHistory(disk, 30, encoding)).toThrow('ENOSPC');
      expect(disk.list(directory.snapshots)).toEqual([]);
    }
  });

  it('makes it durable, bytes and name, before publish returns', () => {
    const disk = newDisk();
    const history = writeHistory(disk, 20);
    const { state } = load(disk.crash('lose-all', 1));
    expect(state.fingerprint()).toBe(history.state.fingerprint());
  });

  it('gives it its name only when it is whole and durable', () => {
    const disk = newDisk();
    disk.onMoment = () => {
      const names = disk.list(directory.snapshots).filter((name) => !name.endsWith('.tmp'));
      if (names.length === 0) return;
      const after = disk.crash('keep-all', 1);
      expect(snapshotDamage(after, only(after), nodeCompression)).toBeNull();
      expect(readFile(after, names[0]!)).toEqual(readFile(disk, names[0]!));
    };
    writeHistory(disk, 20);
    disk.onMoment = null;
    expect(disk.list(directory.snapshots)).toEqual(['snapshot.14']);
  });

  it('can be given up', () => {
    const disk = newDisk();
    const options = { disk, directory: directory.snapshots, zxid: 3n as Zxid };
    const writer = new SnapshotWriter(options);
    writer.beginSessions(0);
    writer.abort();
    writer.abort();
    expect(disk.list(directory.snapshots)).toEqual([]);
    expect(() => writer.beginAcls(0)).toThrow();
  });

  it('refuses parts that are not due', () => {
    const disk = newDisk();
    const options = { disk, directory: directory.snapshots, zxid: 3n as Zxid };
    const writer = new SnapshotWriter(options);
    writer.beginSessions(1);
    expect(() => writer.beginAcls(0)).toThrow('acls after sessions');
    writer.session(0, 1, 1000);
    expect(() => writer.session(0, 2, 1000)).toThrow('none is due');
  });
});

describe('a listed snapshot', () => {
  it('is one by its exact name only', () => {
    const disk = newDisk();
    const names = ['snapshot.1', 'snapshot.a.gz', 'snapshot.ff.snappy'];
    const foreign = ['snapshot.0a', 'snapshot.1.fixed', 'snapshot.A', 'log.2b.chopped48', 'x'];
    for (const name of [...names, ...foreign, 'snapshot.7.tmp', 'log.3', 'currentEpoch']) {
      writeFile(disk, name, new Uint8Array(0));
    }
    const listing = listStorage(disk, directory);
    expect(listing.snapshots.map((file) => file.name)).toEqual(names.toReversed());
    expect(listing.foreign.sort()).toEqual(foreign.map(pathOf).sort());
    expect(listing.temporary).toEqual([pathOf('snapshot.7.tmp')]);
    expect(listing.logs.map((file) => file.zxid)).toEqual([3n]);
    patchFile(disk, 'x', 0, [1]);
  });
});
