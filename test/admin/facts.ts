/** Facts of an invented server, for tests of what is printed about it. */
import { gaugeNames } from '../../src/admin/metric-names.ts';
import { type MetricValues, readMetrics } from '../../src/admin/metrics.ts';
import type { ConnectionFacts, ServerFacts } from '../../src/admin/server-facts.ts';

export const apacheVersion =
  '3.9.5-293c895a8d966a3ecb92872be4a1daf87d725da2, built on 2026-02-11 20:15 UTC';

export function metricValues(changes: Partial<MetricValues> = {}): MetricValues {
  const gauges = Object.fromEntries(gaugeNames.map((name) => [name, 0]));
  return {
    ...readMetrics([]),
    gauges: gauges as MetricValues['gauges'],
    quorumGauges: {},
    gaugeSets: {},
    ...changes,
  };
}

export function connection(changes: Partial<ConnectionFacts> = {}): ConnectionFacts {
  return {
    remoteAddress: '/127.0.0.1:53092',
    interestOps: 1,
    outstandingRequests: 0,
    packetsReceived: 20,
    packetsSent: 23,
    session: null,
    ...changes,
  };
}

export function serverFacts(changes: Partial<ServerFacts> = {}): ServerFacts {
  return {
    state: 'serving',
    version: apacheVersion,
    mode: 'standalone',
    peerState: null,
    nowMs: Date.UTC(2026, 10, 21, 22, 57, 30),
    monotonicMs: 1_000_000,
    stats: {
      latency: { min: 0, average: 2.19047619, max: 12 },
      packetsReceived: 47,
      packetsSent: 45,
      aliveConnections: 1,
      outstandingRequests: 0,
      lastProcessedZxid: 0x2an,
      nodeCount: 35,
      proposals: null,
    },
    connections: [connection()],
    conf: {
      clientPort: 24182,
      secureClientPort: -1,
      dataDir: '/data/version-2',
      dataLogDir: '/data/version-2',
      tickTime: 2000,
      maxClientCnxns: 60,
      minSessionTimeout: 4000,
      maxSessionTimeout: 40_000,
      clientPortListenBacklog: -1,
      serverId: 0,
      quorum: null,
    },
    environment: [
      ['zookeeper.version', apacheVersion],
      ['os.name', 'Linux'],
    ],
    metrics: metricValues(),
    traceMask: 306n,
    directories: { dataBytes: 478, logBytes: 479 },
    sessions: null,
    watches: null,
    digests: null,
    ...changes,
  };
}
