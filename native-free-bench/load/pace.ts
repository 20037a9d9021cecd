/**
 * When requests leave. In a closed loop a connection sends as many as it got replies, so that
 * `connections * depth` are in flight all the time. In an open loop they become due at a fixed
 * rate whatever the server does, and latency counts from then: a server that stalls cannot hide
 * the requests that it kept from being sent.
 */
export interface Pace {
  readonly loop: 'closed' | 'open';
  /** Nothing more will be granted to anybody. */
  readonly hasEnded: boolean;
  /** How many of `wanted` requests connection `index` may send now that has sent `sent`. */
  grant(index: number, sent: number, wanted: number): number;
  /** From when the latency of a request counts that leaves now. */
  startMs(index: number, sequence: number, nowMs: number): number;
  end(): void;
}

export class ClosedLoop implements Pace {
  readonly loop = 'closed';
  private left: number;

  /** Ends by itself after so many requests. */
  constructor(requestsMax: number) {
    this.left = requestsMax;
  }

  get hasEnded(): boolean {
    return this.left === 0;
  }

  grant(_index: number, _sent: number, wanted: number): number {
    const granted = Math.min(wanted, this.left);
    this.left -= granted;
    return granted;
  }

  startMs(_index: number, _sequence: number, nowMs: number): number {
    return nowMs;
  }

  end(): void {
    this.left = 0;
  }
}

export interface OpenLoopOptions {
  readonly ratePerSecond: number;
  readonly connections: number;
  readonly requestsMax: number;
}

/**
 * Request j belongs to connection j modulo their number. Requests become due in ticks of 1 ms,
 * those of a tick together at its beginning.
 */
export class OpenLoop implements Pace {
  readonly loop = 'open';
  /** Requests that have become due. */
  due = 0;
  private readonly perMs: number;
  private readonly connections: number;
  private readonly requestsMax: number;
  private beganMs = 0;
  private isEnded = false;

  constructor(options: OpenLoopOptions) {
    this.perMs = options.ratePerSecond / 1000;
    this.connections = options.connections;
    this.requestsMax = options.requestsMax;
  }

  get hasEnded(): boolean {
    return this.isEnded || this.due === this.requestsMax;
  }

  /** Lets requests become due that are due by this tick, which is at `dueMs`. */
  advance(tick: number, dueMs: number): void {
    this.beganMs = dueMs - tick;
    this.due = Math.min(Math.floor(tick * this.perMs), this.requestsMax);
  }

  grant(index: number, sent: number, wanted: number): number {
    if (this.isEnded) return 0;
    const dueHere = Math.floor((this.due - index + this.connections - 1) / this.connections);
    return Math.min(wanted, Math.max(dueHere - sent, 0));
  }

  startMs(index: number, sequence: number): number {
    const request = index + sequence * this.connections;
    return this.beganMs + Math.ceil((request + 1) / this.perMs);
  }

  end(): void {
    this.isEnded = true;
  }
}
