/**
 * The records on every ring between agents: their type codes and layouts. Offsets are bytes from
 * the start of the record's payload; all integers are big-endian, as on the wire.
 *
 * A connection is named by its `cnxnId` (`cnxn-id.ts`), a front by its index.
 */
import type { GaugesAnswer, QueryKind } from '../processor/queries.ts';
import type { DiskAsk, ListenerName, PeerCounts } from '../zab/peer-ports.ts';

/** front → keeper, on a ring of each front */
export const ToKeeper = {
  /** A handshake: `ConnectLayout`. */
  connect: 1,
  /** A request frame without its length: `RequestLayout`. */
  request: 2,
  /** The identities of a connection, after auth: cnxnId and a jute vec<Id>. */
  identities: 3,
  /** The connection is gone: cnxnId. */
  disconnect: 4,
  /** A question for a four-letter word: queryId, and the index of `queryKinds`. */
  query: 5,
  /** Ask for a log roll and a snapshot now. */
  snapshot: 6,
  /** The answer to `askRoom`: the client has read, its line goes on. cnxnId. */
  room: 7,
  /** End a session as if its time were over: its id. */
  expire: 8,
  /** A question for another front: queryId, that front, and the index of `frontAsks`. */
  askFront: 9,
  /** The answer to what another front asked: that front, then as in `AnswerLayout`. */
  frontAnswer: 10,
} as const;

/** keeper → front, on a ring of each front */
export const ToFront = {
  /** Bytes for one connection: `ReplyLayout`. */
  reply: 1,
  /** One event for many connections: `NotifyLayout`. */
  notify: 2,
  /** The handshake's answer: `ConnectedLayout`. */
  connected: 3,
  /** Flush and close: cnxnId. */
  close: 4,
  /** Answer to a query, or to `askFront`: `AnswerLayout`. */
  answer: 5,
  /** The log was rolled: a snapshot is due. No payload. */
  snapshotDue: 6,
  /** The connection's line rests until `room` comes back: cnxnId. */
  askRoom: 7,
  /** Another front asks: queryId, that front, and the index of `frontAsks`. */
  asked: 8,
} as const;

/** ensemble → log */
export const ToLog = {
  /** A txn to make durable: zxid, payload. */
  append: 1,
  /** Close this log file; the next append begins another one. No payload. */
  roll: 2,
  /** Recovery is over: the zxid that the first append follows. */
  begin: 3,
  /** A `DiskAsk` of the peer: its index in `diskAsks`, then its epoch or zxid (8 bytes). */
  ask: 4,
  /** A piece of a leader's snapshot, raw. */
  snapshotBytes: 5,
} as const;

/** append: zxid, then the header, body and digest of the txn. */
export const AppendLayout = { zxid: 0, payload: 8 } as const;

/** log → ensemble */
export const ToEnsemble = {
  /** All appends up to this zxid are durable. */
  synced: 1,
  /** The log was rolled: a snapshot is due. No payload. */
  snapshotDue: 2,
  /** The oldest ask that was not answered yet is done (1) or refused (0): int32. */
  asked: 3,
} as const;

/** What an ask record's index means. */
export const diskAsks: readonly DiskAsk['kind'][] = [
  ...(['flush', 'acceptedEpoch', 'currentEpoch', 'truncate'] as const),
  ...(['beginSnapshot', 'install', 'abandonSnapshot'] as const),
];

/** ensemble → links. A link is named by its `LinkId`, int32; texts are jute buffers. */
export const ToLinks = {
  /** Index of `listenerNames`, port, host (null: all addresses). */
  listen: 1,
  /** Index of `listenerNames`. */
  unlisten: 2,
  /** linkId, port, timeout in ms, host. */
  dial: 3,
  /** linkId, bytes. */
  write: 4,
  /** linkId. */
  close: 5,
} as const;

/** links → ensemble */
export const FromLinks = {
  /** Index of `listenerNames`, the port that is bound. */
  listening: 1,
  /** Index of `listenerNames`, the reason as text. */
  listenFailed: 2,
  /** Index of `listenerNames`, linkId. */
  accepted: 3,
  /** linkId. */
  dialed: 4,
  /** linkId, bytes: a piece of the stream, cut anywhere. */
  bytes: 5,
  /** linkId, how many bytes have left this process. */
  sent: 6,
  /** linkId. */
  closed: 7,
} as const;

export const listenerNames: readonly ListenerName[] = ['election', 'quorum'];

export function listenerOf(index: number): ListenerName {
  return listenerNames[index] as ListenerName;
}

/**
 * connect: cnxnId, flags, lastZxidSeen, timeOut, sessionId, then passwd and address as jute
 * buffers (length, bytes).
 */
export const ConnectLayout = {
  cnxnId: 0,
  lastZxidSeen: 4,
  timeOut: 12,
  sessionId: 16,
  tail: 24,
} as const;

/** request: cnxnId, then the frame (it begins with a RequestHeader). */
export const RequestLayout = { cnxnId: 0, frame: 4 } as const;

/**
 * reply: cnxnId, how many requests it answers (1 for the last piece of a reply, else 0), then raw
 * bytes for the stream. A reply longer than `replyPieceBytes` travels in pieces.
 */
export const ReplyLayout = { cnxnId: 0, answers: 4, bytes: 8 } as const;

/** notify: zxid of the change, number of connections, their cnxnIds, then the frame. */
export const NotifyLayout = { zxid: 0, count: 8, cnxnIds: 12 } as const;

/**
 * connected: cnxnId, 1 if the session is valid, its id, its slot in the session table, the
 * negotiated timeout, then 16 bytes of password.
 */
export const ConnectedLayout = {
  cnxnId: 0,
  valid: 4,
  sessionId: 8,
  slot: 16,
  timeoutMs: 20,
  passwd: 24,
  bytes: 40,
} as const;

/** The answer to `gauges`: what the keeper knows, and what the ensemble does. */
export interface KeeperGauges extends GaugesAnswer {
  /** Null on a standalone server. */
  readonly quorum: PeerCounts | null;
}

/** answer: queryId, 1 if more pieces follow, else 0, then a piece of UTF-8 of JSON. */
export const AnswerLayout = { queryId: 0, more: 4, bytes: 8 } as const;

/**
 * What fronts ask each other, through the keeper. Each answers with its numbers (`FrontReport`):
 * numbers alone, those of its connections, too, or after it has set them back.
 */
export const frontAsks = ['stats', 'connections', 'resetStats', 'resetConnections'] as const;
export type FrontAsk = (typeof frontAsks)[number];

/** What the keeper can be asked; a query record holds the index. */
export const queryKinds: readonly QueryKind[] = ['dump', 'wchs', 'wchc', 'wchp', 'hash', 'gauges'];
