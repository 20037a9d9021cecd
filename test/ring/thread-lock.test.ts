/** One holder at a time, and nobody sleeps on when the holder is gone. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { createLock, ThreadLock } from '../../src/ring/thread-lock.ts';

it('has one holder at a time', () => {
  const memory = createLock();
  const [one, other] = [new ThreadLock(memory), new ThreadLock(memory)];
  one.take();
  expect(other.tryTake()).toBe(false);
  one.release();
  expect(other.tryTake()).toBe(true);
  expect(one.tryTake()).toBe(false);
});

it('wakes a thread that waits for it', async () => {
  const memory = createLock();
  const lock = new ThreadLock(memory);
  lock.take();
  // As `release` does, on another thread, once this one is about to wait.
  const release =
    "const w = new Int32Array(require('node:worker_threads').workerData);" +
    'Atomics.store(w, 0, 0); Atomics.notify(w, 0, 1)';
  const worker = new Worker(release, { eval: true, workerData: memory.buffer });
  lock.take();
  expect(lock.tryTake()).toBe(false);
  await once(worker, 'exit');
});
