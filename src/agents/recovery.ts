/**
 * Brings tree and sessions back from disk: at the start, when it also builds the core around them,
 * and again whenever a leader has changed what the disk holds.
 */
import type { SchemeTable } from '../auth/schemes.ts';
import type { Clock, Disk, Logger, Random } from '../base/ports.ts';
import { hex64, highHalf, lowHalf, type Zxid, zxidZero } from '../base/zxid.ts';
import { formatMembership, type Membership } from '../config/server-lines.ts';
import type { Settings } from '../config/settings.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import { KeeperCore } from '../processor/keeper-core.ts';
import type { KeeperMonitor, KeeperOutput, KeeperSettings } from '../processor/keeper-ports.ts';
import { Ephemerals } from '../state/ephemerals.ts';
import { SessionTable, type SessionTableMemory } from '../state/session-table.ts';
import { SessionTracker } from '../state/session-tracker.ts';
import { WatchTable } from '../state/watch-table.ts';
import { type RecoveryResult, recover } from '../storage/recovery.ts';
import type { Compression } from '../storage/snapshot-compression.ts';
import { EphemeralTypes } from '../tree/ephemeral-type.ts';
import { Quotas } from '../tree/quota.ts';
import type { TreeMemory } from '../tree/tree-memory.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import type { TxnHistory } from '../zab/txn-history.ts';
import type { FoundOnDisk } from './ensemble-port.ts';
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
  /** It rests. */
  readonly core: KeeperCore;
  readonly recovered: Recovered;
  readonly found: FoundOnDisk;
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
  /** Of a member of an ensemble: filled with what is replayed. Null on a standalone server. */
  readonly history: TxnHistory | null;
  readonly membership: Membership | null;
  readonly monitor: KeeperMonitor;
  /** Writes a snapshot of what was loaded, and returns when it is durable. */
  readonly takeSnapshot: () => void;
}

interface Loaded extends Omit<RecoveredKeeper, 'core'> {
  readonly needsSnapshot: boolean;
}

const configPath = encodeUtf8('/zookeeper/config');

export class KeeperRecovery {
  private readonly parts: RecoveryParts;
  private readonly ephemeralTypes: EphemeralTypes;
  private readonly tree: TreeWriter;
  private readonly sessionTable: SessionTable;
  private readonly sessions: SessionTracker;
  private readonly ephemerals = new Ephemerals();
  private readonly quotas: Quotas;
  private core: KeeperCore | null = null;

  constructor(parts: RecoveryParts) {
    const { shared, settings, ports } = parts;
    this.parts = parts;
    this.ephemeralTypes = new EphemeralTypes(settings);
    this.tree = new TreeWriter(shared.tree, this.ephemeralTypes);
    this.sessionTable = new SessionTable(shared.sessions);
    this.sessions = new SessionTracker(this.sessionTable, settings.tickTime);
    this.quotas = new Quotas(this.tree, (message) => ports.logger.warn({}, message));
  }

  /** Once. Throws `RecoveryError` or `DiskError`: the server must not start then. */
  start(output: KeeperOutput): RecoveredKeeper {
    const { recovered, found, needsSnapshot } = this.load(false);
    // A member has not been told yet which part of this is committed.
    if (needsSnapshot && this.parts.history === null) this.parts.takeSnapshot();
    const { tree, sessions, sessionTable, ephemerals, quotas } = this;
    const { schemes, settings, serverId, monitor } = this.parts;
    this.core = new KeeperCore({
      ...{ tree, sessions, sessionTable, ephemerals, quotas, output, schemes, monitor },
      watches: new WatchTable((bytes, start, end) => tree.hashOf(bytes, start, end)),
      settings: keeperSettings(settings, serverId, localSessionsOf(this.parts)),
    });
    return { core: this.core, recovered, found };
  }

  /**
   * While the core rests: the same from what is on disk now, where everything is whole and nobody
   * writes. Returns the last zxid there. Throws `RecoveryError` or `DiskError`: the server must not
   * go on then.
   */
  reload(): Zxid {
    const { found } = this.load(true);
    this.core?.onLoaded();
    return found.lastZxid;
  }

  /** All in one section of the tree: readers see nothing of what was there and what comes. */
  private load(isReload: boolean): Loaded {
    const { tree } = this;
    const { clock, logger } = this.parts.ports;
    const startedMs = clock.monotonicMs();
    tree.openSection();
    const result = this.recover(isReload);
    const { state, snapshotZxid, replayed, lastZxid } = result;
    this.openSessions(state);
    const visible = lastZxid > zxidZero ? lastZxid : zxidZero;
    if (this.parts.history === null) this.dropOrphans(state, visible);
    this.showMembership();
    tree.closeSection(highHalf(visible), lowHalf(visible));
    const recovered: Recovered = {
      ...{ lastZxid, snapshotZxid, replayedTxns: replayed },
      nodes: tree.nodeCount,
      sessions: state.sessions.size,
      tookMs: Math.round(clock.monotonicMs() - startedMs),
    };
    logger.info(
      { ...recovered, lastZxid: hex64(lastZxid), snapshotZxid: hex64(snapshotZxid) },
      `Recovered ${recovered.nodes} znodes up to ${hex64(lastZxid)}`,
    );
    return { recovered, found: result, needsSnapshot: result.needsSnapshot };
  }

  private recover(isReload: boolean): RecoveryResult<RecoveredState> {
    const { settings, ports, history } = this.parts;
    const { tree, ephemerals, quotas, ephemeralTypes } = this;
    return recover({
      disk: ports.disk,
      directory: dataDirectoryOf(settings),
      compression: ports.compression,
      logger: ports.logger,
      role: history === null ? 'standalone' : 'quorum',
      isReload,
      trustEmptySnapshot: settings['snapshot.trust.empty'],
      autocreateDatabase: settings['db.autocreate'],
      truncateCorruptTail: settings['ringkeeper.recovery.truncateCorruptTail'],
      ignoreDigestMismatch: settings['ringkeeper.snapshot.digestMismatch'] === 'warn',
      payloadBytesMax: payloadBytesMax(settings),
      newState: () => new RecoveredState({ tree, ephemerals, quotas, history, ephemeralTypes }),
    });
  }

  private openSessions(state: RecoveredState): void {
    const nowMs = this.parts.ports.clock.monotonicMs();
    this.sessions.clear();
    for (const { idHi, idLo, timeoutMs } of state.sessions.values()) {
      this.sessions.open(idHi, idLo, timeoutMs, nowMs);
    }
  }

  /**
   * Who belongs to the ensemble, in the node for it: no txn, each member has it from its own
   * configuration (Apache `ZKDatabase.initConfigInZKDatabase`). No digest counts that node.
   */
  private showMembership(): void {
    const { membership, ports } = this.parts;
    const { tree } = this;
    const node = tree.find(configPath, 0, configPath.byteLength);
    if (membership === null || node === 0) return;
    const text = encodeUtf8(formatMembership(membership));
    const nowMs = BigInt(Math.floor(ports.clock.nowMs()));
    const { version } = membership;
    tree.beginTxn(highHalf(version), lowHalf(version), highHalf(nowMs), lowHalf(nowMs));
    tree.setData(node, text, 0, text.byteLength, -1);
  }

  /** Alone: members of an ensemble would not all remove the same ones; their leader does. */
  private dropOrphans(state: RecoveredState, lastZxid: Zxid): void {
    const orphans = state.dropOrphans(lastZxid);
    if (orphans === 0) return;
    this.parts.ports.logger.warn({ orphans }, 'Removed ephemeral nodes without a session');
  }
}

function localSessionsOf({ settings, membership }: RecoveryParts): KeeperSettings['localSessions'] {
  if (membership === null || !settings.localSessionsEnabled) return 'off';
  return settings.localSessionsUpgradingEnabled ? 'upgrading' : 'on';
}

function keeperSettings(
  settings: Settings,
  serverId: number,
  localSessions: KeeperSettings['localSessions'],
): KeeperSettings {
  return {
    serverId,
    localSessions,
    minSessionTimeoutMs: settings.minSessionTimeout,
    maxSessionTimeoutMs: settings.maxSessionTimeout,
    eagerAclCheck: settings.enableEagerACLCheck,
    digestEnabled: settings['digest.enabled'],
    txnBytesMax: payloadBytesMax(settings),
    containerCheckIntervalMs: settings['znode.container.checkIntervalMs'],
    containerMaxPerMinute: settings['znode.container.maxPerMinute'],
    containerMaxNeverUsedIntervalMs: settings['znode.container.maxNeverUsedIntervalMs'],
    ephemeralTypes: new EphemeralTypes(settings),
    enforceQuota: settings.enforceQuota,
    reconfigEnabled: settings.reconfigEnabled,
    closeSessionTxnEnabled: settings['closeSessionTxn.enabled'],
  };
}
