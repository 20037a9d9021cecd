/**
 * Counts what the keeper's core does, under Apache's names, and puts into the log what people
 * should hear of: limits of quotas that were met, at most one line a second.
 */
import { basic, basicSet, counter, counterSet } from '../admin/metrics-layout.ts';
import type { MetricsRecorder } from '../admin/metrics-recorder.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { quotaLogIntervalMs } from '../base/limits.ts';
import type { Logger } from '../base/ports.ts';
import { EventType } from '../jute/proto.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { KeeperMonitor } from '../processor/keeper-ports.ts';
import { namespaceEnd } from '../tree/namespace.ts';
import type { QuotaVerdict } from '../tree/quota.ts';

const watchCounts = new Map([
  [EventType.nodeCreated, basic.node_created_watch_count],
  [EventType.nodeDeleted, basic.node_deleted_watch_count],
  [EventType.nodeDataChanged, basic.node_changed_watch_count],
  [EventType.nodeChildrenChanged, basic.node_children_watch_count],
]);

const { write_per_namespace: writes, read_per_namespace: reads } = basicSet;

/** Adds to what was read in the namespace of the path. The root is in none. */
export function countRead(
  metrics: MetricsRecorder,
  path: Uint8Array,
  start: number,
  end: number,
  bytes: number,
): void {
  const to = namespaceEnd(path, start, end);
  if (to > start + 1) metrics.addIn(reads, path, start + 1, to, bytes);
}

export class CountingMonitor implements KeeperMonitor {
  private readonly metrics: MetricsRecorder;
  private readonly logger: Logger;
  private nowMs = 0;
  private loggedMs = Number.NEGATIVE_INFINITY;
  /** Sentences since the last one that was logged. */
  private unlogged = 0;

  constructor(metrics: MetricsRecorder, logger: Logger) {
    this.metrics = metrics;
    this.logger = logger;
  }

  begin(nowMs: number): void {
    this.nowMs = nowMs;
    this.metrics.maybeReset();
  }

  watchesTriggered(type: EventType, count: number): void {
    const id = watchCounts.get(type);
    if (id !== undefined) this.metrics.add(id, count);
  }

  written(path: Uint8Array, start: number, end: number, dataBytes: number): void {
    const bytes = end - start + Math.max(dataBytes, 0);
    const to = namespaceEnd(path, start, end);
    if (to > start + 1) this.metrics.addIn(writes, path, start + 1, to, bytes);
  }

  read(path: Uint8Array, start: number, end: number, bytes: number): void {
    countRead(this.metrics, path, start, end, bytes);
  }

  sessionExpired(): void {
    this.metrics.count(counter.stale_sessions_expired, 1);
  }

  quotaMet({ err, log, namespace }: QuotaVerdict): void {
    if (err === ErrorCode.quotaExceeded) {
      const label = encodeUtf8(namespace);
      const set = counterSet.quota_exceeded_error_per_namespace;
      this.metrics.countIn(set, label, 0, label.byteLength);
    }
    for (const sentence of log) this.report(sentence);
  }

  private report(sentence: string): void {
    if (this.nowMs - this.loggedMs < quotaLogIntervalMs) {
      this.unlogged++;
      return;
    }
    const { unlogged } = this;
    this.logger.warn(unlogged > 0 ? { unlogged } : {}, sentence);
    this.loggedMs = this.nowMs;
    this.unlogged = 0;
  }
}
