/** Who has what is lent, in every interleaving of the two ends of a ring. */
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/base/agent.ts';
import { assert } from '../../src/base/assert.ts';
import { Bell, type BellMemory, createBell } from '../../src/ring/bell.ts';
import {
  bellStateWord,
  dataStart,
  loanCellsStart,
  loanWord,
  RingWord,
} from '../../src/ring/layout.ts';
import { createLoan, Loan, type LoanMemory } from '../../src/ring/loan.ts';
import { createRing, type RingMemory } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { WorkerLoop } from '../../src/thread/worker-loop.ts';
import { explore, type Memory, type World } from './explorer.ts';

interface Shared {
  readonly ring: RingMemory;
  readonly loan: LoanMemory;
  readonly bells: readonly [BellMemory, BellMemory];
}

const capacity = 64;
/** What is lent is a number, which both ends count up: of the entries that they make in turn. */
const entries = 4;

function memoryFrom(start: number): () => Memory<Shared> {
  return () => {
    const bells = [createBell(), createBell()] as const;
    const ring = createRing(capacity, bells[0], bells[1]);
    const loan = createLoan();
    const array = new Int32Array(ring.buffer);
    array[RingWord.tail] = array[RingWord.head] = start;
    const data = Array.from({ length: capacity / 4 }, (_, i) => dataStart / 4 + i);
    const inRing = [RingWord.tail, RingWord.head, RingWord.wanted, ...data];
    const inLoan = [loanWord, loanCellsStart / 4, loanCellsStart / 4 + 1];
    const words = [
      ...inRing.map((index) => ({ array, index })),
      ...inLoan.map((index) => ({ array: new Int32Array(loan.buffer), index })),
      ...bells.map(({ buffer }) => ({ array: new Int32Array(buffer), index: bellStateWord })),
    ];
    return { objects: { ring, loan, bells }, words };
  };
}

function enter(loan: Loan, entry: number): void {
  assert(loan.cells[0] === entry, `entry ${entry} is made when ${loan.cells[0]} are there`);
  loan.cells[0] = entry + 1;
}

/** Makes an entry by itself where it can, but for the last; counts those. */
function sending(world: World<Shared>, onOwn: (count: number) => void): void {
  const { objects, atomics } = world;
  const sender = new RingSender(objects.ring, atomics);
  const loan = new Loan(objects.loan, atomics);
  let own = 0;
  for (let entry = 0; entry < entries; entry++) {
    world.mark(sender, [entry, own]);
    if (entry < entries - 1 && loan.isLentAt(sender.position)) {
      enter(loan, entry);
      own++;
    } else {
      assert(sender.claim(entry, 0) >= 0, 'there is room');
      sender.publish();
    }
  }
  onOwn(own);
}

/** Makes the entries that come over the ring, and lends when none is left. */
class Lending implements Agent {
  readonly name = 'lending';
  isDone = false;
  private readonly receiver: RingReceiver;
  private readonly loan: Loan;
  private isLent = false;

  constructor(receiver: RingReceiver, loan: Loan) {
    this.receiver = receiver;
    this.loan = loan;
  }

  start(): void {}
  stop(): void {}

  dutyCycle(): number {
    const { receiver, loan } = this;
    if (this.isLent) {
      if (!receiver.hasWork()) return 0;
      this.isLent = false;
      loan.takeBack();
    }
    const taken = receiver.drain(this.onEntry, 2);
    if (taken > 0) return taken;
    loan.lend(receiver.position);
    this.isLent = true;
    return 0;
  }

  private readonly onEntry = (entry: number): boolean => {
    enter(this.loan, entry);
    this.isDone = entry === entries - 1;
    return true;
  };
}

function lending(world: World<Shared>): void {
  const { objects, atomics } = world;
  const bell = new Bell(objects.bells[1], atomics);
  const lender = new Lending(
    new RingReceiver(objects.ring, atomics),
    new Loan(objects.loan, atomics),
  );
  const agent: Agent = {
    ...{ name: 'marked', start() {}, stop() {} },
    dutyCycle() {
      world.mark(lender, bell);
      const work = lender.dutyCycle();
      if (lender.isDone) loop.stop();
      return work;
    },
  };
  const onFailure = (error: unknown) => {
    throw error;
  };
  const clock = { monotonicMs: () => 0 };
  const loop: WorkerLoop = new WorkerLoop({ agents: [agent], bell, clock, onFailure });
  loop.run();
}

describe('what is lent', () => {
  it.each([
    ['0', 0],
    ['2^31', 0x7ffffff0],
    ['2^32', -16],
  ])(
    'has one user at a time, who finds what the other has left, at positions near %s',
    (_, start) => {
      const own = new Set<number>();
      const programs = [
        (world: World<Shared>) => sending(world, (count) => own.add(count)),
        lending,
      ];
      const { states } = explore({ makeMemory: memoryFrom(start), programs });
      expect(states).toBeGreaterThan(500);
      expect([...own].sort()).toEqual([0, 1, 2, 3]);
    },
  );
});
