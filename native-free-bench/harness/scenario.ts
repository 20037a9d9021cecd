/** What a scenario is: a named measurement that the command line can run on its contenders. */
import type { Contender, OwnContender } from './contender.ts';
import type { Outcome } from './measurement.ts';
import type { BenchSize } from './size.ts';

/** Told before each step: how many are done, how many there are, and what comes now. */
export type Progress = (done: number, total: number, what: string) => void;

type Run<Kind> = (
  contenders: readonly Kind[],
  size: BenchSize,
  progress: Progress,
) => AsyncGenerator<Outcome>;

interface Named {
  /** As `--scenario` takes it. Keeps its name for years. */
  readonly name: string;
  /** One line for people: what is measured. */
  readonly title: string;
  /** Part of a run that names no scenario. */
  readonly isDefault: boolean;
}

/** `run` rejects when a reply was wrong. */
export type Scenario =
  | (Named & { readonly needsOwnServer: false; readonly run: Run<Contender> })
  /** Starts, restarts or kills servers, and therefore cannot measure a `--target`. */
  | (Named & { readonly needsOwnServer: true; readonly run: Run<OwnContender> });

/** Every repeat begins with another contender, so that a noisy minute hits all alike. */
export function inTurn<T>(all: readonly T[], repeat: number): readonly T[] {
  return repeat % 2 === 0 ? all : all.toReversed();
}
