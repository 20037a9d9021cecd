/**
 * Stage I, the part of it that needs clocks: no session expires while its client is heard of. A
 * txn is older than the first answer that shows it, whoever got it; so no clock of a server is
 * needed.
 */
import { OpCode } from '../jute/proto.ts';
import type { Findings } from './findings.ts';
import { isAnswered, type Run, tellTxn } from './run.ts';
import { headerOf, typeOf } from './server-log.ts';

const nsPerMs = 1_000_000n;

/**
 * Half of the timeout is left to the servers: a follower tells its leader of clients every half
 * tick, what it had not told dies with it, and no timeout is shorter than two ticks.
 */
export function checkExpiry(run: Run, findings: Findings): void {
  const { log, timeouts } = run;
  const heard = lastRequests(run);
  const shown = firstShown(run);
  for (const [place, txn] of log.entries()) {
    if (typeOf(txn) !== OpCode.closeSession) continue;
    const { cxid, clientId } = headerOf(txn);
    // A client closes its session with an xid.
    if (cxid !== 0) continue;
    const [timeoutMs, heardNs, shownNs] = [
      timeouts.get(clientId),
      heard.get(clientId),
      shown[place]!,
    ];
    if (timeoutMs === undefined || heardNs === undefined) continue;
    if (shownNs >= heardNs + (BigInt(timeoutMs) * nsPerMs) / 2n) continue;
    const afterMs = (shownNs - heardNs) / nsPerMs;
    findings.add(
      'I',
      () => `expired ${afterMs} ms after a request that was answered: ${tellTxn(txn)}`,
    );
  }
}

/** When the last request of each session was sent that was answered. */
function lastRequests({ operations }: Run): Map<bigint, bigint> {
  const last = new Map<bigint, bigint>();
  let before: bigint | null = null;
  let lastNs = -1n;
  for (const operation of operations) {
    if (!isAnswered(operation)) continue;
    const { session, invokedNs } = operation;
    // Those of one session stand together, and a map costs more than a comparison.
    if (session !== before) {
      if (before !== null) last.set(before, lastNs);
      before = session;
      lastNs = last.get(session) ?? -1n;
    }
    if (invokedNs > lastNs) lastNs = invokedNs;
  }
  if (before !== null) last.set(before, lastNs);
  return last;
}

const never = (1n << 63n) - 1n;

/** By place in the log: when an answer came first whose state had that txn. */
function firstShown({ log, operations, seen }: Run): BigInt64Array {
  const first = new BigInt64Array(log.length).fill(never);
  for (const [at, { answeredNs }] of operations.entries()) {
    const place = seen[at]! - 1;
    if (place >= 0 && answeredNs < first[place]!) first[place] = answeredNs;
  }
  for (let place = log.length - 2; place >= 0; place--) {
    if (first[place + 1]! < first[place]!) first[place] = first[place + 1]!;
  }
  return first;
}
