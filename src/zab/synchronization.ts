/**
 * Synchronization (ZAB paper, phase 2), the leader's half: how a learner's history is made equal
 * to the leader's (Apache `LearnerHandler.syncFollower`). All of it is decided by where the
 * learner's last zxid stands in the history that the leader has in memory.
 *
 * | learner's last zxid | answer |
 * |---|---|
 * | the end of the history, or a txn of it | DIFF: the txns behind it |
 * | unknown, but txns of its epoch are known before it | TRUNC to the last of those, then as DIFF |
 * | anything else | SNAP: the whole state, then as DIFF |
 *
 * A txn of an epoch proves all earlier ones of that epoch, and no others. So TRUNC is for histories
 * that differ within an epoch; the point of a cut in an earlier epoch might not be in the learner's
 * log at all, where Apache's server would leave what stands behind it.
 */
import { compareHalves } from '../base/zxid.ts';
import { PacketType, writeBarePacket, writePacket } from '../jute/quorum.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { TxnHistory } from './txn-history.ts';

export type SyncPlan =
  | { readonly kind: 'diff' }
  | { readonly kind: 'trunc'; readonly zxidHi: number; readonly zxidLo: number }
  | { readonly kind: 'snap' };

const diff: SyncPlan = { kind: 'diff' };
const snap: SyncPlan = { kind: 'snap' };

/** `zxidHi`, `zxidLo`: what ACKEPOCH said of the learner's log. */
export function planSync(history: TxnHistory, zxidHi: number, zxidLo: number): SyncPlan {
  if (zxidHi === history.lastHi && zxidLo === history.lastLo) return diff;
  // An empty server misses whatever was there before the first txn (ZOOKEEPER-4352), and counter 0
  // names a place between two epochs rather than a txn.
  if (zxidLo === 0) return snap;
  if (compareHalves(zxidHi, zxidLo, history.baseHi, history.baseLo) < 0) return snap;
  if (history.contains(zxidHi, zxidLo)) return diff;
  const before = history.indexAfter(zxidHi, zxidLo) - 1;
  const commonHi = before < 0 ? history.baseHi : history.at(before).zxidHi;
  const commonLo = before < 0 ? history.baseLo : history.at(before).zxidLo;
  if (commonHi !== zxidHi || commonLo === 0) return snap;
  return { kind: 'trunc', zxidHi: commonHi, zxidLo: commonLo };
}

/** PROPOSAL and COMMIT for each txn in `(from, to]`, which must be in the history. */
export function writeCommitted(
  out: JuteWriter,
  history: TxnHistory,
  from: { readonly hi: number; readonly lo: number },
  to: { readonly hi: number; readonly lo: number },
): void {
  const end = history.indexAfter(to.hi, to.lo);
  for (let i = history.indexAfter(from.hi, from.lo); i < end; i++) {
    const { zxidHi, zxidLo, bytes, start, end } = history.at(i);
    writePacket(out, PacketType.proposal, zxidHi, zxidLo, bytes, start, end);
    writeBarePacket(out, PacketType.commit, zxidHi, zxidLo);
  }
}

/** PROPOSAL for each txn above this zxid: proposed, and not committed yet. */
export function writeOutstanding(
  out: JuteWriter,
  history: TxnHistory,
  committedHi: number,
  committedLo: number,
): void {
  for (let i = history.indexAfter(committedHi, committedLo); i < history.count; i++) {
    const { zxidHi, zxidLo, bytes, start, end } = history.at(i);
    writePacket(out, PacketType.proposal, zxidHi, zxidLo, bytes, start, end);
  }
}
