/**
 * The newest txns of this server's log, in memory and in zxid order: what was committed lately, so
 * that a learner that was away for a short time gets what it misses (DIFF), and behind it what is
 * logged and not committed yet. Everything up to `base` is known by its effect on the tree only.
 *
 * ```
 *        base │ entry entry entry │ entry entry │
 *             │     delivered     │   logged    │ last
 * ```
 *
 * It has no holes: an entry follows the one before it by 1, or begins a later epoch.
 */
import { assert } from '../base/assert.ts';
import { commitLogBytesMax, commitLogHeldBytesMax } from '../base/limits.ts';
import { compareHalves } from '../base/zxid.ts';

/** A txn (header, body, digest) as logged: `bytes[start..end)`. */
export interface HistoryTxn {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A reason not to forget the entries above a zxid. */
export interface HistoryHold {
  readonly zxidHi: number;
  readonly zxidLo: number;
}

const blockBytes = 64 * 1024;
const headSlackMax = 1024;

export class TxnHistory {
  baseHi = 0;
  baseLo = 0;
  lastHi = 0;
  lastLo = 0;
  /** Up to here the tree has the txns. */
  deliveredHi = 0;
  deliveredLo = 0;
  private readonly countMin: number;
  private entries: HistoryTxn[] = [];
  /** Index of the first entry that is kept; those before it are forgotten. */
  private head = 0;
  private keptBytes = 0;
  private block = new Uint8Array(blockBytes);
  private blockUsed = 0;
  private readonly holds = new Set<HistoryHold>();

  /** Keeps at least `countMin` delivered txns, unless they are longer than `commitLogBytesMax`. */
  constructor(countMin: number) {
    this.countMin = countMin;
  }

  get count(): number {
    return this.entries.length - this.head;
  }

  /** The `index`-th oldest entry that is kept. */
  at(index: number): HistoryTxn {
    const entry = this.entries[this.head + index];
    assert(entry !== undefined, 'the history holds this entry');
    return entry;
  }

  /** Starts anew behind a snapshot whose tree holds everything up to this zxid. */
  reset(zxidHi: number, zxidLo: number): void {
    this.entries = [];
    this.head = 0;
    this.keptBytes = 0;
    this.baseHi = this.lastHi = this.deliveredHi = zxidHi;
    this.baseLo = this.lastLo = this.deliveredLo = zxidLo;
  }

  /** A txn that is logged, or about to be. The bytes are copied. */
  append(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    assert(this.follows(zxidHi, zxidLo), 'a txn follows the one before it');
    const length = end - start;
    if (this.blockUsed + length > this.block.byteLength) {
      this.block = new Uint8Array(Math.max(blockBytes, length));
      this.blockUsed = 0;
    }
    const at = this.blockUsed;
    this.block.set(payload.subarray(start, end), at);
    this.blockUsed += length;
    this.entries.push({ zxidHi, zxidLo, bytes: this.block, start: at, end: at + length });
    this.keptBytes += length;
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
  }

  /** The next counter of the same epoch, or the begin of a later one. */
  follows(zxidHi: number, zxidLo: number): boolean {
    if (zxidHi === this.lastHi) return zxidLo >>> 0 === (this.lastLo >>> 0) + 1;
    return zxidHi > this.lastHi && zxidLo === 1;
  }

  /** The tree has the txns up to this zxid. The oldest ones may be forgotten now. */
  markDelivered(zxidHi: number, zxidLo: number): void {
    assert(
      compareHalves(zxidHi, zxidLo, this.lastHi, this.lastLo) <= 0,
      'what is delivered was logged',
    );
    this.deliveredHi = zxidHi;
    this.deliveredLo = zxidLo;
    this.forget();
  }

  /** Drops the entries above this zxid, which must be the base or an entry. */
  truncate(zxidHi: number, zxidLo: number): void {
    assert(this.contains(zxidHi, zxidLo), 'the history is cut behind one of its txns');
    const kept = this.head + this.indexAfter(zxidHi, zxidLo);
    for (let i = kept; i < this.entries.length; i++) this.keptBytes -= bytesOf(this.entries[i]);
    this.entries.length = kept;
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
    if (compareHalves(this.deliveredHi, this.deliveredLo, zxidHi, zxidLo) > 0) {
      this.deliveredHi = zxidHi;
      this.deliveredLo = zxidLo;
    }
  }

  /** Whether a log that ends with this zxid is known to be a beginning of this one. */
  contains(zxidHi: number, zxidLo: number): boolean {
    if (zxidHi === this.baseHi && zxidLo === this.baseLo) return true;
    const before = this.indexAfter(zxidHi, zxidLo) - 1;
    if (before < 0) return false;
    const entry = this.at(before);
    return entry.zxidHi === zxidHi && entry.zxidLo === zxidLo;
  }

  /** Index of the first entry above this zxid; `count` when there is none. */
  indexAfter(zxidHi: number, zxidLo: number): number {
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { zxidHi: hi, zxidLo: lo } = this.entries[middle] as HistoryTxn;
      if (compareHalves(hi, lo, zxidHi, zxidLo) > 0) high = middle;
      else low = middle + 1;
    }
    return low - this.head;
  }

  /**
   * Keeps the entries above this zxid until `release`, or until they are longer than
   * `commitLogHeldBytesMax`.
   */
  hold(zxidHi: number, zxidLo: number): HistoryHold {
    const hold = { zxidHi, zxidLo };
    this.holds.add(hold);
    return hold;
  }

  release(hold: HistoryHold): void {
    this.holds.delete(hold);
  }

  private isHeld(entry: HistoryTxn): boolean {
    if (this.keptBytes > commitLogHeldBytesMax) return false;
    for (const hold of this.holds) {
      if (compareHalves(entry.zxidHi, entry.zxidLo, hold.zxidHi, hold.zxidLo) > 0) return true;
    }
    return false;
  }

  private forget(): void {
    const { entries } = this;
    while (this.head < entries.length) {
      const oldest = entries[this.head] as HistoryTxn;
      const { zxidHi, zxidLo } = oldest;
      if (compareHalves(zxidHi, zxidLo, this.deliveredHi, this.deliveredLo) > 0) break;
      // Counting what is not delivered, too, forgets at the worst what one more commit would.
      if (this.count <= this.countMin && this.keptBytes <= commitLogBytesMax) break;
      if (this.holds.size > 0 && this.isHeld(oldest)) break;
      this.head++;
      this.keptBytes -= bytesOf(oldest);
      this.baseHi = zxidHi;
      this.baseLo = zxidLo;
    }
    if (this.head > headSlackMax && this.head * 2 > entries.length) {
      entries.splice(0, this.head);
      this.head = 0;
    }
  }
}

function bytesOf(entry: HistoryTxn | undefined): number {
  return entry === undefined ? 0 : entry.end - entry.start;
}
