/**
 * What is about the session itself: createSession and closeSession (the only ops here that make a
 * txn), ping, sync, getEphemerals, whoAmI.
 */
import { whoAmI } from '../auth/schemes.ts';
import { ErrorCode } from '../base/error-codes.ts';
import type { ConnectionOp, PrepareOp } from './contexts.ts';
import { skipPath } from './path.ts';

/** Internal: the request is the negotiated timeout. */
export const prepareCreateSession: PrepareOp = (_context, request, txn) => {
  txn.writeInt(request.readInt());
  return ErrorCode.ok;
};

/**
 * Lists all ephemerals that the session will own then, so that every replica deletes the same
 * ones; they count as deleted for whatever is prepared behind. It asks for nothing: neither for a
 * living session nor for permissions.
 */
export const prepareCloseSession: PrepareOp = (context, _request, txn) => {
  const { pending, node, parent } = context;
  context.markSessionClosing();
  const listed = context.settings.closeSessionTxnEnabled;
  const countAt = txn.offset;
  if (listed) txn.writeInt(0);
  let count = 0;
  pending.forEachEphemeral(context.sessionIdHi, context.sessionIdLo, (path, start, end) => {
    count++;
    if (listed) txn.writeBuffer(path, start, end);
    if (!pending.read(path, start, end, node)) return;
    if (pending.read(path, start, path.lastIndexOf(0x2f, end - 1), parent)) {
      parent.childCount--;
      parent.pzxidHi = context.zxidHi;
      parent.pzxidLo = context.zxidLo;
      pending.put(path, start, path.lastIndexOf(0x2f, end - 1), parent);
    }
    pending.drop(path, start, end, node);
  });
  if (listed) txn.view.setInt32(countAt, count);
  return ErrorCode.ok;
};

/** The processor gives it the xid -2, whatever it came with. */
export const ping: ConnectionOp = () => ErrorCode.ok;

/** The path is echoed, whatever it is. That everything before is committed is the processor's. */
export const sync: ConnectionOp = (_context, request, reply) => {
  const length = skipPath(request);
  if (length < 0) reply.writeInt(-1);
  else reply.writeBuffer(request.bytes, request.offset - length, request.offset);
  return ErrorCode.ok;
};

/** Paths that the caller's session owns; the prefix is a prefix of the text, not of the path. */
export const getEphemerals: ConnectionOp = (context, request, reply) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  const start = end - Math.max(length, 0);
  const all = isBlankOrRoot(bytes, start, end);
  const countAt = reply.reserve(4);
  let count = 0;
  const { tree, ephemerals, sessionIdHi, sessionIdLo } = context;
  for (const ref of ephemerals.refsOf(sessionIdHi, sessionIdLo)) {
    const pathLength = tree.pathLength(ref);
    const at = reply.reserve(4 + pathLength);
    tree.writePath(ref, reply.bytes, at + 4);
    reply.view.setInt32(at, pathLength);
    if (all || hasPrefix(reply.bytes, at + 4, pathLength, bytes, start, end)) count++;
    else reply.offset = at;
  }
  reply.view.setInt32(countAt, count);
  return ErrorCode.ok;
};

/** Null, blank and "/" between blanks all mean everything (Apache `FinalRequestProcessor`). */
function isBlankOrRoot(bytes: Uint8Array, start: number, end: number): boolean {
  let from = start;
  let to = end;
  while (from < to && (bytes[from] as number) <= 0x20) from++;
  while (to > from && (bytes[to - 1] as number) <= 0x20) to--;
  return from === to || (to - from === 1 && bytes[from] === 0x2f);
}

function hasPrefix(
  path: Uint8Array,
  at: number,
  length: number,
  prefix: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (end - start > length) return false;
  for (let i = start; i < end; i++) if (path[at + i - start] !== prefix[i]) return false;
  return true;
}

/** Who the connection is: one entry an identity, without hashes. */
export const answerWhoAmI: ConnectionOp = (context, _request, reply) => {
  const users = whoAmI(context.identities, context.schemes);
  reply.writeInt(users.length);
  for (const { scheme, id } of users) {
    reply.writeString(scheme);
    reply.writeString(id);
  }
  return ErrorCode.ok;
};
