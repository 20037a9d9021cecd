/**
 * What one generator process has measured: latencies of each operation, and the course over time.
 * Replies outside the measured part are verified but not counted.
 */
import { build, type Histogram } from 'hdr-histogram-js';
import { ServerUsage } from './server-usage.ts';
import { intervalMs, operationNames, type Series } from './workload.ts';

/** Longer latencies count as this, µs. */
const latencyUsMax = 120_000_000;

/** Of the intervals, where two digits are enough. */
const intervalDigits = 2;
const digits = 3;

export function newHistogram(significantDigits = digits): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyUsMax,
    numberOfSignificantValueDigits: significantDigits as 2 | 3,
    useWebAssembly: false,
  });
}

export class LoadRecord {
  isMeasuring = false;
  /** Since the part that is measured began. */
  ops = 0;
  errors = 0;
  firstError: string | null = null;
  readonly series: Series = { opsPerSecond: [], p99Us: [], serverCores: [], serverRssMiB: [] };
  /** By the index of the operation; null for those that no reply came to. */
  readonly histograms: (Histogram | null)[] = operationNames.map(() => null);
  readonly lateness = newHistogram();
  private readonly interval = newHistogram(intervalDigits);
  private readonly server: ServerUsage | null;
  private intervalOps = 0;
  private intervalBeganMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(serverPids: readonly number[] | undefined) {
    this.server = serverPids === undefined ? null : new ServerUsage(serverPids);
  }

  onReply(operation: number, startMs: number, nowMs: number): void {
    if (!this.isMeasuring) return;
    const us = Math.min(Math.max(1, Math.round((nowMs - startMs) * 1000)), latencyUsMax);
    this.ops++;
    this.intervalOps++;
    (this.histograms[operation] ??= newHistogram()).recordValue(us);
    this.interval.recordValue(us);
  }

  onLate(ms: number): void {
    if (this.isMeasuring) this.lateness.recordValue(Math.max(1, Math.round(ms * 1000)));
  }

  onError(reason: string): void {
    this.errors++;
    this.firstError ??= reason;
  }

  begin(): void {
    this.isMeasuring = true;
    this.intervalBeganMs = performance.now();
    this.server?.take();
    this.timer = setInterval(() => this.endInterval(), intervalMs).unref();
  }

  /** The last interval, which is shorter, is not part of the series. */
  end(): void {
    this.isMeasuring = false;
    clearInterval(this.timer);
  }

  private endInterval(): void {
    const nowMs = performance.now();
    const seconds = (nowMs - this.intervalBeganMs) / 1000;
    const { series } = this;
    series.opsPerSecond.push(this.intervalOps / seconds);
    series.p99Us.push(this.intervalOps === 0 ? 0 : this.interval.getValueAtPercentile(99));
    if (this.server !== null) {
      const { cpuUs, rssBytes } = this.server.take();
      series.serverCores.push(cpuUs / 1e6 / seconds);
      series.serverRssMiB.push(rssBytes / 2 ** 20);
    }
    this.intervalBeganMs = nowMs;
    this.intervalOps = 0;
    this.interval.reset();
  }
}
