/**
 * Builds the agents of a thread out of the shared memory, the settings and the ports. Every
 * placement uses these functions, so an agent is made the same way wherever it runs.
 */
import { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { Appends } from '../agents/appends.ts';
import { BatchSync } from '../agents/batch-sync.ts';
import { EnsembleAgent } from '../agents/ensemble.ts';
import { ensembleViewOf, peerSettingsOf } from '../agents/ensemble-options.ts';
import type { Ensemble } from '../agents/ensemble-port.ts';
import { KeeperAgent } from '../agents/keeper.ts';
import { CountingMonitor } from '../agents/keeper-monitor.ts';
import { KeeperReplies } from '../agents/keeper-replies.ts';
import { KeeperSnapshots } from '../agents/keeper-snapshots.ts';
import { LinksAgent } from '../agents/links.ts';
import { LogAgent } from '../agents/log.ts';
import { LogAsks } from '../agents/log-asks.ts';
import { LogLoan } from '../agents/log-loan.ts';
import {
  LoneWritePolicy,
  type LoneWrites,
  noLoneWrites,
  type ThreadMates,
} from '../agents/lone-writes.ts';
import { Outlet } from '../agents/outlet.ts';
import { PeerAgent } from '../agents/peer.ts';
import { peerMeter } from '../agents/peer-meter.ts';
import { KeeperRecovery, type Recovered } from '../agents/recovery.ts';
import { dataDirectoryOf, payloadBytesMax } from '../agents/storage-options.ts';
import { createSchemeTable, type SchemeTable } from '../auth/schemes.ts';
import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import type { Clock, Disk, Logger, Random } from '../base/ports.ts';
import { zxidZero } from '../base/zxid.ts';
import type { Membership } from '../config/server-lines.ts';
import type { Settings } from '../config/settings.ts';
import { ElectionPeer } from '../election/election-peer.ts';
import type { LinkListener, Links } from '../net/peer-links.ts';
import { Loan } from '../ring/loan.ts';
import { RingReceiver } from '../ring/ring-receiver.ts';
import { RingSender } from '../ring/ring-sender.ts';
import { ThreadLock } from '../ring/thread-lock.ts';
import { SessionTable } from '../state/session-table.ts';
import { SharedStatus } from '../state/shared-status.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import { TxnLogWriter } from '../storage/txn-log-writer.ts';
import { Peer } from '../zab/peer.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
import { TxnHistory } from '../zab/txn-history.ts';
import { takeFirstSnapshot } from './assemble-jobs.ts';
import type { SharedServer } from './shared.ts';

/** What a thread is given from outside. Tests and the simulator give twins. */
export interface Ports {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly compression: Compression;
  /** Base64 of a text's hash by the Java name of the algorithm. */
  readonly hash: (algorithm: string) => (text: string) => string;
}

export interface AssembleOptions {
  readonly shared: SharedServer;
  readonly settings: Settings;
  readonly serverId: number;
  /** Of the ensemble to which this server belongs; null on a standalone server. */
  readonly membership: Membership | null;
  readonly ports: Ports;
  /** When the ensemble's thread writes to the log; if not given, never. */
  readonly loneWrites?: LoneWrites;
  /** The keeper has recovered the state and serves from now on. */
  readonly onRecovered: (recovered: Recovered) => void;
}

const kib = 1024;

export function schemeTable(settings: Settings, ports: Pick<Ports, 'hash'>): SchemeTable {
  const digestEnabled = settings['DigestAuthenticationProvider.enabled'];
  return createSchemeTable({
    skipAcl: settings.skipACL,
    digest: digestEnabled
      ? {
          hash: ports.hash(settings['DigestAuthenticationProvider.digestAlg']),
          superDigest: settings['DigestAuthenticationProvider.superDigest'],
        }
      : null,
    sasl: null,
    x509: null,
    ensemble: null,
  });
}

/** As the settings want it; `mates` are what else runs on the thread of keeper and ensemble. */
export function loneWritesOf(settings: Settings, clock: Clock, mates: ThreadMates): LoneWrites {
  return settings['ringkeeper.loneWrites'] ? new LoneWritePolicy(clock, mates) : noLoneWrites;
}

/** Keeper and ensemble live on one thread and call each other directly. */
export function assembleKeeper(options: AssembleOptions): [KeeperAgent, Agent & Ensemble] {
  const { shared, ports, settings, membership } = options;
  const history = membership === null ? null : new TxnHistory(settings.commitLogCount);
  const ensemble = history === null ? assembleAlone(options) : assemblePeer(options, history);
  const keeper = new KeeperAgent({
    requests: shared.fronts.map(({ requests }) => new RingReceiver(requests)),
    replies: new KeeperReplies(
      shared.fronts.map(({ replies }) => new Outlet(new RingSender(replies))),
    ),
    ensemble,
    clock: ports.clock,
    status: new SharedStatus(shared.status),
    onRecovered: options.onRecovered,
    recovery: new KeeperRecovery({
      ...options,
      schemes: schemeTable(settings, ports),
      history,
      monitor: new CountingMonitor(
        new MetricsRecorder(shared.metrics.ensemble, ports.random),
        ports.logger,
      ),
      takeSnapshot: () => takeFirstSnapshot(settings, shared, ports),
    }),
    snapshots: new KeeperSnapshots(shared.tree, new SessionTable(shared.sessions)),
    leaderServes: settings.leaderServes,
  });
  return [keeper, ensemble];
}

function assembleAlone(options: AssembleOptions): EnsembleAgent {
  const { shared, ports, serverId } = options;
  const metrics = new MetricsRecorder(shared.metrics.ensemble, ports.random);
  return new EnsembleAgent({
    self: serverId as ServerId,
    appends: assembleAppends(options, metrics),
  });
}

function assembleAppends(options: AssembleOptions, metrics: MetricsRecorder): Appends {
  const { shared, settings, ports, loneWrites } = options;
  const { disk, clock, logger } = ports;
  const loan = new LogLoan(new Loan(shared.logLoan));
  return new Appends({
    ring: new Outlet(new RingSender(shared.appends)),
    synced: new RingReceiver(shared.synced),
    loan,
    writer: new TxnLogWriter({
      ...{ disk, lastZxid: zxidZero, preallocBytes: 0 },
      directory: dataDirectoryOf(settings),
      forceSync: settings.forceSync,
      payloadBytesMax: payloadBytesMax(settings),
    }),
    sync: new BatchSync({
      ...{ clock, logger, metrics, loan },
      warningThresholdMs: settings['fsync.warningthresholdms'],
    }),
    loneWrites: loneWrites ?? noLoneWrites,
  });
}

function assemblePeer(options: AssembleOptions, history: TxnHistory): PeerAgent {
  const { shared, settings, serverId, membership, ports } = options;
  const { packets } = shared;
  assert(packets !== null && membership !== null, 'a member of an ensemble has links');
  const metrics = new MetricsRecorder(shared.metrics.ensemble, ports.random);
  return new PeerAgent({
    metrics,
    appends: assembleAppends(options, metrics),
    packetsOut: new Outlet(new RingSender(packets.out)),
    packetsIn: new RingReceiver(packets.in),
    clock: ports.clock,
    newPeer: (output) =>
      new Peer(
        {
          ...{ output, history },
          view: ensembleViewOf(membership, serverId),
          settings: peerSettingsOf(settings),
          logger: ports.logger,
          random: ports.random,
          meter: peerMeter(metrics),
        },
        (parts) => new ElectionPeer(parts),
      ),
  });
}

/** On the main thread, beside the front. Nothing on a standalone server. */
export function assembleLinks(
  { packets }: SharedServer,
  open: (listener: LinkListener) => Links,
  wake: () => void,
): LinksAgent[] {
  if (packets === null) return [];
  const packetsOut = new RingReceiver(packets.out);
  const packetsIn = new Outlet(new RingSender(packets.in));
  return [new LinksAgent({ packetsOut, packetsIn, open, wake })];
}

export function assembleLog(options: Omit<AssembleOptions, 'onRecovered'>): Agent {
  const { shared, settings, ports, membership } = options;
  const { disk, logger } = ports;
  const directory = dataDirectoryOf(settings);
  const lock = new ThreadLock(shared.historyLock);
  return new LogAgent({
    asks: membership === null ? null : new LogAsks({ disk, directory, lock, logger }),
    appends: new RingReceiver(shared.appends),
    synced: new Outlet(new RingSender(shared.synced)),
    loan: new LogLoan(new Loan(shared.logLoan)),
    openWriter: (lastZxid) =>
      new TxnLogWriter({
        ...{ disk, directory },
        lastZxid,
        preallocBytes: settings.preAllocSize * kib,
        forceSync: settings.forceSync,
        payloadBytesMax: payloadBytesMax(settings),
      }),
    clock: ports.clock,
    random: ports.random,
    logger,
    metrics: new MetricsRecorder(shared.metrics.log, ports.random),
    settings: {
      snapCount: settings.snapCount,
      snapSizeLimitBytes: settings.snapSizeLimitInKb * kib,
      fileBytesMax: Math.max(settings.txnLogSizeLimitInKb, 0) * kib,
      fsyncWarningThresholdMs: settings['fsync.warningthresholdms'],
    },
  });
}
