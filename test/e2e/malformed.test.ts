/**
 * Fifty thousand frames that no client should send, through real sockets, beside clients that
 * shake hands slowly or never read: each costs at most its own connection, the server's memory
 * stays bounded, and a client that behaves well notices nothing.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processRssBytes } from '../../native-free-bench/load/process-usage.ts';
import { OpCode, pathWatchRequest } from '../../src/jute/proto.ts';
import { askFourLetterWord } from '../support/four-letter-word.ts';
import { SeededRandom } from '../support/random.ts';
import { encodeConnectRequest, encodeRecord, RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { framed, RawSocket } from '../support/raw-socket.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startTarget, targetName } from '../support/target-server.ts';
import { type FatalBytes, fatalBeforeSession, fatalInSession } from './malformed-connections.ts';
import { malformedParent, malformedRequest } from './malformed-requests.ts';
import { WellBehavedClient } from './well-behaved-client.ts';

const framesTotal = 50_000;
const lanes = 8;
const requestsPerConnection = 60;
const slowClients = 40;
const neverReadingClients = 4;
const requestsNeverRead = 2000;
const growthBytesMax = 512 * 2 ** 20;

const placements = targetName === 'apache' ? ['apache'] : ['paired', 'threads'];

describe.each(placements)(`a ${targetName} server, placed as %s`, (placement) => {
  let server: ServerProcess;
  const random = new SeededRandom(Date.now());
  const faults: string[] = [];
  let frames = 0;
  let slowBytes = 0;

  beforeAll(async () => {
    server = await startTarget({ settings: { 'ringkeeper.placement': placement } });
    const client = await RawClient.connect({ port: server.port });
    await requests.create(client, malformedParent);
    await client.close();
  });

  afterAll(async () => {
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  });

  it('meets malformed frames with defined errors or closes, and harms nobody else', async () => {
    const wellBehaved = await WellBehavedClient.start(server.port, '/well');
    const slow = await Promise.all(
      Array.from({ length: slowClients }, () => RawSocket.open(server.port)),
    );
    const before = processRssBytes(server.pid);
    const neverReading = await startNeverReading(server.port);
    const lane = async (): Promise<void> => {
      while (frames < framesTotal) {
        sendSlowly(slow, slowBytes++);
        await attackInSession();
        for (let i = 0; i < 6; i++) await attackBeforeSession();
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));

    expect([...new Set(faults)].slice(0, 20), `seed ${random.seed}`).toEqual([]);
    expect(processRssBytes(server.pid) - before).toBeLessThan(growthBytesMax);
    await wellBehaved.stop();
    expect(wellBehaved.rounds).toBeGreaterThan(100);
    for (const client of neverReading) await client.abandon();
    for (const socket of slow) await socket.destroy();
    expect(server.isRunning).toBe(true);
    expect(await askFourLetterWord(server.port, 'srvr')).toContain('Mode: standalone');
  });

  /** Malformed requests in one pipeline, a ping behind them, and then the end of it. */
  async function attackInSession(): Promise<void> {
    // So long a timeout that a connection which should be closed does not end by expiry instead.
    const client = await RawClient.connect({ port: server.port, timeoutMs: 40_000 });
    const sent = Array.from({ length: requestsPerConnection }, () => malformedRequest(random));
    const replies = sent.map(({ type, body }) => client.request(type, body));
    frames += sent.length;
    try {
      const pong = await client.ping();
      if (pong.err !== 0) faults.push(`ping: ${pong.err}`);
    } catch {
      faults.push(`closed after one of: ${sent.map((each) => each.what).join(', ')}`);
      return;
    }
    for (const [i, { what, type, errs }] of sent.entries()) {
      const { err } = await replies[i]!;
      if (!errs.includes(err)) faults.push(`${what} (type ${type}): ${err}`);
    }
    if (client.strays.length > 0) faults.push(`${client.strays.length} replies to nothing`);
    await endSession(client, fatalInSession(random));
  }

  async function endSession(client: RawClient, fatal: FatalBytes): Promise<void> {
    const seen = client.strays.length;
    client.socket.write(fatal.bytes);
    if (fatal.isUnfinished) client.socket.end();
    frames++;
    await client.socket.closed;
    const errs = client.strays.slice(seen).map((reply) => reply.err);
    const wanted = fatal.err === null ? '' : String(fatal.err);
    if (errs.join() !== wanted) faults.push(`${fatal.what} was answered with '${errs}'`);
  }

  async function attackBeforeSession(): Promise<void> {
    const fatal = fatalBeforeSession(random);
    const socket = await RawSocket.open(server.port);
    socket.write(fatal.bytes);
    if (fatal.isUnfinished) socket.end();
    frames++;
    await socket.closed;
    if (socket.bytesReceived > 0) faults.push(`${fatal.what} was answered before a handshake`);
  }
});

/** Byte `at` of a handshake to each, but never the last one. */
function sendSlowly(sockets: readonly RawSocket[], at: number): void {
  const handshake = framed(encodeConnectRequest({ timeoutMs: 4000 }));
  if (at >= handshake.byteLength - 1) return;
  for (const socket of sockets) socket.write(handshake.subarray(at, at + 1));
}

/** Clients that ask for far more than fits into any socket and never take it. */
async function startNeverReading(port: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < neverReadingClients; i++) {
    const client = await RawClient.connect({ port, timeoutMs: 40_000 });
    const path = `/large${i}`;
    await requests.create(client, path, { data: new Uint8Array(100_000) });
    client.socket.pause();
    const body = encodeRecord(pathWatchRequest, { path, watch: false });
    for (let k = 0; k < requestsNeverRead; k++) void client.request(OpCode.getData, body);
    clients.push(client);
  }
  return clients;
}
