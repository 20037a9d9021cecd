/**
 * Drives the model through the log and asks it at every operation (stages D, H and I). Reads come
 * between txns, at the place that their reply names.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { objectToError, objectToRead, objectToWrite } from './expected-reply.ts';
import type { Findings } from './findings.ts';
import { type Applied, ModelTree } from './model-tree.ts';
import { type Run, tellOperation, tellTxn } from './run.ts';
import { SessionLives } from './session-lives.ts';
import { WatchBook } from './watch-book.ts';

/** A reply with one of these comes from no state: the server refuses to look. */
const refusals = new Set<number>([
  ...[ErrorCode.sessionExpired, ErrorCode.sessionMoved, ErrorCode.throttledOp, ErrorCode.noAuth],
]);

export function replay(run: Run, findings: Findings): void {
  const { log, operations, operationOf } = run;
  const tree = new ModelTree();
  const lives = new SessionLives(findings);
  const watches = new WatchBook();
  const { order, starts } = readsByState(run);
  const answerReads = (state: number) => {
    for (let i = starts[state]!; i < starts[state + 1]!; i++) {
      const read = operations[order[i]!]!;
      const objection = objectToRead(read, tree);
      if (objection !== null) findings.add('D', () => `${objection}: ${tellOperation(read)}`);
      watches.onRead(read);
    }
  };
  answerReads(0);
  for (const [place, txn] of log.entries()) {
    const write = operations[operationOf[place]!];
    const isAnswered = write !== undefined && write.answeredNs >= 0n;
    if (isAnswered && write.err !== 0) {
      const objection = objectToError(write, tree);
      if (objection !== null) findings.add('D', () => `${objection}: ${tellOperation(write)}`);
    }
    let applied: Applied;
    try {
      applied = tree.apply(txn.bytes);
    } catch (error) {
      findings.add('D', () => `${(error as Error).message}: ${tellTxn(txn)}`);
      return;
    }
    lives.onTxn(txn, applied);
    for (const change of applied.changes) watches.onChange(change, txn.zxid);
    if (isAnswered && write.err === 0) {
      const objection = objectToWrite(write, applied.effects);
      if (objection !== null) findings.add('D', () => `${objection}: ${tellOperation(write)}`);
    }
    answerReads(place + 1);
  }
  watches.close(run, findings);
}

/** Answered operations without a txn, by the state that answered them: a counting sort. */
function readsByState({ log, operations, txnOf, seen }: Run) {
  const starts = new Int32Array(log.length + 2);
  const isRead = (at: number) =>
    seen[at]! >= 0 && txnOf[at]! < 0 && !refusals.has(operations[at]!.err);
  for (let at = 0; at < operations.length; at++) if (isRead(at)) starts[seen[at]! + 1]!++;
  for (let state = 1; state < starts.length; state++) starts[state]! += starts[state - 1]!;
  const order = new Int32Array(starts.at(-1)!);
  const next = starts.slice();
  for (let at = 0; at < operations.length; at++) if (isRead(at)) order[next[seen[at]!]!++] = at;
  return { order, starts };
}
