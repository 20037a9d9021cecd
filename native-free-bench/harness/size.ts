/** How large a run is: what a scenario is told beside its contenders. */
export interface BenchSize {
  readonly repeats: number;
  /** Length of one measured load. */
  readonly seconds: number;
  /** For tests: loads end after so many requests instead, and have no process of their own. */
  readonly requests?: number;
  /** Before each measured load. */
  readonly warmupSeconds: number;
  /** Once for each operation, before everything: a JVM needs it. */
  readonly firstWarmupSeconds: number;
  /** Nodes of the memory scenario. */
  readonly nodes: number;
  /** Sessions, nodes and the like that a scenario has numbers of its own for: 1 leaves them. */
  readonly scale: number;
  /** Every choice of a load (keys, operations of a mix) follows from it. */
  readonly seed: number;
  /** What the user wants otherwise than a scenario's own cases have it. */
  readonly wanted: WantedLoad;
}

/** A scenario applies these where they make sense to it, and says the result in its figures. */
export interface WantedLoad {
  readonly sessions?: number;
  /** Requests that each session keeps in flight. */
  readonly depth?: number;
  readonly valueBytes?: number;
  /** Open loop: requests per second over all sessions. */
  readonly ratePerSecond?: number;
}

export const fullSize: BenchSize = {
  repeats: 5,
  seconds: 4,
  warmupSeconds: 1,
  firstWarmupSeconds: 8,
  nodes: 200_000,
  scale: 1,
  seed: 1,
  wanted: {},
};

export const shortSize: BenchSize = {
  ...fullSize,
  repeats: 3,
  seconds: 3,
  firstWarmupSeconds: 3,
  nodes: 100_000,
};

/** To see that everything works; its figures say little. */
export const quickSize: BenchSize = {
  ...fullSize,
  repeats: 1,
  seconds: 2,
  warmupSeconds: 0.5,
  firstWarmupSeconds: 1,
  nodes: 20_000,
  scale: 0.1,
};

/** For the test suite. */
export const tinySize: BenchSize = {
  ...quickSize,
  seconds: 0.1,
  requests: 200,
  warmupSeconds: 0,
  firstWarmupSeconds: 0,
  nodes: 2000,
  scale: 0.002,
};

/** A scenario's own number for a run of this size, at least 1. */
export function scaled(count: number, { scale }: Pick<BenchSize, 'scale'>): number {
  return Math.max(1, Math.round(count * scale));
}
