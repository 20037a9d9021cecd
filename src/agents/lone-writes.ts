/**
 * Whether the thread that decides on txns writes them to the log by itself. That saves two thread
 * wake-ups, which take as long as the sync of a fast disk, and CPU time; but this thread hears of
 * nothing else meanwhile. So it pays for a few txns on a fast disk while little else comes in: no
 * more, during one sync, than there are txns in hand.
 */
import { loneSyncMsMax, loneTxnsMax } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

export interface LoneWrites {
  /** `txns` are in hand; a sync takes `syncMs` these days. */
  isWorthIt(txns: number, syncMs: number): boolean;
  /** Packets to other servers leave now, if the sockets are on this thread. */
  sendPackets(): void;
}

/** Where every txn goes over the ring. */
export const noLoneWrites: LoneWrites = {
  isWorthIt: () => false,
  sendPackets: () => {},
};

/** Of other threads as of this one, the last two measurements count. */
const smoothing = 1 / 2;
/** Between two decisions there is at least this much time, whatever the clock says. */
const betweenMsMin = 0.001;

/** What else is on the thread. */
export interface ThreadMates {
  /** How many requests it has been given so far. */
  arrivals(): number;
  sendPackets(): void;
}

export class LoneWritePolicy implements LoneWrites {
  private readonly clock: Pick<Clock, 'monotonicMs'>;
  private readonly mates: ThreadMates;
  private lastMs = 0;
  private lastArrivals = 0;
  private perMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, mates: ThreadMates) {
    this.clock = clock;
    this.mates = mates;
  }

  sendPackets(): void {
    this.mates.sendPackets();
  }

  isWorthIt(txns: number, syncMs: number): boolean {
    this.measure(txns);
    return txns <= loneTxnsMax && syncMs <= loneSyncMsMax && this.perMs * syncMs <= txns;
  }

  /** Txns may come from elsewhere; requests that make none count too. */
  private measure(txns: number): void {
    const nowMs = this.clock.monotonicMs();
    const arrivals = this.mates.arrivals();
    const came = Math.max(arrivals - this.lastArrivals, txns);
    const perMs = came / Math.max(nowMs - this.lastMs, betweenMsMin);
    this.perMs += (perMs - this.perMs) * smoothing;
    this.lastMs = nowMs;
    this.lastArrivals = arrivals;
  }
}
