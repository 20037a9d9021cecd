/**
 * The last stage of a write (Apache `FinalRequestProcessor`): a committed txn is applied inside one
 * section of the tree; whoever watches is told before the section closes; then the reply leaves,
 * with the zxid that the tree shows from then on.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { EventType, OpCode } from '../jute/proto.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { AnswerContext } from '../ops/contexts.ts';
import { writeErrorResult, writeMultiEnd, writeMultiHeader } from '../ops/multi.ts';
import { opRow } from '../ops/op-table.ts';
import { beginReply, finishReply } from '../ops/replies.ts';
import { type ApplyListener, TxnApplier } from '../state/apply-txn.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { TreeWriter } from '../tree/tree-writer.ts';
import type { Connections } from './connections.ts';
import { DigestHistory } from './digest-history.ts';
import type { KeeperMonitor, KeeperOutput, KeeperParts } from './keeper-ports.ts';
import type { Reaper } from './reaper.ts';
import { WatchDelivery } from './watch-delivery.ts';

export class FinalStage implements ApplyListener, AnswerContext {
  readonly tree: TreeWriter;
  readonly applier: TxnApplier;
  readonly digestHistory = new DigestHistory();
  /** Txns after which the tree had another digest than their trailer says. */
  digestMismatches = 0;
  /** So many txns more may meet their own effects, or those of later ones. */
  laterTxnsLeft = 0;
  /** Slot of the session that the last txn opened, -1 when it opened none. */
  openedSlot = -1;
  /** Slot of the session that the last txn closed, -1 when it closed none. */
  closedSlot = -1;
  /** The last txn was refused since its session has moved: it is not answered. */
  sessionMoved = false;
  /** The node that an op has touched, while its answer is written. */
  ref = 0;
  path: Uint8Array = new Uint8Array(0);
  pathStart = 0;
  pathEnd = 0;

  private readonly sessions: SessionTracker;
  private readonly output: KeeperOutput;
  private readonly monitor: KeeperMonitor;
  private readonly reaper: Reaper;
  private readonly delivery: WatchDelivery;
  private readonly answer = new JuteWriter(4096);
  private answering = false;
  private err: number = ErrorCode.ok;
  private nowMs = 0;

  constructor(parts: KeeperParts, connections: Connections, reaper: Reaper) {
    const { tree, ephemerals, quotas, settings } = parts;
    this.tree = tree;
    this.sessions = parts.sessions;
    this.output = parts.output;
    this.monitor = parts.monitor;
    this.reaper = reaper;
    this.delivery = new WatchDelivery(parts, connections);
    const { ephemeralTypes } = settings;
    this.applier = new TxnApplier({ tree, ephemerals, quotas, listener: this, ephemeralTypes });
  }

  /** Applies the txn in `bytes[start..end)`. With `answering`, its reply body is written, too. */
  apply(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    nowMs: number,
    answering: boolean,
  ): void {
    const { tree, applier, delivery } = this;
    this.nowMs = nowMs;
    this.openedSlot = this.closedSlot = -1;
    this.answering = answering;
    this.sessionMoved = false;
    this.err = ErrorCode.ok;
    if (answering) beginReply(this.answer);
    delivery.zxidHi = view.getInt32(start + TxnHeaderOffset.zxid);
    delivery.zxidLo = view.getInt32(start + TxnHeaderOffset.zxid + 4);
    tree.openSection();
    applier.apply(bytes, view, start, end);
    tree.closeSection(applier.zxidHi, applier.zxidLo);
    this.judgeDigest();
    const isExact = this.laterTxnsLeft === 0;
    if (isExact) this.digestHistory.onApplied(applier.zxidHi, applier.zxidLo, tree);
  }

  /**
   * A state that was loaded may hold effects of later txns: those of a snapshot that was walked
   * while writes went on. Until a txn finds the tree as it foretells, none is wrong, and the digest
   * of the tree is not that of its zxid.
   */
  private judgeDigest(): void {
    const { applier } = this;
    if (!applier.hasDigest) return;
    if (applier.isDigestAsExpected()) this.laterTxnsLeft = 0;
    else if (this.laterTxnsLeft > 0) this.laterTxnsLeft--;
    else this.digestMismatches++;
  }

  /** The txn was refused since the session is not a global one, which the leader cannot know. */
  becauseLocal(): void {
    if (this.err === ErrorCode.sessionExpired) this.err = ErrorCode.ephemeralOnLocalSession;
  }

  /** Sends the reply to the request whose txn was just applied. */
  reply(cnxnId: number, xid: number): void {
    const { answer, applier } = this;
    if (applier.type === OpCode.multi) writeMultiEnd(answer);
    finishReply(answer, xid, applier.zxidHi, applier.zxidLo, this.err);
    this.output.reply(cnxnId, answer.bytes, 0, answer.offset);
  }

  nodeCreated(ref: number, parent: number, path: Uint8Array, start: number, end: number): void {
    this.reaper.onCreated(ref);
    this.monitor.written(path, start, end, this.tree.dataLength(ref));
    this.delivery.trigger(EventType.nodeCreated, ref, path, start, end);
    const slash = path.lastIndexOf(slashByte, end - 1);
    this.delivery.trigger(EventType.nodeChildrenChanged, parent, path, start, slash);
  }

  nodeDeleting(ref: number, parent: number, path: Uint8Array, start: number, end: number): void {
    this.reaper.onDeleting(ref);
    this.monitor.written(path, start, end, -1);
    this.delivery.trigger(EventType.nodeDeleted, ref, path, start, end);
    const slash = path.lastIndexOf(slashByte, end - 1);
    this.delivery.trigger(EventType.nodeChildrenChanged, parent, path, start, slash);
  }

  dataChanged(ref: number, path: Uint8Array, start: number, end: number): void {
    this.monitor.written(path, start, end, this.tree.dataLength(ref));
    this.delivery.trigger(EventType.nodeDataChanged, ref, path, start, end);
  }

  sessionOpened(idHi: number, idLo: number, timeoutMs: number): void {
    this.openedSlot = this.sessions.open(idHi, idLo, timeoutMs, this.nowMs);
  }

  sessionClosed(idHi: number, idLo: number): void {
    this.closedSlot = this.sessions.find(idHi, idLo);
    if (this.closedSlot >= 0) this.sessions.remove(this.closedSlot);
  }

  /** In a multi each op has a result of its own, and the reply as a whole is never an error. */
  opApplied(
    type: number,
    err: number,
    ref: number,
    path: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (!this.answering) return;
    const inMulti = this.applier.type === OpCode.multi;
    const row = opRow(type);
    if (row?.kind !== 'write' || err !== ErrorCode.ok) {
      if (err === ErrorCode.sessionMoved) this.sessionMoved = true;
      if (inMulti) writeErrorResult(this.answer, err);
      else this.err = err;
      return;
    }
    this.ref = ref;
    this.path = path;
    this.pathStart = start;
    this.pathEnd = end;
    if (inMulti) writeMultiHeader(this.answer, row.resultType, ErrorCode.ok);
    row.answer(this, this.answer);
  }
}

const slashByte = 0x2f;
