/** The measured part of a load in one process, from its begin to its end. */
import type { Histogram } from 'hdr-histogram-js';
import { processCpuUs } from './process-usage.ts';
import type { LoadRecord } from './record.ts';
import type { Series } from './workload.ts';

/** What one process has measured. */
export interface LoadPart {
  readonly ops: number;
  readonly seconds: number;
  readonly generatorUs: number;
  /** Of all servers; null where nobody looked. */
  readonly serverUs: number | null;
  /** By the index of the operation. */
  readonly histograms: readonly (Histogram | null)[];
  /** Of the metronome, µs. */
  readonly lateness: Histogram;
  readonly series: Series;
  readonly errors: number;
  readonly firstError: string | null;
}

export class MeasuredPart {
  private readonly record: LoadRecord;
  private readonly serverPids: readonly number[] | undefined;
  private readonly beganMs: number;
  private readonly generatorUs: number;
  private readonly serverUs: number | null;

  /** Begins. */
  constructor(record: LoadRecord, serverPids: readonly number[] | undefined) {
    this.record = record;
    this.serverPids = serverPids;
    this.serverUs = serverCpuUs(serverPids);
    this.generatorUs = ownCpuUs();
    this.beganMs = performance.now();
    record.begin();
  }

  end(): LoadPart {
    const { record, serverPids, serverUs } = this;
    record.end();
    const { ops, histograms, lateness, series, errors, firstError } = record;
    return {
      ...{ ops, histograms, lateness, series, errors, firstError },
      seconds: (performance.now() - this.beganMs) / 1000,
      generatorUs: ownCpuUs() - this.generatorUs,
      serverUs: serverUs === null ? null : serverCpuUs(serverPids)! - serverUs,
    };
  }
}

/** Whoever waits has open sockets, so the timer keeps no process alive. */
export function after(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
}

function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function serverCpuUs(pids: readonly number[] | undefined): number | null {
  return pids?.reduce((sum, pid) => sum + processCpuUs(pid), 0) ?? null;
}
