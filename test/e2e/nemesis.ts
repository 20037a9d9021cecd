/** What a nemesis is told, and what all of them have in common. */
import type { EnsembleProcesses } from '../support/ensemble-processes.ts';

/** The ensemble, and the clients that work meanwhile. */
export interface Scene {
  readonly ensemble: EnsembleProcesses;
  /** Resolves when the clients have got so many further answers. */
  answers(count: number): Promise<void>;
}

/** Something that happens. It leaves the ensemble as it found it: all run, the network is good. */
export type Nemesis = (scene: Scene) => Promise<void>;

export type Nemeses = Readonly<Record<string, Nemesis>>;

/** Answers between one thing that happens and the next. */
export const answersBetween = 300;

export function others({ ensemble }: Scene, id: number): number[] {
  return ensemble.ids.filter((each) => each !== id);
}
