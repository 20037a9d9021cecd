/**
 * How the ZAB peer speaks to the world: types alone. The peer (`peer.ts`) is a pure machine: what
 * arrives is a call of it, what it wants leaves through these ports, synchronously; bytes are valid
 * during the call only. `agents/ensemble.ts` joins the ports to rings, the simulator to its world.
 */
import type { Logger, Random } from '../base/ports.ts';
import type { Epoch, Zxid } from '../base/zxid.ts';
import type { EnsembleView, PeerSettings } from './ensemble-view.ts';
import type { ServerId } from './quorum-verifier.ts';
import type { TxnHistory } from './txn-history.ts';

/**
 * A TCP connection between servers. Who opens it gives the number: the peer a positive one to a
 * connection that it dials, the listener a negative one to a connection that it accepts. No number
 * is given twice.
 */
export type LinkId = number & { readonly __linkId: never };

export type ListenerName = 'election' | 'quorum';

/**
 * Connections. The peer hears of them by `onListening`, `onListenFailed`, `onAccepted`, `onDialed`,
 * `onBytes` (a piece of the stream, cut anywhere), `onSent` (so many bytes have left this process)
 * and `onClosed`.
 */
export interface LinkOutput {
  /** `host` null: all addresses. Stays bound until `unlisten`. */
  listen(name: ListenerName, host: string | null, port: number): void;
  unlisten(name: ListenerName): void;
  /** The name is resolved now, each time. `onDialed` or `onClosed` follows. */
  dial(link: LinkId, host: string, port: number, timeoutMs: number): void;
  write(link: LinkId, bytes: Uint8Array, start: number, end: number): void;
  /** What was written leaves first, if it can. Nothing is heard of this link any more. */
  close(link: LinkId): void;
}

/** What the log's owner is asked, besides appending. All of it happens in the order of the calls. */
export type DiskAsk =
  | { readonly kind: 'flush' }
  | { readonly kind: 'acceptedEpoch'; readonly epoch: Epoch }
  | { readonly kind: 'currentEpoch'; readonly epoch: Epoch }
  /** Drops all txns above the zxid, and snapshots above it. */
  | { readonly kind: 'truncate'; readonly zxid: Zxid }
  /** A leader's whole state comes as `snapshotBytes`; nothing on disk changes before `install`. */
  | { readonly kind: 'beginSnapshot'; readonly zxid: Zxid }
  /** It is complete: it is published and replaces all history on disk, logs and snapshots. */
  | { readonly kind: 'install' }
  | { readonly kind: 'abandonSnapshot' };

/** `refused`: the ask could not be met and nothing was changed; only a leader's SNAP can help. */
export type DiskOutcome = 'done' | 'refused';

export interface DiskOutput {
  /**
   * A txn (header, body, digest) behind the one before it. `onSynced` tells up to which zxid all
   * appends are durable.
   */
  append(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void;
  /** A piece of the raw snapshot stream (from the session count on, without "BenWasHere"). */
  snapshotBytes(bytes: Uint8Array, start: number, end: number): void;
  /**
   * `then` is called, later and in order, when everything asked and appended up to and with this
   * ask is durable. What must not leave before that is written in `then`.
   */
  ask(ask: DiskAsk, then: (outcome: DiskOutcome) => void): void;
}

/** A request that a learner forwards to its leader (packet REQUEST). */
export interface LearnerRequest {
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  readonly cxid: number;
  readonly type: number;
  /** The request's body in `bytes[start..end)`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** vec<Id> as jute bytes, count first; null for requests of the server itself. */
  readonly authInfo: Uint8Array | null;
}

export type RoleName = 'looking' | 'leading' | 'following' | 'observing';

/**
 * The replicated state and the sessions of this server, kept by the keeper. The tree holds what is
 * committed and nothing else: what is logged and not committed yet stays in the peer's history
 * (only a start from disk may have applied more, which TRUNC then undoes by `reload`).
 */
export interface Replica {
  /** Last txn in the tree. */
  readonly appliedHi: number;
  readonly appliedLo: number;
  /** The role has changed; without the right to serve yet. For status words and metrics. */
  onRole(role: RoleName, epoch: Epoch, leader: number): void;
  /**
   * Serves as the established leader of `epoch`: the visible zxid is (epoch, 0) and the first
   * proposal (epoch, 1). All sessions get a whole timeout.
   */
  lead(epoch: Epoch): void;
  /**
   * Serves as a learner that is up to date: the tree has all that came before the epoch that
   * `onRole` has told last, and so (epoch, 0) is visible, at least.
   */
  follow(): void;
  /** Serves nobody: clients are disconnected, what was not committed is forgotten. */
  rest(): void;
  /**
   * At rest: loads tree and sessions from disk again, history included (`TxnHistory`). Last zxid on
   * disk. Nothing that was asked of the disk may be on its way.
   */
  reload(): Zxid;
  /** A committed txn, the next in order. */
  deliver(payload: Uint8Array, start: number, end: number): void;
  /** Leader: its own proposals up to this zxid are committed. */
  commit(zxidHi: number, zxidLo: number): void;
  /**
   * Leader: a request that came over a link. Never a sync. Throws `JuteError`, with nothing done,
   * when its identities are none: that link is closed.
   */
  onLearnerRequest(link: LinkId, request: LearnerRequest): void;
  /** Leader: REVALIDATE; true when the session lives, which then belongs to this link. */
  onRevalidate(link: LinkId, sessionIdHi: number, sessionIdLo: number, timeoutMs: number): boolean;
  /** Leader: a learner's client was heard of. */
  onTouch(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void;
  /** Learner: the answer to `Peer.revalidate`. */
  onRevalidated(sessionIdHi: number, sessionIdLo: number, valid: boolean): void;
  /** The oldest `Peer.sync` is done: everything that was committed before it is applied here. */
  onSync(): void;
  /** Learner: sessions touched since the last call, for the answer to a PING. */
  takeTouched(visit: (idHi: number, idLo: number, timeoutMs: number) => void): void;
  /**
   * Leader: the state as a raw snapshot stream, piece by piece: `write` is called for each, `done`
   * at the end. It holds every txn up to the zxid that was applied when it was asked for, and may
   * hold later ones. The pieces come over several duty cycles; `isWanted` false ends it early.
   */
  streamSnapshot(out: SnapshotStreamOutput): void;
}

export interface SnapshotStreamOutput {
  write(bytes: Uint8Array, start: number, end: number): void;
  done(): void;
  /** Asked between pieces: 'wait' while the receiver is slow. */
  next(): 'go' | 'wait' | 'stop';
}

export interface PeerOutput {
  readonly links: LinkOutput;
  readonly disk: DiskOutput;
  readonly replica: Replica;
}

/** What the peer counts and measures, by the names of Apache's `ServerMetrics`. */
export interface PeerMeter {
  count(what: PeerCounter): void;
  /** Times are ms. */
  add(what: PeerSummary, value: number): void;
  /** `quorum_ack_latency`: from a proposal to its commit. */
  onQuorumAck(ms: number): void;
  /** `ack_latency`: from a proposal to the ack of this server. */
  onAck(server: ServerId, ms: number): void;
}

export type PeerCounter =
  | 'looking_count'
  | 'diff_count'
  | 'snap_count'
  | 'proposal_count'
  | 'commit_count'
  | 'learner_proposal_received_count'
  | 'learner_commit_received_count'
  | 'revalidate_count';

export type PeerSummary =
  | 'election_time'
  | 'unavailable_time'
  | 'leader_unavailable_time'
  | 'follower_sync_time'
  | 'observer_sync_time'
  | 'inflight_snap_count'
  | 'inflight_diff_count';

/** What a `Peer` is made of. */
export interface PeerParts {
  readonly view: EnsembleView;
  readonly settings: PeerSettings;
  readonly output: PeerOutput;
  /** Filled by whoever loads the state from disk, before `start` and in `Replica.reload`. */
  readonly history: TxnHistory;
  readonly logger: Logger;
  readonly random: Random;
  readonly meter: PeerMeter;
}

/** The epoch files; 0 for one that is missing. The last zxid on disk is that of the history. */
export interface RecoveredEpochs {
  readonly acceptedEpoch: Epoch;
  readonly currentEpoch: Epoch;
}

/** What monitoring asks of a leader (Apache `LeaderZooKeeperServer.registerMetrics`). */
export interface LeaderCounts {
  /** Connected, in whatever state. */
  readonly learners: number;
  readonly syncedFollowers: number;
  readonly syncedObservers: number;
  readonly pendingSyncs: number;
  /** Since the epoch was established. */
  readonly uptimeMs: number;
}

export interface PeerCounts {
  /** Servers that vote. */
  readonly quorumSize: number;
  /** Null unless this server is an established leader. */
  readonly leader: LeaderCounts | null;
}

/** What the ensemble agent and the keeper call; `Peer` implements it. Never called from inside an output. */
export interface PeerInput {
  /** Once, when the state on disk is loaded: begins to look for a leader. */
  start(nowMs: number, recovered: RecoveredEpochs): void;
  /** Monotonic ms; called at `nextDeadlineMs` or later, and at the begin of every duty cycle. */
  tick(nowMs: number): void;
  nextDeadlineMs(): number;
  onListening(name: ListenerName, port: number): void;
  onListenFailed(name: ListenerName, reason: string): void;
  onAccepted(name: ListenerName, link: LinkId): void;
  onDialed(link: LinkId): void;
  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void;
  onSent(link: LinkId, bytes: number): void;
  onClosed(link: LinkId): void;
  /** Everything appended up to this zxid is durable. */
  onSynced(zxidHi: number, zxidLo: number): void;
  /** The end of a duty cycle: what was gathered for the links leaves now, a write a link. */
  flush(): void;
  /** For monitoring; made when it is asked for. */
  counts(): PeerCounts;
  /** False while no further requests may be taken (a follower's queue is full, or a step-down is due). */
  readonly ready: boolean;
  /** Leader: the keeper's next proposal. It may be called from inside `Replica` calls. */
  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void;
  /** Learner: a request of a client here, for the leader. */
  forward(request: LearnerRequest): void;
  /** Leader or learner: `Replica.onSync` follows, in the order of the calls. */
  sync(sessionIdHi: number, sessionIdLo: number, cxid: number, request: SyncRequest): void;
  /** Learner: `Replica.onRevalidated` follows. */
  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void;
}

/** The body of a sync (a path), and who asks, to be forwarded as it came. */
export type SyncRequest = Pick<LearnerRequest, 'bytes' | 'start' | 'end' | 'authInfo'>;
