/**
 * Something that the receiver of a ring owns and lends to the ring's sender while it has nothing to
 * do. The loan names the ring's position at which it was made and ends by itself with the next
 * record that is published, so there is nothing to give back and nobody ever waits for it:
 *
 *                      lend(position of the head)
 *     receiver has it ────────────────────────────► sender has it
 *           ▲                                             │
 *           └─────────────────────────────────────────────┘
 *                         a record is published
 *
 * The sender asks `isLentAt` its tail. Records that were published while the receiver was lending
 * have moved the tail, and then the sender does not have it. The receiver calls `takeBack` when it
 * finds a record, before it takes it; the cells are as the sender left them, for they were written
 * before that record was published. Positions wrap after 4 GiB, and a ring is shorter than that: an
 * old loan is taken back long before its position comes again.
 */
import type { AtomicsLike } from './atomics.ts';
import { loanBytes, loanCells, loanCellsStart, loanWord } from './layout.ts';

/** Structured-cloneable. */
export interface LoanMemory {
  readonly buffer: SharedArrayBuffer;
}

export function createLoan(): LoanMemory {
  return { buffer: new SharedArrayBuffer(loanBytes) };
}

/** Positions are multiples of 8: this bit is free, and tells position 0 from no loan. */
const lent = 1;

export class Loan {
  /** What goes with it; only the one who has it at the moment may touch them. */
  readonly cells: Float64Array;
  private readonly words: Int32Array;
  private readonly atomics: AtomicsLike;

  constructor({ buffer }: LoanMemory, atomics: AtomicsLike = Atomics) {
    this.cells = new Float64Array(buffer, loanCellsStart, loanCells);
    this.words = new Int32Array(buffer);
    this.atomics = atomics;
  }

  /** The receiver, whose head is `position`, lends. */
  lend(position: number): void {
    this.atomics.store(this.words, loanWord, position | lent);
  }

  /** The receiver has found a record. */
  takeBack(): void {
    this.atomics.store(this.words, loanWord, 0);
  }

  /** Whether the sender, whose tail is `position`, has it until it publishes. */
  isLentAt(position: number): boolean {
    return this.atomics.load(this.words, loanWord) === (position | lent);
  }
}
