/** What the stages have found: the first violation of each stage, and how many there were. */

/** Names of the stages, by their letters. */
export const stageNames = {
  A: 'the logs of all servers agree',
  B: 'what was acknowledged is in the log, once and as asked',
  C: 'writes are ordered as they happened in real time',
  D: 'every reply follows from the log',
  E: 'no session goes back in time',
  F: 'no read is from the future, none is too old',
  G: 'a read behind a sync sees what was written before it',
  H: 'watches fire once, for what happened, before it can be seen',
  I: 'sessions end when they should, write nothing then, and leave no ephemeral nodes',
  J: 'nothing that was seen is lost',
} as const;

export type Stage = keyof typeof stageNames;

export interface StageFinding {
  readonly first: string;
  count: number;
}

export class Findings {
  readonly byStage = new Map<Stage, StageFinding>();

  /** `tell` is asked for the first violation of its stage only. */
  add(stage: Stage, tell: () => string): void {
    const finding = this.byStage.get(stage);
    if (finding === undefined) this.byStage.set(stage, { first: tell(), count: 1 });
    else finding.count++;
  }

  get isClean(): boolean {
    return this.byStage.size === 0;
  }
}
