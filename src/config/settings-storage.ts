/**
 * Settings of the data directory, the transaction log, snapshots, sessions' basics and the tree.
 * Rows only: see `setting.ts` for what a row says.
 */
import { frameBytesMaxHighest } from '../base/limits.ts';
import {
  bare,
  decimal,
  flag,
  host,
  integer,
  key,
  long,
  maybe,
  oneOf,
  path,
  port,
  property,
  yesUnlessNo,
} from './setting.ts';

const works = 'works';
const noEffect = 'accepted, no effect';

export const storageSettings = {
  dataDir: key(path, '', {
    means: 'Directory of the snapshots and of the files myid, currentEpoch and acceptedEpoch.',
    status: works,
    shownDefault: 'required; `./data` without a configuration file',
  }),
  dataLogDir: key(path, '', {
    means: 'Directory of the transaction logs; a disk of its own makes writes faster.',
    status: works,
    shownDefault: 'dataDir',
  }),
  clientPort: key(maybe(port), null, {
    means: 'Port for clients; 0 lets the system choose one.',
    unit: 'port',
    status: works,
    shownDefault: 'none; 2181 without a configuration file',
  }),
  clientPortAddress: key(maybe(host), null, {
    means: 'Address on which the client port listens; needs clientPort.',
    status: works,
    shownDefault: 'all; 127.0.0.1 without a configuration file',
  }),
  secureClientPort: key(maybe(port), null, {
    means: 'Port for clients that speak TLS.',
    unit: 'port',
  }),
  secureClientPortAddress: key(maybe(host), null, {
    means: 'Address on which the secure client port listens; needs secureClientPort.',
    shownDefault: 'all',
  }),
  observerMasterPort: key(port, 0, {
    means: 'Port on which a follower serves observers; 0 means none.',
    unit: 'port',
    quiet: true,
  }),
  tickTime: key(integer, 3000, {
    means: 'The unit of time: session timeouts expire in steps of it.',
    unit: 'ms',
    status: works,
    shownDefault: '3000; 2000 without a configuration file',
  }),
  minSessionTimeout: key(integer, -1, {
    means: 'The shortest session timeout a client can get; -1 means two ticks.',
    unit: 'ms',
    status: works,
    shownDefault: '-1 (2 ticks)',
  }),
  maxSessionTimeout: key(integer, -1, {
    means: 'The longest session timeout a client can get; -1 means twenty ticks.',
    unit: 'ms',
    status: works,
    shownDefault: '-1 (20 ticks)',
  }),
  maxClientCnxns: key(integer, 60, {
    means: 'Connections that one address may hold; 0 means any number.',
    unit: 'count',
    status: works,
  }),
  maxCnxns: property(integer, 0, {
    means: 'Connections that a listener may hold in all; 0 means any number.',
    unit: 'count',
    status: works,
  }),
  clientPortListenBacklog: key(integer, -1, {
    means: 'Connections that may wait to be accepted; -1 leaves it to the platform.',
    unit: 'count',
    status: works,
  }),
  globalOutstandingLimit: property(integer, 1000, {
    means: 'Requests in process above which no more are read from clients that wait for answers.',
    unit: 'requests',
    status: works,
  }),
  snapCount: property(integer, 100_000, {
    means: 'A snapshot is taken after between half and all of this many transactions.',
    unit: 'txns',
    status: works,
    atLeast: 2,
  }),
  snapSizeLimitInKb: property(long, 4_194_304, {
    means: 'A snapshot is taken after between half and all of this much log; 0 or less: never.',
    unit: 'KiB',
    status: works,
  }),
  commitLogCount: property(integer, 500, {
    means: 'Committed transactions kept in memory to bring followers up to date.',
    unit: 'txns',
    atLeast: 500,
    status: works,
  }),
  snapshotSizeFactor: property(decimal, 0.33, {
    means:
      'Followers are fed from log files up to this share of the snapshot size; below 0: never.',
    unit: 'ratio',
    quiet: true,
  }),
  preAllocSize: property(long, 65_536, {
    means: 'A log file grows in steps of this size, written ahead of the records.',
    unit: 'KiB',
    status: works,
  }),
  txnLogSizeLimitInKb: property(long, -1, {
    means: 'A log file longer than this is closed and a new one begun; 0 or less: no limit.',
    unit: 'KiB',
    status: works,
  }),
  forceSync: property(yesUnlessNo, true, {
    means:
      'With no, transactions are acknowledged without waiting for the disk: a crash loses them.',
    status: works,
  }),
  'fsync.warningthresholdms': property(long, 1000, {
    means: 'A sync of the log that takes longer is reported and counted.',
    unit: 'ms',
    status: works,
  }),
  flushDelay: property(long, 0, {
    means:
      'Delay of a sync to gather more transactions; here a batch is what came during the last.',
    unit: 'ms',
    status: noEffect,
  }),
  maxWriteQueuePollTime: property(long, -1, {
    means: 'How long an idle log waits before it syncs early; see flushDelay.',
    unit: 'ms',
    status: noEffect,
    shownDefault: 'flushDelay / 3',
  }),
  maxBatchSize: property(integer, 1000, {
    means: 'Transactions after which a sync begins in any case; here a batch is bounded by bytes.',
    unit: 'txns',
    status: noEffect,
  }),
  'autopurge.snapRetainCount': key(integer, 3, {
    means: 'Snapshots that the purge keeps, with the logs that they need.',
    unit: 'count',
    status: works,
    atLeast: 3,
  }),
  'autopurge.purgeInterval': key(integer, 1, {
    means: 'Time between two purges, the first at start; 0 never purges (the default of Apache).',
    unit: 'hours',
    status: works,
  }),
  'snapshot.compression.method': property(oneOf('', 'gz', 'snappy'), '', {
    means: 'How snapshots are written; they are read in every form.',
    status: works,
    shownDefault: '(empty: not compressed)',
  }),
  'snapshot.trust.empty': property(flag, false, {
    means: 'Starts although there are logs and no snapshot; for upgrades from very old servers.',
    status: works,
  }),
  'digest.enabled': property(flag, true, {
    means: 'Digests in txns and snapshots; switching it makes older snapshots alien to Apache 3.9.',
    status: works,
  }),
  'serializeLastProcessedZxid.enabled': property(flag, true, {
    means: 'Snapshots end with the last zxid, as Apache 3.9 writes them.',
    status: works,
  }),
  'closeSessionTxn.enabled': property(flag, true, {
    means: 'The end of a session lists its ephemeral nodes in the log.',
    status: works,
  }),
  'datadir.autocreate': property(flag, true, {
    means: 'Missing data directories are created.',
    status: works,
  }),
  'db.autocreate': property(flag, true, {
    means: 'With false, an empty directory becomes a database only beside a file initialize.',
    status: works,
  }),
  extendedTypesEnabled: property(flag, false, {
    means: 'Nodes with a time to live can be created.',
    status: works,
  }),
  emulate353TTLNodes: property(flag, false, {
    means:
      'With extendedTypesEnabled: nodes with a time to live that version 3.5.3 made are taken as such.',
    status: works,
  }),
  'znode.container.checkIntervalMs': bare(integer, 60_000, {
    means: 'Time between two searches for empty containers and for nodes whose time is over.',
    unit: 'ms',
    status: works,
  }),
  'znode.container.maxPerMinute': bare(integer, 10_000, {
    means: 'Containers and nodes with a time to live that are removed in a minute at most.',
    unit: 'count',
    status: works,
  }),
  'znode.container.maxNeverUsedIntervalMs': bare(long, 0, {
    means: 'A container that never had a child is removed after this time; 0: it stays.',
    unit: 'ms',
    status: works,
  }),
  enforceQuota: property(flag, false, {
    means: 'Hard quotas refuse requests; otherwise a quota only warns.',
    status: works,
  }),
  'jute.maxbuffer': bare(integer, 1_048_575, {
    means: 'The longest request, and the longest data of a node, that is accepted.',
    unit: 'bytes',
    status: works,
    atMost: frameBytesMaxHighest,
  }),
  'jute.maxbuffer.extrasize': property(integer, -1, {
    means: 'What a transaction may be longer than a request.',
    unit: 'bytes',
    status: works,
    atMost: frameBytesMaxHighest,
    shownDefault: 'jute.maxbuffer',
  }),
  maxResponseCacheSize: property(integer, 400, {
    means: 'Cached answers of getData; here nodes are kept in the form in which they are sent.',
    unit: 'entries',
    status: noEffect,
  }),
  maxGetChildrenResponseCacheSize: property(integer, 400, {
    means: 'Cached answers of getChildren; see maxResponseCacheSize.',
    unit: 'entries',
    status: noEffect,
  }),
  intBufferStartingSizeBytes: property(integer, 1024, {
    means: 'First size of a buffer of the Java server.',
    unit: 'bytes',
    status: noEffect,
  }),
};
