/**
 * Decides when snapshots and purges run: a snapshot when the log was rolled for one, a purge after
 * each snapshot, at start, and every few hours. One at a time; a snapshot that falls due while
 * another is being written is dropped, since the next roll asks again. A failed job is logged and
 * is no reason to stop: the log holds everything.
 */
import type { Clock, Logger } from '../base/ports.ts';
import { hex64, type Zxid } from '../base/zxid.ts';
import type { Jobs } from './job-pool.ts';
import type { PurgeTask } from './purge.ts';
import type { SnapshotTask } from './snapshot.ts';

export interface HousekeeperParts {
  readonly jobs: Jobs;
  readonly snapshotTask: SnapshotTask;
  /** Null when files are never purged. */
  readonly purgeTask: PurgeTask | null;
  readonly purgeEveryMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A snapshot was written in so many ms. */
  readonly onSnapshot: (tookMs: number) => void;
}

export class Housekeeper {
  private readonly parts: HousekeeperParts;
  private running: Promise<void> | null = null;
  /** The last snapshot, while it is written and after. */
  private writing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** For `lsnp` and monitoring: the last snapshot written by this process. */
  lastSnapshot: Zxid | null = null;

  constructor(parts: HousekeeperParts) {
    this.parts = parts;
  }

  /** `snapshotDue`: the log was replayed at start, so a snapshot now makes the next start short. */
  start(snapshotDue: boolean): void {
    if (snapshotDue) this.snapshot();
    else this.run(() => this.purge());
    if (this.parts.purgeTask === null) return;
    this.timer = setInterval(() => this.run(() => this.purge()), this.parts.purgeEveryMs);
    this.timer.unref();
  }

  snapshot(): void {
    this.run(async () => {
      await this.takeSnapshot();
      await this.purge();
    });
  }

  /**
   * Resolves when nothing runs any more, which is soon: a snapshot ends by itself when the server
   * stops, without a file, and a purge may be interrupted anywhere.
   */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.writing;
    await this.parts.jobs.close();
    await this.running;
  }

  /** Resolves when the job that runs now, if any, is over. */
  async idle(): Promise<void> {
    await this.running;
  }

  private run(job: () => Promise<void>): void {
    if (this.running !== null || this.closed) return;
    this.running = job()
      .catch(({ message }: Error) => {
        if (!this.closed) this.parts.logger.error({ error: message }, 'A job failed');
      })
      .finally(() => {
        this.running = null;
      });
  }

  private async takeSnapshot(): Promise<void> {
    const { jobs, snapshotTask, logger, clock, onSnapshot } = this.parts;
    const startedMs = clock.monotonicMs();
    const snapshot = jobs.snapshot(snapshotTask);
    this.writing = snapshot.then(nothing, nothing);
    const result = await snapshot;
    if (result === null) {
      if (!this.closed) logger.info({}, 'No snapshot this time: no leader has confirmed the state');
      return;
    }
    this.lastSnapshot = result.zxid;
    if (!result.written) return;
    onSnapshot(clock.monotonicMs() - startedMs);
    const { path, nodes, bytes } = result;
    logger.info({ nodes, bytes }, `Snapshotting: ${hex64(result.zxid)} to ${path}`);
  }

  private async purge(): Promise<void> {
    const { jobs, purgeTask, logger } = this.parts;
    if (purgeTask === null || this.closed) return;
    const removed = await jobs.purge(purgeTask);
    for (const path of removed) logger.info({}, `Removed ${path}: no longer needed`);
  }
}

function nothing(): void {}
