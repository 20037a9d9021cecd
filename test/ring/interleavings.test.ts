/**
 * The proof of rings, bells and the loops that sleep on them: production code in every
 * interleaving of two threads (see `explorer.ts`). A record's payload says which record it is.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Agent } from '../../src/base/agent.ts';
import { assert } from '../../src/base/assert.ts';
import { Bell, type BellMemory, createBell } from '../../src/ring/bell.ts';
import { bellStateWord, dataStart, RingWord } from '../../src/ring/layout.ts';
import { createRing, type RingMemory } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { MainLoop } from '../../src/thread/main-loop.ts';
import { WorkerLoop } from '../../src/thread/worker-loop.ts';
import { explore, type Memory, type World } from './explorer.ts';

interface Shared {
  readonly there: RingMemory;
  readonly back: RingMemory;
  readonly bells: readonly [BellMemory, BellMemory];
}

interface Plan {
  /** Payload bytes of the records, in turn. */
  readonly lengths: readonly number[];
  readonly records: number;
  readonly capacity: number;
  /** Where the positions of both rings begin. */
  readonly start: number;
  /** Records claimed before they are published. */
  readonly batch: number;
  /** Records taken in one drain. */
  readonly limit: number;
}

const plan: Plan = { lengths: [8], records: 4, capacity: 32, start: 0, batch: 1, limit: 10 };

function memoryOf({ capacity, start }: Plan): () => Memory<Shared> {
  return () => {
    const bells = [createBell(), createBell()] as const;
    const there = createRing(capacity, bells[0], bells[1]);
    const back = createRing(capacity, bells[1], bells[0]);
    const words = [there, back].flatMap(({ buffer }) => {
      const array = new Int32Array(buffer);
      array[RingWord.tail] = array[RingWord.head] = start;
      const data = Array.from({ length: capacity / 4 }, (_, i) => dataStart / 4 + i);
      const control = [RingWord.tail, RingWord.head, RingWord.wanted];
      return [...control, ...data].map((index) => ({ array, index }));
    });
    const states = bells.map(({ buffer }) => new Int32Array(buffer));
    words.push(...states.map((array) => ({ array, index: bellStateWord })));
    return { objects: { there, back, bells }, words };
  };
}

/** Sends the records of the plan, then is done. */
class Sending implements Agent {
  readonly name = 'sending';
  sent = 0;
  private readonly plan: Plan;
  private readonly sender: RingSender;

  constructor(plan: Plan, sender: RingSender) {
    this.plan = plan;
    this.sender = sender;
  }

  start(): void {}
  stop(): void {}

  dutyCycle(): number {
    const { sender, plan } = this;
    let claimed = 0;
    while (this.sent < plan.records && claimed < plan.batch) {
      if (!trySend(sender, this.sent, plan)) {
        sender.awaitRoom();
        break;
      }
      this.sent++;
      claimed++;
    }
    sender.publish();
    return claimed;
  }

  isDone(): boolean {
    return this.sent === this.plan.records;
  }
}

function trySend(sender: RingSender, record: number, { lengths }: Plan): boolean {
  const length = lengths[record % lengths.length]!;
  const at = sender.claim(record, length);
  if (at >= 0) sender.bytes.fill(record + 1, at, at + length);
  return at >= 0;
}

/** Expects the records of the plan, each once and in order, and passes them on if told so. */
class Receiving implements Agent {
  readonly name = 'receiving';
  received = 0;
  private readonly plan: Plan;
  private readonly receiver: RingReceiver;
  private readonly echo: RingSender | undefined;

  constructor(plan: Plan, receiver: RingReceiver, echo?: RingSender) {
    this.plan = plan;
    this.receiver = receiver;
    this.echo = echo;
  }

  start(): void {}
  stop(): void {}

  dutyCycle(): number {
    const taken = this.receiver.drain(this.handle, this.plan.limit);
    this.echo?.publish();
    return taken;
  }

  isDone(): boolean {
    return this.received === this.plan.records;
  }

  private readonly handle = (type: number, offset: number, length: number): boolean => {
    const { lengths } = this.plan;
    assert(type === this.received, `record ${this.received} comes next, not ${type}`);
    assert(length === lengths[type % lengths.length], `record ${type} has its length`);
    const payload = this.receiver.bytes.subarray(offset, offset + length);
    const whole = payload.length === length && payload.every((byte) => byte === type + 1);
    assert(whole, `record ${type} is whole`);
    if (this.echo !== undefined && !trySend(this.echo, type, this.plan)) {
      this.echo.awaitRoom();
      return false;
    }
    this.received++;
    return true;
  };
}

type Agents = readonly (Sending | Receiving)[];
type Program = (world: World<Shared>) => void;
type Runner = (world: World<Shared>, bell: Bell, agents: Agents) => void;

/** One agent for the loops: it marks the local state, and ends the loop when all are done. */
function together(
  world: World<Shared>,
  agents: Agents,
  locals: object[],
  end: () => void,
  turn?: { isNew: boolean },
): Agent {
  return {
    name: 'together',
    start() {},
    stop() {},
    dutyCycle() {
      // A later cycle of the same turn has state on the stack, which `mark` cannot see.
      if (turn?.isNew !== false) world.mark(agents, ...locals);
      if (turn !== undefined) turn.isNew = false;
      let work = 0;
      for (const agent of agents) work += agent.dutyCycle();
      if (agents.every((agent) => agent.isDone())) end();
      return work;
    },
  };
}

const clock = { monotonicMs: () => 0 };

function onFailure(error: unknown): never {
  throw error;
}

const worker: Runner = (world, bell, agents) => {
  const agent = together(world, agents, [bell], () => loop.stop());
  const loop: WorkerLoop = new WorkerLoop({ agents: [agent], bell, clock, onFailure });
  loop.run();
};

/** The event loop under the main loop holds at most one immediate, and its timer never comes. */
let immediate: (() => void) | undefined;

/** With `blocks` the thread waits for its bell inside of the turns that it has asked for itself. */
function runOnMain(world: World<Shared>, bell: Bell, agents: Agents, blocks: boolean): void {
  immediate = undefined;
  const turn = { event: '', isNew: false };
  let ended = false;
  const end = () => {
    loop.close();
    ended = true;
  };
  const locals: object[] = [bell, turn];
  const agent = together(world, agents, locals, end, turn);
  const mayBlockMs = () => (blocks && turn.event === 'immediate' ? 1 : 0);
  const cyclesPerTurnMax = blocks ? 2 : 1;
  const options = { agents: [agent], bell, clock, onFailure, mayBlockMs, cyclesPerTurnMax };
  const loop: MainLoop = new MainLoop(options);
  locals.push(loop);
  loop.start();
  while (!ended) {
    turn.isNew = true;
    turn.event = '';
    turn.event = world.nextEvent(immediate !== undefined);
    if (turn.event === 'socket') loop.wake();
    if (turn.event !== 'immediate') continue;
    const callback = immediate!;
    immediate = undefined;
    callback();
  }
}

const main: Runner = (world, bell, agents) => runOnMain(world, bell, agents, false);
const blockingMain: Runner = (world, bell, agents) => runOnMain(world, bell, agents, true);

function sendingOn(runner: Runner, plan: Plan): Program {
  return (world) => {
    const { objects, atomics } = world;
    const sending = new Sending(plan, new RingSender(objects.there, atomics));
    runner(world, new Bell(objects.bells[0], atomics), [sending]);
  };
}

function receivingOn(runner: Runner, plan: Plan): Program {
  return (world) => {
    const { objects, atomics } = world;
    const receiving = new Receiving(plan, new RingReceiver(objects.there, atomics));
    runner(world, new Bell(objects.bells[1], atomics), [receiving]);
  };
}

/** Sends the records and expects them back on the other ring. */
function askingOn(runner: Runner, plan: Plan): Program {
  return (world) => {
    const { objects, atomics } = world;
    const sending = new Sending(plan, new RingSender(objects.there, atomics));
    const receiving = new Receiving(plan, new RingReceiver(objects.back, atomics));
    runner(world, new Bell(objects.bells[0], atomics), [sending, receiving]);
  };
}

function echoingOn(runner: Runner, plan: Plan): Program {
  return (world) => {
    const { objects, atomics } = world;
    const echo = new RingSender(objects.back, atomics);
    const receiving = new Receiving(plan, new RingReceiver(objects.there, atomics), echo);
    runner(world, new Bell(objects.bells[1], atomics), [receiving]);
  };
}

function exploreOneWay(from: Runner, to: Runner, change: Partial<Plan>, socketEvents = 0): number {
  const changed = { ...plan, ...change };
  const programs = [sendingOn(from, changed), receivingOn(to, changed)];
  const plainFirst = from !== worker || to !== worker;
  return explore({ makeMemory: memoryOf(changed), programs, socketEvents, plainFirst }).states;
}

function exploreBothWays(from: Runner, to: Runner, change: Partial<Plan>): number {
  const changed = { ...plan, ...change };
  const programs = [askingOn(from, changed), echoingOn(to, changed)];
  return explore({ makeMemory: memoryOf(changed), programs, plainFirst: true }).states;
}

describe('in every interleaving of two threads', () => {
  beforeAll(() => {
    vi.stubGlobal('setImmediate', (callback: () => void) => {
      immediate = callback;
      return 1;
    });
    vi.stubGlobal('clearImmediate', () => {
      immediate = undefined;
    });
    vi.stubGlobal('setTimeout', () => 1);
    vi.stubGlobal('clearTimeout', () => {});
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  /** Empty, padded and longest records: two or three fill the ring, some skip its end. */
  const mixed: Partial<Plan> = { records: 5, lengths: [0, 5, 8], batch: 2 };

  it('a worker receives from a worker all records, whole, once and in order', () => {
    expect(exploreOneWay(worker, worker, { ...mixed, records: 8 })).toBeGreaterThan(1000);
  });

  it('the same holds when four records fit and each drain takes two', () => {
    const change = { records: 5, lengths: [0, 16, 8, 24], capacity: 64, batch: 2, limit: 2 };
    expect(exploreOneWay(worker, worker, change)).toBeGreaterThan(1000);
  });

  it('the same holds when each drain takes one record of a batch', () => {
    const change = { ...mixed, batch: 3, limit: 1 };
    expect(exploreOneWay(worker, worker, change)).toBeGreaterThan(1000);
  });

  it.each([
    ['2^31', 0x7fffffe8],
    ['2^32', -24],
  ])('the same holds while positions grow past %s', (_, start) => {
    expect(exploreOneWay(worker, worker, { ...mixed, start })).toBeGreaterThan(1000);
  });

  it('a worker receives from the main thread, whose sockets wake it too', () => {
    expect(exploreOneWay(main, worker, { records: 3 }, 1)).toBeGreaterThan(1000);
  });

  it('the main thread receives from a worker, and its sockets wake it too', () => {
    expect(exploreOneWay(worker, main, { records: 3 }, 1)).toBeGreaterThan(1000);
  });

  it('a main thread that waits for its bell inside of a turn is not forgotten there', () => {
    expect(exploreOneWay(worker, blockingMain, { records: 3 }, 1)).toBeGreaterThan(1000);
    expect(exploreOneWay(blockingMain, worker, { records: 3 }, 1)).toBeGreaterThan(1000);
  });

  it('two workers send to and fro on full rings, with one bell each', () => {
    const change = { records: 3, batch: 3 };
    expect(exploreBothWays(worker, worker, change)).toBeGreaterThan(1000);
  });

  it('the main thread and a worker send to and fro on full rings, with one bell each', () => {
    const change = { records: 3, batch: 3 };
    expect(exploreBothWays(main, worker, change)).toBeGreaterThan(1000);
  });

  it('a worker asks and the main thread answers', () => {
    expect(exploreBothWays(worker, main, { records: 2 })).toBeGreaterThan(1000);
  });
});
