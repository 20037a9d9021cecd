/**
 * Synchronization and broadcast, the learner's half: takes the leader's proposals into log and
 * history, knows how far they are committed, and acknowledges what is durable. It trusts the order
 * of the link, and checks it: a hole or a commit of something unknown ends the role.
 */
import { compareHalves, type Epoch, hex64, joinHalves } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { PacketType, writeBarePacket } from '../jute/quorum.ts';
import type { JuteReader } from '../jute/reader.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import { measurePayload, newPayloadParts } from '../jute/txn-payload.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { DurableState } from './durable-state.ts';
import type { Replica } from './peer-ports.ts';
import type { TxnHistory } from './txn-history.ts';

export interface LearnerLogParts {
  readonly history: TxnHistory;
  readonly durable: DurableState;
  readonly replica: Replica;
  /** False: an observer that writes no log. */
  readonly isLogged: boolean;
}

const nothing = () => {};

export class LearnerLog {
  private readonly history: TxnHistory;
  private readonly durable: DurableState;
  private readonly replica: Replica;
  private readonly isLogged: boolean;
  private readonly parts = newPayloadParts();
  /** The epoch that the leader has proposed. */
  private readonly epoch: Epoch;
  /** Epoch of the last txn that was appended: `currentEpoch` follows it. */
  private enteredEpoch: number;
  private committedHi = 0;
  private committedLo = 0;
  private ackedHi = 0;
  private ackedLo = 0;

  /** `epoch`: of the leader. */
  constructor(parts: LearnerLogParts, epoch: Epoch) {
    this.history = parts.history;
    this.durable = parts.durable;
    this.replica = parts.replica;
    this.isLogged = parts.isLogged;
    this.epoch = epoch;
    this.enteredEpoch = parts.durable.currentEpoch;
  }

  /** What this server has of the leader's history is committed up to this zxid. */
  startFrom(zxidHi: number, zxidLo: number): void {
    const { history } = this;
    const isBehind = compareHalves(zxidHi, zxidLo, history.lastHi, history.lastLo) < 0;
    this.advance(isBehind ? zxidHi : history.lastHi, isBehind ? zxidLo : history.lastLo);
  }

  /**
   * A proposal; `txn` is pointed at what it proposes. Throws `JuteError` when it is out of order, or
   * no txn at all: in the log it would keep this server from starting again.
   */
  onProposal(hi: number, lo: number, txn: JuteReader): void {
    const { bytes, offset: start, end } = txn;
    this.checkTxn(hi, lo, txn);
    if (hi > this.epoch) throw new JuteError(`proposal of a later epoch ${text(hi, lo)}`);
    const { history } = this;
    if (compareHalves(hi, lo, history.lastHi, history.lastLo) <= 0) {
      // It came with the snapshot, or it was here before: the leader may send it again.
      if (compareHalves(hi, lo, history.baseHi, history.baseLo) <= 0) return;
      if (history.contains(hi, lo)) return;
    }
    if (!history.follows(hi, lo)) {
      const last = text(history.lastHi, history.lastLo);
      throw new JuteError(`proposal ${text(hi, lo)} does not follow ${last}`);
    }
    if (!this.isLogged) {
      history.append(bytes, start, end, hi, lo);
      return;
    }
    if (hi > this.enteredEpoch) this.enter(hi as Epoch);
    this.durable.append(bytes, start, end, hi, lo);
  }

  /**
   * Everything up to this zxid is committed. A commit stands for all before it: what this server
   * had logged already is not committed one by one. Throws `JuteError`.
   */
  onCommit(hi: number, lo: number): void {
    if (compareHalves(hi, lo, this.committedHi, this.committedLo) <= 0) return;
    if (!this.history.contains(hi, lo)) throw new JuteError(`commit of unknown ${text(hi, lo)}`);
    this.advance(hi, lo);
  }

  /**
   * NEWLEADER: the history that was sent, and then the epoch, become durable. `then` may
   * acknowledge them.
   */
  onNewLeader(then: () => void): void {
    this.enteredEpoch = this.epoch;
    // What the leader has committed is no news to it.
    this.ackedHi = this.committedHi;
    this.ackedLo = this.committedLo;
    this.durable.enter(this.epoch, then);
  }

  /** The leader is established, and with it all of its history from earlier epochs. */
  onUpToDate(): void {
    const { history } = this;
    const earlier = history.indexAfter(this.epoch - 1, -1) - 1;
    if (earlier >= 0) {
      const { zxidHi, zxidLo } = history.at(earlier);
      this.advance(zxidHi, zxidLo);
    }
  }

  /**
   * False after a start from disk whose log ends in txns that are not known to be committed: the
   * tree has them already, and must not be shown before they are.
   */
  get isTreeCommitted(): boolean {
    const { deliveredHi, deliveredLo } = this.history;
    return compareHalves(deliveredHi, deliveredLo, this.committedHi, this.committedLo) <= 0;
  }

  /** Brings what is committed into the tree. */
  deliver(): void {
    if (!this.isTreeCommitted) return;
    const { history, replica, committedHi, committedLo } = this;
    let next = history.indexAfter(history.deliveredHi, history.deliveredLo);
    const end = history.indexAfter(committedHi, committedLo);
    if (next === end) return;
    for (; next < end; next++) {
      const txn = history.at(next);
      replica.deliver(txn.bytes, txn.start, txn.end);
    }
    history.markDelivered(committedHi, committedLo);
  }

  /** Acknowledges what became durable, a packet a txn: Apache's leader counts them one by one. */
  acknowledge(out: JuteWriter): void {
    const { history, durable } = this;
    const end = history.indexAfter(durable.syncedHi, durable.syncedLo);
    for (let i = history.indexAfter(this.ackedHi, this.ackedLo); i < end; i++) {
      const { zxidHi, zxidLo } = history.at(i);
      writeBarePacket(out, PacketType.ack, zxidHi, zxidLo);
      this.ackedHi = zxidHi;
      this.ackedLo = zxidLo;
    }
  }

  /**
   * Begins to log the txns of a later epoch. Everything before them is the initial history of that
   * epoch, so the epoch may be claimed now; it must be, before the log ends in it
   * (ZOOKEEPER-1653, 4643).
   */
  private enter(epoch: Epoch): void {
    this.enteredEpoch = epoch;
    this.durable.enter(epoch, nothing);
  }

  private checkTxn(hi: number, lo: number, txn: JuteReader): void {
    const at = txn.offset + TxnHeaderOffset.zxid;
    try {
      measurePayload(txn, this.parts);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      throw new JuteError(`proposal ${text(hi, lo)} is no txn: ${error.message}`);
    }
    if (txn.view.getInt32(at) !== hi || txn.view.getInt32(at + 4) !== lo) {
      throw new JuteError(`proposal ${text(hi, lo)} holds another txn`);
    }
  }

  private advance(hi: number, lo: number): void {
    if (compareHalves(hi, lo, this.committedHi, this.committedLo) <= 0) return;
    this.committedHi = hi;
    this.committedLo = lo;
  }
}

function text(hi: number, lo: number): string {
  return hex64(joinHalves(hi, lo));
}
