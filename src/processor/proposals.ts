/**
 * The txns that are proposed and not committed, oldest first, each with its bytes and with the
 * request that it answers. Their buffers are reused.
 */
import { JuteWriter } from '../jute/writer.ts';

export const noConnection = -1;

class Proposal {
  zxidHi = 0;
  zxidLo = 0;
  /** Whose request it is; `noConnection` for the server's own. */
  cnxnId = noConnection;
  xid = 0;
  /** Op code of the request; the txn's type is another one when it failed. */
  type = 0;
  /** TxnHeader, body, TxnDigest. */
  readonly txn = new JuteWriter(256);
  next: Proposal | null = null;
}

export type { Proposal };

const spareMax = 1024;
const spareBytesMax = 16 * 1024;

export class Proposals {
  count = 0;
  /** Bytes of all txns in the list. */
  bytes = 0;
  oldest: Proposal | null = null;
  private newest: Proposal | null = null;
  private spare: Proposal | null = null;
  private spareCount = 0;

  /** An empty one, not in the list yet. */
  take(): Proposal {
    const proposal = this.spare ?? new Proposal();
    if (proposal === this.spare) {
      this.spare = proposal.next;
      this.spareCount--;
    }
    proposal.next = null;
    proposal.txn.reset();
    return proposal;
  }

  push(proposal: Proposal): void {
    if (this.newest === null) this.oldest = proposal;
    else this.newest.next = proposal;
    this.newest = proposal;
    this.count++;
    this.bytes += proposal.txn.offset;
  }

  /** Forgets the oldest: its bytes are reused. */
  shift(): void {
    const proposal = this.oldest;
    if (proposal === null) return;
    this.oldest = proposal.next;
    if (this.oldest === null) this.newest = null;
    this.count--;
    this.bytes -= proposal.txn.offset;
    proposal.next = null;
    if (this.spareCount >= spareMax || proposal.txn.bytes.byteLength > spareBytesMax) return;
    proposal.next = this.spare;
    this.spare = proposal;
    this.spareCount++;
  }
}
