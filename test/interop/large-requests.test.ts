/**
 * Data of many megabytes with a large `jute.maxbuffer`: Apache's server and ours store it, refuse
 * what is longer, and read each other's directories.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache } from '../../native-free-bench/apache/server.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { startRingkeeper, temporaryDirectory } from '../support/ringkeeper-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

const mib = 1024 * 1024;
const limit = 10 * mib;
const large = new Uint8Array(5 * mib).map((_, i) => i ^ (i >>> 12));
/** What a setData of this path has beside its data: header, path, length, version. */
const frameOverheadBytes = 8 + 4 + '/large'.length + 4 + 4;

const starters = {
  apache: (dataDir: string) =>
    startApache({ dataDir, properties: { 'jute.maxbuffer': `${limit}` } }),
  ours: (dataDir: string) =>
    startRingkeeper({ dataDir, settings: { 'jute.maxbuffer': `${limit}` } }),
};

describe.each([
  { writer: 'apache', reader: 'ours' },
  { writer: 'ours', reader: 'apache' },
] as const)('data of megabytes that $writer stores', ({ writer, reader }) => {
  const dataDir = temporaryDirectory();
  let server: ServerProcess;
  let client: RawClient;

  beforeAll(async () => {
    server = await starters[writer](dataDir);
    client = await RawClient.connect({ port: server.port });
    await requests.create(client, '/large');
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is taken up to the limit, inclusive, and ends the connection beyond it', async () => {
    const most = new Uint8Array(limit - frameOverheadBytes);
    expect((await requests.setData(client, '/large', most)).err).toBe(0);
    expect((await requests.setData(client, '/large', large)).err).toBe(0);
    void requests.setData(client, '/large', new Uint8Array(most.byteLength + 1));
    await client.socket.closed;
  });

  it(`is what ${reader} finds in the directory`, async () => {
    await server.stop();
    server = await starters[reader](dataDir);
    client = await RawClient.connect({ port: server.port });
    const { data, stat } = await requests.getData(client, '/large');
    expect(Buffer.compare(data!, large)).toBe(0);
    expect(stat?.version).toBe(2);
    await client.close();
  });
});
