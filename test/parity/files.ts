/** What a server has left in a data directory, read with the readers of `src/storage`. */
import { joinHalves, zxidOf } from '../../src/base/zxid.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { errorTxn, txnHeader } from '../../src/jute/txn.ts';
import { measurePayload, newPayloadParts } from '../../src/jute/txn-payload.ts';
import {
  type DataDirectory,
  listStorage,
  type SnapshotFile,
} from '../../src/storage/data-directory.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import type { SnapshotTrailer } from '../../src/storage/snapshot-format.ts';
import { readSnapshotFile } from '../../src/storage/snapshot-reader.ts';
import { TxnLogReader } from '../../src/storage/txn-log-reader.ts';

const disk = new NodeDisk();

export interface LoggedTxn {
  readonly zxid: bigint;
  readonly type: number;
  /** Of an error txn. */
  readonly err: number | null;
  /** Of the tree, signed; null when the txn carries none. */
  readonly digest: bigint | null;
}

export function listFiles(directory: DataDirectory) {
  const { logs, snapshots, foreign } = listStorage(disk, directory);
  return {
    logs: logs.map(({ name }) => name),
    snapshots: snapshots.map(({ name }) => name),
    foreign,
  };
}

/** Every txn of all logs, oldest first. */
export function readLogs(directory: DataDirectory): LoggedTxn[] {
  return listStorage(disk, directory).logs.flatMap(({ path }) => readLog(path));
}

function readLog(path: string): LoggedTxn[] {
  const file = disk.openRead(path);
  try {
    const reader = new TxnLogReader(file);
    const parts = newPayloadParts();
    const payload = new JuteReader();
    const txns: LoggedTxn[] = [];
    while (reader.next()) {
      payload.reset(reader.bytes, reader.view, reader.start, reader.end);
      measurePayload(payload, parts);
      payload.reset(reader.bytes, reader.view, reader.start, reader.end);
      const { type } = txnHeader.read(payload);
      txns.push({
        zxid: zxidOf(reader.zxidHi, reader.zxidLo),
        type,
        err: type === OpCode.error ? errorTxn.read(payload).err : null,
        digest: parts.hasDigest
          ? BigInt.asIntN(64, joinHalves(parts.digestHi, parts.digestLo))
          : null,
      });
    }
    return txns;
  } finally {
    file.close();
  }
}

export interface ReadSnapshot {
  readonly file: SnapshotFile;
  readonly trailer: SnapshotTrailer;
  readonly nodes: number;
}

/** The newest snapshot, all of whose seals hold. */
export function readNewestSnapshot(directory: DataDirectory): ReadSnapshot {
  const [file] = listStorage(disk, directory).snapshots;
  let nodes = 0;
  const visitor = { session() {}, acl() {}, node: () => void nodes++ };
  const trailer = readSnapshotFile(disk, file!, visitor, nodeCompression);
  return { file: file!, trailer, nodes };
}
