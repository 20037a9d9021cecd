/**
 * Frames that go to clients: the head of a reply or an event. A frame is an int32 length, a
 * ReplyHeader (xid, zxid, err) and a body.
 */
import { replyHeaderBytes } from '../base/limits.ts';
import { keeperStateSyncConnected, Xid } from '../jute/proto.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { AnswerContext, ReadContext } from './contexts.ts';

const lengthBytes = 4;
const statBytes = 68;

/** Room for length and header; the body follows. `finishReply` fills them in. */
export function beginReply(reply: JuteWriter): void {
  reply.reset();
  reply.reserve(lengthBytes + replyHeaderBytes);
}

/** Leaves no body behind the header. */
export function dropReplyBody(reply: JuteWriter): void {
  reply.offset = lengthBytes + replyHeaderBytes;
}

export function finishReply(
  reply: JuteWriter,
  xid: number,
  zxidHi: number,
  zxidLo: number,
  err: number,
): void {
  const { view } = reply;
  view.setInt32(0, reply.offset - lengthBytes);
  view.setInt32(4, xid);
  view.setInt32(8, zxidHi);
  view.setInt32(12, zxidLo);
  view.setInt32(16, err);
}

/** A whole event frame. `zxid` is the txn's, or -1 in a replay (setWatches). */
export function writeEvent(
  frame: JuteWriter,
  type: number,
  zxidHi: number,
  zxidLo: number,
  path: Uint8Array,
  start: number,
  end: number,
): void {
  beginReply(frame);
  frame.writeInt(type);
  frame.writeInt(keeperStateSyncConnected);
  frame.writeBuffer(path, start, end);
  finishReply(frame, Xid.notification, zxidHi, zxidLo, 0);
}

/** The wire Stat of the node that the operation touched; nothing when there is none. */
export function writeStatOf(context: AnswerContext, reply: JuteWriter): void {
  const at = reply.reserve(statBytes);
  context.tree.writeStat(context.ref, reply.bytes, at);
}

export function writeStatOfRef(context: ReadContext, ref: number, reply: JuteWriter): void {
  const at = reply.reserve(statBytes);
  context.tree.writeStat(ref, reply.bytes, at);
}
