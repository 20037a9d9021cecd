/** What the keeper counts, and what it says about quotas. */
import { describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/admin/metrics.ts';
import { createMetricsMemory, MetricsRecorder } from '../../src/admin/metrics-recorder.ts';
import { CountingMonitor } from '../../src/agents/keeper-monitor.ts';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { Harness } from '../processor/harness.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';

function makeWorld() {
  const memory = createMetricsMemory();
  const logger = new RecordingLogger();
  const recorder = new MetricsRecorder(memory, { next32: () => 0 });
  const monitor = new CountingMonitor(recorder, logger);
  return { logger, monitor, metrics: () => readMetrics([memory]) };
}

describe('the keeper', () => {
  it('counts the watches that an event triggers, and the bytes written below each node', () => {
    const { monitor, metrics } = makeWorld();
    const harness = new Harness({ monitor });
    const client = harness.client();
    client.create('/app', { data: '12345' });
    client.create('/app/child', { data: '1' });
    client.sendGetData('/app', true);
    client.sendSetData('/app', 0);
    const { summaries, summarySets } = metrics();
    expect(summaries.node_changed_watch_count).toMatchObject({ count: 1, sum: 1 });
    expect(summaries.node_deleted_watch_count.count).toBe(0);
    const { app } = summarySets.write_per_namespace;
    expect(app).toMatchObject({ count: 3, min: '/app'.length, max: '/app/child'.length + 1 });
  });

  it('says that a limit was met, hard or soft, and counts what it refused for it', () => {
    const { logger, monitor, metrics } = makeWorld();
    const harness = new Harness({ monitor, settings: { enforceQuota: true } });
    const client = harness.client();
    client.create('/app');
    client.create('/zookeeper/quota/app');
    client.create('/zookeeper/quota/app/zookeeper_limits', {
      data: 'count=1,bytes=-1=;byteHardLimit=10;countHardLimit=-1',
    });
    client.create('/zookeeper/quota/app/zookeeper_stats', { data: 'count=1,bytes=0' });
    expect(client.create('/app/soft').err).toBe(ErrorCode.ok);
    expect(client.create('/app/hard', { data: '12345678901' }).err).toBe(ErrorCode.quotaExceeded);
    expect(logger.entries.map(({ message }) => message)).toEqual([
      'Quota exceeded: /app [current count=2, softCountLimit=1]',
    ]);
    harness.nowMs += 1000;
    harness.core.begin(harness.wallMs, harness.nowMs);
    expect(client.create('/app/hard', { data: '12345678901' }).err).toBe(ErrorCode.quotaExceeded);
    expect(logger.entries.at(-1)).toMatchObject({
      message: 'Quota exceeded: /app [current count=3, softCountLimit=1]',
      fields: { unlogged: 2 },
    });
    expect(metrics().counterSets.quota_exceeded_error_per_namespace).toEqual({ app: 2 });
    expect(harness.core.query('gauges').quotas).toEqual([
      { namespace: 'app', limits: { count: 1, bytes: 10 }, usage: { count: 2, bytes: 0 } },
    ]);
  });
});

describe('the monitor', () => {
  it('is quiet for a second after a line about quotas', () => {
    const { logger, monitor } = makeWorld();
    const verdict = { err: ErrorCode.ok, log: ['met'], namespace: 'app' };
    for (const nowMs of [0, 1, 999, 1000, 1500, 2000]) {
      monitor.begin(nowMs);
      monitor.quotaMet(verdict);
    }
    expect(logger.entries.map(({ fields }) => fields)).toEqual([
      {},
      { unlogged: 2 },
      { unlogged: 1 },
    ]);
  });
});
