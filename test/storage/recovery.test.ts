/** Recovery beyond the sample directories: empty ones, fuzzy snapshots, old records. */
import { describe, expect, it } from 'vitest';
import { asZxid, type Zxid } from '../../src/base/zxid.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { digestVersion, errorTxn, txnDigest, txnHeader } from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { RecoveryError } from '../../src/storage/recovery-sink.ts';
import { SnapshotWriter } from '../../src/storage/snapshot-writer.ts';
import { logHeaderBytes } from '../../src/storage/txn-log-format.ts';
import type { SimDisk } from '../sim/sim-disk.ts';
import { History, writeState } from './history.ts';
import { NaiveState } from './naive-state.ts';
import {
  directory,
  newDisk,
  newWriter,
  patchFile,
  pathOf,
  readFile,
  recoverFrom,
  writeFile,
} from './sim-directory.ts';

function refusal(attempt: () => unknown): RecoveryError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof RecoveryError) return error;
    throw error;
  }
  throw new Error('not refused');
}

/** Logs of `perFile` txns each, beginning behind the empty snapshot. */
function withLogs(...perFile: number[]): { disk: SimDisk; history: History } {
  const disk = newDisk();
  recoverFrom(disk);
  const writer = newWriter(disk);
  const history = new History();
  for (const txns of perFile) {
    history.append(writer, txns);
    writer.roll();
  }
  return { disk, history };
}

/** The record of such an error, with a digest that is not that of the tree. */
function undecodableAt(zxid: bigint): Uint8Array {
  const disk = newDisk();
  recoverFrom(disk);
  const out = new JuteWriter();
  txnHeader.write(out, { clientId: 7n, cxid: 1, zxid, time: 0n, type: OpCode.error });
  errorTxn.write(out, { err: -5 });
  txnDigest.write(out, { version: digestVersion, treeDigest: 1n });
  const writer = newWriter(disk, { lastZxid: asZxid(zxid - 1n) });
  writer.append(out.finish(), 0, out.offset, 0, Number(zxid));
  writer.close();
  return readFile(disk, `log.${zxid.toString(16)}`).subarray(logHeaderBytes);
}

function publish(
  disk: SimDisk,
  state: NaiveState,
  zxid: bigint,
  digestZxid: bigint,
  digest: bigint,
) {
  const place = { disk, directory: directory.snapshots, zxid: zxid as Zxid };
  const writer = new SnapshotWriter(place);
  writeState(writer, state);
  const section = { zxid: digestZxid as Zxid, version: 2, digest: BigInt.asIntN(64, digest) };
  writer.publish({ digest: section, lastProcessedZxid: zxid as Zxid });
}

describe('an empty directory', () => {
  it('becomes a new database with a snapshot of it', () => {
    const disk = newDisk();
    const found = recoverFrom(disk);
    expect(found).toMatchObject({ lastZxid: 0n, snapshotZxid: 0n });
    expect(found.state.digest()).toBe(1371985504n);
    expect(disk.crash('lose-all', 1).list(directory.snapshots)).toEqual(['snapshot.0']);
  });

  it('is no database without db.autocreate: the member does not vote', () => {
    const disk = newDisk();
    const found = recoverFrom(disk, { autocreateDatabase: false, role: 'quorum' });
    expect(found).toMatchObject({ lastZxid: -1n, needsSnapshot: true });
    expect(disk.list(directory.snapshots).sort()).toEqual(['acceptedEpoch', 'currentEpoch']);
  });

  it('becomes one when the initialize mark says so, once', () => {
    const disk = newDisk();
    disk.create('/data/initialize');
    const found = recoverFrom(disk, { autocreateDatabase: false });
    expect(found).toMatchObject({ lastZxid: 0n });
    expect(disk.exists('/data/initialize')).toBe(false);
  });

  it('with a log file that holds no record is still empty', () => {
    for (const size of [0, 7, 16]) {
      const { disk } = withLogs(2);
      disk.remove(pathOf('snapshot.0'));
      disk.openWrite(pathOf('log.1')).truncate(size);
      expect(recoverFrom(disk).lastZxid).toBe(0n);
      expect(disk.list(directory.snapshots)).toEqual(['snapshot.0']);
    }
  });
});

describe('continuity', () => {
  it('is demanded between files', () => {
    const { disk } = withLogs(3, 3, 3);
    disk.remove(pathOf('log.4'));
    const error = refusal(() => recoverFrom(disk));
    expect(error).toMatchObject({ kind: 'gap', file: pathOf('log.7'), offset: 16, zxid: 7n });
    expect(error.message).toContain(pathOf('log.1'));
  });

  it('is demanded between the snapshot and the first log', () => {
    const { disk } = withLogs(3, 3);
    disk.remove(pathOf('log.1'));
    expect(refusal(() => recoverFrom(disk))).toMatchObject({ kind: 'gap', zxid: 4n });
  });

  it('allows a later epoch to begin with counter 1, and nothing else', () => {
    const { disk, history } = withLogs(3);
    history.beginEpoch(2);
    const writer = newWriter(disk, { lastZxid: 3n as Zxid });
    history.append(writer, 2);
    writer.close();
    expect(recoverFrom(disk).lastZxid).toBe(0x200000002n);
    disk.remove(pathOf('log.200000001'));
    const late = newWriter(disk, { lastZxid: 0x200000001n as Zxid });
    history.append(late, 0);
    const { payload } = new History('a', 0x200000001n).next();
    late.append(payload, 0, payload.byteLength, 2, 2);
    late.close();
    expect(refusal(() => recoverFrom(disk))).toMatchObject({ kind: 'gap', zxid: 0x200000002n });
  });

  it('refuses a txn that comes twice', () => {
    const { disk } = withLogs(3);
    const bytes = readFile(disk, 'log.1');
    writeFile(disk, 'log.4', bytes);
    expect(refusal(() => recoverFrom(disk))).toMatchObject({ kind: 'gap', zxid: 1n });
  });

  it('lets errors have the zxid of the txn before them, as Apache logs undecodable writes', () => {
    const { disk, history } = withLogs(3);
    for (let times = 0; times < 2; times++) {
      const size = readFile(disk, 'log.1').byteLength;
      patchFile(disk, 'log.1', size, [...undecodableAt(3n)]);
    }
    const writer = newWriter(disk, { lastZxid: 3n as Zxid });
    history.append(writer, 2);
    writer.close();
    const found = recoverFrom(disk);
    expect(found.lastZxid).toBe(5n);
    expect(found.state.fingerprint()).toBe(history.fingerprints.get(5n));
    expect(found.logger.entries).toEqual([]);
  });

  it('lets a torn end stand when the next file goes on right there, as Apache leaves it', () => {
    const { disk, history } = withLogs(3);
    const size = readFile(disk, 'log.1').byteLength;
    patchFile(disk, 'log.1', size, [0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 80, 1, 2, 3]);
    const writer = newWriter(disk, { lastZxid: 3n as Zxid });
    history.append(writer, 2);
    writer.close();
    const { lastZxid, logger } = recoverFrom(disk);
    expect(lastZxid).toBe(5n);
    expect(logger.entries.map((entry) => entry.level)).toEqual(['warn']);
  });
});

describe('the digest', () => {
  it('of a txn that does not fit the tree is refused, and only reported on request', () => {
    const { disk, history } = withLogs(2);
    const writer = newWriter(disk, { lastZxid: 2n as Zxid });
    const { payload } = history.next();
    payload[payload.byteLength - 1]! ^= 1;
    writer.append(payload, 0, payload.byteLength, 0, 3);
    writer.close();
    const error = refusal(() => recoverFrom(disk));
    expect(error).toMatchObject({ kind: 'digest', file: pathOf('log.3'), offset: 16, zxid: 3n });
    const { lastZxid, logger } = recoverFrom(disk, { ignoreDigestMismatch: true });
    expect(lastZxid).toBe(3n);
    expect(logger.entries).toMatchObject([{ level: 'error', fields: { zxid: '0x3' } }]);
  });

  it('of a txn that does not fit the tree is reported when the next one fits again', () => {
    const { disk, history } = withLogs(2);
    const writer = newWriter(disk, { lastZxid: 2n as Zxid });
    const { payload } = history.next();
    payload[payload.byteLength - 1]! ^= 1;
    writer.append(payload, 0, payload.byteLength, 0, 3);
    history.append(writer, 1);
    writer.close();
    const { lastZxid, logger } = recoverFrom(disk);
    expect(lastZxid).toBe(4n);
    expect(logger.entries).toMatchObject([{ level: 'warn', fields: { zxid: '0x3' } }]);
  });

  it('of a tree that is wrong from a txn on is refused with the first of them', () => {
    const { disk, history } = withLogs(2);
    const writer = newWriter(disk, { lastZxid: 2n as Zxid });
    for (const zxid of [3, 4, 5]) {
      const { payload } = history.next();
      payload[payload.byteLength - 1]! ^= 1;
      writer.append(payload, 0, payload.byteLength, 0, zxid);
    }
    writer.close();
    const before = readFile(disk, 'log.3');
    expect(refusal(() => recoverFrom(disk))).toMatchObject({ kind: 'digest', zxid: 3n });
    expect(readFile(disk, 'log.3')).toEqual(before);
  });

  it('of a snapshot taken at rest is compared before anything is replayed', () => {
    const { disk, history } = withLogs(4);
    publish(disk, history.state, 4n, 4n, history.state.digest() + 1n);
    const error = refusal(() => recoverFrom(disk));
    expect(error).toMatchObject({ kind: 'digest', file: pathOf('snapshot.4'), zxid: 4n });
  });

  it('is not compared in the fuzzy range of a snapshot, and again behind it', () => {
    const { disk, history } = withLogs(24);
    // A walk that began at 14 and ended at 20: it holds later effects and says so.
    publish(disk, stateAt(20), 14n, 20n, stateAt(20).digest());
    const found = recoverFrom(disk);
    expect(found.snapshotZxid).toBe(14n);
    expect(found.state.fuzzyEnd).toBe(20n);
    expect(found.state.ignored.length).toBeGreaterThan(0);
    expect(found.state.fingerprint()).toBe(history.state.fingerprint());
    disk.remove(pathOf('snapshot.e'));
    publish(disk, stateAt(20), 14n, 20n, stateAt(20).digest() + 1n);
    expect(refusal(() => recoverFrom(disk))).toMatchObject({ kind: 'digest', zxid: 20n });
  });

  it('that is awaited beyond the end of the logs is warned about', () => {
    const { disk } = withLogs(16);
    publish(disk, stateAt(14), 14n, 20n, 5n);
    const { lastZxid, logger } = recoverFrom(disk);
    expect(lastZxid).toBe(16n);
    expect(logger.entries).toMatchObject([{ level: 'warn', fields: { zxid: '0x14' } }]);
  });
});

function stateAt(zxid: number): NaiveState {
  const history = new History();
  for (let i = 0; i < zxid; i++) history.next();
  return history.state;
}

describe('records of old servers', () => {
  const append = (disk: SimDisk, lo: number, type: number, body: (out: JuteWriter) => void) => {
    const writer = newWriter(disk, { lastZxid: BigInt(lo - 1) as Zxid });
    const out = new JuteWriter();
    const header = { clientId: 9n, cxid: lo, zxid: BigInt(lo), time: 5n, type };
    txnHeader.write(out, header);
    body(out);
    writer.append(out.bytes, 0, out.offset, 0, lo);
    writer.close();
  };
  const createBody = (path: string, ephemeral: boolean) => (out: JuteWriter) => {
    out.writeString(path);
    out.writeBuffer(null);
    out.writeInt(0);
    out.writeBool(ephemeral);
  };

  it('are understood: creates without parentCVersion, closeSession without paths', () => {
    const disk = newDisk();
    recoverFrom(disk);
    append(disk, 1, OpCode.create, createBody('/old', false));
    append(disk, 2, OpCode.create, createBody('/old/e', true));
    append(disk, 3, OpCode.closeSession, () => {});
    const { lastZxid, state } = recoverFrom(disk);
    expect(lastZxid).toBe(3n);
    expect(state.nodes.get('/old')).toMatchObject({ cversion: 1, pzxid: 3n });
    expect(state.nodes.has('/old/e')).toBe(false);
  });

  it('of no known type are refused', () => {
    const disk = newDisk();
    recoverFrom(disk);
    append(disk, 1, 77, () => {});
    const error = refusal(() => recoverFrom(disk));
    expect(error).toMatchObject({ kind: 'bad-record', zxid: 1n, offset: 16 });
    expect(error.message).toContain('unsupported txn type 77');
  });
});

describe('snapshots that fail', () => {
  it('get a brand-new state each, and a fault of the state is not taken for damage', () => {
    const { disk, history } = withLogs(8);
    publish(disk, history.state, 8n, 8n, history.state.digest());
    const size = readFile(disk, 'snapshot.8').byteLength;
    patchFile(disk, 'snapshot.8', size - 60, [0x55]);
    const states: NaiveState[] = [];
    const newState = () => {
      const state = new NaiveState();
      states.push(state);
      return state;
    };
    const { state } = recoverFrom(disk, { newState });
    expect(states).toHaveLength(2);
    expect(state).toBe(states[1]);
    class Faulty extends NaiveState {
      override node(): void {
        throw new Error('no memory');
      }
    }
    expect(() => recoverFrom(disk, { newState: () => new Faulty() })).toThrow('no memory');
  });

  it('are passed over even when the state stumbles over their bytes', () => {
    const { disk, history } = withLogs(8);
    publish(disk, history.state, 8n, 8n, history.state.digest());
    const bytes = Buffer.from(readFile(disk, 'snapshot.8'));
    patchFile(disk, 'snapshot.8', bytes.indexOf('/zookeeper/quota'), [0x2f, 0x2f, 0x2f]);
    const { snapshotZxid, lastZxid } = recoverFrom(disk);
    expect({ snapshotZxid, lastZxid }).toEqual({ snapshotZxid: 0n, lastZxid: 8n });
  });

  it('are refused when all do', () => {
    const { disk } = withLogs(8);
    patchFile(disk, 'snapshot.0', 100, [1]);
    const error = refusal(() => recoverFrom(disk));
    expect(error).toMatchObject({ kind: 'bad-snapshot', file: pathOf('snapshot.0') });
  });

  it('are refused when they alone held the end of the history', () => {
    const { disk } = withLogs(8);
    publish(disk, stateAt(12), 12n, 0n, 0n);
    patchFile(disk, 'snapshot.c', 300, [0xee, 0xee]);
    const error = refusal(() => recoverFrom(disk));
    expect(error).toMatchObject({ kind: 'missing-txns', file: pathOf('snapshot.c'), zxid: 12n });
    expect(error.message).toContain('0x8');
  });
});

describe('other files', () => {
  it('of foreign names are reported and never touched, own temporary ones are removed', () => {
    const { disk, history } = withLogs(4);
    writeFile(disk, 'log.1.chopped', readFile(disk, 'log.1'));
    writeFile(disk, 'snapshot.9.tmp', new Uint8Array(5));
    const { lastZxid, logger } = recoverFrom(disk);
    expect(lastZxid).toBe(history.lastZxid);
    expect(logger.entries).toMatchObject([{ fields: { file: pathOf('log.1.chopped') } }]);
    expect(disk.list(directory.snapshots).sort()).toEqual(['log.1', 'log.1.chopped', 'snapshot.0']);
  });
});

describe('after the death of the process alone', () => {
  it('what was written but not synced is durable before anybody is told of it', () => {
    const { disk } = withLogs(3);
    const history = new History();
    for (let i = 0; i < 3; i++) history.next();
    const writer = newWriter(disk, { lastZxid: 3n as Zxid });
    history.append(writer, 2);
    disk.crashAt = { effect: disk.effects + 5, moment: 'before' };
    expect(() => writer.flush()).toThrow('stopped at effect');
    const next = disk.killed();
    const { lastZxid } = recoverFrom(next);
    expect(lastZxid).toBe(5n);
    expect(recoverFrom(next.crash('lose-all', 1)).lastZxid).toBe(5n);
  });
});

describe('the compression of snapshots', () => {
  it('makes gzip streams of any length in pieces that gunzip takes as one', () => {
    const { disk, history } = withLogs(4);
    const zxid = history.lastZxid;
    const data = Uint8Array.from({ length: 900_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
    for (const name of ['/p', '/q', '/r']) {
      history.state.nodes.set(name, { ...history.state.nodes.get('')!, data });
    }
    const place = { disk, directory: directory.snapshots, zxid, encoding: 'gz' as const };
    const writer = new SnapshotWriter({ ...place, compression: nodeCompression });
    writeState(writer, history.state);
    writer.publish({ digest: null, lastProcessedZxid: null });
    expect(recoverFrom(disk).state.nodes.get('/r')?.data).toHaveLength(900_000);
  });
});
