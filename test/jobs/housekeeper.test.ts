/** When jobs run, and how they end with the server. */
import { describe, expect, it } from 'vitest';
import { Housekeeper } from '../../src/jobs/housekeeper.ts';
import type { Jobs } from '../../src/jobs/job-pool.ts';
import type { SnapshotResult, SnapshotTask } from '../../src/jobs/snapshot.ts';
import { createLock } from '../../src/ring/thread-lock.ts';
import { dataDirectory } from '../../src/storage/data-directory.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';

/** Jobs that end when the test says so, and a purge that `close` interrupts. */
class FakeJobs implements Jobs {
  readonly calls: string[] = [];
  private end: { resolve(value: never): void; reject(error: Error): void } | null = null;

  snapshot = () => this.begin<SnapshotResult | null>('snapshot');
  purge = () => this.begin<string[]>('purge');

  close = async () => {
    this.calls.push('close');
    this.fail();
  };

  finish(value: unknown): void {
    this.end?.resolve(value as never);
  }

  fail(): void {
    this.end?.reject(new Error('interrupted'));
  }

  private begin<T>(name: string): Promise<T> {
    this.calls.push(name);
    return new Promise((resolve, reject) => {
      this.end = { resolve, reject };
    });
  }
}

function makeWorld() {
  const jobs = new FakeJobs();
  const logger = new RecordingLogger();
  const housekeeper = new Housekeeper({
    ...{ jobs, logger, snapshotTask: {} as SnapshotTask },
    purgeTask: { directory: dataDirectory('/data'), lock: createLock(), retainCount: 3 },
    purgeEveryMs: 3_600_000,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    onSnapshot: () => {},
  });
  return { jobs, logger, housekeeper };
}

const snapshot = { written: false, zxid: 5n, path: '/snapshot.5', nodes: 0, bytes: 0 };

describe('the housekeeper', () => {
  it('purges behind a snapshot', async () => {
    const { jobs, housekeeper } = makeWorld();
    housekeeper.start(true);
    jobs.finish(snapshot);
    await new Promise(setImmediate);
    expect(jobs.calls).toEqual(['snapshot', 'purge']);
    jobs.finish([]);
    await housekeeper.close();
  });

  it('interrupts a purge when it closes, and complains of nothing', async () => {
    const { jobs, logger, housekeeper } = makeWorld();
    housekeeper.start(false);
    await housekeeper.close();
    expect(jobs.calls).toEqual(['purge', 'close']);
    expect(logger.entries).toEqual([]);
  });

  it('waits for a snapshot to notice that the server stops, and starts nothing more', async () => {
    const { jobs, logger, housekeeper } = makeWorld();
    housekeeper.start(true);
    const closed = housekeeper.close();
    expect(jobs.calls).toEqual(['snapshot']);
    jobs.finish(null);
    await closed;
    housekeeper.snapshot();
    expect(jobs.calls).toEqual(['snapshot', 'close']);
    expect(logger.entries).toEqual([]);
  });
});
