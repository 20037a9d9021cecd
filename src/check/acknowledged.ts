/**
 * Stages B and J: whatever was acknowledged has its txn, only one, with the zxid of the reply; and
 * no reply tells of a zxid that the log does not have.
 */
import { hex64 } from '../base/zxid.ts';
import { OpCode } from '../jute/proto.ts';
import type { Findings } from './findings.ts';
import { changes, isAnswered, type Run, tellOperation, tellTxn } from './run.ts';
import { headerOf } from './server-log.ts';

const epochsFirst = (zxid: bigint) => BigInt.asUintN(32, zxid) === 0n;

export function checkAcknowledged(run: Run, findings: Findings): void {
  checkOnce(run, findings);
  const end = run.log.at(-1)?.zxid ?? 0n;
  for (const [at, operation] of run.operations.entries()) {
    if (!isAnswered(operation)) continue;
    const { zxid, err, type } = operation;
    // A server that has just joined an epoch tells its zxid 0, which no txn has.
    if (zxid > end && !epochsFirst(zxid)) {
      findings.add('J', () => `the log ends at ${hex64(end)}, but ${tellOperation(operation)}`);
    }
    if (!changes(type)) continue;
    const place = run.txnOf[at]!;
    if (place < 0) {
      if (err === 0)
        findings.add('B', () => `no server has the txn of ${tellOperation(operation)}`);
      continue;
    }
    const txn = run.log[place]!;
    const isErrorTxn = headerOf(txn).type === OpCode.error;
    if (txn.zxid !== zxid || isErrorTxn !== (err !== 0)) {
      findings.add('B', () => `${tellOperation(operation)}, but the log has ${tellTxn(txn)}`);
    }
  }
  for (const { zxid, client, path } of run.notifications) {
    if (zxid > end) findings.add('J', () => `${client} was told of ${hex64(zxid)} at ${path}`);
  }
}

/**
 * No request of a recorded session has two txns. Other clients may use an xid again, on the next
 * connection of their session. Cxid 0 is the server's own: sessions, reaping, expiry.
 */
function checkOnce({ log, operations }: Run, findings: Findings): void {
  const seen = new Map<bigint, Set<number>>();
  for (const { session } of operations) if (!seen.has(session)) seen.set(session, new Set());
  for (const txn of log) {
    const { clientId, cxid } = headerOf(txn);
    const ofSession = seen.get(clientId);
    if (cxid === 0 || ofSession === undefined) continue;
    if (ofSession.has(cxid)) findings.add('B', () => `applied twice: ${tellTxn(txn)}`);
    ofSession.add(cxid);
  }
}
