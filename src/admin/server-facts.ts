/**
 * What the four-letter words and the admin commands say about a server, as plain values. The front
 * gathers them; whoever prints them only reads. What the keeper knows comes as reports that are
 * null unless the word said that it needs them (`Word.needs`).
 */
import type { MetricValues } from './metrics.ts';

export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/** `serving`: ordinary; `readOnly`: only readers; `notServing`: starting, or without a quorum. */
export type ServingState = 'serving' | 'readOnly' | 'notServing';

export interface ServerFacts {
  readonly state: ServingState;
  /** As `Zookeeper version:` prints it, see `versionText`. */
  readonly version: string;
  readonly mode: ServerMode;
  /** Of an ensemble member, such as `leading - broadcast`; null on a standalone server. */
  readonly peerState: string | null;
  /** Milliseconds since the epoch and of the monotonic clock, taken together. */
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly stats: ServerStats;
  /** In the order in which they were accepted. */
  readonly connections: readonly ConnectionFacts[];
  readonly conf: ConfFacts;
  /** Lines of `envi`, see `environmentEntries`. */
  readonly environment: readonly EnvironmentEntry[];
  readonly metrics: MetricValues;
  readonly traceMask: bigint;
  readonly directories: DirectoryReport | null;
  readonly sessions: SessionReport | null;
  readonly watches: WatchReport | null;
  readonly digests: readonly DigestEntry[] | null;
}

export interface ServerStats {
  readonly latency: LatencyStats;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly aliveConnections: number;
  readonly outstandingRequests: number;
  readonly lastProcessedZxid: bigint;
  /** Both names of the root count, as in Apache's node map. */
  readonly nodeCount: number;
  /** Bytes of proposals; only a leader has them. -1 each while there was none. */
  readonly proposals: { readonly last: number; readonly min: number; readonly max: number } | null;
}

/** Milliseconds. All zero while nothing was measured; the average is not rounded. */
export interface LatencyStats {
  readonly min: number;
  readonly average: number;
  readonly max: number;
}

export type EnvironmentEntry = readonly [key: string, value: string];

/** Sums of the file sizes in the two directories `version-2`, in bytes. */
export interface DirectoryReport {
  readonly dataBytes: number;
  readonly logBytes: number;
}

/** A connection; `session` is null before the handshake (and for the one that asks). */
export interface ConnectionFacts {
  /** Java's way to write it, such as `/127.0.0.1:53092`, see `javaSocketAddress`. */
  readonly remoteAddress: string;
  /** 1 while it is read, 0 while it is not (Java's interest set). */
  readonly interestOps: number;
  readonly outstandingRequests: number;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly session: ConnectionSession | null;
}

export interface ConnectionSession {
  readonly id: bigint;
  /** Short name of the last operation, such as `GETD`; `NA` before the first. */
  readonly lastOperation: string;
  /** Wall clock, milliseconds. */
  readonly establishedMs: number;
  readonly timeoutMs: number;
  /** -1 while there was no request. */
  readonly lastCxid: number;
  /** -1 while there was no reply. */
  readonly lastZxid: bigint;
  /** Monotonic milliseconds; 0 while there was no reply. */
  readonly lastResponseMs: number;
  readonly lastLatencyMs: number;
  readonly minLatencyMs: number;
  readonly averageLatencyMs: number;
  readonly maxLatencyMs: number;
}

/** Values of `conf`: effective ones, -1 for a port that is not served. */
export interface ConfFacts {
  readonly clientPort: number;
  readonly secureClientPort: number;
  /** Absolute paths of the directories `version-2`. */
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly tickTime: number;
  readonly maxClientCnxns: number;
  readonly minSessionTimeout: number;
  readonly maxSessionTimeout: number;
  readonly clientPortListenBacklog: number;
  readonly serverId: number;
  /** Null on a standalone server. */
  readonly quorum: QuorumConfFacts | null;
}

export interface QuorumConfFacts {
  readonly initLimit: number;
  readonly syncLimit: number;
  readonly electionAlg: number;
  readonly electionPorts: readonly number[];
  readonly quorumPorts: readonly number[];
  readonly peerType: 'participant' | 'observer';
  /** The text of /zookeeper/config. */
  readonly membership: string;
}

/** Things that expire together; `expiresMs` is monotonic. Empty buckets may be listed. */
export interface ExpiryBucket<T> {
  readonly expiresMs: number;
  readonly items: readonly T[];
}

/** What `dump` says. A follower knows timeouts only; all others know buckets. */
export interface SessionReport {
  readonly sessions: SessionBuckets | GlobalSessions;
  /** Null unless local sessions are enabled. */
  readonly localSessions: readonly ExpiryBucket<bigint>[] | null;
  /** Session id to the paths of its ephemeral nodes. */
  readonly ephemerals: ReadonlyMap<bigint, readonly string[]>;
  readonly connections: readonly ExpiryBucket<ConnectionFacts>[];
}

export interface SessionBuckets {
  readonly kind: 'buckets';
  readonly buckets: readonly ExpiryBucket<bigint>[];
}

export interface GlobalSessions {
  readonly kind: 'global';
  /** Session id to timeout in milliseconds. */
  readonly timeouts: ReadonlyMap<bigint, number>;
}

/** Watches of the data table (data, exists, persistent, recursive) by session, in their order. */
export interface WatchReport {
  readonly pathsBySession: ReadonlyMap<bigint, readonly string[]>;
}

/** An entry of the digest history: zxid and the digest of the tree after it, unsigned or signed. */
export interface DigestEntry {
  readonly zxid: bigint;
  readonly digest: bigint;
}
