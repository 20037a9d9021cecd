/**
 * The clock of the process. Monotonic time has the same zero on all threads, so that a time
 * stored by one can be compared by another: `performance.now` alone counts from the start of its
 * own thread, hence the offset to `hrtime`, which all threads share.
 */
import type { Clock } from '../base/ports.ts';

export class NodeClock implements Clock {
  private readonly monotonicOffsetMs = monotonicOffsetMs();

  /** Milliseconds since 1970; may jump in both directions. */
  nowMs(): number {
    return Date.now();
  }

  /** Milliseconds with fractions since some moment before the process began. */
  monotonicMs(): number {
    return performance.now() + this.monotonicOffsetMs;
  }
}

function monotonicOffsetMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6 - performance.now();
}
