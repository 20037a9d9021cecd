/** What the core of the server is made of and how it speaks to the outside: types alone. */
import type { SchemeTable } from '../auth/schemes.ts';
import type { EventType } from '../jute/proto.ts';
import type { OpSettings } from '../ops/contexts.ts';
import type { Ephemerals } from '../state/ephemerals.ts';
import type { SessionTable } from '../state/session-table.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { WatchTable } from '../state/watch-table.ts';
import type { Quotas, QuotaVerdict } from '../tree/quota.ts';
import type { TreeWriter } from '../tree/tree-writer.ts';

/**
 * What the core does at the moment. resting: nothing, it only takes committed txns; standalone: it
 * decides alone; leading: it decides and others must agree; following: it asks the leader (as an
 * observer does, too).
 */
export type KeeperRole = 'resting' | 'standalone' | 'leading' | 'following';

/** A request of a client of one server that another one has to decide: as it came. */
export interface ForwardedRequest {
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  readonly cxid: number;
  readonly type: number;
  /** The body, without its header: `bytes[start..end)`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Who asks, as jute `vec<Id>`; null for what the server itself asks. */
  readonly authInfo: Uint8Array | null;
}

/** Called synchronously; bytes are valid only during the call. Frames include their length. */
export interface KeeperOutput {
  /** Answers one request. */
  reply(cnxnId: number, frame: Uint8Array, start: number, end: number): void;
  /** An event for several connections, before the change that it tells of is visible. */
  notify(
    cnxnIds: Int32Array,
    count: number,
    zxidHi: number,
    zxidLo: number,
    frame: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** An event that setWatches makes up for; it answers no request. */
  replayEvent(cnxnId: number, frame: Uint8Array, start: number, end: number): void;
  /** The handshake is decided; when it is not valid, a close follows. */
  connected(cnxnId: number, answer: ConnectAnswer): void;
  /** The ring is full: what can wait in line had better do so, until the order's `goOn`. */
  readonly isFull: boolean;
  /** The connection was sent much: its line rests until the order's `onRoom`. */
  askRoom(cnxnId: number): void;
  /** The core knows this connection no more: send what there is, then close it. */
  close(cnxnId: number): void;
  /** A txn to make durable and to replicate; `commit` comes back with its zxid or a later one. */
  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void;
  /** Following: a write for the leader; its txn comes back by `deliver`. */
  forward(request: ForwardedRequest): void;
  /** Leading or following: a sync; `syncDone` comes back, in the order of the calls. */
  sync(request: ForwardedRequest): void;
  /** Following: is this session alive? `revalidated` comes back. It is this server's from then on. */
  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void;
}

/** Hears of what the core does, for metrics and the log. Called synchronously. */
export interface KeeperMonitor {
  /** A duty cycle begins, on the monotonic clock. */
  begin(nowMs: number): void;
  watchesTriggered(type: EventType, count: number): void;
  /** A node was created, changed or deleted; its data is so long now (-1: null). */
  written(path: Uint8Array, start: number, end: number, dataBytes: number): void;
  /** A client has read so many bytes (`ops/read-volume.ts`) of this node. */
  read(path: Uint8Array, start: number, end: number, bytes: number): void;
  sessionExpired(): void;
  /** A request meets a limit of a quota. */
  quotaMet(verdict: QuotaVerdict): void;
}

/** A ConnectRequest. All-zero session id: a new session. */
export interface ConnectAsk {
  readonly lastZxidSeenHi: number;
  readonly lastZxidSeenLo: number;
  readonly timeOut: number;
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  readonly passwd: Uint8Array | null;
}

/** A ConnectResponse. When it is not valid, all numbers are 0 and the password is zeros. */
export interface ConnectAnswer {
  readonly valid: boolean;
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  /** In the session table; -1 when not valid. */
  readonly slot: number;
  readonly timeoutMs: number;
  readonly passwd: Uint8Array;
}

export interface KeeperSettings extends OpSettings {
  /** Top byte of the session ids given out here. */
  readonly serverId: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /**
   * Whether new sessions are known to their server alone, and whether these may become global ones
   * for the sake of an ephemeral node. `off` where there are no other servers.
   */
  readonly localSessions: 'off' | 'on' | 'upgrading';
  /** `zookeeper.enableEagerACLCheck`: a member checks access before it asks the leader. */
  readonly eagerAclCheck: boolean;
  /** `zookeeper.digest.enabled`: txns carry the digest of the tree. */
  readonly digestEnabled: boolean;
  /** What every server with these settings reads back; see `agents/storage-options.ts`. */
  readonly txnBytesMax: number;
  /** `znode.container.checkIntervalMs`, `.maxPerMinute`, `.maxNeverUsedIntervalMs` (0 = off). */
  readonly containerCheckIntervalMs: number;
  readonly containerMaxPerMinute: number;
  readonly containerMaxNeverUsedIntervalMs: number;
}

export interface KeeperParts {
  readonly tree: TreeWriter;
  readonly sessions: SessionTracker;
  /** The shared half of `sessions`. */
  readonly sessionTable: SessionTable;
  readonly ephemerals: Ephemerals;
  readonly watches: WatchTable;
  readonly quotas: Quotas;
  readonly schemes: SchemeTable;
  readonly output: KeeperOutput;
  readonly monitor: KeeperMonitor;
  readonly settings: KeeperSettings;
}
