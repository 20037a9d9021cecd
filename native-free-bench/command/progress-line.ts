/**
 * Says what a run is doing: on a terminal one line that changes in place, elsewhere (a log) one
 * line a step.
 */

import type { Measurement } from '../harness/measurement.ts';
import { formatNumber } from '../report/format.ts';

export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barCells = 16;
const columnsDefault = 80;
const clearLine = '\r\u001b[K';

export class ProgressLine {
  private readonly output: ProgressOutput;
  private readonly nowMs: () => number;
  private readonly startedMs: number;
  private title = '';
  private titleSinceMs = 0;
  private share = 0;
  private what = '';

  constructor(output: ProgressOutput, nowMs: () => number) {
    this.output = output;
    this.nowMs = nowMs;
    this.startedMs = nowMs();
  }

  /** A scenario begins. */
  scenario(index: number, count: number, name: string): void {
    this.title = `[${index + 1}/${count}] ${name}`;
    this.titleSinceMs = this.nowMs();
    this.step(0, 1, 'starting');
  }

  /** As a scenario tells its progress. */
  step(done: number, total: number, what: string): void {
    this.share = Math.min(1, done / Math.max(1, total));
    this.what = what;
    if (this.output.isTTY === true) this.redraw();
    else this.output.write(`${this.title} ${percentOf(this.share)}  ${what}\n`);
  }

  /** Time has passed: on a terminal the line shows it. */
  redraw(): void {
    const { output, title, share, what } = this;
    if (output.isTTY !== true) return;
    const text = `${title} ${bar(share)} ${percentOf(share)}  ${this.times(share)}  ${what}`;
    output.write(clearLine + text.slice(0, (output.columns || columnsDefault) - 1));
  }

  /** A figure is known. Logs keep it; on a terminal the table at the end is enough. */
  figure({ server, figure, value, unit }: Measurement): void {
    if (this.output.isTTY === true) return;
    this.output.write(`  ${server}  ${figure}: ${formatNumber(value)} ${unit}\n`);
  }

  /** Nothing more to say: leaves no half line behind. */
  end(): void {
    if (this.output.isTTY === true) this.output.write(clearLine);
  }

  private times(share: number): string {
    const now = this.nowMs();
    const text = clock(now - this.startedMs);
    if (share < 0.1) return text;
    const elapsed = now - this.titleSinceMs;
    return `${text}, ${clock((elapsed / share) * (1 - share))} left here`;
  }
}

function percentOf(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}

function bar(share: number): string {
  const full = Math.round(share * barCells);
  return '█'.repeat(full) + '░'.repeat(barCells - full);
}

/** `3:05` minutes and seconds. */
function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
