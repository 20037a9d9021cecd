/**
 * Transactions: the records of Apache's `org.apache.zookeeper.txn` module. A txn travels as bytes,
 * `txnHeader` + body + (except for errors) `txnDigest`, and the very same bytes go into the log,
 * to followers and into the tree.
 */
import { acl } from './data.ts';
import { bool, buffer, int, long, record, ustring, type ValueOf, vector } from './schema.ts';

/** 32 bytes. `time` is ms since the epoch on the leader's clock; `type` is an op code. */
export const txnHeader = record({ clientId: long, cxid: int, zxid: long, time: long, type: int });
export type TxnHeader = ValueOf<typeof txnHeader>;
export const txnHeaderBytes = 32;
/** Byte offsets of the fields of a `txnHeader`. */
export const TxnHeaderOffset = { clientId: 0, cxid: 8, zxid: 12, time: 20, type: 28 } as const;

export const createSessionTxn = record({ timeOut: int });
export const closeSessionTxn = record({ paths2Delete: vector(ustring) });
export const createTxn = record({
  path: ustring,
  data: buffer,
  acl: vector(acl),
  ephemeral: bool,
  parentCVersion: int,
});
export const createContainerTxn = record({
  path: ustring,
  data: buffer,
  acl: vector(acl),
  parentCVersion: int,
});
export const createTTLTxn = record({
  path: ustring,
  data: buffer,
  acl: vector(acl),
  parentCVersion: int,
  ttl: long,
});
export const deleteTxn = record({ path: ustring });
export const setDataTxn = record({ path: ustring, data: buffer, version: int });
export const setACLTxn = record({ path: ustring, acl: vector(acl), version: int });
export const checkVersionTxn = record({ path: ustring, version: int });
export const errorTxn = record({ err: int });
export const subTxn = record({ type: int, data: buffer });
export const multiTxn = record({ txns: vector(subTxn) });

/** 12 bytes: digest version and the digest of the whole tree after this txn. */
export const txnDigest = record({ version: int, treeDigest: long });
export const txnDigestBytes = 12;
export const digestVersion = 2;
