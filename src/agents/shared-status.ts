/**
 * A few words of shared memory that every thread may look at: whether the server serves, whether
 * the front may answer reads itself, and gauges that the keeper and the log keep up to date for
 * monitoring. Each word has one writer.
 */
export type SharedStatusMemory = SharedArrayBuffer;

export const Serving = { starting: 0, serving: 1, stopping: 2 } as const;

const Word = {
  serving: 0,
  readGate: 1,
  outstanding: 2,
  watchCount: 3,
  ephemeralCount: 4,
  sessionCount: 5,
  fsyncCount: 6,
  fsyncUsTotal: 7,
  fsyncUsMax: 8,
  fsyncThresholdExceeded: 9,
  batchTxnsMax: 10,
  words: 16,
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

  gauges(): {
    outstanding: number;
    watchCount: number;
    ephemeralCount: number;
    sessionCount: number;
    fsyncCount: number;
    fsyncUsTotal: number;
    fsyncUsMax: number;
    fsyncThresholdExceeded: number;
  } {
    const w = this.words;
    return {
      outstanding: w[Word.outstanding] as number,
      watchCount: w[Word.watchCount] as number,
      ephemeralCount: w[Word.ephemeralCount] as number,
      sessionCount: w[Word.sessionCount] as number,
      fsyncCount: w[Word.fsyncCount] as number,
      fsyncUsTotal: w[Word.fsyncUsTotal] as number,
      fsyncUsMax: w[Word.fsyncUsMax] as number,
      fsyncThresholdExceeded: w[Word.fsyncThresholdExceeded] as number,
    };
  }

  /** Written by the keeper once a duty cycle. */
  setKeeperGauges(outstanding: number, watches: number, ephemerals: number, sessions: number) {
    const w = this.words;
    w[Word.outstanding] = outstanding;
    w[Word.watchCount] = watches;
    w[Word.ephemeralCount] = ephemerals;
    w[Word.sessionCount] = sessions;
  }

  /** Written by the log after each fsync. */
  addFsync(us: number, exceeded: boolean): void {
    const w = this.words;
    w[Word.fsyncCount] = ((w[Word.fsyncCount] as number) + 1) | 0;
    w[Word.fsyncUsTotal] = ((w[Word.fsyncUsTotal] as number) + us) | 0;
    if (us > (w[Word.fsyncUsMax] as number)) w[Word.fsyncUsMax] = us;
    if (exceeded) w[Word.fsyncThresholdExceeded] = (w[Word.fsyncThresholdExceeded] as number) + 1;
  }
}
