/**
 * Reads the records that the keeper sends and tells the front what each means: the one place that
 * knows how `ToFront` records are laid out on the receiving side.
 */

import {
  AnswerLayout,
  ConnectedLayout,
  type FrontAsk,
  frontAsks,
  NotifyLayout,
  ReplyLayout,
  ToFront,
} from '../agents/messages.ts';
import { unreachable } from '../base/assert.ts';
import { compareHalves } from '../base/zxid.ts';
import { decodeUtf8 } from '../jute/utf8.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import type { TreeView } from '../tree/tree-view.ts';

/** Byte ranges are valid only during the call. */
export interface FrontRepliesListener {
  onReply(cnxnId: number, answers: number, bytes: Uint8Array, start: number, end: number): void;
  onNotify(cnxnId: number, bytes: Uint8Array, start: number, end: number): void;
  onConnected(answer: Connected): void;
  onRoomAsked(cnxnId: number): void;
  onClose(cnxnId: number): void;
  onAnswer(queryId: number, value: unknown): void;
  /** Another front wants to know. */
  onAsked(asker: number, queryId: number, what: FrontAsk): void;
  onSnapshotDue(): void;
}

export interface Connected {
  readonly cnxnId: number;
  readonly valid: boolean;
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  readonly slot: number;
  readonly timeoutMs: number;
  readonly passwd: Uint8Array;
}

type Kind = (typeof ToFront)[keyof typeof ToFront];

export class FrontReplies {
  private readonly ring: RingReceiver;
  private readonly tree: TreeView;
  private readonly listener: FrontRepliesListener;
  private readonly answers = new Map<number, string>();
  private upToHi = 0;
  private upToLo = 0;

  constructor(ring: RingReceiver, tree: TreeView, listener: FrontRepliesListener) {
    this.ring = ring;
    this.tree = tree;
    this.listener = listener;
  }

  /** Takes all that is there, except behind a notification whose change is not visible yet. */
  drain(): number {
    return this.drainUpTo(this.tree.lastZxidHi, this.tree.lastZxidLo);
  }

  /** The same, except behind a notification of a change that came after this zxid. */
  drainUpTo(zxidHi: number, zxidLo: number): number {
    this.upToHi = zxidHi;
    this.upToLo = zxidLo;
    return this.ring.drain(this.onRecord, Number.MAX_SAFE_INTEGER);
  }

  private readonly onRecord = (type: number, offset: number, length: number): boolean => {
    const { view, bytes } = this.ring;
    const end = offset + length;
    const kind = type as Kind;
    switch (kind) {
      case ToFront.reply:
        this.listener.onReply(
          view.getInt32(offset + ReplyLayout.cnxnId),
          view.getInt32(offset + ReplyLayout.answers),
          bytes,
          offset + ReplyLayout.bytes,
          end,
        );
        return true;
      case ToFront.notify:
        return this.onNotify(offset, end);
      case ToFront.connected:
        this.onConnected(offset);
        return true;
      case ToFront.askRoom:
        this.listener.onRoomAsked(view.getInt32(offset));
        return true;
      case ToFront.close:
        this.listener.onClose(view.getInt32(offset));
        return true;
      case ToFront.answer:
        this.onAnswer(offset, end);
        return true;
      case ToFront.asked: {
        const what = frontAsks[view.getInt32(offset + 8)] ?? 'stats';
        this.listener.onAsked(view.getInt32(offset + 4), view.getInt32(offset), what);
        return true;
      }
      case ToFront.snapshotDue:
        this.listener.onSnapshotDue();
        return true;
      default:
        return unreachable(kind);
    }
  };

  /** An event leaves only when a read after it shows its change (rule c). */
  private onNotify(offset: number, end: number): boolean {
    const { view, bytes } = this.ring;
    const zxidHi = view.getInt32(offset + NotifyLayout.zxid);
    const zxidLo = view.getInt32(offset + NotifyLayout.zxid + 4);
    if (compareHalves(this.upToHi, this.upToLo, zxidHi, zxidLo) < 0) return false;
    const count = view.getInt32(offset + NotifyLayout.count);
    const ids = offset + NotifyLayout.cnxnIds;
    for (let i = 0; i < count; i++) {
      this.listener.onNotify(view.getInt32(ids + 4 * i), bytes, ids + 4 * count, end);
    }
    return true;
  }

  private onConnected(offset: number): void {
    const { view, bytes } = this.ring;
    const passwdAt = offset + ConnectedLayout.passwd;
    this.listener.onConnected({
      cnxnId: view.getInt32(offset + ConnectedLayout.cnxnId),
      valid: view.getInt32(offset + ConnectedLayout.valid) === 1,
      sessionIdHi: view.getInt32(offset + ConnectedLayout.sessionId),
      sessionIdLo: view.getInt32(offset + ConnectedLayout.sessionId + 4),
      slot: view.getInt32(offset + ConnectedLayout.slot),
      timeoutMs: view.getInt32(offset + ConnectedLayout.timeoutMs),
      passwd: bytes.slice(passwdAt, passwdAt + 16),
    });
  }

  private onAnswer(offset: number, end: number): void {
    const { view, bytes } = this.ring;
    const queryId = view.getInt32(offset + AnswerLayout.queryId);
    // Pieces may cut a character in two, so they are joined as latin1 and decoded at the end.
    const piece = Buffer.from(bytes.slice(offset + AnswerLayout.bytes, end)).toString('latin1');
    const text = (this.answers.get(queryId) ?? '') + piece;
    if (view.getInt32(offset + AnswerLayout.more) === 1) {
      this.answers.set(queryId, text);
      return;
    }
    this.answers.delete(queryId);
    const json = Buffer.from(text, 'latin1');
    this.listener.onAnswer(queryId, JSON.parse(decodeUtf8(json, 0, json.byteLength)));
  }
}
