/**
 * Writes the records that the keeper sends to the fronts: the one place that knows how `ToFront`
 * records are laid out on the sending side. Each front has a ring of its own, and a connection's
 * records go to the front that has it.
 */
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import { replyPieceBytes } from '../base/limits.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { ConnectAnswer } from '../processor/keeper-ports.ts';
import { frontOfCnxn } from './cnxn-id.ts';
import { AnswerLayout, ConnectedLayout, NotifyLayout, ReplyLayout, ToFront } from './messages.ts';
import type { Outlet } from './outlet.ts';

const connectionsPerNotifyMax = 8192;

export class KeeperReplies {
  private readonly outlets: readonly Outlet[];
  private readonly frames = new ViewCache();
  /** The connections of one front among those that an event is for. */
  private ofFront = new Int32Array(64);

  constructor(outlets: readonly Outlet[]) {
    this.outlets = outlets;
  }

  /** Records for at least one front wait outside its ring. */
  get stalled(): boolean {
    const { outlets } = this;
    for (let i = 0; i < outlets.length; i++) if (outlets[i]!.stalled) return true;
    return false;
  }

  /** Makes visible what was written, to every front. */
  flush(): void {
    const { outlets } = this;
    for (let i = 0; i < outlets.length; i++) outlets[i]!.flush();
  }

  /** Bytes for a connection, in pieces; the last of them answers so many requests. */
  reply(cnxnId: number, answers: number, frame: Uint8Array, start: number, end: number): void {
    const outlet = this.outletOf(cnxnId);
    const view = this.frames.viewOf(frame);
    for (let from = start; from < end; ) {
      const to = Math.min(from + replyPieceBytes, end);
      const at = outlet.open(ToFront.reply, ReplyLayout.bytes + to - from);
      outlet.view.setInt32(at + ReplyLayout.cnxnId, cnxnId);
      outlet.view.setInt32(at + ReplyLayout.answers, to === end ? answers : 0);
      copyBytes(view, from, outlet.view, at + ReplyLayout.bytes, to - from);
      from = to;
    }
  }

  /** An event for several connections: when this returns, it is on the rings of their fronts. */
  notify(
    cnxnIds: Int32Array,
    count: number,
    zxidHi: number,
    zxidLo: number,
    frame: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { outlets } = this;
    for (let front = 0; front < outlets.length; front++) {
      const ids = outlets.length === 1 ? cnxnIds : this.ofFront;
      const found = outlets.length === 1 ? count : this.findOf(front, cnxnIds, count);
      if (found === 0) continue;
      notifyFront(
        outlets[front]!,
        ids,
        found,
        zxidHi,
        zxidLo,
        this.frames.viewOf(frame),
        start,
        end,
      );
      outlets[front]!.flush();
    }
  }

  connected(cnxnId: number, answer: ConnectAnswer): void {
    const outlet = this.outletOf(cnxnId);
    const at = outlet.open(ToFront.connected, ConnectedLayout.bytes);
    const { view, bytes } = outlet;
    view.setInt32(at + ConnectedLayout.cnxnId, cnxnId);
    view.setInt32(at + ConnectedLayout.valid, answer.valid ? 1 : 0);
    view.setInt32(at + ConnectedLayout.sessionId, answer.sessionIdHi);
    view.setInt32(at + ConnectedLayout.sessionId + 4, answer.sessionIdLo);
    view.setInt32(at + ConnectedLayout.slot, answer.slot);
    view.setInt32(at + ConnectedLayout.timeoutMs, answer.timeoutMs);
    bytes.set(answer.passwd, at + ConnectedLayout.passwd);
  }

  askRoom(cnxnId: number): void {
    const outlet = this.outletOf(cnxnId);
    const at = outlet.open(ToFront.askRoom, 4);
    outlet.view.setInt32(at, cnxnId);
  }

  close(cnxnId: number): void {
    const outlet = this.outletOf(cnxnId);
    const at = outlet.open(ToFront.close, 4);
    outlet.view.setInt32(at, cnxnId);
  }

  /** The answer to a query of this front. */
  answer(front: number, queryId: number, value: unknown): void {
    const json = encodeUtf8(JSON.stringify(value));
    let from = 0;
    do {
      const to = Math.min(from + replyPieceBytes, json.byteLength);
      this.answerPiece(front, queryId, to < json.byteLength, json, from, to);
      from = to;
    } while (from < json.byteLength);
  }

  /** A piece of the answer to a query of this front: UTF-8 of JSON, `json[start..end)`. */
  answerPiece(
    front: number,
    queryId: number,
    isMoreToCome: boolean,
    json: Uint8Array,
    start: number,
    end: number,
  ): void {
    const outlet = this.outlets[front]!;
    const at = outlet.open(ToFront.answer, AnswerLayout.bytes + end - start);
    outlet.view.setInt32(at + AnswerLayout.queryId, queryId);
    outlet.view.setInt32(at + AnswerLayout.more, isMoreToCome ? 1 : 0);
    outlet.bytes.set(json.subarray(start, end), at + AnswerLayout.bytes);
  }

  /** A front asks another one; see `ToFront.asked`. */
  asked(front: number, queryId: number, asker: number, what: number): void {
    const outlet = this.outlets[front]!;
    const at = outlet.open(ToFront.asked, 12);
    outlet.view.setInt32(at, queryId);
    outlet.view.setInt32(at + 4, asker);
    outlet.view.setInt32(at + 8, what);
  }

  /** To the first front, beside which the jobs are. */
  snapshotDue(): void {
    this.outlets[0]!.open(ToFront.snapshotDue, 0);
  }

  private outletOf(cnxnId: number): Outlet {
    return this.outlets[frontOfCnxn(cnxnId)]!;
  }

  /** Gathers in `ofFront`; returns how many they are. */
  private findOf(front: number, cnxnIds: Int32Array, count: number): number {
    if (this.ofFront.length < count) this.ofFront = new Int32Array(2 * count);
    const { ofFront } = this;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const cnxnId = cnxnIds[i]!;
      if (frontOfCnxn(cnxnId) === front) ofFront[found++] = cnxnId;
    }
    return found;
  }
}

function notifyFront(
  outlet: Outlet,
  cnxnIds: Int32Array,
  count: number,
  zxidHi: number,
  zxidLo: number,
  frame: DataView,
  start: number,
  end: number,
): void {
  for (let from = 0; from < count; from += connectionsPerNotifyMax) {
    const part = Math.min(count - from, connectionsPerNotifyMax);
    const tail = NotifyLayout.cnxnIds + 4 * part;
    const at = outlet.open(ToFront.notify, tail + end - start);
    const { view } = outlet;
    view.setInt32(at + NotifyLayout.zxid, zxidHi);
    view.setInt32(at + NotifyLayout.zxid + 4, zxidLo);
    view.setInt32(at + NotifyLayout.count, part);
    for (let i = 0; i < part; i++) {
      view.setInt32(at + NotifyLayout.cnxnIds + 4 * i, cnxnIds[from + i]!);
    }
    copyBytes(frame, start, view, at + tail, end - start);
  }
}
