/** A bug that a run of the whole ensemble has to find. */
import type { Replacements } from '../../../support/replacements.ts';

export interface PlantedBug {
  /** What is wrong, in a sentence. */
  readonly name: string;
  /** Of Apache's tracker, where ensembles have had it: the numbers behind ZOOKEEPER-. */
  readonly tickets: readonly number[];
  /** One that finds it. */
  readonly seed: number;
  /** The promise that is seen to be broken there, or the beginning of an agent's own complaint. */
  readonly breaks: string;
  /** Breaks the production code, until the test is over. */
  readonly plant: (code: Replacements) => void;
}
