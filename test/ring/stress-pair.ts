/**
 * Two threads that exchange records over two small rings, one each way: this one and a worker,
 * which is bundled first. What each sent must be what the other received.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { expect } from 'vitest';
import { Bell, type BellMemory, createBell } from '../../src/ring/bell.ts';
import { RingWord } from '../../src/ring/layout.ts';
import { createRing, type RingMemory } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { MainLoop } from '../../src/thread/main-loop.ts';
import { NodeClock } from '../../src/thread/node-clock.ts';
import { type StressData, StressReceiving, StressSending } from './stress-agents.ts';

export interface StressRound {
  /** Bytes of the data area of each ring. */
  readonly capacity: number;
  /** Records each way. */
  readonly records: number;
  /** Position at which both rings begin: near 2^31 they wrap soon. */
  readonly start: number;
  readonly seed: number;
}

interface Digests {
  sent: number;
  received: number;
}

const directory = mkdtempSync(join(tmpdir(), 'ring-stress-'));
const workerFile = join(directory, 'stress-worker.mjs');

export async function buildWorker(): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('./stress-worker.ts', import.meta.url))],
    outfile: workerFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
}

export function removeWorker(): void {
  rmSync(directory, { recursive: true });
}

/** Runs a round to its end; fails when a record was lost, doubled or changed. */
export async function exchange(round: StressRound): Promise<void> {
  const data = makeData(round);
  const [here, there] = await Promise.all([runHere(data), runThere(data)]);
  expect(here.sent).toBe(there.received);
  expect(there.sent).toBe(here.received);
  expect(here.sent).not.toBe(here.received);
}

function makeData({ capacity, records, start, seed }: StressRound): StressData {
  const [here, there] = [createBell(), createBell()];
  const makeRing = (from: BellMemory, to: BellMemory): RingMemory => {
    const memory = createRing(capacity, from, to);
    const words = new Int32Array(memory.buffer);
    words[RingWord.tail] = words[RingWord.head] = start;
    return memory;
  };
  return { there: makeRing(here, there), back: makeRing(there, here), records, seed };
}

/** Runs this thread's half until it is done. */
function runHere({ there, back, records, seed }: StressData): Promise<Digests> {
  const sending = new StressSending(new RingSender(there), records, seed);
  const receiving = new StressReceiving(new RingReceiver(back), records, seed + 1);
  return new Promise((resolve, reject) => {
    const end = {
      name: 'end',
      start() {},
      stop: () => resolve({ sent: sending.digest, received: receiving.digest }),
      dutyCycle() {
        if (sending.isDone() && receiving.isDone()) loop.close();
        return 0;
      },
    };
    const bell = new Bell(there.senderBell);
    const agents = [sending, receiving, end];
    const loop: MainLoop = new MainLoop({
      agents,
      bell,
      clock: new NodeClock(),
      onFailure: reject,
    });
    loop.start();
  });
}

function runThere(workerData: StressData): Promise<Digests> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile, { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
