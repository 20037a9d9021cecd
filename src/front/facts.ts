/**
 * Gathers what the four-letter words say about this server: the numbers of its fronts, the shared
 * status, the size of the files. The keeper's reports are added by `keeper-reports.ts`.
 */

import { javaSocketAddress } from '../admin/java-text.ts';
import type { GaugeName } from '../admin/metric-names.ts';
import { type MetricValues, readMetrics } from '../admin/metrics.ts';
import { type MetricsMemory, requestMetricsReset } from '../admin/metrics-recorder.ts';
import type {
  ConfFacts,
  ConnectionFacts,
  ConnectionSession,
  DirectoryReport,
  EnvironmentEntry,
  ServerFacts,
  ServerMode,
  ServerStats,
} from '../admin/server-facts.ts';
import type { FrontAsk, KeeperGauges } from '../agents/messages.ts';
import { dataDirectoryOf } from '../agents/storage-options.ts';
import { normaliseAddress } from '../auth/ip-address.ts';
import { type Clock, type Disk, DiskError } from '../base/ports.ts';
import { joinHalves } from '../base/zxid.ts';
import { formatMembership, type Membership } from '../config/server-lines.ts';
import type { Settings } from '../config/settings.ts';
import { opRow } from '../ops/op-table.ts';
import type { QuotaGauges } from '../processor/queries.ts';
import { type ServerRole, Serving, type SharedStatus } from '../state/shared-status.ts';
import type { TreeView } from '../tree/tree-view.ts';
import type { FrontClient } from './client.ts';
import type { FrontAgent } from './front.ts';
import { type FrontReport, sumOfReports } from './front-report.ts';

export interface FrontFactsParts {
  readonly settings: Settings;
  readonly serverId: number;
  /** Null on a standalone server. */
  readonly membership: Membership | null;
  readonly tree: TreeView;
  readonly status: SharedStatus;
  readonly metrics: readonly MetricsMemory[];
  readonly disk: Disk;
  readonly clock: Clock;
  readonly version: string;
  /** The port that is bound. */
  readonly clientPort: () => number;
  readonly environment: () => readonly EnvironmentEntry[];
  /** Open file descriptors and their limit, null where the system does not tell. */
  readonly descriptors: () => { readonly open: number; readonly max: number } | null;
}

export type PlainFacts = Omit<ServerFacts, 'directories' | 'sessions' | 'watches' | 'digests'>;

/** Nobody asks a server that looks for a leader. */
const modes: Record<ServerRole, ServerMode> = {
  standalone: 'standalone',
  looking: 'follower',
  leading: 'leader',
  following: 'follower',
  observing: 'observer',
};

export class FrontFacts {
  private readonly parts: FrontFactsParts;
  private readonly startedMs: number;

  constructor(parts: FrontFactsParts) {
    this.parts = parts;
    this.startedMs = parts.clock.monotonicMs();
  }

  /** What this front says of itself to the others, and to who asks it for all of them. */
  report(front: FrontAgent, what: FrontAsk): FrontReport {
    const { clients, stats, authFailed } = front;
    if (what === 'resetStats') stats.reset();
    if (what === 'resetConnections') for (const client of clients.values()) client.resetStats();
    const isList = what === 'connections';
    return {
      ...{ numbers: { ...stats }, authFailed, aliveConnections: clients.size },
      connections: isList ? [...clients.values()].map((client) => this.connectionOf(client)) : null,
    };
  }

  /**
   * From the reports of all fronts. Without the keeper's gauges some metrics are not known, and
   * there are no connections where nobody asked for them.
   */
  gather(
    front: FrontAgent,
    reports: readonly FrontReport[],
    gauges: KeeperGauges | null = null,
  ): PlainFacts {
    const { clock, status, version, environment } = this.parts;
    const report = sumOfReports(reports);
    const connections = report.connections ?? [];
    const stats = this.statsOf(front, report);
    return {
      state: status.serving === Serving.serving ? 'serving' : 'notServing',
      ...{ version, stats, connections },
      mode: modes[status.role],
      peerState: status.role === 'standalone' ? null : `${status.role} - broadcast`,
      nowMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      conf: this.confOf(),
      environment: environment(),
      metrics: this.metricsOf(front, report, gauges),
      traceMask: status.traceMask,
    };
  }

  /** Of `srst`, beside the numbers of the fronts: all counters and summaries. */
  resetMetrics(): void {
    for (const memory of this.parts.metrics) requestMetricsReset(memory);
  }

  /** Sums of the file sizes in the two directories; what cannot be opened counts 0. */
  directories(): DirectoryReport {
    const { disk } = this.parts;
    const directory = dataDirectoryOf(this.parts.settings);
    const bytesIn = (path: string) => {
      const names = ifPossible(() => disk.list(path), []);
      const sizes = names.map((name) => ifPossible(() => sizeOf(disk, `${path}/${name}`), 0));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    return { dataBytes: bytesIn(directory.snapshots), logBytes: bytesIn(directory.logs) };
  }

  private statsOf(front: FrontAgent, { numbers, aliveConnections }: FrontReport): ServerStats {
    const { tree, status } = this.parts;
    const { packetsReceived, packetsSent } = numbers;
    return {
      latency: {
        min: Math.round(numbers.latencyMsMin),
        average: numbers.latencyMsTotal / Math.max(numbers.latencies, 1),
        max: Math.round(numbers.latencyMsMax),
      },
      ...{ packetsReceived, packetsSent, aliveConnections },
      outstandingRequests: front.inFlightOfAll,
      lastProcessedZxid: joinHalves(tree.lastZxidHi, tree.lastZxidLo),
      nodeCount: tree.nodeCount + 1,
      proposals: status.role === 'leading' ? status.proposals : null,
    };
  }

  private confOf(): ConfFacts {
    const { settings, serverId, membership } = this.parts;
    const directory = dataDirectoryOf(settings);
    return {
      clientPort: this.parts.clientPort(),
      secureClientPort: -1,
      dataDir: directory.snapshots,
      dataLogDir: directory.logs,
      tickTime: settings.tickTime,
      maxClientCnxns: settings.maxClientCnxns,
      minSessionTimeout: settings.minSessionTimeout,
      maxSessionTimeout: settings.maxSessionTimeout,
      clientPortListenBacklog: settings.clientPortListenBacklog,
      serverId: membership === null ? 0 : serverId,
      quorum: membership === null ? null : quorumConfOf(settings, membership, serverId),
    };
  }

  private metricsOf(
    front: FrontAgent,
    { numbers, authFailed }: FrontReport,
    keeper: KeeperGauges | null,
  ): MetricValues {
    const { tree, clock, metrics, descriptors } = this.parts;
    const files = descriptors();
    const gauges: Record<GaugeName, number | null> = {
      uptime: Math.round(clock.monotonicMs() - this.startedMs),
      watch_count: keeper?.watches ?? null,
      ephemerals_count: keeper?.ephemerals ?? null,
      approximate_data_size: tree.approximateDataBytes,
      global_sessions: keeper?.sessions ?? null,
      local_sessions: keeper?.localSessions ?? 0,
      open_file_descriptor_count: files?.open ?? null,
      max_file_descriptor_count: files?.max ?? null,
      connection_drop_probability: front.dropProbability,
      last_client_response_size: numbers.responseBytesLast,
      max_client_response_size: numbers.responseBytesMax,
      min_client_response_size: numbers.responseBytesMin,
      outstanding_tls_handshake: 0,
      auth_failed_count: authFailed,
      non_mtls_remote_conn_count: 0,
      non_mtls_local_conn_count: 0,
    };
    const recorded = readMetrics(metrics);
    const mismatches = keeper?.digestMismatches ?? 0;
    const counters = { ...recorded.counters, digest_mismatches_count: mismatches };
    const quorumGauges = this.quorumGaugesOf(keeper?.quorum ?? null);
    return {
      ...recorded,
      counters,
      gauges,
      quorumGauges,
      gaugeSets: quotaGaugeSets(keeper?.quotas ?? []),
    };
  }

  /** As Apache registers them: some for all members, most for a leader. */
  private quorumGaugesOf(counts: KeeperGauges['quorum']): MetricValues['quorumGauges'] {
    const { status } = this.parts;
    if (counts === null) return {};
    const { quorumSize, leader } = counts;
    if (leader === null) {
      const own = status.role === 'following' ? { synced_observers: 0 } : {};
      return { quorum_size: quorumSize, ...own };
    }
    const { last, max, min } = status.proposals;
    return {
      quorum_size: quorumSize,
      learners: leader.learners,
      synced_followers: leader.syncedFollowers,
      synced_non_voting_followers: 0,
      synced_observers: leader.syncedObservers,
      pending_syncs: leader.pendingSyncs,
      leader_uptime: Math.round(leader.uptimeMs),
      last_proposal_size: last,
      max_proposal_size: max,
      min_proposal_size: min,
    };
  }

  private connectionOf(client: FrontClient): ConnectionFacts {
    const { connection } = client;
    const address = normaliseAddress(connection.remoteAddress);
    return {
      remoteAddress: javaSocketAddress(address, connection.remotePort),
      interestOps: client.stalled ? 0 : 1,
      outstandingRequests: client.inFlight,
      packetsReceived: client.received,
      packetsSent: client.sent,
      session: client.hasSession ? this.sessionOf(client) : null,
    };
  }

  private sessionOf(client: FrontClient): ConnectionSession {
    const { clock } = this.parts;
    const agoMs = clock.monotonicMs() - client.openedMs;
    return {
      id: joinHalves(client.sessionIdHi, client.sessionIdLo),
      lastOperation: opRow(client.lastType)?.word ?? 'NA',
      establishedMs: Math.round(clock.nowMs() - agoMs),
      timeoutMs: client.timeoutMs,
      lastCxid: client.lastCxid,
      lastZxid: joinHalves(client.lastZxidHi, client.lastZxidLo),
      lastResponseMs: Math.round(client.lastResponseMs),
      lastLatencyMs: Math.round(client.lastLatencyMs),
      minLatencyMs: Math.round(client.minLatencyMs),
      averageLatencyMs: Math.round(client.totalLatencyMs / Math.max(client.answered, 1)),
      maxLatencyMs: Math.round(client.maxLatencyMs),
    };
  }
}

function quorumConfOf(settings: Settings, membership: Membership, serverId: number) {
  const own = membership.servers.get(serverId);
  const addresses = own?.addresses ?? [];
  return {
    initLimit: settings.initLimit,
    syncLimit: settings.syncLimit,
    electionAlg: settings.electionAlg,
    electionPorts: addresses.map(({ electionPort }) => electionPort),
    quorumPorts: addresses.map(({ quorumPort }) => quorumPort),
    peerType: own?.role ?? 'participant',
    membership: formatMembership(membership),
  };
}

/** Several quotas in one namespace add up (Apache `QuotaMetricsUtils`). */
function quotaGaugeSets(quotas: readonly QuotaGauges[]): MetricValues['gaugeSets'] {
  const sumOf = (of: (quota: QuotaGauges) => number) => {
    const sums: Record<string, number> = {};
    for (const quota of quotas) {
      sums[quota.namespace] = (sums[quota.namespace] ?? 0) + of(quota);
    }
    return sums;
  };
  return {
    quota_count_limit_per_namespace: sumOf(({ limits }) => limits.count),
    quota_bytes_limit_per_namespace: sumOf(({ limits }) => limits.bytes),
    quota_count_usage_per_namespace: sumOf(({ usage }) => usage.count),
    quota_bytes_usage_per_namespace: sumOf(({ usage }) => usage.bytes),
  };
}

function sizeOf(disk: Disk, path: string): number {
  const file = disk.openRead(path);
  try {
    return file.size();
  } finally {
    file.close();
  }
}

/** Files come and go, and descriptors run out: a question must not end the server for it. */
function ifPossible<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof DiskError) return otherwise;
    throw error;
  }
}
