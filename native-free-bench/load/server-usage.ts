/** CPU time and memory of the servers, from one look to the next. */
import { processCpuUs, processRssBytes } from './process-usage.ts';

export class ServerUsage {
  private readonly pids: readonly number[];
  private lastUs = 0;

  constructor(pids: readonly number[]) {
    this.pids = pids;
    this.take();
  }

  /** CPU time since the last call, µs, and resident memory now, of all of them together. */
  take(): { cpuUs: number; rssBytes: number } {
    const us = sum(this.pids.map(processCpuUs));
    const cpuUs = us - this.lastUs;
    this.lastUs = us;
    return { cpuUs, rssBytes: sum(this.pids.map(processRssBytes)) };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}
