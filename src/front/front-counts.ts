/**
 * Numbers that are limited over all fronts together: requests at the keeper, and the bytes of large
 * ones. Each front writes its own and reads those of the others; a sum may be off by what changes
 * at that moment.
 */

/** Structured-cloneable; one for each front. */
export interface FrontCountsMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Float64 cells, with a cache line to themselves. */
const Cell = { inFlight: 0, largeBytes: 1, cells: 16 } as const;

export function createFrontCounts(): FrontCountsMemory {
  return { buffer: new SharedArrayBuffer(Cell.cells * 8) };
}

export class FrontCounts {
  private readonly own: Float64Array;
  private readonly others: readonly Float64Array[];

  constructor(own: FrontCountsMemory, others: readonly FrontCountsMemory[]) {
    this.own = new Float64Array(own.buffer);
    this.others = others.map(({ buffer }) => new Float64Array(buffer));
  }

  /** Requests of this front's clients at the keeper. */
  get inFlight(): number {
    return this.own[Cell.inFlight]!;
  }

  /** The same of all fronts. */
  get inFlightOfAll(): number {
    return this.sum(Cell.inFlight);
  }

  addInFlight(requests: number): void {
    this.own[Cell.inFlight]! += requests;
  }

  /** Of all fronts' large requests at the keeper. */
  get largeBytesOfAll(): number {
    return this.sum(Cell.largeBytes);
  }

  addLargeBytes(bytes: number): void {
    this.own[Cell.largeBytes]! += bytes;
  }

  private sum(cell: number): number {
    const { own, others } = this;
    let sum = own[cell]!;
    for (let i = 0; i < others.length; i++) sum += others[i]![cell]!;
    return sum;
  }
}
