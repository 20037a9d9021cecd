import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ringkeeper } from '../../native-free-bench/harness/contender.ts';
import { PauseLog } from '../../native-free-bench/harness/pauses.ts';
import { ServerWatch } from '../../native-free-bench/harness/server-watch.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

describe('the pauses of a server', () => {
  it('are read from our probe and from a JVM, however the output is cut', () => {
    const log = new PauseLog(() => 5);
    const text = [
      'probe gc 1.500 ms',
      '2026-01-01 INFO something else that took 9ms',
      '[0.520s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.250ms',
      '[0.520s][info][gc] GC(1) Concurrent Mark Cycle 12.000ms',
      'probe stall 4.000 ms',
      'probe stall 2.000 ms',
      '',
    ].join('\n');
    for (const part of text.match(/[\s\S]{1,7}/g)!) log.read(part);
    expect(log.gcSince(0)).toEqual({ count: 2, totalMs: 4.75, maxMs: 3.25 });
    expect(log.longestStallSince(0)).toBe(4);
  });

  it('count from the moment that is asked for', () => {
    let nowMs = 1;
    const log = new PauseLog(() => nowMs);
    log.read('probe gc 7.000 ms\nprobe stall 7.000 ms\n');
    nowMs = 2;
    expect(log.gcSince(2)).toEqual({ count: 0, totalMs: 0, maxMs: 0 });
    expect(log.longestStallSince(2)).toBeNull();
  });

  it('are printed by our server when it is a contender', async () => {
    const server = await ringkeeper.acquire();
    try {
      await eventually('a report of stalls', () => server.pauses!.longestStallSince(0));
      const told = await (await ServerWatch.begin(server)).end();
      expect(told.fsync).toEqual({ count: 0, meanMs: 0 });
      expect(told.gc).not.toBeNull();
    } finally {
      await server.release();
    }
  });
});

describe('a server that tells nothing', () => {
  let silent: Server;
  let port: number;

  beforeAll(async () => {
    silent = createServer((socket) => socket.end());
    port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
  });

  afterAll(() => {
    silent.close();
  });

  it('has no figures of its own', async () => {
    const addresses = [{ host: '127.0.0.1', port }];
    const watch = await ServerWatch.begin({ addresses, pids: [], release: async () => {} });
    expect(await watch.end()).toEqual({ gc: null, stallMs: null, fsync: null });
  });
});
