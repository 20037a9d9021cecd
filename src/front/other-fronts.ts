/**
 * The other fronts of the server, which a front asks for their numbers when a four-letter word is
 * about all of them. Question and answer travel through the keeper, for no two fronts have a ring
 * between them.
 */
import type { FrontAsk } from '../agents/messages.ts';
import { decodeReport, type FrontReport } from './front-report.ts';
import type { FrontRequests } from './requests.ts';

export class OtherFronts {
  private readonly requests: FrontRequests;
  private readonly indexes: readonly number[];

  /** Front `own` of `count`. */
  constructor(requests: FrontRequests, own: number, count: number) {
    this.requests = requests;
    this.indexes = Array.from({ length: count }, (_, front) => front).filter((i) => i !== own);
  }

  /**
   * Calls `done` with the report of each, in the order of their indexes: at once if there are none.
   * `expect` gives out a queryId for an answer.
   */
  ask(
    what: FrontAsk,
    expect: (onAnswer: (value: unknown) => void) => number,
    done: (reports: readonly FrontReport[]) => void,
  ): void {
    const reports: FrontReport[] = [];
    let missing = this.indexes.length;
    if (missing === 0) done(reports);
    for (const [at, front] of this.indexes.entries()) {
      const queryId = expect((value) => {
        reports[at] = decodeReport(value);
        if (--missing === 0) done(reports);
      });
      this.requests.askFront(queryId, front, what);
    }
  }
}
