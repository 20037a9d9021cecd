/**
 * Calls back every millisecond. Timers of an event loop are late by half a millisecond and more;
 * a thread that waits on a cell and posts a message is late by a tenth, and costs little CPU.
 */
import { Worker } from 'node:worker_threads';

/** Text, since a worker needs a file of its own otherwise, which a bundle does not keep beside it. */
const threadCode = `
  const { parentPort } = require('node:worker_threads');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const nowMs = () => performance.timeOrigin + performance.now();
  const beganMs = nowMs();
  parentPort.postMessage(beganMs);
  for (let tick = 1; ; tick = Math.max(tick + 1, Math.floor(nowMs() - beganMs))) {
    const waitMs = beganMs + tick - nowMs();
    if (waitMs > 0) Atomics.wait(cell, 0, 0, waitMs);
    parentPort.postMessage(tick);
  }
`;

export class Metronome {
  private readonly worker: Worker;
  private beganMs: number | null = null;

  /** `onTick` gets the number of the tick and when it was due, as `performance.now` counts. */
  constructor(onTick: (tick: number, dueMs: number) => void) {
    this.worker = new Worker(threadCode, { eval: true });
    this.worker.on('message', (message: number) => {
      // Each thread has an origin of its own: the first message is a time since 1970.
      if (this.beganMs === null) this.beganMs = message - performance.timeOrigin;
      else onTick(message, this.beganMs + message);
    });
  }

  async stop(): Promise<void> {
    this.worker.removeAllListeners('message');
    await this.worker.terminate();
  }
}
