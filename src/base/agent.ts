/**
 * An agent is a thread's worth of work that does not know on which thread it runs. Its runner
 * (folder `thread`) repeats the duty cycle and sleeps when there was nothing to do; an agent never
 * blocks, awaits, sleeps or sets a timer.
 */
export interface Agent {
  readonly name: string;
  /** Called once, on the agent's own thread, before the first duty cycle. */
  start(): void;
  /**
   * Drains what arrived, decides, carries the effects out; a bounded amount of each. `nowMs` is
   * monotonic. Returns how much was done: with 0 the thread may sleep until its bell is rung or
   * the next deadline, so an agent that left input behind returns more than 0, unless it waits
   * for room in a ring (`RingSender.awaitRoom`), which rings the bell. It may throw: the process
   * then ends.
   */
  dutyCycle(nowMs: number): number;
  /** Called once after the last duty cycle; never after a failure. */
  stop(): void;
  /**
   * Monotonic ms at which it wants a duty cycle although nothing arrives; Infinity = never. Asked
   * for after every cycle in which all agents of the thread were idle, so it must be cheap.
   */
  nextDeadlineMs?(): number;
}
