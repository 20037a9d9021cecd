/**
 * The writes of one connection that wait for a leader's txn, oldest first. A txn answers the oldest
 * one when it has its cxid; nothing else tells the txns of this connection from those that the
 * session's former server has asked for.
 */
import { OpCode } from '../jute/proto.ts';

export class PendingWrites {
  private readonly xids: number[] = [];
  private readonly types: number[] = [];
  private head = 0;

  get count(): number {
    return this.xids.length - this.head;
  }

  push(xid: number, type: number): void {
    this.xids.push(xid);
    this.types.push(type);
  }

  /** Is a txn of this cxid and type the outcome of the oldest one? An expiry has cxid 0, too. */
  isOldest(cxid: number, txnType: number): boolean {
    if (this.count === 0 || this.xids[this.head] !== cxid) return false;
    return txnType !== OpCode.closeSession || this.types[this.head] === OpCode.closeSession;
  }

  shift(): void {
    this.head++;
    if (this.count > 0 && this.head < compactAt) return;
    this.xids.splice(0, this.head);
    this.types.splice(0, this.head);
    this.head = 0;
  }
}

const compactAt = 1024;
