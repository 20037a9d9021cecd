import { describe, expect, it } from 'vitest';
import { WorkerLoop, type WorkerLoopOptions } from '../../src/thread/worker-loop.ts';
import { FakeAgent, FakeClock } from './fake-agent.ts';

interface World {
  journal: string[];
  agents: FakeAgent[];
  clock: FakeClock;
  loop: WorkerLoop;
  /** What happens in the coming sleeps; the loop is stopped in the last one. */
  sleeps: (() => void)[];
  failures: unknown[];
}

function makeWorld(options: Partial<WorkerLoopOptions> = {}): World {
  const journal: string[] = [];
  const agents = [new FakeAgent('a', journal), new FakeAgent('b', journal)];
  const clock = new FakeClock();
  const sleeps: (() => void)[] = [];
  const failures: unknown[] = [];
  const bell = {
    sleep(timeoutMs: number) {
      journal.push(`sleep ${timeoutMs}`);
      (sleeps.shift() ?? (() => loop.stop()))();
    },
  };
  const onFailure = (error: unknown) => failures.push(error);
  const loop = new WorkerLoop({ agents, bell, clock, onFailure, ...options });
  return { journal, agents, clock, loop, sleeps, failures };
}

describe('a worker', () => {
  it('starts its agents in order, calls them while one has work, sleeps, stops them backwards', () => {
    const { loop, agents, journal } = makeWorld();
    agents[1]!.work = [5];
    loop.run();
    const expected = [
      'start a',
      'start b',
      'a',
      'b',
      'a',
      'b',
      'sleep Infinity',
      'stop b',
      'stop a',
    ];
    expect(journal).toEqual(expected);
  });

  it('goes on with duty cycles after each sleep', () => {
    const { loop, sleeps, journal } = makeWorld();
    sleeps.push(() => {});
    loop.run();
    expect(journal.slice(2, -2)).toEqual(['a', 'b', 'sleep Infinity', 'a', 'b', 'sleep Infinity']);
  });

  it('does not sleep any more when an agent has stopped it', () => {
    const { loop, agents, journal } = makeWorld();
    agents[0]!.work = [() => loop.stop()];
    loop.run();
    expect(journal).toEqual(['start a', 'start b', 'a', 'b', 'stop b', 'stop a']);
  });

  it('sleeps until the earliest deadline, counted from the end of the cycle', () => {
    const { loop, agents, clock, journal } = makeWorld();
    agents[0]!.deadlineMs = 1500;
    agents[1]!.deadlineMs = 1200;
    agents[1]!.work = [() => (clock.ms += 50)];
    loop.run();
    expect(journal).toContain('sleep 150');
  });

  it('does not sleep past a deadline that came during the cycle', () => {
    const { loop, agents, clock, journal } = makeWorld();
    agents[0]!.deadlineMs = 1020;
    agents[1]!.work = [() => (clock.ms += 50)];
    loop.run();
    expect(journal).toContain('sleep 0');
  });

  it('does not burn the core over a deadline that an agent leaves behind', () => {
    const { loop, agents, journal } = makeWorld();
    agents[0]!.deadlineMs = 900;
    loop.run();
    expect(journal).toContain('sleep 1');
  });

  it('tells the agents the monotonic time', () => {
    const { loop, agents, clock, sleeps } = makeWorld();
    sleeps.push(() => (clock.ms = 1700));
    loop.run();
    expect(agents[0]!.cycles).toEqual([1000, 1700]);
  });

  it('keeps looking for the time to spin before it sleeps', () => {
    const { loop, agents, clock, journal } = makeWorld({ spinMs: 2 });
    const tick = () => (clock.ms += 1);
    agents[0]!.work = [1, tick, tick, tick, tick];
    loop.run();
    expect(journal.filter((entry) => entry === 'a')).toHaveLength(4);
  });

  it.each(['start', 'dutyCycle', 'stop'] as const)('reports an exception in %s, once', (method) => {
    const { loop, agents, failures, journal } = makeWorld();
    const error = new Error('broken');
    agents[1]![method] = () => {
      throw error;
    };
    loop.run();
    expect(failures).toEqual([error]);
    expect(journal).not.toContain('stop a');
  });
});
