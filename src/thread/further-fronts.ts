/** The threads of the fronts behind the first, as the main thread has them. */
import { Worker } from 'node:worker_threads';
import { bundledEntry } from './bundled-entry.ts';
import type { FrontCommand, FrontWorkerStart } from './front-worker.ts';

export class FurtherFronts {
  private readonly workers: Worker[] = [];
  private closing: Promise<unknown> | null = null;
  private readonly onFailure: (error: unknown) => void;

  /** `onFailure` hears of each thread that ends before `close`, also of one that `start` names. */
  constructor(onFailure: (error: unknown) => void) {
    this.onFailure = onFailure;
  }

  /** Resolves when all of them accept clients. Rejects when one of them cannot. */
  async start(start: Omit<FrontWorkerStart, 'front'>): Promise<void> {
    const fronts = start.shared.fronts.keys();
    await Promise.all([...fronts].slice(1).map((front) => this.startOne({ ...start, front })));
  }

  private startOne(workerData: FrontWorkerStart): Promise<void> {
    const worker = new Worker(bundledEntry('thread/front-worker.js'), { workerData });
    this.workers.push(worker);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        reject(error);
        this.onFailure(error);
      };
      worker.once('message', () => resolve());
      worker.on('error', fail);
      worker.on('exit', () => {
        if (this.closing === null) fail(new Error('the thread of a front ended by itself'));
      });
    });
  }

  pause(): void {
    this.tell('pause');
  }

  resume(): void {
    this.tell('resume');
  }

  stopListening(): void {
    this.tell('stopListening');
  }

  /** What was gathered for the clients leaves, for `waitMs` at the most; then the threads end. */
  async close(waitMs: number): Promise<void> {
    this.closing ??= Promise.all(this.workers.map((worker) => closeOne(worker, waitMs)));
    await this.closing;
  }

  private tell(command: FrontCommand): void {
    for (const worker of this.workers) worker.postMessage(command);
  }
}

function closeOne(worker: Worker, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (worker.threadId < 0) return resolve();
    const timer = setTimeout(() => void worker.terminate(), waitMs);
    worker.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.postMessage('close' satisfies FrontCommand);
  });
}
