/** exists and getData. A watch that the request asks for is left by the caller. */
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import { permitsRef } from './access.ts';
import type { ReadOp } from './contexts.ts';
import { hasNul, skipPath } from './path.ts';
import { writeStatOfRef } from './replies.ts';

/** READ is asked for when the node is there (since 3.9.2). */
export const readExists: ReadOp = (context, request, reply) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  request.readBool();
  if (length < 0) return ErrorCode.marshallingError;
  if (hasNul(bytes, end - length, end)) return ErrorCode.badArguments;
  const ref = context.tree.find(bytes, end - length, end);
  if (ref === 0) return ErrorCode.noNode;
  if (!permitsRef(context, ref, Perms.read)) return ErrorCode.noAuth;
  writeStatOfRef(context, ref, reply);
  return ErrorCode.ok;
};

export const readData: ReadOp = (context, request, reply) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  request.readBool();
  if (length < 0) return ErrorCode.marshallingError;
  const { tree } = context;
  const ref = tree.find(bytes, end - length, end);
  if (ref === 0) return ErrorCode.noNode;
  if (!permitsRef(context, ref, Perms.read)) return ErrorCode.noAuth;
  const at = reply.reserve(tree.dataAndStatBytes(ref));
  tree.writeDataAndStat(ref, reply.bytes, at);
  return ErrorCode.ok;
};
