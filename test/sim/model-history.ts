/**
 * The history of a simulated server as a second, naive implementation sees it: every txn that was
 * proposed, and the state after each. What a crash leaves must be one of these states, and not an
 * earlier one than somebody has seen.
 */
import { JuteReader } from '../../src/jute/reader.ts';
import { txnHeader } from '../../src/jute/txn.ts';
import { applyProposed, bodyEndOf, emptyState, pictureOfState } from './model-state.ts';
import type { StatePicture } from './tree-picture.ts';

interface HistoryEntry {
  readonly txn: Uint8Array;
  readonly picture: StatePicture;
}

export class ModelHistory {
  /** By zxid, all that were proposed. */
  private entries: HistoryEntry[] = [];
  private state = emptyState();
  private readonly beginning = pictureOfState(this.state);
  /** What anybody outside could have seen: no recovery may fall behind it. */
  visible = 0n;

  get lastZxid(): bigint {
    return BigInt(this.entries.length);
  }

  /** A txn leaves for the log. Throws when the model finds nothing that it could change. */
  propose(txn: Uint8Array, zxid: bigint): void {
    if (zxid !== this.lastZxid + 1n) throw new Error(`txn ${zxid} follows ${this.lastZxid}`);
    const bytes = txn.slice();
    const header = txnHeader.read(new JuteReader(bytes));
    if (header.zxid !== zxid) throw new Error(`txn ${header.zxid} is proposed as ${zxid}`);
    applyProposed(this.state, bytes);
    this.entries.push({ txn: bytes, picture: pictureOfState(this.state) });
  }

  /** The state after `zxid`; undefined when there is no such txn. */
  at(zxid: bigint): StatePicture | undefined {
    return zxid === 0n ? this.beginning : this.entries[Number(zxid) - 1]?.picture;
  }

  see(zxid: bigint): void {
    if (zxid > this.visible) this.visible = zxid;
  }

  /** A recovery has ended at `zxid`: what came behind it has never happened. */
  cutAfter(zxid: bigint): void {
    this.entries = this.entries.slice(0, Number(zxid));
    this.state = emptyState();
    for (const { txn } of this.entries) this.state.applyTxn(txn, 0, bodyEndOf(txn));
    this.state.ignored.length = 0;
  }
}
