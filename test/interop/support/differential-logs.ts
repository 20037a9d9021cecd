/**
 * The transaction logs of both servers as values that can be compared: the same txns in the same
 * order, but for times, ids of sessions and digests, which hold both. Reads files of servers that
 * have stopped; changes nothing.
 */
import { joinHalves } from '../../../src/base/zxid.ts';
import type { Acl } from '../../../src/jute/data.ts';
import { OpCode } from '../../../src/jute/proto.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import type { Field } from '../../../src/jute/schema.ts';
import * as txns from '../../../src/jute/txn.ts';
import { dataDirectory, listStorage } from '../../../src/storage/data-directory.ts';
import { NodeDisk } from '../../../src/storage/node-disk.ts';
import { TxnLogReader } from '../../../src/storage/txn-log-reader.ts';
import { type Normalizer, sortedRuns } from './differential-normal.ts';

const schemas = new Map<number, Field<unknown>>([
  [OpCode.createSession, txns.createSessionTxn],
  [OpCode.closeSession, txns.closeSessionTxn],
  [OpCode.create, txns.createTxn],
  [OpCode.create2, txns.createTxn],
  [OpCode.createContainer, txns.createContainerTxn],
  [OpCode.createTTL, txns.createTTLTxn],
  [OpCode.delete, txns.deleteTxn],
  [OpCode.deleteContainer, txns.deleteTxn],
  [OpCode.setData, txns.setDataTxn],
  [OpCode.setACL, txns.setACLTxn],
  [OpCode.check, txns.checkVersionTxn],
  [OpCode.error, txns.errorTxn],
]);

/** All txns of a data directory as text, in the order of the log. */
export function readTxns(dataDir: string, normal: Normalizer): string[] {
  const disk = new NodeDisk();
  const found: string[] = [];
  const sessions = new Map<bigint, string>([[0n, 'server']]);
  for (const { path } of listStorage(disk, dataDirectory(dataDir)).logs) {
    const file = disk.openRead(path);
    const log = new TxnLogReader(file);
    while (log.next()) {
      const bytes = log.bytes.slice(log.start, log.end);
      const zxid = normal.zxid(joinHalves(log.zxidHi, log.zxidLo));
      found.push(`${zxid} ${describeTxn(bytes, sessions)}`);
    }
    file.close();
    if (!['end-of-file', 'zero-length'].includes(log.stop?.reason ?? '')) {
      throw new Error(`${path} ends with ${log.stop?.reason}`);
    }
  }
  return found;
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each) => {
    if (each instanceof Uint8Array) return Buffer.from(each).toString('hex');
    return typeof each === 'bigint' ? `${each}` : each;
  });
}

function describeTxn(bytes: Uint8Array, sessions: Map<bigint, string>): string {
  const reader = new JuteReader(bytes);
  const { clientId, cxid, type } = txns.txnHeader.read(reader);
  const body = describeBody(type, reader);
  // A digest is of times and session ids, too: that there is one has to be enough here. Apache's
  // server leaves one behind some errors, which is not that of the tree.
  if (type === OpCode.error && reader.remaining() > 0) txns.txnDigest.read(reader);
  const digest = reader.remaining() > 0 ? ` digest ${txns.txnDigest.read(reader).version}` : '';
  const rest = reader.remaining() > 0 ? ` and ${reader.remaining()} bytes` : '';
  const who = sessions.get(clientId) ?? `session ${sessions.size}`;
  sessions.set(clientId, who);
  return `${who} ${cxid} ${type} ${body}${digest}${rest}`;
}

function describeBody(type: number, reader: JuteReader): string {
  if (type === OpCode.multi) {
    const parts = txns.multiTxn.read(reader).txns ?? [];
    const texts = parts.map(({ type: part, data }) => {
      return `${part} ${describeBody(part, new JuteReader(data ?? new Uint8Array(0)))}`;
    });
    return textOf(texts);
  }
  const schema = schemas.get(type);
  if (schema === undefined) return 'unknown';
  const value = schema.read(reader) as Record<string, unknown>;
  // Neither the order of ephemerals nor that of the ids that `auth` stands for is fixed.
  if ('paths2Delete' in value) return textOf([...(value['paths2Delete'] as string[])].sort());
  if ('acl' in value) return textOf({ ...value, acl: sortedRuns(value['acl'] as Acl[]) });
  return textOf(value);
}
