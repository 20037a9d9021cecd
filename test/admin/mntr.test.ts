/** The lines of mntr, against samples of Apache's server. */
import { expect, test } from 'vitest';
import { readMetrics } from '../../src/admin/metrics.ts';
import { advanced, basic, counter, counterSet } from '../../src/admin/metrics-layout.ts';
import { createMetricsMemory, MetricsRecorder } from '../../src/admin/metrics-recorder.ts';
import { mntrEntries, mntrText } from '../../src/admin/words-mntr.ts';
import { apacheVersion, metricValues, serverFacts } from './facts.ts';

const random = { next32: () => 0 };

function linesOf(changes: Parameters<typeof serverFacts>[0]): string[] {
  return mntrText(serverFacts(changes)).split('\n');
}

test('a leader says what it is in the first lines, and has the gauges of a leader', () => {
  const quorumGauges = {
    quorum_size: 3,
    learners: 2,
    synced_followers: 2,
    synced_non_voting_followers: 0,
    synced_observers: 0,
    pending_syncs: 0,
    leader_uptime: 14101,
    last_proposal_size: -1,
    max_proposal_size: -1,
    min_proposal_size: -1,
  };
  const lines = linesOf({
    mode: 'leader',
    peerState: 'leading - broadcast',
    metrics: metricValues({ quorumGauges }),
  });
  expect(lines.slice(0, 3)).toEqual([
    `zk_version\t${apacheVersion}`,
    'zk_server_state\tleader',
    'zk_peer_state\tleading - broadcast',
  ]);
  for (const line of [
    'zk_min_proposal_size\t-1',
    'zk_synced_followers\t2',
    'zk_leader_uptime\t14101',
    'zk_quorum_size\t3',
  ]) {
    expect(lines).toContain(line);
  }
});

test('a standalone server has no peer state and no gauges of a quorum', () => {
  const names = mntrEntries(serverFacts()).map(([name]) => name);
  expect(names.slice(0, 3)).toEqual(['version', 'server_state', 'avg_latency']);
  expect(names).not.toContain('quorum_size');
  expect(new Set(names).size).toBe(names.length);
});

test('the lines that monitoring tools read are there, doubles with decimals', () => {
  const gauges = { ...metricValues().gauges, uptime: 5, max_file_descriptor_count: null };
  const lines = linesOf({ metrics: metricValues({ gauges }) });
  for (const line of [
    'zk_avg_latency\t2.1905',
    'zk_max_latency\t12',
    'zk_packets_received\t47',
    'zk_packets_sent\t45',
    'zk_num_alive_connections\t1',
    'zk_outstanding_requests\t0',
    'zk_znode_count\t35',
    'zk_watch_count\t0',
    'zk_connection_drop_probability\t0.0',
    'zk_uptime\t5',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.some((line) => line.startsWith('zk_max_file_descriptor_count'))).toBe(false);
  expect(lines.at(-1)).toBe('');
});

test('summaries look like those of the Java server, untouched ones too', () => {
  const memory = createMetricsMemory();
  const recorder = new MetricsRecorder(memory, random);
  for (const value of [2, 3, 16, 10, 3]) recorder.addSampled(advanced.quorum_ack_latency, value);
  recorder.count(counter.commit_count, 7);
  const lines = linesOf({ metrics: metricValues(readMetrics([memory])) });
  const from = lines.indexOf('zk_avg_quorum_ack_latency\t6.8');
  expect(lines.slice(from, from + 9)).toEqual([
    'zk_avg_quorum_ack_latency\t6.8',
    'zk_min_quorum_ack_latency\t2',
    'zk_max_quorum_ack_latency\t16',
    'zk_cnt_quorum_ack_latency\t5',
    'zk_sum_quorum_ack_latency\t34',
    'zk_p50_quorum_ack_latency\t3',
    'zk_p95_quorum_ack_latency\t16',
    'zk_p99_quorum_ack_latency\t16',
    'zk_p999_quorum_ack_latency\t16',
  ]);
  const untouched = lines.indexOf('zk_avg_fsynctime\t0.0');
  expect(lines.slice(untouched, untouched + 5)).toEqual([
    'zk_avg_fsynctime\t0.0',
    'zk_min_fsynctime\t0',
    'zk_max_fsynctime\t0',
    'zk_cnt_fsynctime\t0',
    'zk_sum_fsynctime\t0',
  ]);
  expect(lines).toContain('zk_commit_count\t7');
  expect(basic.fsynctime).toBeGreaterThan(0);
});

test('labels stand before the name', () => {
  const memory = createMetricsMemory();
  const recorder = new MetricsRecorder(memory, random);
  const path = Buffer.from('/app/x');
  recorder.countIn(counterSet.quota_exceeded_error_per_namespace, path, 1, 4);
  const gaugeSets = { quota_count_usage_per_namespace: { app: 12 } };
  const lines = linesOf({ metrics: metricValues({ ...readMetrics([memory]), gaugeSets }) });
  expect(lines).toContain('zk_app_quota_exceeded_error_per_namespace\t1');
  expect(lines).toContain('zk_app_quota_count_usage_per_namespace\t12');
});
