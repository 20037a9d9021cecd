/**
 * How the keeper and the ensemble of a server speak to each other: types alone. They share a thread
 * and call each other directly. Who implements `Ensemble` decides what this server is:
 * `EnsembleAgent` makes it the only one, `PeerAgent` a member among others.
 */
import type { Zxid } from '../base/zxid.ts';
import type { ForwardedRequest } from '../processor/keeper-ports.ts';
import type { Epochs } from '../storage/epoch-files.ts';
import type { PeerCounts, Replica } from '../zab/peer-ports.ts';

/** What a start has found on disk. The txns behind the newest snapshot are in the `TxnHistory`. */
export interface FoundOnDisk {
  /** -1: there is no database yet, and a leader has to send one. */
  readonly lastZxid: Zxid;
  /** Null on a standalone server. */
  readonly epochs: Epochs | null;
}

/** What the ensemble asks of the keeper. */
export interface EnsembleReplica extends Replica {
  /** From rest: there is nobody else to ask. */
  serveAlone(): void;
  /**
   * True while what was committed already does not fit on the ring to the front: nothing further is
   * committed or delivered until then, so that it does not pile up here.
   */
  readonly isStalled: boolean;
  /** The answers to what was committed leave with the front's next duty cycle. */
  flushReplies(): void;
  /** The log has begun a new file, and a snapshot is due. */
  onSnapshotDue(): void;
}

/** What the keeper asks of the ensemble. */
export interface Ensemble {
  /** Once, at the start: `replica` rests, with the state from disk. A role follows, now or later. */
  begin(found: FoundOnDisk, replica: EnsembleReplica): void;
  /** For monitoring; null on a standalone server. */
  counts(): PeerCounts | null;
  /** False while no further requests may be taken. */
  readonly ready: boolean;
  /** Deciding: a txn to make durable and to replicate. `Replica.commit` follows, never at once. */
  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void;
  /** Following: a write for the leader. `Replica.deliver` brings its txn. */
  forward(request: ForwardedRequest): void;
  /** Leading or following: `Replica.onSync` follows, in the order of the calls. */
  sync(request: ForwardedRequest): void;
  /** Following: `Replica.onRevalidated` follows. */
  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void;
  /** Asks the log for a new file, and so for a snapshot. */
  roll(): void;
}
