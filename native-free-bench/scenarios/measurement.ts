/** What scenarios yield: one figure of one server in one repeat. */
import type { Contender } from './contender.ts';

export interface Measurement {
  /** Keeps its name for years, so that results can be compared. */
  readonly scenario: string;
  readonly unit: 'ops/s' | 'us' | 'ms' | 'MiB';
  readonly server: Contender['name'];
  readonly value: number;
}

export interface BenchSize {
  readonly repeats: number;
  /** Length of one measured load. */
  readonly seconds: number;
  /** Before each measured load. */
  readonly warmupSeconds: number;
  /** Once for each operation, before everything: a JVM needs it. */
  readonly firstWarmupSeconds: number;
  /** Nodes of the memory scenario. */
  readonly nodes: number;
}

export const fullSize: BenchSize = {
  repeats: 5,
  seconds: 4,
  warmupSeconds: 1,
  firstWarmupSeconds: 8,
  nodes: 200_000,
};

export const quickSize: BenchSize = {
  repeats: 1,
  seconds: 2,
  warmupSeconds: 0.5,
  firstWarmupSeconds: 1,
  nodes: 20_000,
};
