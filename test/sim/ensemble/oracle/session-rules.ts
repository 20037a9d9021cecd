/** What must be true of sessions in any committed history, txn by txn. */
import { OpCode } from '../../../../src/jute/proto.ts';
import { JuteReader } from '../../../../src/jute/reader.ts';
import { multiTxn, txnHeader } from '../../../../src/jute/txn.ts';
import type { NaiveState } from '../../../storage/naive-state.ts';
import { isSessionOwner } from '../../tree-picture.ts';
import { check, hex } from './broken.ts';

export class SessionRules {
  private readonly closed = new Set<bigint>();
  /** By session: the number of the last request that has had an effect. */
  private readonly lastCxid = new Map<bigint, number>();

  /** `state` holds the effects of the txn. */
  onCommitted(txn: Uint8Array, state: NaiveState): void {
    if (!hasEffect(txn)) return;
    const { clientId, cxid, zxid, type } = txnHeader.read(new JuteReader(txn));
    const who = () => `session ${hex(clientId)} with ${hex(zxid)}`;
    if (type === OpCode.closeSession) this.closed.add(clientId);
    else check(!this.closed.has(clientId), 'K4', () => `${who()} acts behind its end`);
    // The end of a session is not asked over which connection it comes.
    const isOrdered = type !== OpCode.createSession && type !== OpCode.closeSession;
    if (isOrdered) this.checkOrder(clientId, cxid, who);
    checkOwners(state);
  }

  /**
   * K6: requests take effect in the order in which the client sent them, over all its connections:
   * what is still on its way over one that it has left must not. 0 are those of the server itself.
   */
  private checkOrder(clientId: bigint, cxid: number, who: () => string): void {
    if (clientId === 0n || cxid === 0) return;
    const before = this.lastCxid.get(clientId) ?? 0;
    check(cxid > before, 'K6', () => `${who()} does request ${cxid} behind ${before}`);
    this.lastCxid.set(clientId, cxid);
  }
}

/** False for errors, and for multis that have failed. */
export function hasEffect(txn: Uint8Array): boolean {
  const body = new JuteReader(txn);
  const { type } = txnHeader.read(body);
  if (type !== OpCode.multi) return type !== OpCode.error;
  return !(multiTxn.read(body).txns ?? []).some((part) => part.type === OpCode.error);
}

/** S4: an ephemeral node has a session that lives. */
function checkOwners({ nodes, sessions }: NaiveState): void {
  for (const [path, { owner }] of nodes) {
    const isOrphan = isSessionOwner(owner) && !sessions.has(owner);
    check(!isOrphan, 'S4', () => `${path} outlives its session ${hex(owner)}`);
  }
}
