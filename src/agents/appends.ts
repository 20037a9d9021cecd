/**
 * The ensemble's way to the log. Txns and asks go over the ring, and what is durable comes back on
 * another one. While the log rests it has lent the end of its file: then a few txns are written and
 * synced here, by the thread that decided on them, and nobody is woken. All records are laid on
 * the ring first and taken back from there, so a txn that is not written here has lost nothing.
 */
import { assert } from '../base/assert.ts';
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import { linkPieceBytes } from '../base/limits.ts';
import { type Epoch, highHalf, lowHalf, type Zxid } from '../base/zxid.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import { recordOverheadBytes } from '../storage/txn-log-format.ts';
import type { TxnLogWriter } from '../storage/txn-log-writer.ts';
import type { DiskAsk } from '../zab/peer-ports.ts';
import type { BatchSync } from './batch-sync.ts';
import type { LogLoan } from './log-loan.ts';
import type { LoneWrites } from './lone-writes.ts';
import { AppendLayout, diskAsks, ToLog } from './messages.ts';
import type { Outlet } from './outlet.ts';

export interface AppendsParts {
  readonly ring: Outlet;
  /** What comes back. */
  readonly synced: RingReceiver;
  readonly loan: LogLoan;
  /** Writes where the loan says, and makes no file of its own. */
  readonly writer: TxnLogWriter;
  readonly sync: BatchSync;
  readonly loneWrites: LoneWrites;
}

/** The low half of the id of the session that a txn comes from. */
const sessionOffset = TxnHeaderOffset.clientId + 4;

export class Appends {
  readonly synced: RingReceiver;
  private readonly parts: AppendsParts;
  private readonly views = new ViewCache();
  /** Since the last flush: txns, bytes of their payloads, the first one's epoch, other records. */
  private readonly hand = { txns: 0, session: 0, payloadBytes: 0, firstHi: 0 };
  private others = 0;
  /** The last txn. */
  lastHi = 0;
  lastLo = 0;

  constructor(parts: AppendsParts) {
    this.parts = parts;
    this.synced = parts.synced;
  }

  /** Records wait for room on the ring: propose nothing now. */
  get stalled(): boolean {
    return this.parts.ring.stalled;
  }

  /** The log is opened behind this txn. */
  begin(lastZxid: Zxid): void {
    const { ring } = this.parts;
    const at = this.open(ToLog.begin, 8);
    ring.view.setInt32(at, highHalf(lastZxid));
    ring.view.setInt32(at + 4, lowHalf(lastZxid));
  }

  append(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    const { ring } = this.parts;
    const at = ring.open(ToLog.append, AppendLayout.payload + end - start);
    ring.view.setInt32(at + AppendLayout.zxid, zxidHi);
    ring.view.setInt32(at + AppendLayout.zxid + 4, zxidLo);
    const { view } = ring;
    copyBytes(this.views.viewOf(payload), start, view, at + AppendLayout.payload, end - start);
    this.count(view.getInt32(at + AppendLayout.payload + sessionOffset), end - start, zxidHi);
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
  }

  private count(session: number, payloadBytes: number, zxidHi: number): void {
    const { hand } = this;
    if (hand.txns === 0) {
      hand.session = session;
      hand.firstHi = zxidHi;
    } else if (hand.session !== session) hand.session = 0;
    hand.txns++;
    hand.payloadBytes += payloadBytes;
  }

  roll(): void {
    this.open(ToLog.roll, 0);
  }

  ask(ask: DiskAsk): void {
    const { ring } = this.parts;
    const at = this.open(ToLog.ask, 12);
    ring.view.setInt32(at, diskAsks.indexOf(ask.kind));
    const value = 'zxid' in ask ? ask.zxid : BigInt('epoch' in ask ? (ask.epoch as Epoch) : 0);
    ring.view.setInt32(at + 4, highHalf(value));
    ring.view.setInt32(at + 8, lowHalf(value));
  }

  snapshotBytes(bytes: Uint8Array, start: number, end: number): void {
    const { ring } = this.parts;
    for (let from = start; from < end; from += linkPieceBytes) {
      const to = Math.min(from + linkPieceBytes, end);
      const at = this.open(ToLog.snapshotBytes, to - from);
      ring.bytes.set(bytes.subarray(from, to), at);
    }
  }

  /**
   * Everything leaves for the log. True: it was txns, all durable now, up to `lastHi` and `lastLo`;
   * `maySync` false prevents that. Throws `DiskError`.
   */
  flush(maySync: boolean): boolean {
    const { ring } = this.parts;
    const { hand } = this;
    const isHere = hand.txns > 0 && this.mayWriteHere(maySync);
    if (isHere) this.writeHere();
    else ring.flush();
    hand.txns = hand.payloadBytes = this.others = 0;
    return isHere;
  }

  stop(): void {
    this.parts.writer.close();
  }

  private open(type: number, length: number): number {
    this.others++;
    return this.parts.ring.open(type, length);
  }

  /** Worth it, allowed, and the log is here: it has lent its end, and all it has said was heard. */
  private mayWriteHere(maySync: boolean): boolean {
    const { ring, synced, loan, loneWrites } = this.parts;
    if (!loneWrites.isWorthIt(this.hand, loan.syncMs) || !maySync) return false;
    if (this.others > 0 || ring.stalled) return false;
    return loan.loan.isLentAt(ring.position) && !synced.hasWork() && this.fits();
  }

  /** The first txn of an epoch goes over the ring: the log leaves a mark before it. */
  private fits(): boolean {
    const { loan } = this.parts;
    const { txns, payloadBytes, firstHi } = this.hand;
    if (firstHi !== loan.lastHi || this.lastHi !== loan.lastHi) return false;
    if (txns > loan.txnsLeft || payloadBytes > loan.bytesLeft) return false;
    return loan.position + payloadBytes + txns * recordOverheadBytes <= loan.roomEnd;
  }

  /** What the others need for their part is on its way before this thread waits for the disk. */
  private writeHere(): void {
    const { ring, loan, writer, sync, loneWrites } = this.parts;
    const { txns, payloadBytes } = this.hand;
    loneWrites.sendPackets();
    writer.goOnAt(loan);
    ring.takeBack(this.onTakenBack);
    sync.run(writer, txns);
    writer.lend(loan);
    loan.txnsLeft -= txns;
    loan.bytesLeft -= payloadBytes;
  }

  private readonly onTakenBack = (type: number, offset: number, length: number): void => {
    assert(type === ToLog.append, 'nothing but txns is written here');
    const { ring, writer } = this.parts;
    const zxidHi = ring.view.getInt32(offset + AppendLayout.zxid);
    const zxidLo = ring.view.getInt32(offset + AppendLayout.zxid + 4);
    writer.append(ring.bytes, offset + AppendLayout.payload, offset + length, zxidHi, zxidLo);
  };
}
