/**
 * Settings of connections, throttling, request pipelines and watches. Rows only.
 */
import { bare, decimal, flag, integer, property, text } from './setting.ts';

const works = 'works';
const noEffect = 'accepted, no effect';

export const networkSettings = {
  serverCnxnFactory: property(text, 'NIOServerCnxnFactory', {
    means: 'Class of the network layer of the Java server.',
    status: noEffect,
  }),
  'nio.numSelectorThreads': property(integer, 1, {
    means: 'Threads of the Java server.',
    status: noEffect,
  }),
  'nio.numWorkerThreads': property(integer, 0, {
    means: 'Threads of the Java server.',
    status: noEffect,
  }),
  'nio.directBufferBytes': property(integer, 65_536, {
    means: 'Buffer size of the Java server.',
    unit: 'bytes',
    status: noEffect,
  }),
  'nio.shutdownTimeout': property(integer, 5000, {
    means: 'How long the Java server waits for its I/O threads at the end.',
    unit: 'ms',
    status: noEffect,
  }),
  'nio.sessionlessCnxnTimeout': property(integer, 10_000, {
    means: 'A connection that never creates a session is closed after this time without traffic.',
    unit: 'ms',
    status: works,
  }),
  clientTcpKeepAlive: property(flag, false, {
    means: 'TCP keep-alive on client connections.',
    status: works,
  }),
  'netty.advancedFlowControl.enabled': property(flag, false, {
    means: 'Back-pressure of the Netty layer; here a full queue always stops reading.',
    status: noEffect,
    aliases: ['advancedFlowControlEnabled'],
  }),
  'netty.server.outstandingHandshake.limit': property(integer, -1, {
    means: 'TLS handshakes that may go on at the same time; below 0: any number.',
    unit: 'count',
    quiet: true,
  }),
  'netty.server.earlyDropSecureConnectionHandshakes': property(flag, false, {
    means: 'TLS connections are dropped before the handshake while the server is not serving.',
    quiet: true,
  }),
  connection_throttle_tokens: property(integer, 0, {
    means: 'New connections that are let in at once; 0 switches the connection throttle off.',
    unit: 'tokens',
    status: works,
    aliases: ['connectionMaxTokens'],
  }),
  connection_throttle_fill_time: property(integer, 1, {
    means: 'Time after which tokens are put back.',
    unit: 'ms',
    status: works,
    aliases: ['connectionTokenFillTime'],
  }),
  connection_throttle_fill_count: property(integer, 1, {
    means: 'Tokens that are put back.',
    unit: 'tokens',
    status: works,
    aliases: ['connectionTokenFillCount'],
  }),
  connection_throttle_freeze_time: property(integer, -1, {
    means: 'Time between two changes of the drop probability; below 0: connections never drop so.',
    unit: 'ms',
    status: works,
    aliases: ['connectionFreezeTime'],
  }),
  connection_throttle_drop_increase: property(decimal, 0.02, {
    means: 'Step by which the drop probability grows.',
    unit: 'probability',
    status: works,
    aliases: ['connectionDropIncrease'],
  }),
  connection_throttle_drop_decrease: property(decimal, 0.002, {
    means: 'Step by which the drop probability falls.',
    unit: 'probability',
    status: works,
    aliases: ['connectionDropDecrease'],
  }),
  connection_throttle_decrease_ratio: property(decimal, 0, {
    means: 'Share of free tokens above which the drop probability falls.',
    unit: 'ratio',
    status: works,
    aliases: ['connectionDecreaseRatio'],
  }),
  connection_throttle_weight_enabled: property(flag, false, {
    means: 'Kinds of sessions cost different numbers of tokens.',
    status: works,
  }),
  connection_throttle_global_session_weight: property(integer, 3, {
    means: 'Cost of a new global session.',
    unit: 'tokens',
    status: works,
  }),
  connection_throttle_local_session_weight: property(integer, 1, {
    means: 'Cost of a new local session.',
    unit: 'tokens',
    status: works,
  }),
  connection_throttle_renew_session_weight: property(integer, 2, {
    means: 'Cost of a session that comes back.',
    unit: 'tokens',
    status: works,
  }),
  request_throttle_max_requests: property(integer, 0, {
    means: 'Requests in process above which new ones wait; 0 switches the request throttle off.',
    unit: 'requests',
    status: works,
    aliases: ['requestThrottleLimit'],
  }),
  request_throttle_stall_time: property(integer, 100, {
    means: 'How long the throttle of the Java server sleeps; here room is noticed at once.',
    unit: 'ms',
    status: noEffect,
    aliases: ['requestThrottleStallTime'],
  }),
  request_throttle_drop_stale: property(flag, true, {
    means: 'The request throttle drops stale requests.',
    status: works,
    aliases: ['requestThrottleDropStale', 'dropStaleRequests'],
  }),
  request_stale_latency_check: property(flag, false, {
    means: 'A request older than its session timeout is stale.',
    status: works,
    aliases: ['requestStaleLatencyCheck'],
  }),
  request_stale_connection_check: property(flag, true, {
    means: 'A request whose connection is closed is stale; here it is always dropped.',
    status: noEffect,
    aliases: ['requestStaleConnectionCheck'],
  }),
  'request_throttler.shutdownTimeout': property(integer, 10_000, {
    means: 'How long the request throttle of the Java server drains when it stops.',
    unit: 'ms',
    status: noEffect,
    aliases: ['requestThrottler.shutdownTimeout'],
  }),
  throttled_op_wait_time: property(integer, 0, {
    means: 'A request that waited longer is answered with the error ThrottledOp; 0: never.',
    unit: 'ms',
    status: works,
  }),
  largeRequestThreshold: property(integer, -1, {
    means: 'Requests longer than this count as large; below 0: none does.',
    unit: 'bytes',
    status: works,
  }),
  largeRequestMaxBytes: property(integer, 104_857_600, {
    means: 'Bytes of large requests in process; a connection that exceeds them is closed.',
    unit: 'bytes',
    status: works,
  }),
  'commitProcessor.numWorkerThreads': property(integer, 0, {
    means: 'Threads of the Java commit processor.',
    status: noEffect,
  }),
  'commitProcessor.maxReadBatchSize': property(integer, -1, {
    means: 'Reads that the Java commit processor takes in one go.',
    status: noEffect,
  }),
  'commitProcessor.maxCommitBatchSize': property(integer, 1, {
    means: 'Commits that the Java commit processor takes in one go.',
    status: noEffect,
  }),
  'commitProcessor.shutdownTimeout': property(integer, 5000, {
    means: 'How long the Java commit processor drains.',
    unit: 'ms',
    status: noEffect,
  }),
  watchManagerName: property(text, 'org.apache.zookeeper.server.watch.WatchManager', {
    means: 'Class that keeps the watches in the Java server; here there is one, a compact one.',
    status: noEffect,
  }),
  watcherCleanThreadsNum: property(integer, 2, {
    means: 'Threads that clean dead watches; here they go with their connection.',
    status: noEffect,
  }),
  watcherCleanThreshold: property(integer, 1000, {
    means: 'Dead watches after which they are cleaned; see watcherCleanThreadsNum.',
    status: noEffect,
  }),
  watcherCleanIntervalInSeconds: property(integer, 600, {
    means: 'Time after which dead watches are cleaned; see watcherCleanThreadsNum.',
    unit: 's',
    status: noEffect,
  }),
  maxInProcessingDeadWatchers: property(integer, -1, {
    means: 'Dead watches above which closing connections wait; see watcherCleanThreadsNum.',
    status: noEffect,
  }),
  bitHashCacheSize: property(integer, 10, {
    means: 'Cache of the Java bitmap watch manager.',
    status: noEffect,
  }),
  'pathStats.enabled': property(flag, false, {
    means: 'Reports the most requested paths in the log.',
  }),
  'pathStats.slotCapacity': property(integer, 60, {
    means: 'Time slots of the path statistics.',
    unit: 'count',
    quiet: true,
  }),
  'pathStats.slotDuration': property(integer, 15, {
    means: 'Length of a time slot of the path statistics.',
    unit: 's',
    quiet: true,
  }),
  'pathStats.maxDepth': property(integer, 6, {
    means: 'Depth to which paths are told apart.',
    unit: 'levels',
    quiet: true,
  }),
  'pathStats.sampleRate': property(decimal, 0.1, {
    means: 'Share of the requests that is sampled.',
    unit: 'ratio',
    quiet: true,
  }),
  'pathStats.initialDelay': property(integer, 5, {
    means: 'Time before the first report.',
    unit: 'min',
    quiet: true,
  }),
  'pathStats.delay': property(integer, 5, {
    means: 'Time between two reports.',
    unit: 'min',
    quiet: true,
  }),
  'pathStats.topPathMax': property(integer, 20, {
    means: 'Paths in a report.',
    unit: 'count',
    quiet: true,
  }),
  'leader.nodelay': bare(flag, true, {
    means: 'TCP_NODELAY on the sockets of a leader.',
    quiet: true,
  }),
  'follower.nodelay': bare(flag, true, {
    means: 'TCP_NODELAY on the sockets of a follower.',
    quiet: true,
  }),
};
