import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Bell, createBell } from '../../src/ring/bell.ts';
import { MainLoop, type MainLoopOptions } from '../../src/thread/main-loop.ts';
import { FakeAgent, FakeClock } from './fake-agent.ts';

class FakeBell {
  isRung = false;
  onRung: (() => void) | undefined;
  /** Called instead of a blocking sleep. */
  onSleep: ((timeoutMs: number) => void) | undefined;

  sleep(timeoutMs: number): void {
    this.isRung = false;
    this.onSleep?.(timeoutMs);
  }

  sleepAsync(onRung: () => void): boolean {
    const falls = !this.isRung;
    this.isRung = false;
    this.onRung = falls ? onRung : undefined;
    return falls;
  }

  disarm(): void {
    this.onRung = undefined;
  }

  ring(): void {
    const onRung = this.onRung;
    if (onRung === undefined) this.isRung = true;
    this.onRung = undefined;
    onRung?.();
  }
}

interface World {
  journal: string[];
  agents: FakeAgent[];
  clock: FakeClock;
  bell: FakeBell;
  loop: MainLoop;
  failures: unknown[];
}

function makeWorld(options: Partial<MainLoopOptions> = {}): World {
  const journal: string[] = [];
  const agents = [new FakeAgent('a', journal), new FakeAgent('b', journal)];
  const clock = new FakeClock();
  const bell = new FakeBell();
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => failures.push(error);
  const loop = new MainLoop({ agents, bell, clock, onFailure, ...options });
  return { journal, agents, clock, bell, loop, failures };
}

/** One pass over the immediates that are scheduled now. */
function nextTurn(): void {
  vi.advanceTimersToNextTimer();
}

/** A started loop that has fallen asleep; its journal is empty. */
function makeSleeping(options: Partial<MainLoopOptions> = {}): World {
  const world = makeWorld(options);
  world.loop.start();
  nextTurn();
  world.journal.length = 0;
  return world;
}

describe('the main loop', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('starts its agents at once and calls them from the event loop only', () => {
    const { loop, journal } = makeWorld();
    loop.start();
    expect(journal).toEqual(['start a', 'start b']);
    nextTurn();
    expect(journal).toEqual(['start a', 'start b', 'a', 'b']);
  });

  it('makes one turn of any number of wakes', () => {
    const { loop, journal, bell } = makeSleeping();
    for (let i = 0; i < 10; i++) loop.wake();
    expect(journal).toEqual([]);
    nextTurn();
    expect(journal).toEqual(['a', 'b']);
    expect(bell.onRung).toBeDefined();
  });

  it('makes a turn when its bell is rung', () => {
    const { journal, bell } = makeSleeping();
    bell.ring();
    expect(journal).toEqual(['a', 'b']);
    expect(bell.onRung).toBeDefined();
  });

  it('waits for its bell in the turn where it may, and then goes on in the same turn', () => {
    let mayBlock = true;
    const mayBlockMs = () => (mayBlock ? 2 : 0);
    const { loop, bell, journal } = makeSleeping({ mayBlockMs: () => 0 });
    expect(journal).toEqual([]);
    loop.close();
    const blocking = makeWorld({ mayBlockMs });
    const slept: number[] = [];
    blocking.bell.onSleep = (timeoutMs) => {
      slept.push(timeoutMs);
      blocking.journal.push('sleep');
      mayBlock = false;
    };
    blocking.loop.start();
    nextTurn();
    expect(blocking.journal).toEqual(['start a', 'start b', 'a', 'b', 'sleep', 'a', 'b']);
    expect(slept).toEqual([2]);
    expect(blocking.bell.onRung).toBeDefined();
    expect(bell.onRung).toBeUndefined();
  });

  it('is not asleep while it works', () => {
    const { loop, agents, bell } = makeSleeping();
    const seen: boolean[] = [];
    agents[0]!.work = [() => seen.push(bell.onRung === undefined)];
    loop.wake();
    nextTurn();
    expect(seen).toEqual([true]);
  });

  it('looks again, behind the sockets, when the bell was rung before it fell asleep', () => {
    const { loop, agents, bell, journal } = makeSleeping();
    agents[1]!.work = [() => bell.ring()];
    loop.wake();
    nextTurn();
    expect(bell.onRung).toBeUndefined();
    nextTurn();
    expect(journal).toEqual(['a', 'b', 'a', 'b']);
    expect(bell.onRung).toBeDefined();
  });

  it('lets sockets come first after a bounded number of cycles', () => {
    const { loop, agents, journal } = makeSleeping({ cyclesPerTurnMax: 3 });
    agents[0]!.work = [1, 1, 1, 1];
    loop.wake();
    nextTurn();
    expect(journal).toHaveLength(6);
    nextTurn();
    expect(journal).toHaveLength(10);
  });

  it('makes one more turn after one that did something, and only then sleeps', () => {
    const { loop, agents, journal, bell } = makeSleeping();
    agents[0]!.work = [1];
    loop.wake();
    nextTurn();
    expect(bell.onRung).toBeUndefined();
    expect(journal).toHaveLength(4);
    nextTurn();
    expect(bell.onRung).toBeDefined();
    expect(journal).toHaveLength(6);
  });

  it('makes a turn when the deadline comes', () => {
    const { agents, clock, bell, journal } = makeSleeping();
    agents[1]!.deadlineMs = 1300;
    bell.ring();
    journal.length = 0;
    vi.advanceTimersByTime(299);
    expect(journal).toEqual([]);
    clock.ms = 1300;
    agents[1]!.work = [() => (agents[1]!.deadlineMs = 2000)];
    vi.advanceTimersByTime(2);
    expect(journal).toEqual(['a', 'b']);
    expect(agents[1]!.cycles.at(-1)).toBe(1300);
  });

  it('does not lose a deadline that has moved forward behind one that was further away', () => {
    const { agents, bell, journal } = makeSleeping();
    agents[0]!.deadlineMs = 5000;
    bell.ring();
    agents[0]!.deadlineMs = 1010;
    bell.ring();
    journal.length = 0;
    vi.advanceTimersByTime(11);
    expect(journal).not.toEqual([]);
  });

  it('makes a turn at once for a deadline that came during the cycle', () => {
    const { agents, clock, bell, journal } = makeSleeping();
    agents[0]!.deadlineMs = 1020;
    agents[1]!.work = [() => (clock.ms += 50)];
    bell.ring();
    journal.length = 0;
    agents[0]!.deadlineMs = 9000;
    vi.advanceTimersByTime(0);
    nextTurn();
    expect(journal.slice(0, 2)).toEqual(['a', 'b']);
  });

  it('keeps the process alive until it is closed, and lets go of everything then', () => {
    const { loop, journal, bell } = makeSleeping();
    expect(vi.getTimerCount()).toBe(1);
    loop.wake();
    loop.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(journal).toEqual(['stop b', 'stop a']);
    loop.wake();
    bell.ring();
    loop.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(journal).toEqual(['stop b', 'stop a']);
  });

  it('stops the agents at the end of the cycle in which one of them closes it', () => {
    const { loop, agents, journal } = makeSleeping();
    agents[0]!.work = [() => loop.close()];
    loop.wake();
    nextTurn();
    expect(journal).toEqual(['a', 'b', 'stop b', 'stop a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['start', 'dutyCycle'] as const)('reports an exception in %s and is over', (method) => {
    const { loop, agents, failures, journal } = makeWorld();
    const error = new Error('broken');
    agents[1]![method] = () => {
      throw error;
    };
    loop.start();
    if (method === 'dutyCycle') nextTurn();
    expect(failures).toEqual([error]);
    expect(vi.getTimerCount()).toBe(0);
    loop.wake();
    expect(vi.getTimerCount()).toBe(0);
    expect(journal).not.toContain('stop a');
  });
});

describe('the main loop with a real bell', () => {
  it('is woken from its sleep, time and again', async () => {
    const memory = createBell();
    const stranger = new Bell(memory);
    const agent = new FakeAgent();
    const failures: unknown[] = [];
    const loop = new MainLoop({
      agents: [agent],
      bell: new Bell(memory),
      clock: new FakeClock(),
      onFailure: (error) => failures.push(error),
    });
    loop.start();
    for (let i = 0; i < 20; i++) {
      await new Promise<void>((resolve) => {
        agent.work = [resolve];
        stranger.ring();
      });
    }
    loop.close();
    expect(failures).toEqual([]);
    expect(agent.journal.at(-1)).toBe('stop fake');
  });
});
