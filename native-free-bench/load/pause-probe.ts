/**
 * Preloaded into every thread of our server (`node --import`): prints how long it did not answer,
 * for `scenarios/pauses.ts` to read. A thread that waits for shared memory reports nothing, and
 * makes nobody wait either.
 */
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const stderr = 2;
const sampleMs = 5;
const reportEveryMs = 250;

function say(what: string, ms: number): void {
  writeSync(stderr, `probe ${what} ${ms.toFixed(3)} ms\n`);
}

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) say('gc', duration);
}).observe({ entryTypes: ['gc'] });

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: sampleMs });
  delay.enable();
  setInterval(() => {
    // The time between two samples counts from one to the next, not from when it was due.
    say('stall', Math.max(0, delay.max / 1e6 - sampleMs));
    delay.reset();
  }, reportEveryMs).unref();
}
