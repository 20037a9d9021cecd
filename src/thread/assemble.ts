/**
 * Builds the agents of a thread out of the shared memory, the settings and the ports. Every
 * placement uses these functions, so an agent is made the same way wherever it runs.
 */
import { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { EnsembleAgent } from '../agents/ensemble.ts';
import { KeeperAgent } from '../agents/keeper.ts';
import { KeeperSnapshots } from '../agents/keeper-snapshots.ts';
import { LogAgent } from '../agents/log.ts';
import { Outlet } from '../agents/outlet.ts';
import { KeeperRecovery, type Recovered } from '../agents/recovery.ts';
import { dataDirectoryOf, payloadBytesMax } from '../agents/storage-options.ts';
import { createSchemeTable, type SchemeTable } from '../auth/schemes.ts';
import type { Agent } from '../base/agent.ts';
import type { Clock, Disk, Logger, Random } from '../base/ports.ts';
import type { Settings } from '../config/settings.ts';
import { RingReceiver } from '../ring/ring-receiver.ts';
import { RingSender } from '../ring/ring-sender.ts';
import { SessionTable } from '../state/session-table.ts';
import { SharedStatus } from '../state/shared-status.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import { TxnLogWriter } from '../storage/txn-log-writer.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
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
  readonly ports: Ports;
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

/** Keeper and ensemble live on one thread and call each other directly. */
export function assembleKeeper(options: AssembleOptions): Agent[] {
  const { shared, ports } = options;
  const ensemble = new EnsembleAgent({
    self: options.serverId as ServerId,
    appends: new Outlet(new RingSender(shared.appends)),
    synced: new RingReceiver(shared.synced),
  });
  const keeper = new KeeperAgent({
    requests: new RingReceiver(shared.requests),
    replies: new Outlet(new RingSender(shared.replies)),
    ensemble,
    clock: ports.clock,
    status: new SharedStatus(shared.status),
    onRecovered: options.onRecovered,
    recovery: new KeeperRecovery({
      ...options,
      schemes: schemeTable(options.settings, ports),
      history: null,
    }),
    snapshots: new KeeperSnapshots(shared.tree, new SessionTable(shared.sessions)),
  });
  return [keeper, ensemble];
}

export function assembleLog(options: Omit<AssembleOptions, 'onRecovered'>): Agent {
  const { shared, settings, ports } = options;
  const directory = dataDirectoryOf(settings);
  return new LogAgent({
    appends: new RingReceiver(shared.appends),
    synced: new Outlet(new RingSender(shared.synced)),
    openWriter: (lastZxid) =>
      new TxnLogWriter({
        disk: ports.disk,
        directory,
        lastZxid,
        preallocBytes: settings.preAllocSize * kib,
        forceSync: settings.forceSync,
        payloadBytesMax: payloadBytesMax(settings),
      }),
    clock: ports.clock,
    random: ports.random,
    logger: ports.logger,
    metrics: new MetricsRecorder(shared.metrics.log, ports.random),
    settings: {
      snapCount: settings.snapCount,
      snapSizeLimitBytes: settings.snapSizeLimitInKb * kib,
      fileBytesMax: Math.max(settings.txnLogSizeLimitInKb, 0) * kib,
      fsyncWarningThresholdMs: settings['fsync.warningthresholdms'],
    },
  });
}
