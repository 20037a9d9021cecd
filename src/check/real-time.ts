/**
 * Stages C, F and G: the order of the log against the clock that all recorders share. One pass or
 * a binary search for each operation.
 */
import { OpCode } from '../jute/proto.ts';
import type { Findings } from './findings.ts';
import { changes, isAnswered, type Operation, type Run, tellOperation } from './run.ts';

/** A write that the log places behind another one must not have ended before that one began. */
export function checkWriteOrder({ log, operations, operationOf }: Run, findings: Findings): void {
  let earliest: Operation | null = null;
  for (let place = log.length - 1; place >= 0; place--) {
    const at = operationOf[place]!;
    if (at < 0) continue;
    const write = operations[at]!;
    if (earliest !== null && earliest.answeredNs < write.invokedNs) {
      const later = earliest;
      findings.add('C', () => {
        return `${tellOperation(later)} ended before this began: ${tellOperation(write)}`;
      });
    }
    if (!isAnswered(write)) continue;
    if (earliest === null || write.answeredNs < earliest.answeredNs) earliest = write;
  }
}

/** What all clients together knew to be written, by time. */
class KnownWrites {
  private readonly times: bigint[] = [];
  private readonly counts: number[] = [];

  constructor({ operations, txnOf }: Run) {
    const ends = [...operations.keys()]
      .filter((at) => txnOf[at]! >= 0 && isAnswered(operations[at]!))
      .sort((a, b) => (operations[a]!.answeredNs < operations[b]!.answeredNs ? -1 : 1));
    let most = 0;
    for (const at of ends) {
      most = Math.max(most, txnOf[at]! + 1);
      this.times.push(operations[at]!.answeredNs);
      this.counts.push(most);
    }
  }

  /** How many txns a state must have that includes all writes answered before `timeNs`. */
  before(timeNs: bigint): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! < timeNs) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.counts[low - 1]!;
  }
}

/** `stalenessNs`: how old the state may be that a read is answered from. */
export function checkReads(run: Run, stalenessNs: bigint, findings: Findings): void {
  const known = new KnownWrites(run);
  const { operations, seen } = run;
  const earliestOf = earliestInvocations(run);
  const synced = new Map<bigint, number>();
  for (const at of bySessionAndXid(run)) {
    const operation = operations[at]!;
    if (!isAnswered(operation)) continue;
    const { session, type, invokedNs, answeredNs, err } = operation;
    const state = seen[at]!;
    if (type === OpCode.sync && err === 0) {
      synced.set(session, Math.max(synced.get(session) ?? 0, known.before(invokedNs)));
    }
    if (changes(type) || type === OpCode.sync) continue;
    if (state > 0 && earliestOf[state - 1]! > answeredNs) {
      findings.add('F', () => `answered before the write began: ${tellOperation(operation)}`);
    }
    if (state < known.before(invokedNs - stalenessNs)) {
      findings.add('F', () => `answered from a state that is too old: ${tellOperation(operation)}`);
    }
    if (state < (synced.get(session) ?? 0)) {
      findings.add('G', () => `older than the sync before it: ${tellOperation(operation)}`);
    }
  }
}

/** When the write of each txn began; -1 where nobody recorded it. */
function earliestInvocations({ log, operations, operationOf }: Run): BigInt64Array {
  return BigInt64Array.from(log, (_txn, place) => {
    const at = operationOf[place]!;
    return at < 0 ? -1n : operations[at]!.invokedNs;
  });
}

/** Recorders number the requests of a session through, over all its connections. */
export function bySessionAndXid({ operations }: Run): number[] {
  return [...operations.keys()].sort((a, b) => {
    const [first, second] = [operations[a]!, operations[b]!];
    if (first.session !== second.session) return first.session < second.session ? -1 : 1;
    return first.xid - second.xid;
  });
}
