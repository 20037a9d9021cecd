/**
 * The requests about watches: checkWatches, removeWatches, addWatch, setWatches, setWatches2. A
 * watch on a null path is answered as any other, but there is nothing to keep. None of them looks at ACLs, path syntax or existence; none makes a txn. The watch that a plain read
 * asks for is not here: the processor leaves it.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { compareHalves } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { EventType } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import { modeOfAddWatch, modesOfWatcherType, WatchMode } from '../state/watch-modes.ts';
import type { ConnectionContext, ConnectionOp } from './contexts.ts';
import { skipPath } from './path.ts';

export const checkWatches: ConnectionOp = (context, request) => {
  const length = skipPath(request);
  const end = request.offset;
  const modes = modesOfWatcherType(request.readInt());
  if (modes === 0) return ErrorCode.marshallingError;
  if (length < 0) return ErrorCode.noWatcher;
  const found = context.watches.has(request.bytes, end - length, end, context.cnxnId, modes);
  return found ? ErrorCode.ok : ErrorCode.noWatcher;
};

export const removeWatches: ConnectionOp = (context, request) => {
  const length = skipPath(request);
  const end = request.offset;
  const modes = modesOfWatcherType(request.readInt());
  if (modes === 0) return ErrorCode.marshallingError;
  if (length < 0) return ErrorCode.noWatcher;
  const found = context.watches.remove(request.bytes, end - length, end, context.cnxnId, modes);
  return found ? ErrorCode.ok : ErrorCode.noWatcher;
};

export const addWatch: ConnectionOp = (context, request, reply) => {
  const length = skipPath(request);
  const end = request.offset;
  const mode = modeOfAddWatch(request.readInt());
  if (mode === 0) return ErrorCode.marshallingError;
  if (length >= 0) context.watches.add(request.bytes, end - length, end, context.cnxnId, mode);
  reply.writeInt(ErrorCode.ok);
  return ErrorCode.ok;
};

export const setWatches: ConnectionOp = (context, request) => {
  const from = request.offset;
  skipLists(request, 3);
  request.offset = from;
  replayLists(context, request);
  return ErrorCode.ok;
};

export const setWatches2: ConnectionOp = (context, request) => {
  const from = request.offset;
  skipLists(request, 5);
  request.offset = from;
  replayLists(context, request);
  addAll(context, request, WatchMode.persistent);
  addAll(context, request, WatchMode.recursive);
  return ErrorCode.ok;
};

/**
 * A body that cannot be decoded changes nothing, so all of it is decoded first. A null list is no
 * such thing: as with Apache, what stands before it has happened when it is found.
 */
function skipLists(request: JuteReader, lists: number): void {
  request.skip(8);
  for (let list = 0; list < lists; list++) {
    const count = request.readCount();
    for (let i = 0; i < count; i++) skipPath(request);
  }
}

/** What changed since `relativeZxid` is told now, the rest is watched (Apache `DataTree`). */
function replayLists(context: ConnectionContext, request: JuteReader): void {
  const { tree } = context;
  const zxidHi = request.readInt();
  const zxidLo = request.readInt();
  forEachPath(request, (start, end) => {
    const ref = tree.find(request.bytes, start, end);
    const changed = ref !== 0 && isLater(tree.mzxidHi(ref), tree.mzxidLo(ref), zxidHi, zxidLo);
    if (ref === 0) context.replay(EventType.nodeDeleted, request.bytes, start, end);
    else if (changed) context.replay(EventType.nodeDataChanged, request.bytes, start, end);
    else context.watches.add(request.bytes, start, end, context.cnxnId, WatchMode.data);
  });
  forEachPath(request, (start, end) => {
    const ref = tree.find(request.bytes, start, end);
    if (ref !== 0) context.replay(EventType.nodeCreated, request.bytes, start, end);
    else context.watches.add(request.bytes, start, end, context.cnxnId, WatchMode.data);
  });
  forEachPath(request, (start, end) => {
    const ref = tree.find(request.bytes, start, end);
    const changed = ref !== 0 && isLater(tree.pzxidHi(ref), tree.pzxidLo(ref), zxidHi, zxidLo);
    if (ref === 0) context.replay(EventType.nodeDeleted, request.bytes, start, end);
    else if (changed) context.replay(EventType.nodeChildrenChanged, request.bytes, start, end);
    else context.watches.add(request.bytes, start, end, context.cnxnId, WatchMode.children);
  });
}

function addAll(context: ConnectionContext, request: JuteReader, mode: WatchMode): void {
  const count = countOf(request);
  for (let i = 0; i < count; i++) {
    const length = skipPath(request);
    const { bytes, offset: end } = request;
    if (length >= 0) context.watches.add(bytes, end - length, end, context.cnxnId, mode);
  }
}

function forEachPath(request: JuteReader, visit: (start: number, end: number) => void): void {
  const count = countOf(request);
  for (let i = 0; i < count; i++) {
    const length = skipPath(request);
    if (length < 0) throw new JuteError('a null path in a list of watches');
    visit(request.offset - length, request.offset);
  }
}

function countOf(request: JuteReader): number {
  const count = request.readCount();
  if (count < 0) throw new JuteError('a null list of watches');
  return count;
}

function isLater(hi: number, lo: number, thanHi: number, thanLo: number): boolean {
  return compareHalves(hi, lo, thanHi, thanLo) > 0;
}
