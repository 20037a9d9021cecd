/**
 * Whether the thread that decides on txns writes them to the log by itself. That saves two thread
 * wake-ups, which take as long as the sync of a fast disk, and CPU time; but this thread hears of
 * nothing else meanwhile. A request that comes in during a sync waits for half of it, on average:
 * all that others lose by a sync must be less than what it saves. So it pays for a few txns of one
 * session that writes and waits, or of any while little is going on, where syncs are short.
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
/** Two wake-ups take this long, in ms. */
const wakeUpsMs = 0.06;

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
  private othersPerMs = 0;
  private lastSession = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, mates: ThreadMates) {
    this.clock = clock;
    this.mates = mates;
  }

  sendPackets(): void {
    this.mates.sendPackets();
  }

  isWorthIt({ txns, session }: TxnsInHand, syncMs: number): boolean {
    const isSame = session !== 0 && session === this.lastSession;
    this.lastSession = session;
    this.measure(txns, isSame ? txns : 0);
    if (txns > loneTxnsMax || syncMs > loneSyncMsMax) return false;
    // Half of a sync each; to be on the safe side that may be half of what is saved.
    return this.othersPerMs * syncMs * syncMs <= wakeUpsMs;
  }

  /** Of what came in, `own` are txns of the session that has written before, and waits for none. */
  private measure(txns: number, own: number): void {
    const nowMs = this.clock.monotonicMs();
    const arrivals = this.mates.arrivals();
    // Txns may come from elsewhere, and requests that make no txn count too.
    const others = Math.max(arrivals - this.lastArrivals, txns) - own;
    const perMs = others / Math.max(nowMs - this.lastMs, betweenMsMin);
    this.othersPerMs += (perMs - this.othersPerMs) * newestPart;
    this.lastMs = nowMs;
    this.lastArrivals = arrivals;
  }
}
