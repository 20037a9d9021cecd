/**
 * The loop of the main thread, which must never block: sockets live there. A turn is a few duty
 * cycles; it comes from the event loop when a socket's callback has called `wake`, when the bell
 * is rung, or when a deadline comes. Here is the one `catch` of the thread's agents.
 *
 *            wake(), start()                          idle turn
 *     ┌────────────────────────► scheduled ──► turn ────────────► asleep ──┐
 *     │                              ▲           │                         │
 *     │                              └───────────┘                         │
 *     │                              busy turn: sockets come first         │
 *     └──────────────────── bell, timer ◄──────────────────────────────────┘
 *
 * A turn that did anything is followed by another one through `setImmediate` before the thread
 * falls asleep: under load nobody then has to pay for waking it. A started loop keeps the process
 * alive (the timer does), a closed one does not.
 */

import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/ports.ts';
import { AgentGroup } from './agent-group.ts';

export interface MainLoopOptions {
  readonly agents: readonly Agent[];
  /** The bell of this thread. */
  readonly bell: {
    sleep(timeoutMs: number): void;
    sleepAsync(onRung: () => void): boolean;
    disarm(): void;
    ring(): void;
  };
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Ends the process. The loop is closed when it is called, and no agent is called again. */
  readonly onFailure: (error: unknown) => void;
  /**
   * How long an idle thread may wait for its bell instead of going back to the event loop, in ms;
   * 0 = not now. That wakes up in half the time, but hears of nothing else meanwhile.
   */
  readonly mayBlockMs?: () => number;
  /** Duty cycles in one turn: more than a few only when several agents share the thread. */
  readonly cyclesPerTurnMax?: number;
}

const cyclesPerTurnMaxDefault = 8;
/** Longest delay of `setTimeout`. */
const timerMsMax = 2 ** 31 - 1;

export class MainLoop {
  private readonly options: MainLoopOptions;
  private readonly agents: AgentGroup;
  private readonly cyclesPerTurnMax: number;
  private state: 'new' | 'running' | 'closed' = 'new';
  private isPaused = false;
  private inTurn = false;
  private asleep = false;
  private immediate: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timerDueMs = 0;

  constructor(options: MainLoopOptions) {
    this.options = options;
    this.agents = new AgentGroup(options.agents);
    this.cyclesPerTurnMax = options.cyclesPerTurnMax ?? cyclesPerTurnMaxDefault;
    assert(this.cyclesPerTurnMax > 0, 'a turn has duty cycles');
  }

  start(): void {
    assert(this.state === 'new', 'a loop is started once');
    this.state = 'running';
    this.guard(() => this.agents.start());
    this.wake();
  }

  /** Asks for a turn soon. Cheap: any number of calls before the turn make one turn. */
  wake(): void {
    if (this.isRunning()) this.immediate ??= setImmediate(this.onImmediate);
  }

  /** No agent is called until `resume`. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.wake();
  }

  /**
   * Stops the agents and lets go of all that keeps the process alive. An agent may call it from
   * its duty cycle: then the agents are stopped at the end of that cycle.
   */
  close(): void {
    if (!this.isRunning()) return;
    this.release();
    if (!this.inTurn) this.guard(() => this.agents.stop());
  }

  private readonly onImmediate = (): void => {
    this.immediate = undefined;
    this.turn();
  };

  private readonly onTimer = (): void => {
    this.timer = undefined;
    this.wake();
  };

  /** May come when the loop has been woken otherwise, or is closed: a turn more does no harm. */
  private readonly onRung = (): void => {
    if (this.immediate === undefined) this.turn();
  };

  private turn(): void {
    if (!this.isRunning() || this.isPaused) return;
    if (this.asleep) this.options.bell.disarm();
    this.asleep = false;
    this.inTurn = true;
    this.guard(() => this.turnCycles());
    this.inTurn = false;
  }

  private turnCycles(): void {
    let nowMs = this.options.clock.monotonicMs();
    let work = this.agents.cycle(nowMs);
    const worked = work > 0;
    for (let cycles = 1; this.isRunning() && cycles < this.cyclesPerTurnMax; cycles++) {
      if (work === 0 && !this.hasBlocked()) break;
      nowMs = this.options.clock.monotonicMs();
      work = this.agents.cycle(nowMs);
    }
    if (!this.isRunning()) this.agents.stop();
    else if (worked) this.wake();
    else this.maybeFallAsleep(nowMs);
  }

  /** Waits for the bell without the event loop, where that is allowed. */
  private hasBlocked(): boolean {
    const blockMs = this.options.mayBlockMs?.() ?? 0;
    if (blockMs > 0) this.options.bell.sleep(blockMs);
    return blockMs > 0;
  }

  private isRunning(): boolean {
    return this.state === 'running';
  }

  private maybeFallAsleep(cycleMs: number): void {
    if (this.immediate !== undefined) return;
    this.asleep = this.options.bell.sleepAsync(this.onRung);
    const nowMs = this.options.clock.monotonicMs();
    const idleMs = Math.min(this.agents.idleMs(cycleMs, nowMs), timerMsMax);
    if (this.asleep && idleMs > 0) this.setTimer(nowMs + idleMs, idleMs);
    else this.wake();
  }

  /** A timer that comes too early is left alone: most deadlines only ever move further away. */
  private setTimer(dueMs: number, delayMs: number): void {
    if (this.timer !== undefined && this.timerDueMs <= dueMs) return;
    clearTimeout(this.timer);
    this.timerDueMs = dueMs;
    this.timer = setTimeout(this.onTimer, Math.ceil(delayMs));
  }

  private release(): void {
    this.state = 'closed';
    clearImmediate(this.immediate);
    clearTimeout(this.timer);
    this.immediate = this.timer = undefined;
    // Resolves the wait that may be pending, which cannot be cancelled.
    this.options.bell.ring();
  }

  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (this.isRunning()) this.release();
      this.options.onFailure(error);
    }
  }
}
