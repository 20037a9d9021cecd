/**
 * The moment at which a batch of txns becomes durable, whoever writes it: measured, counted, and
 * told of when the disk is slow. What is thrown ends the process.
 */
import { basic } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import type { Clock, Logger } from '../base/ports.ts';
import type { LogLoan } from './log-loan.ts';

export interface BatchSyncParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
  /** Of the thread that writes. */
  readonly metrics: MetricsRecorder;
  readonly loan: Pick<LogLoan, 'syncMs'>;
  readonly warningThresholdMs: number;
}

/** The part of the newest sync in the average. */
const newestPart = 1 / 8;

export class BatchSync {
  private readonly parts: BatchSyncParts;

  constructor(parts: BatchSyncParts) {
    this.parts = parts;
  }

  /** `log` has `txns` to flush, and this thread has the log. */
  run(log: { flush(): void }, txns: number): void {
    const { clock, logger, metrics, loan, warningThresholdMs } = this.parts;
    const startedMs = clock.monotonicMs();
    log.flush();
    const tookMs = clock.monotonicMs() - startedMs;
    loan.syncMs += (tookMs - loan.syncMs) * newestPart;
    metrics.add(basic.fsynctime, Math.round(tookMs));
    metrics.add(basic.sync_processor_batch_size, txns);
    if (tookMs <= warningThresholdMs) return;
    logger.warn(
      { tookMs: Math.round(tookMs), txns },
      `fsync-ing the write ahead log in ${Math.round(tookMs)}ms`,
    );
  }
}
