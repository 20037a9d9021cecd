/**
 * All agents on the caller's thread, called by hand: for tests and the simulator, which own the
 * clock. It neither sleeps nor catches anything. A server whose agents all live on the main thread
 * gives them to the `MainLoop` instead, which has sockets to serve in between.
 */
import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/ports.ts';
import { AgentGroup } from './agent-group.ts';

const cyclesMaxDefault = 1_000_000;

export class InlineLoop {
  private readonly agents: AgentGroup;
  private readonly clock: Pick<Clock, 'monotonicMs'>;

  constructor(agents: readonly Agent[], clock: Pick<Clock, 'monotonicMs'>) {
    this.agents = new AgentGroup(agents);
    this.clock = clock;
  }

  start(): void {
    this.agents.start();
  }

  /** One duty cycle of each agent. Returns the work that they did. */
  step(): number {
    return this.agents.cycle(this.clock.monotonicMs());
  }

  /** Steps until all agents are idle in the same one. Returns the work that they did. */
  run(cyclesMax = cyclesMaxDefault): number {
    let total = 0;
    for (let cycles = 0; cycles < cyclesMax; cycles++) {
      const work = this.step();
      if (work === 0) return total;
      total += work;
    }
    assert(false, `agents are still busy after ${cyclesMax} duty cycles`);
  }

  /** When the first agent wants to be called although nothing arrives: monotonic ms or Infinity. */
  nextDeadlineMs(): number {
    return this.agents.nextDeadlineMs();
  }

  stop(): void {
    this.agents.stop();
  }
}
