/** The same work on Apache's server and ours: `mntr` has the same names, and counts the same. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { startRingkeeper } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

const settings = { enforceQuota: 'true' };
/** What this work alone decides, whatever else a server does. */
const counted = [
  'max_node_changed_watch_count',
  'cnt_node_changed_watch_count',
  'sum_node_created_watch_count',
  'cnt_node_children_watch_count',
  'sum_node_deleted_watch_count',
  'watch_bytes',
  'watch_count',
  'connection_request_count',
  'connection_rejected',
  'max_client_response_size',
  'cnt_updatelatency',
  'app_quota_exceeded_error_per_namespace',
  'app_quota_count_limit_per_namespace',
  'app_quota_bytes_limit_per_namespace',
  'app_quota_count_usage_per_namespace',
  'app_quota_bytes_usage_per_namespace',
  'cnt_app_write_per_namespace',
  'sum_app_write_per_namespace',
  'cnt_app_read_per_namespace',
  'sum_app_read_per_namespace',
];

describe('the metrics of both servers', () => {
  const servers: ServerProcess[] = [];
  const metrics: Map<string, string>[] = [];

  beforeAll(async () => {
    servers.push(await startApache({ settings }), await startRingkeeper({ settings }));
    for (const server of servers) {
      const clients = [
        await RawClient.connect({ port: server.port }),
        await RawClient.connect({ port: server.port }),
      ] as const;
      await work(...clients);
      const mntr = await askFourLetterWord(server.port, 'mntr');
      metrics.push(new Map([...mntr.matchAll(/^zk_(\S+)\t(.*)$/gm)].map(([, k, v]) => [k!, v!])));
      for (const client of clients) await client.close();
    }
  });

  afterAll(async () => {
    for (const server of servers) {
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    }
  });

  it('have the same names', () => {
    const [apache, ours] = metrics.map((of) => [...of.keys()].sort());
    expect(ours).toEqual(apache);
  });

  it('have counted the same', () => {
    const [apache, ours] = metrics.map((of) => counted.map((name) => `${name} ${of.get(name)}`));
    expect(ours).toEqual(apache);
  });
});

async function work(client: RawClient, watcher: RawClient): Promise<void> {
  await requests.create(client, '/app', { data: encodeUtf8('12345') });
  await requests.create(client, '/zookeeper/quota/app');
  const limits = encodeUtf8('count=9,bytes=-1=;byteHardLimit=20;countHardLimit=-1');
  await requests.create(client, '/zookeeper/quota/app/zookeeper_limits', { data: limits });
  const stats = encodeUtf8('count=1,bytes=5');
  await requests.create(client, '/zookeeper/quota/app/zookeeper_stats', { data: stats });
  for (const each of [client, watcher]) await requests.getData(each, '/app', true);
  await requests.setData(client, '/app', encodeUtf8('1234567'));
  await watcher.notified(1);
  await requests.setData(client, '/app', new Uint8Array(100));
  await requests.create(client, '/app/child', { data: encodeUtf8('1') });
  await requests.getData(watcher, '/app/child', true);
  await requests.remove(client, '/app/child');
  await watcher.notified(2);
  await requests.getData(watcher, '/app', true);
}
