import { describe, expect, it } from 'vitest';
import { Bell, createBell } from '../../src/ring/bell.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { InlineLoop } from '../../src/thread/inline-loop.ts';
import { NodeClock } from '../../src/thread/node-clock.ts';
import { FakeAgent, FakeClock } from './fake-agent.ts';

describe('an inline loop', () => {
  it('calls all agents until all are idle in the same cycle, and adds up their work', () => {
    const journal: string[] = [];
    const [a, b] = [new FakeAgent('a', journal), new FakeAgent('b', journal)];
    a.work = [1, 0, 3];
    b.work = [0, 2, 0];
    const loop = new InlineLoop([a, b], new FakeClock());
    loop.start();
    expect(loop.run()).toBe(6);
    loop.stop();
    const cycles = ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'];
    expect(journal).toEqual(['start a', 'start b', ...cycles, 'stop b', 'stop a']);
  });

  it('stops the test when its agents never come to rest', () => {
    const agent = new FakeAgent();
    agent.work = new Array(20).fill(1);
    expect(() => new InlineLoop([agent], new FakeClock()).run(10)).toThrow('still busy');
  });

  it('tells when the first deadline comes', () => {
    const [a, b] = [new FakeAgent('a'), new FakeAgent('b')];
    const loop = new InlineLoop([a, b], new FakeClock());
    expect(loop.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
    b.deadlineMs = 77;
    expect(loop.nextDeadlineMs()).toBe(77);
  });

  it('lets exceptions through to the caller', () => {
    const agent = new FakeAgent();
    agent.work = [
      () => {
        throw new Error('broken');
      },
    ];
    expect(() => new InlineLoop([agent], new FakeClock()).run()).toThrow('broken');
  });

  it('carries ten thousand records through two small rings between agents on one thread', () => {
    const bell = createBell();
    const [there, back] = [createRing(128, bell, bell), createRing(64, bell, bell)];
    const received: number[] = [];
    const loop = new InlineLoop(
      [
        countingAgent(new RingSender(there), new RingReceiver(back), received),
        echoingAgent(new RingReceiver(there), new RingSender(back)),
      ],
      new FakeClock(),
    );
    loop.run();
    expect(received).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    new Bell(bell).disarm();
  });
});

function countingAgent(sender: RingSender, receiver: RingReceiver, received: number[]) {
  const agent = new FakeAgent();
  let next = 0;
  agent.dutyCycle = () => {
    const before = next + received.length;
    while (next < 10_000 && sender.claim(next, next % 9) >= 0) next++;
    if (next < 10_000) sender.awaitRoom();
    sender.publish();
    receiver.drain((type) => received.push(type) > 0, 3);
    return next + received.length - before;
  };
  return agent;
}

function echoingAgent(receiver: RingReceiver, sender: RingSender) {
  const agent = new FakeAgent();
  agent.dutyCycle = () => {
    const taken = receiver.drain((type) => sender.claim(type, 4) >= 0, 5);
    if (receiver.hasWork()) sender.awaitRoom();
    sender.publish();
    return taken;
  };
  return agent;
}

describe('the clock of the process', () => {
  it('tells monotonic time from the same zero on every thread, and wall time', () => {
    const clock = new NodeClock();
    const [seconds] = process.hrtime();
    const first = clock.monotonicMs();
    expect(Math.floor(first / 1000) - seconds).toBeLessThanOrEqual(1);
    expect(Math.floor(first / 1000) - seconds).toBeGreaterThanOrEqual(0);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(first);
    expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(60_000);
  });
});
