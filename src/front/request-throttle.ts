/**
 * Limits on what is in process at the keeper beside `globalOutstandingLimit`, all off unless set:
 * how many requests (Apache `RequestThrottler`), and how many bytes of large ones (Apache
 * `ZooKeeperServer.checkRequestSize*`). Requests wait at the head of their connection, so one that
 * waits holds up those behind it and nobody else.
 */
import { advanced, counter } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { OpCode } from '../jute/proto.ts';
import type { FrontClient } from './client.ts';
import type { FrontCounts } from './front-counts.ts';

export interface RequestThrottleSettings {
  /** Requests in process above which further ones wait; 0: off. */
  readonly requestsMax: number;
  /** A request that waited longer is answered with throttledOp and not done; 0: never. */
  readonly opWaitMs: number;
  /** A request that waited longer than its session's timeout ends the connection. */
  readonly dropsStale: boolean;
  /** Requests longer than this are large; below 0: none is. */
  readonly largeThreshold: number;
  /** Bytes of large requests in process above which the connection that sends one more ends. */
  readonly largeBytesMax: number;
}

/** go: now; wait: not yet; throttled: to be answered with throttledOp; drop: ends the connection. */
export type ThrottleVerdict = 'go' | 'wait' | 'throttled' | 'drop';

export class RequestThrottle {
  private readonly settings: RequestThrottleSettings;
  private readonly counts: FrontCounts;
  private readonly metrics: MetricsRecorder;

  constructor(settings: RequestThrottleSettings, counts: FrontCounts, metrics: MetricsRecorder) {
    this.settings = settings;
    this.counts = counts;
    this.metrics = metrics;
  }

  /** The request of `client` that stands at the head of its connection. */
  judge(client: FrontClient, type: number, bytes: number, nowMs: number): ThrottleVerdict {
    const { settings, metrics, counts } = this;
    if (this.isLarge(bytes) && counts.largeBytesOfAll + bytes > settings.largeBytesMax) {
      metrics.count(counter.large_requests_rejected, 1);
      return 'drop';
    }
    if (settings.requestsMax <= 0) return 'go';
    if (client.waitsSinceMs < 0) client.waitsSinceMs = nowMs;
    const waitedMs = nowMs - client.waitsSinceMs;
    if (settings.dropsStale && type !== OpCode.closeSession && waitedMs > client.timeoutMs) {
      metrics.count(counter.stale_requests_dropped, 1);
      return 'drop';
    }
    // One of each front goes in any case: its answer is what makes the others be asked again.
    if (counts.inFlight > 0 && counts.inFlightOfAll >= settings.requestsMax) {
      metrics.count(counter.request_throttle_wait_count, 1);
      return 'wait';
    }
    const isTooLate = settings.opWaitMs > 0 && waitedMs > settings.opWaitMs;
    const isThrottled = isTooLate && type !== OpCode.closeSession;
    // Its answer comes from here, and so has to wait for those of the keeper.
    if (isThrottled && client.inFlight > 0) return 'wait';
    client.waitsSinceMs = -1;
    metrics.addSampled(advanced.request_throttle_queue_time_ms, Math.round(waitedMs));
    if (!isThrottled) return 'go';
    metrics.count(counter.throttled_ops, 1);
    return 'throttled';
  }

  /** A request leaves for the keeper. */
  onForwarded(client: FrontClient, bytes: number): void {
    if (this.settings.largeThreshold < 0) return;
    const counted = this.isLarge(bytes) ? bytes : 0;
    client.largeInFlight.push(counted);
    this.counts.addLargeBytes(counted);
  }

  /** The oldest request in flight of the client is answered. */
  onAnswered(client: FrontClient): void {
    if (this.settings.largeThreshold < 0) return;
    this.counts.addLargeBytes(-(client.largeInFlight.shift() ?? 0));
  }

  /** Nobody answers what the client had in flight or waiting. */
  onGone(client: FrontClient): void {
    for (const bytes of client.largeInFlight) this.counts.addLargeBytes(-bytes);
    if (client.waitsSinceMs >= 0) this.metrics.count(counter.stale_requests_dropped, 1);
  }

  private isLarge(bytes: number): boolean {
    const { largeThreshold } = this.settings;
    return largeThreshold >= 0 && bytes > largeThreshold;
  }
}
