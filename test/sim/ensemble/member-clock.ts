/**
 * The clock of one machine. Its monotonic time is that of the world, its wall clock may be set
 * wrong and jump; while a process stands still, time goes on.
 */
import type { Clock } from '../../../src/base/ports.ts';
import type { Timeline } from './timeline.ts';

const wallMsAtStart = 1_795_000_000_000;

export class MemberClock implements Clock {
  private readonly timeline: Timeline;
  private readonly startMs: number;
  private wallOffsetMs = 0;

  /** Monotonic clocks of different machines have nothing in common. */
  constructor(timeline: Timeline, startMs: number) {
    this.timeline = timeline;
    this.startMs = startMs;
  }

  nowMs(): number {
    return wallMsAtStart + Math.floor(this.timeline.nowUs / 1000) + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.startMs + this.timeline.nowUs / 1000;
  }

  /** When the world's time is this machine's monotonic time. */
  worldUsOf(monotonicMs: number): number {
    return Math.ceil((monotonicMs - this.startMs) * 1000);
  }

  jump(byMs: number): void {
    this.wallOffsetMs += byMs;
  }
}
