/** getACL and setACL. */
import { maskAcl } from '../auth/mask-acl.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import { aclIdOpen } from '../tree/acl-table.ts';
import { openAcl, permits, permitsRef, RequestAcl } from './access.ts';
import type { PrepareOp, ReadOp } from './contexts.ts';
import { isValidPath, skipPath } from './path.ts';
import { writeStatOfRef } from './replies.ts';

/** READ or ADMIN is enough; without ADMIN the hashes of digest ids are hidden. */
export const readAcl: ReadOp = (context, request, reply) => {
  const length = skipPath(request);
  if (length < 0) return ErrorCode.marshallingError;
  const { tree } = context;
  const ref = tree.find(request.bytes, request.offset - length, request.offset);
  if (ref === 0) return ErrorCode.noNode;
  if (!permitsRef(context, ref, Perms.read | Perms.admin)) return ErrorCode.noAuth;
  const aclId = tree.aclId(ref);
  const seesAll = permitsRef(context, ref, Perms.admin);
  const list = aclId === aclIdOpen ? openAcl : tree.acls.bytesOf(aclId);
  if (list === null) reply.writeInt(0);
  else if (seesAll) reply.writeRaw(list.bytes, list.start, list.end);
  else maskAcl(list.bytes, list.start, list.end, reply);
  writeStatOfRef(context, ref, reply);
  return ErrorCode.ok;
};

const acl = new RequestAcl();

/** Checked against aversion; an invalid list is reported even when there is no such node. */
export const prepareSetAcl: PrepareOp = (context, request, txn) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  const start = end - length;
  acl.locate(request);
  const version = request.readInt();
  let error = context.sessionError();
  if (error !== ErrorCode.ok) return error;
  if (length < 0 || !isValidPath(bytes, start, end)) return ErrorCode.badArguments;
  error = acl.fixUp(context, request);
  if (error !== ErrorCode.ok) return error;
  const { pending, node } = context;
  if (!pending.read(bytes, start, end, node)) return ErrorCode.noNode;
  if (!permits(context, node, Perms.admin)) return ErrorCode.noAuth;
  if (version !== -1 && version !== node.aversion) return ErrorCode.badVersion;
  node.aversion = (node.aversion + 1) | 0;
  // What is pipelined behind is checked against the new list (hazard H6).
  acl.giveTo(node);
  pending.put(bytes, start, end, node);
  txn.writeBuffer(bytes, start, end);
  acl.writeTo(txn);
  txn.writeInt(node.aversion);
  return ErrorCode.ok;
};
