/**
 * What a member may refuse before its leader is asked (Apache `ZooKeeperServer.authWriteRequest`):
 * an ACL that is none, or a write that the nodes as they are do not permit. Whatever else is wrong
 * with a request, and whatever cannot be decoded, the leader says.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import type { JuteReader } from '../jute/reader.ts';
import { permitsRef, RequestAcl } from './access.ts';
import type { ReadContext } from './contexts.ts';
import { hasNul, isReserved, lastSlash, skipPath } from './path.ts';

/** `request` stands at the body. Throws `JuteError`, which is no reason to refuse. */
export type EagerCheck = (context: ReadContext, request: JuteReader) => ErrorCode;

const acl = new RequestAcl();

/** create and create2: the ACL of the request, and the permission of the parent. */
export const checkCreate: EagerCheck = (context, request) => {
  const start = request.offset + 4;
  const end = start + skipPath(request);
  const parentEnd = endOfParent(request, start, end);
  request.skipBuffer();
  acl.locate(request);
  request.skip(4);
  if (parentEnd < 0) return ErrorCode.ok;
  return isAclInvalid(context, request)
    ? ErrorCode.invalidAcl
    : checkNode(context, request, start, parentEnd, Perms.create);
};

export const checkDelete: EagerCheck = (context, request) => {
  const start = request.offset + 4;
  const end = start + skipPath(request);
  request.skip(4);
  const parentEnd = endOfParent(request, start, end);
  if (parentEnd < 0) return ErrorCode.ok;
  return checkNode(context, request, start, parentEnd, Perms.delete);
};

export const checkSetData: EagerCheck = (context, request) => {
  const start = request.offset + 4;
  const end = start + skipPath(request);
  request.skipBuffer();
  request.skip(4);
  return checkNode(context, request, start, end, Perms.write);
};

export const checkSetAcl: EagerCheck = (context, request) => {
  const start = request.offset + 4;
  const end = start + skipPath(request);
  acl.locate(request);
  request.skip(4);
  return isAclInvalid(context, request)
    ? ErrorCode.invalidAcl
    : checkNode(context, request, start, end, Perms.admin);
};

/** Where the path of the parent ends, or -1 for a path that cannot be created or deleted. */
function endOfParent({ bytes }: JuteReader, start: number, end: number): number {
  if (end < start || hasNul(bytes, start, end) || isReserved(bytes, start, end)) return -1;
  return lastSlash(bytes, start, end);
}

function isAclInvalid(context: ReadContext, request: JuteReader): boolean {
  return acl.fixUp(context, request) === ErrorCode.invalidAcl;
}

/** A path of length -1 is null, and names no node. */
function checkNode(
  context: ReadContext,
  { bytes }: JuteReader,
  start: number,
  end: number,
  perms: number,
): ErrorCode {
  const ref = end < start ? 0 : context.tree.find(bytes, start, end);
  return ref === 0 || permitsRef(context, ref, perms) ? ErrorCode.ok : ErrorCode.noAuth;
}
