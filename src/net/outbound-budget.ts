/**
 * The memory of a front for what its clients do not read. Few slow clients may have much waiting,
 * many only little each: all share one budget.
 */
import {
  outboundBytesHighWater,
  outboundBytesLowWater,
  outboundBytesPerConnectionMax,
  outboundBytesTotalMax,
} from '../base/limits.ts';

export class OutboundBudget {
  private slow = 0;
  private waiting = 0;
  /** Bytes waiting for one client above which it is not served before it has read all of it. */
  mark = outboundBytesHighWater;

  /** Bytes waiting for one client above which its connection ends. */
  get limit(): number {
    if (this.waiting <= outboundBytesTotalMax) return outboundBytesPerConnectionMax;
    return Math.max((2 * outboundBytesTotalMax) / this.slow, 2 * outboundBytesLowWater);
  }

  /** A client for which the kernel had `before` bytes too many has `after` of them now. */
  count(before: number, after: number): void {
    this.waiting += after - before;
    if (before === 0) this.slow++;
    if (after === 0) this.slow--;
    const share = outboundBytesTotalMax / 2 / Math.max(this.slow, 1);
    this.mark = Math.max(Math.min(share, outboundBytesHighWater), outboundBytesLowWater);
  }
}
