/**
 * The txns that are proposed and not committed, oldest first, each with its bytes and with the
 * request that it answers. Txns lie one behind the other in a few pages, which are reused: many
 * small buffers would not stay in the processor's cache.
 */
import { JuteWriter } from '../jute/writer.ts';

export const noConnection = -1;

const pageBytes = 64 * 1024;

/** Many txns, or one that is longer than a page. Its bytes are replaced when they grow. */
class TxnPage {
  readonly txns = new JuteWriter(pageBytes);
  /** Txns in it that are still needed. */
  inUse = 0;
}

class Proposal {
  zxidHi = 0;
  zxidLo = 0;
  /** Whose request it is; `noConnection` for the server's own. */
  cnxnId = noConnection;
  xid = 0;
  /** Op code of the request; the txn's type is another one when it failed. */
  type = 0;
  page: TxnPage;
  /** TxnHeader, body, TxnDigest: `txn.bytes[start..end)`, once it is in the list. */
  start = 0;
  end = 0;
  next: Proposal | null = null;

  constructor(page: TxnPage) {
    this.page = page;
  }

  get txn(): JuteWriter {
    return this.page.txns;
  }
}

export type { Proposal };

const spareMax = 1024;
const sparePagesMax = 16;

export class Proposals {
  count = 0;
  /** Bytes of all txns in the list. */
  bytes = 0;
  oldest: Proposal | null = null;
  private newest: Proposal | null = null;
  private spare: Proposal | null = null;
  private spareCount = 0;
  /** The page that the next txn begins in. */
  private page = new TxnPage();
  private readonly sparePages: TxnPage[] = [];

  /** An empty one, not in the list yet: the next to be pushed. Its txn is written at `start`. */
  take(): Proposal {
    if (this.page.txns.offset >= pageBytes) this.page = this.sparePages.pop() ?? new TxnPage();
    const { page } = this;
    const proposal = this.spare ?? new Proposal(page);
    if (proposal === this.spare) {
      this.spare = proposal.next;
      this.spareCount--;
    }
    proposal.next = null;
    proposal.page = page;
    proposal.start = page.txns.offset;
    return proposal;
  }

  push(proposal: Proposal): void {
    if (this.newest === null) this.oldest = proposal;
    else this.newest.next = proposal;
    this.newest = proposal;
    proposal.end = proposal.txn.offset;
    proposal.page.inUse++;
    this.count++;
    this.bytes += proposal.end - proposal.start;
  }

  /** Forgets the oldest: its bytes are reused. */
  shift(): void {
    const proposal = this.oldest;
    if (proposal === null) return;
    this.oldest = proposal.next;
    if (this.oldest === null) this.newest = null;
    this.count--;
    this.bytes -= proposal.end - proposal.start;
    this.release(proposal.page);
    proposal.next = null;
    if (this.spareCount >= spareMax) return;
    proposal.next = this.spare;
    this.spare = proposal;
    this.spareCount++;
  }

  /** A page without txns is reused, but for one that a long txn has made too large to keep. */
  private release(page: TxnPage): void {
    page.inUse--;
    if (page.inUse > 0) return;
    const isKept = page.txns.bytes.byteLength <= 2 * pageBytes;
    page.txns.reset();
    if (page === this.page) {
      if (!isKept) this.page = new TxnPage();
    } else if (isKept && this.sparePages.length < sparePagesMax) {
      this.sparePages.push(page);
    }
  }
}
