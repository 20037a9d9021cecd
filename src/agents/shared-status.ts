/**
 * A few words of shared memory that every thread may look at: whether the server serves, and
 * whether the front may answer reads itself. Each word has one writer.
 */
export type SharedStatusMemory = SharedArrayBuffer;

export const Serving = { starting: 0, serving: 1, stopping: 2 } as const;

const Word = {
  serving: 0,
  readGate: 1,
  words: 2,
} as const;

export function createSharedStatus(): SharedStatusMemory {
  return new SharedArrayBuffer(Word.words * 4);
}

export class SharedStatus {
  private readonly words: Int32Array;

  constructor(memory: SharedStatusMemory) {
    this.words = new Int32Array(memory);
  }

  get serving(): number {
    return this.words[Word.serving] as number;
  }

  set serving(value: number) {
    this.words[Word.serving] = value;
  }

  /**
   * Closed while notifications of a visible change still wait for room on the ring to the front:
   * a read then takes the ring too and so comes out behind them.
   */
  get readGateClosed(): boolean {
    return this.words[Word.readGate] !== 0;
  }

  set readGateClosed(closed: boolean) {
    this.words[Word.readGate] = closed ? 1 : 0;
  }
}
