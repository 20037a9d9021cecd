/** The throttles that refuse, with the same settings on Apache's server and ours. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { startRingkeeper } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

const hourMs = 3_600_000;
const settings = {
  connection_throttle_tokens: '3',
  connection_throttle_fill_time: `${hourMs}`,
  largeRequestThreshold: '10000',
  largeRequestMaxBytes: '50000',
};

describe.each([
  { name: 'apache', start: startApache },
  { name: 'ours', start: startRingkeeper },
])('the throttles of $name', ({ start }) => {
  let server: ServerProcess;

  async function metric(name: string): Promise<number> {
    const mntr = await askFourLetterWord(server.port, 'mntr');
    return Number(new RegExp(`^zk_${name}\t(\\S+)$`, 'm').exec(mntr)?.[1]);
  }

  beforeAll(async () => {
    server = await start({ settings });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  });

  it('end the connection of a large request that is one too many', async () => {
    const client = await RawClient.connect({ port: server.port });
    const most = new Uint8Array(49_000);
    expect((await requests.create(client, '/large', { data: most })).reply.err).toBe(0);
    expect((await requests.setData(client, '/large', most)).err).toBe(0);
    await expect(requests.setData(client, '/large', new Uint8Array(50_000))).rejects.toThrow();
    expect(await metric('large_requests_rejected')).toBe(1);
  });

  it('close handshakes without an answer when the tokens are spent', async () => {
    const second = await RawClient.connect({ port: server.port });
    const third = await RawClient.connect({ port: server.port });
    await expect(RawClient.connect({ port: server.port })).rejects.toThrow();
    expect(await metric('connection_rejected')).toBe(1);
    expect(await metric('connection_request_count')).toBe(3);
    expect(await metric('max_connection_token_deficit')).toBe(3);
    await Promise.all([second.close(), third.close()]);
  });
});
