/**
 * The main loop of a worker thread: duty cycles while there is work, then sleep until the bell is
 * rung or a deadline comes. The thread's own event loop does not run in the meantime, so agents on
 * a worker use synchronous calls only. Here is the one `catch` of the thread.
 */
import type { Agent } from '../base/agent.ts';
import type { Clock } from '../base/ports.ts';
import { AgentGroup } from './agent-group.ts';

export interface WorkerLoopOptions {
  readonly agents: readonly Agent[];
  /** The bell of this thread. */
  readonly bell: { sleep(timeoutMs: number): void };
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Ends the process. The loop is over when it is called, and no agent is called again. */
  readonly onFailure: (error: unknown) => void;
  /** Time without work before the thread sleeps, in ms; worth its CPU with spare cores only. */
  readonly spinMs?: number;
}

export class WorkerLoop {
  private readonly options: WorkerLoopOptions;
  private readonly agents: AgentGroup;
  private readonly spinMs: number;
  private running = true;

  constructor(options: WorkerLoopOptions) {
    this.options = options;
    this.agents = new AgentGroup(options.agents);
    this.spinMs = options.spinMs ?? 0;
  }

  /** Returns after `stop`, or after a failure. */
  run(): void {
    const { bell, clock, onFailure } = this.options;
    try {
      this.agents.start();
      let workedMs = clock.monotonicMs();
      while (this.running) {
        const nowMs = clock.monotonicMs();
        if (this.agents.cycle(nowMs) > 0) workedMs = nowMs;
        else if (this.running && nowMs - workedMs >= this.spinMs) {
          bell.sleep(this.agents.idleMs(nowMs, clock.monotonicMs()));
        }
      }
      this.agents.stop();
    } catch (error) {
      onFailure(error);
    }
  }

  /** For an agent of this thread: `run` stops the agents and returns after the present cycle. */
  stop(): void {
    this.running = false;
  }
}
