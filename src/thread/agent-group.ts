/**
 * The agents of one thread as one: what the three runners share. It knows no clock and never
 * sleeps; the order of the agents is the order in which they are started and called.
 */
import type { Agent } from '../base/agent.ts';

/** Pause of a thread whose deadline has passed although its agents were just called. */
const overdueMs = 1;

export class AgentGroup {
  private readonly agents: readonly Agent[];
  private readonly withDeadline: readonly Agent[];

  constructor(agents: readonly Agent[]) {
    this.agents = agents;
    this.withDeadline = agents.filter((agent) => agent.nextDeadlineMs !== undefined);
  }

  start(): void {
    for (const agent of this.agents) agent.start();
  }

  /** One duty cycle of each agent. Returns the work that they did together. */
  cycle(nowMs: number): number {
    let work = 0;
    for (const agent of this.agents) work += agent.dutyCycle(nowMs);
    return work;
  }

  /** In the opposite order, so that an agent may still use those that were there before it. */
  stop(): void {
    for (const agent of this.agents.toReversed()) agent.stop();
  }

  /** The earliest deadline in monotonic ms, or Infinity. */
  nextDeadlineMs(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const agent of this.withDeadline) earliest = Math.min(earliest, agent.nextDeadlineMs!());
    return earliest;
  }

  /**
   * How long the thread may sleep at `nowMs` after an idle cycle that was told `cycleMs`. An agent
   * that was called in time and still has the same deadline waits for something else, so that
   * calling it again at once would only burn the core.
   */
  idleMs(cycleMs: number, nowMs: number): number {
    const deadlineMs = this.nextDeadlineMs();
    if (deadlineMs <= cycleMs) return overdueMs;
    return Math.max(deadlineMs - nowMs, 0);
  }
}
