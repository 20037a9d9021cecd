/**
 * What an operation is given: the contexts in which ops read, prepare and answer. The processors
 * implement them; an op keeps nothing between two calls.
 */
import type { Identities } from '../auth/identity.ts';
import type { SchemeTable } from '../auth/schemes.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import type { EventType } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { Ephemerals } from '../state/ephemerals.ts';
import type { WatchTable } from '../state/watch-table.ts';
import type { EphemeralTypes } from '../tree/ephemeral-type.ts';
import type { Quotas, QuotaVerdict } from '../tree/quota.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { NodeState } from './node-state.ts';

/** Settings that decide what an operation may do (names as in Apache's configuration). */
export interface OpSettings {
  readonly ephemeralTypes: EphemeralTypes;
  readonly enforceQuota: boolean;
  readonly reconfigEnabled: boolean;
  /** Whether a closeSession txn lists the paths it deletes. */
  readonly closeSessionTxnEnabled: boolean;
}

/** A read of the tree that any thread may do; it must survive torn values (see `TreeView`). */
export interface ReadContext {
  readonly tree: TreeView;
  readonly schemes: SchemeTable;
  readonly identities: Identities;
  /** Nodes that one read may visit; beyond it the answer is `readElsewhere`. */
  readonly nodesMax: number;
}

/** Not an error code: the read is too long for this thread, nothing is to be sent. */
export const readElsewhere = 1;
export type ReadResult = ErrorCode | typeof readElsewhere;

export type ReadOp = (context: ReadContext, request: JuteReader, reply: JuteWriter) => ReadResult;

/** A read that needs the connection's own state, which only the keeper has. */
export interface ConnectionContext extends ReadContext {
  readonly watches: WatchTable;
  readonly ephemerals: Ephemerals;
  readonly cnxnId: number;
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  /** Sends an event to this connection ahead of the reply (setWatches). */
  replay(type: EventType, path: Uint8Array, start: number, end: number): void;
}

export type ConnectionOp = (
  context: ConnectionContext,
  request: JuteReader,
  reply: JuteWriter,
) => ErrorCode;

/**
 * The tree as it will be when all outstanding txns are applied. Changes are recorded under the
 * txn being prepared; paths are "" or "/" for the root, alike.
 */
export interface PendingView {
  /** Fills `into`; false when there will be no such node, and only its path's hash is filled. */
  read(path: Uint8Array, start: number, end: number, into: NodeState): boolean;
  /** Records a created or changed node, whose record was filled by `read`. */
  put(path: Uint8Array, start: number, end: number, node: NodeState): void;
  /** Records that the node is gone; `node` is its state until then. */
  drop(path: Uint8Array, start: number, end: number, node: NodeState): void;
  /** Calls back with each node that the session will own. */
  forEachEphemeral(
    sessionIdHi: number,
    sessionIdLo: number,
    visit: (path: Uint8Array, start: number, end: number) => void,
  ): void;
  /** Forgets what was recorded under this txn. */
  rollback(): void;
}

/** Preparing one txn. `node` and `parent` are records for the op's own use. */
export interface PrepContext {
  readonly tree: TreeView;
  readonly pending: PendingView;
  readonly settings: OpSettings;
  readonly quotas: Quotas;
  readonly schemes: SchemeTable;
  readonly identities: Identities;
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly timeHi: number;
  readonly timeLo: number;
  readonly node: NodeState;
  readonly parent: NodeState;
  /** A limit of a quota is met: for the log and the metrics. */
  quotaMet(verdict: QuotaVerdict): void;
  /** False when the tree is above its high-water mark. */
  hasRoomFor(bytes: number): boolean;
  /**
   * ok, or why this session may not write any more. What `isGlobal` asks for is only for sessions
   * that all servers know.
   */
  sessionError(isGlobal?: boolean): ErrorCode;
  /** From now on the session takes no more requests. */
  markSessionClosing(): void;
}

/** Writes the txn body behind what `txn` holds; on an error the body is of no interest. */
export type PrepareOp = (context: PrepContext, request: JuteReader, txn: JuteWriter) => ErrorCode;

/** The result of one applied operation: the node that it touched, and its path in the txn. */
export interface AnswerContext {
  readonly tree: TreeView;
  readonly ref: number;
  readonly path: Uint8Array;
  readonly pathStart: number;
  readonly pathEnd: number;
}

export type AnswerOp = (context: AnswerContext, reply: JuteWriter) => void;
