/**
 * delete, and deleteContainer: what the reaper of empty containers and expired TTL nodes asks for
 * (Apache `PrepRequestProcessor`).
 */
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { permits } from './access.ts';
import type { PrepareOp, PrepContext } from './contexts.ts';
import { hasNul, isReserved, lastSlash, skipPath } from './path.ts';

/** The permission is the parent's; the path's syntax is not checked beyond its last '/'. */
export const prepareDelete: PrepareOp = (context, request, txn) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  const start = end - length;
  const version = request.readInt();
  const error = context.sessionError();
  if (error !== ErrorCode.ok) return error;
  if (length < 0) return ErrorCode.marshallingError;
  const slash = lastSlash(bytes, start, end);
  if (slash < 0 || hasNul(bytes, start, end) || isReserved(bytes, start, end)) {
    return ErrorCode.badArguments;
  }
  const { pending, node, parent } = context;
  if (!pending.read(bytes, start, slash, parent)) return ErrorCode.noNode;
  if (!permits(context, parent, Perms.delete)) return ErrorCode.noAuth;
  if (!pending.read(bytes, start, end, node)) return ErrorCode.noNode;
  if (version !== -1 && version !== node.version) return ErrorCode.badVersion;
  if (node.childCount > 0) return ErrorCode.notEmpty;
  recordDelete(context, request, txn, start, slash, end);
  return ErrorCode.ok;
};

/** No session and no ACL: it never comes from a client (hazard H3). */
export const prepareDeleteContainer: PrepareOp = (context, request, txn) => {
  const length = skipPath(request);
  if (length < 0) return ErrorCode.marshallingError;
  const { bytes, offset: end } = request;
  const start = end - length;
  const slash = lastSlash(bytes, start, end);
  if (slash < 0 || isReserved(bytes, start, end)) return ErrorCode.badArguments;
  const { pending, node, parent, settings } = context;
  if (!pending.read(bytes, start, end, node)) return ErrorCode.noNode;
  if (node.childCount > 0) return ErrorCode.notEmpty;
  if (settings.ephemeralTypes.isSession(node.ownerHi, node.ownerLo)) return ErrorCode.badVersion;
  if (!pending.read(bytes, start, slash, parent)) return ErrorCode.noNode;
  recordDelete(context, request, txn, start, slash, end);
  return ErrorCode.ok;
};

function recordDelete(
  context: PrepContext,
  request: JuteReader,
  txn: JuteWriter,
  start: number,
  slash: number,
  end: number,
): void {
  const { pending, node, parent } = context;
  const { bytes } = request;
  parent.childCount--;
  parent.pzxidHi = context.zxidHi;
  parent.pzxidLo = context.zxidLo;
  pending.put(bytes, start, slash, parent);
  pending.drop(bytes, start, end, node);
  txn.writeBuffer(bytes, start, end);
}
