/**
 * The start of a keeper: brings tree and sessions back from disk and builds the core around them,
 * behind the last zxid that the disk holds.
 */
import type { SchemeTable } from '../auth/schemes.ts';
import type { Clock, Disk, Logger, Random } from '../base/ports.ts';
import { hex64, highHalf, lowHalf } from '../base/zxid.ts';
import type { Settings } from '../config/settings.ts';
import { KeeperCore } from '../processor/keeper-core.ts';
import type { KeeperOutput, KeeperSettings } from '../processor/keeper-ports.ts';
import { SessionTable, type SessionTableMemory } from '../state/session-table.ts';
import { SessionTracker } from '../state/session-tracker.ts';
import { WatchTable } from '../state/watch-table.ts';
import { recover } from '../storage/recovery.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import type { TreeMemory } from '../tree/tree-memory.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { Broadcast } from '../zab/broadcast.ts';
import { majorityOf, type ServerId } from '../zab/quorum-verifier.ts';
import type { EnsembleAgent, EnsembleListener } from './ensemble.ts';
import { RecoveredState } from './recovered-state.ts';
import { dataDirectoryOf, payloadBytesMax } from './storage-options.ts';

/** What the recovery found; plain data for the log and the main thread. */
export interface Recovered {
  readonly lastZxid: bigint;
  readonly snapshotZxid: bigint;
  readonly replayedTxns: number;
  readonly nodes: number;
  readonly sessions: number;
  readonly tookMs: number;
}

export interface RecoveredKeeper {
  readonly core: KeeperCore;
  readonly recovered: Recovered;
}

export interface RecoveryParts {
  readonly shared: { readonly tree: TreeMemory; readonly sessions: SessionTableMemory };
  readonly settings: Settings;
  readonly serverId: number;
  readonly ports: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly compression: Compression;
  };
  readonly schemes: SchemeTable;
  readonly ensemble: EnsembleAgent;
}

/** Throws `RecoveryError` or `DiskError`: the server must not start then. */
export function recoverKeeper(
  parts: RecoveryParts,
  output: KeeperOutput,
  listener: EnsembleListener,
): RecoveredKeeper {
  const { shared, settings, serverId, ports, ensemble } = parts;
  const startedMs = ports.clock.monotonicMs();
  const tree = new TreeWriter(shared.tree, { extendedTypes: settings.extendedTypesEnabled });
  const { state, lastZxid, snapshotZxid, replayed } = recoverState(parts, tree);
  const orphans = state.dropOrphans(lastZxid);
  if (orphans > 0) ports.logger.warn({ orphans }, 'Removed ephemeral nodes without a session');
  tree.closeSection(highHalf(lastZxid), lowHalf(lastZxid));

  const nowMs = ports.clock.monotonicMs();
  const sessionTable = new SessionTable(shared.sessions);
  const sessions = new SessionTracker(sessionTable, settings.tickTime);
  for (const { idHi, idLo, timeoutMs } of state.sessions.values()) {
    sessions.open(idHi, idLo, timeoutMs, nowMs);
  }
  const { ephemerals, quotas } = state;
  const core = new KeeperCore({
    ...{ tree, sessions, sessionTable, ephemerals, quotas, output },
    watches: new WatchTable((bytes, start, end) => tree.hashOf(bytes, start, end)),
    schemes: parts.schemes,
    settings: keeperSettings(settings, serverId),
  });
  core.begin(ports.clock.nowMs(), nowMs);
  core.serveAlone();
  const self = serverId as ServerId;
  ensemble.lead(new Broadcast(majorityOf([self]), highHalf(lastZxid), lowHalf(lastZxid)), listener);
  const recovered: Recovered = {
    ...{ lastZxid, snapshotZxid, replayedTxns: replayed },
    nodes: tree.nodeCount,
    sessions: state.sessions.size,
    tookMs: Math.round(ports.clock.monotonicMs() - startedMs),
  };
  ports.logger.info(
    { ...recovered, lastZxid: hex64(lastZxid), snapshotZxid: hex64(snapshotZxid) },
    `Recovered ${recovered.nodes} znodes up to ${hex64(lastZxid)}`,
  );
  return { core, recovered };
}

function keeperSettings(settings: Settings, serverId: number): KeeperSettings {
  return {
    serverId,
    minSessionTimeoutMs: settings.minSessionTimeout,
    maxSessionTimeoutMs: settings.maxSessionTimeout,
    digestEnabled: settings['digest.enabled'],
    containerCheckIntervalMs: settings['znode.container.checkIntervalMs'],
    containerMaxPerMinute: settings['znode.container.maxPerMinute'],
    containerMaxNeverUsedIntervalMs: settings['znode.container.maxNeverUsedIntervalMs'],
    extendedTypesEnabled: settings.extendedTypesEnabled,
    enforceQuota: settings.enforceQuota,
    reconfigEnabled: settings.reconfigEnabled,
    closeSessionTxnEnabled: settings['closeSessionTxn.enabled'],
  };
}

function recoverState(parts: RecoveryParts, tree: TreeWriter) {
  const { settings, ports } = parts;
  let open = false;
  return recover({
    disk: ports.disk,
    directory: dataDirectoryOf(settings),
    compression: ports.compression,
    logger: ports.logger,
    role: 'standalone',
    trustEmptySnapshot: settings['snapshot.trust.empty'],
    autocreateDatabase: settings['db.autocreate'],
    truncateCorruptTail: settings['ringkeeper.recovery.truncateCorruptTail'],
    ignoreDigestMismatch: settings['ringkeeper.snapshot.digestMismatch'] === 'warn',
    payloadBytesMax: payloadBytesMax(settings),
    newState: () => {
      if (open) tree.closeSection(0, 0);
      open = true;
      return new RecoveredState(tree, settings.extendedTypesEnabled, (message) =>
        ports.logger.warn({}, message),
      );
    },
  });
}
