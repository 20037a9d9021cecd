/** An agent that does what the test says, and writes down when it was called. */
import type { Agent } from '../../src/base/agent.ts';

export class FakeAgent implements Agent {
  readonly name: string;
  /** What the coming duty cycles do: report that much work, or act and report none. */
  work: (number | (() => void))[] = [];
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly cycles: number[] = [];
  readonly journal: string[];

  constructor(name = 'fake', journal: string[] = []) {
    this.name = name;
    this.journal = journal;
  }

  start(): void {
    this.journal.push(`start ${this.name}`);
  }

  dutyCycle(nowMs: number): number {
    this.journal.push(this.name);
    this.cycles.push(nowMs);
    const next = this.work.shift() ?? 0;
    if (typeof next === 'number') return next;
    next();
    return 0;
  }

  stop(): void {
    this.journal.push(`stop ${this.name}`);
  }

  nextDeadlineMs(): number {
    return this.deadlineMs;
  }
}

/** A clock that stands still unless the test moves it. */
export class FakeClock {
  ms = 1000;

  monotonicMs(): number {
    return this.ms;
  }
}
