/**
 * What recovery needs from the state it fills, and how it refuses. Storage knows nothing of the
 * tree: it hands over byte ranges, valid during the call only, and asks for the digest.
 */
import type { Zxid } from '../base/zxid.ts';

export interface Halves {
  readonly hi: number;
  readonly lo: number;
}

/** What a snapshot holds, in file order: sessions, ACL lists, nodes with parents first. */
export interface SnapshotVisitor {
  session(idHi: number, idLo: number, timeoutMs: number): void;
  /** `bytes[start..end)` is a jute vector of ACL. */
  acl(id: number, bytes: Uint8Array, start: number, end: number): void;
  /**
   * `dataLength` -1 means null data. `aclId` may be unknown to the table (fuzzy snapshots): a
   * replayed txn resolves it. `statStart` is where the 60 bytes of StatPersisted begin. The root
   * has the empty path.
   */
  node(
    bytes: Uint8Array,
    pathStart: number,
    pathEnd: number,
    dataStart: number,
    dataLength: number,
    aclId: number,
    statStart: number,
  ): void;
}

/**
 * A state that is being recovered. One object sees one snapshot: a further candidate gets a new
 * object, so that nothing of a rejected one can survive.
 */
export interface RecoverySink extends SnapshotVisitor {
  beginSnapshot(zxid: Zxid): void;
  /**
   * Up to `fuzzyEnd` replayed txns may meet their own effects (a node that is already there, or
   * already gone); null when the snapshot does not say how far its walk went.
   */
  endSnapshot(fuzzyEnd: Zxid | null): void;
  /** A txn: header at `start`, body up to `bodyEnd`, and the digest, if any, up to `end`. */
  applyTxn(bytes: Uint8Array, start: number, bodyEnd: number, end: number): void;
  /** AdHash of the tree as it is now; the object may be reused. */
  treeDigest(): Halves;
}

/** What an operator can do about a history that cannot be trusted. */
export const restoreAdvice =
  'restore a backup; or empty the directory of an ensemble member and let it synchronize, with ' +
  'db.autocreate=false so that it does not vote before';

export type RecoveryErrorKind =
  | 'no-snapshot'
  | 'bad-snapshot'
  | 'bad-header'
  | 'bad-record'
  | 'gap'
  | 'digest'
  | 'missing-txns'
  | 'epoch';

export interface RecoveryErrorPlace {
  readonly file: string;
  readonly offset: number;
  readonly zxid: Zxid;
}

/** The directory holds something that must not be guessed at. The message says what to do. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';
  readonly kind: RecoveryErrorKind;
  readonly file: string;
  /** Byte in `file`, 0 when the file as a whole is meant. */
  readonly offset: number;
  /** The txn that cannot be had, or the last good one before it. */
  readonly zxid: Zxid;

  constructor(kind: RecoveryErrorKind, place: RecoveryErrorPlace, message: string) {
    super(`${place.file}, offset ${place.offset}, zxid 0x${place.zxid.toString(16)}: ${message}`);
    this.kind = kind;
    this.file = place.file;
    this.offset = place.offset;
    this.zxid = place.zxid;
  }
}
