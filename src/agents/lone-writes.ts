/**
 * Whether the thread that decides on txns writes them to the log by itself. That saves two thread
 * wake-ups, which take as long as the sync of a fast disk, and CPU time; but this thread hears of
 * nothing else meanwhile, and what it does is not done during another sync. So it pays for a few
 * txns on a fast disk, when one session writes and waits, or when little is going on altogether.
 */
import { loneSyncMsMax, loneTxnsMax } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

/** Txns that are about to leave for the log. */
export interface TxnsInHand {
  readonly txns: number;
  /** Low half of the id of the session that all of them come from; 0 when there are several. */
  readonly session: number;
}

export interface LoneWrites {
  /** Asked each time when txns leave. A sync takes `syncMs` these days. */
  isWorthIt(hand: TxnsInHand, syncMs: number): boolean;
  /** They are about to be written here: packets to other servers leave before that. */
  sendPackets(): void;
}

/** Where every txn goes over the ring. */
export const noLoneWrites: LoneWrites = {
  isWorthIt: () => false,
  sendPackets: () => {},
};

/** The part of the newest measurement in the average. */
const newestPart = 1 / 2;
/** Between two decisions there is at least this much time, whatever the clock says. */
const betweenMsMin = 0.001;
/** Requests that come in during a sync, on average, when little is going on. */
const calmRequests = 1 / 2;

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
  private lastSession = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, mates: ThreadMates) {
    this.clock = clock;
    this.mates = mates;
  }

  sendPackets(): void {
    this.mates.sendPackets();
  }

  isWorthIt({ txns, session }: TxnsInHand, syncMs: number): boolean {
    this.measure(txns);
    const isSame = session !== 0 && session === this.lastSession;
    this.lastSession = session;
    if (txns > loneTxnsMax || syncMs > loneSyncMsMax) return false;
    return this.perMs * syncMs <= (isSame ? txns : calmRequests);
  }

  /** Txns may come from elsewhere; requests that make none count too. */
  private measure(txns: number): void {
    const nowMs = this.clock.monotonicMs();
    const arrivals = this.mates.arrivals();
    const came = Math.max(arrivals - this.lastArrivals, txns);
    const perMs = came / Math.max(nowMs - this.lastMs, betweenMsMin);
    this.perMs += (perMs - this.perMs) * newestPart;
    this.lastMs = nowMs;
    this.lastArrivals = arrivals;
  }
}
