/** What a micro bench is: one piece of `src`, by itself, doing the same work again and again. */

export interface MicroSize {
  /** Nodes, watches, sessions, records: whatever the subject holds. A power of two. */
  readonly items: number;
}

export interface MicroCase {
  /** Keeps its name for years. */
  readonly name: string;
  /** Operations in one call of `run`: a call is long beside the measuring of it. */
  readonly operations: number;
  /** Returns what the work came to; calls that follow may go on from where this one ended. */
  run(): number;
  /** The same work done the obvious way, with the same result. */
  reference?(): number;
}

export interface Subject {
  /** The file or folder of `src` that is measured. */
  readonly name: string;
  /** Builds what the cases work on; each case has its own state. */
  prepare(size: MicroSize): MicroCase[];
}

export const usualSize: MicroSize = { items: 1 << 16 };
export const tinySize: MicroSize = { items: 1 << 6 };

/** Paths as many clients have them: `/bench/part-007/node-00001234`. */
export function benchPaths(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`${parentOf(i)}/node-${pad(i, 8)}`));
}

export const parentCount = 64;

export function parentOf(i: number): string {
  return `/bench/part-${pad(i % parentCount, 3)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

/** Visits all of 0 .. `count` - 1, a power of two, in an order that no cache can foresee. */
export class Strides {
  private readonly mask: number;
  private at = 0;

  constructor(count: number) {
    this.mask = count - 1;
  }

  next(): number {
    this.at = (Math.imul(this.at, 1_664_525) + 1_013_904_223) & this.mask;
    return this.at;
  }
}
