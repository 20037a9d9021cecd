/**
 * When and how long a server did not answer, read from what it prints: our server's probe
 * (`load/pause-probe.ts`), and the JVM with `-verbose:gc`.
 */
import { join } from 'node:path';
import { projectRoot } from '../../test/support/project-root.ts';

export interface GcFacts {
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
}

interface Pause {
  readonly kind: 'gc' | 'stall';
  /** When we read of it. */
  readonly atMs: number;
  readonly ms: number;
}

/** Arguments for Node.js and for the JVM that make them print their pauses. */
export const nodePauseArgs = ['--import', join(projectRoot, 'dist/bench/load/pause-probe.js')];
export const jvmPauseArgs = ['-verbose:gc'];

const patterns = [
  { kind: 'gc', pattern: /^probe gc ([\d.]+) ms$/ },
  { kind: 'stall', pattern: /^probe stall ([\d.]+) ms$/ },
  { kind: 'gc', pattern: /\bPause .* ([\d.]+)ms$/ },
] as const;
/** A run reads of far fewer in the time that anybody asks for. */
const pausesMax = 100_000;

export class PauseLog {
  private readonly nowMs: () => number;
  private readonly pauses: Pause[] = [];
  private rest = '';

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs;
  }

  /** Takes a piece of the server's output. */
  read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.readLine(line);
    if (this.pauses.length > pausesMax) this.pauses.splice(0, pausesMax / 2);
  }

  /** Garbage collections since `fromMs`, of all threads together. */
  gcSince(fromMs: number): GcFacts {
    const found = this.since(fromMs, 'gc');
    const totalMs = found.reduce((sum, ms) => sum + ms, 0);
    return { count: found.length, totalMs, maxMs: Math.max(0, ...found) };
  }

  /** How long the event loop stood still at the longest since `fromMs`; null if nobody says. */
  longestStallSince(fromMs: number): number | null {
    const found = this.since(fromMs, 'stall');
    return found.length === 0 ? null : Math.max(...found);
  }

  private since(fromMs: number, wanted: Pause['kind']): number[] {
    return this.pauses
      .filter(({ kind, atMs }) => kind === wanted && atMs >= fromMs)
      .map(({ ms }) => ms);
  }

  private readLine(line: string): void {
    for (const { kind, pattern } of patterns) {
      const ms = pattern.exec(line)?.[1];
      if (ms !== undefined) this.pauses.push({ kind, atMs: this.nowMs(), ms: Number(ms) });
    }
  }
}
