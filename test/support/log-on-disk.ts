/** The transaction log of a member that is down: where it ends, and how to make it end later. */
import { highHalf, joinHalves, lowHalf, type Zxid, zxidZero } from '../../src/base/zxid.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { createTxn, txnHeader } from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { dataDirectory, listStorage } from '../../src/storage/data-directory.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { TxnLogReader } from '../../src/storage/txn-log-reader.ts';
import { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import { openAcl } from './raw-requests.ts';

/** The zxid of the last whole txn in the log, 0 when there is none. */
export function lastLoggedZxid(dataDir: string): Zxid {
  const disk = new NodeDisk();
  let last = zxidZero;
  for (const { path } of listStorage(disk, dataDirectory(dataDir)).logs) {
    const file = disk.openRead(path);
    const log = new TxnLogReader(file);
    while (log.next()) last = joinHalves(log.zxidHi, log.zxidLo) as Zxid;
    file.close();
  }
  return last;
}

/**
 * Appends txns that create `paths` below the root, as a leader leaves them that had logged them
 * and was lost before anybody else had: a new leader makes this member drop them (TRUNC).
 */
export function appendUncommitted(dataDir: string, paths: readonly string[]): void {
  const disk = new NodeDisk();
  const lastZxid = lastLoggedZxid(dataDir);
  const directory = dataDirectory(dataDir);
  const log = new TxnLogWriter({ disk, directory, lastZxid, preallocBytes: 0 });
  for (const [i, path] of paths.entries()) {
    const zxid = (lastZxid + BigInt(i + 1)) as Zxid;
    const writer = new JuteWriter(256);
    const time = BigInt(Date.now());
    txnHeader.write(writer, { clientId: 0n, cxid: i, zxid, time, type: OpCode.create });
    const node = { path, data: null, acl: openAcl, ephemeral: false, parentCVersion: -1 };
    createTxn.write(writer, node);
    const bytes = writer.finish();
    log.append(bytes, 0, bytes.byteLength, highHalf(zxid), lowHalf(zxid));
  }
  log.flush();
  log.close();
}
