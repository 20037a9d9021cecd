/**
 * The shape of a snapshot (Apache `FileSnap`, `DataTree.serialize`); reader and writer agree here.
 *
 *   ┌────────┬───────────┬───────────┬───────────────┬─────┬──────┐
 *   │ header │ sessions  │ ACL lists │ nodes ...     │ "/" │ seal │
 *   └────────┴───────────┴───────────┴───────────────┴─────┴──────┘
 *        ┌──────────────────────────────────┬──────┐
 *        │ zxid 8, version 4, tree digest 8 │ seal │   since 3.6
 *        └──────────────────────────────────┴──────┘
 *        ┌─────────────────────┬──────┐
 *        │ lastProcessedZxid 8 │ seal │                since 3.9
 *        └─────────────────────┴──────┘
 *   header:  "ZKSN", version 2, dbid -1                                    16 bytes
 *   session: id 8, timeout 4       preceded by a count 4
 *   ACL:     id 8, vector of ACL   preceded by a count 4
 *   node:    path, data, ACL id 8, StatPersisted 60
 *   seal:    Adler-32 (8 bytes) of everything before it from offset 0, then the string "/"
 */
import type { Zxid } from '../base/zxid.ts';

export const snapshotMagic = 0x5a4b534e;
export const snapshotVersion = 2;
export const snapshotHeaderBytes = 16;
export const statPersistedBytes = 60;
export const sealBytes = 13;
export const slash = 0x2f;

/** Bytes that may follow the first seal. */
export const TrailerBytes = {
  none: 0,
  lastProcessedZxid: 8 + sealBytes,
  digest: 20 + sealBytes,
  both: 20 + sealBytes + 8 + sealBytes,
} as const;

/** The tree's digest after the txn `zxid`; zxid 0 means that the writer knew none. */
export interface SnapshotDigest {
  readonly zxid: Zxid;
  readonly version: number;
  readonly digest: bigint;
}

/** The two sections behind the tree; null where the file has none. */
export interface SnapshotTrailer {
  readonly digest: SnapshotDigest | null;
  readonly lastProcessedZxid: Zxid | null;
}
