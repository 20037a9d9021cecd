/** getChildren, getChildren2, getAllChildrenNumber. Names come in no order. */
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { permitsRef } from './access.ts';
import { type ReadContext, type ReadOp, type ReadResult, readElsewhere } from './contexts.ts';
import { skipPath } from './path.ts';
import { writeStatOfRef } from './replies.ts';

export const readChildren: ReadOp = (context, request, reply) =>
  readNames(context, request, reply, false);

export const readChildren2: ReadOp = (context, request, reply) =>
  readNames(context, request, reply, true);

function readNames(
  context: ReadContext,
  request: JuteReader,
  reply: JuteWriter,
  withStat: boolean,
): ReadResult {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  request.readBool();
  if (length < 0) return ErrorCode.marshallingError;
  const { tree } = context;
  const ref = tree.find(bytes, end - length, end);
  if (ref === 0) return ErrorCode.noNode;
  if (!permitsRef(context, ref, Perms.read)) return ErrorCode.noAuth;
  if (tree.childCount(ref) > context.nodesMax) return readElsewhere;
  const at = reply.reserve(tree.childNamesBytes(ref));
  tree.writeChildNames(ref, reply.bytes, at);
  if (withStat) writeStatOfRef(context, ref, reply);
  return ErrorCode.ok;
}

/**
 * READ on the node alone; all that is below it counts, also what the caller may not read. Below
 * the root as "" Apache counts the root as "/", too.
 */
export const readAllChildrenNumber: ReadOp = (context, request, reply) => {
  const length = skipPath(request);
  if (length < 0) return ErrorCode.marshallingError;
  const { tree } = context;
  const ref = tree.find(request.bytes, request.offset - length, request.offset);
  if (ref === 0) return ErrorCode.noNode;
  if (!permitsRef(context, ref, Perms.read)) return ErrorCode.noAuth;
  const count = tree.descendantCount(ref, context.nodesMax);
  if (count < 0) return readElsewhere;
  reply.writeInt(length === 0 ? count + 1 : count);
  return ErrorCode.ok;
};
