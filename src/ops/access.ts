/**
 * What several ops ask before they do anything: does the ACL permit it, is the ACL of a request
 * in order, is there quota left. The rules themselves live in `auth` and in `tree/quota`.
 */
import { checkAcl } from '../auth/check-acl.ts';
import { fixupAcl, skipAcl } from '../auth/fixup-acl.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import { JuteReader } from '../jute/reader.ts';
import { JuteWriter } from '../jute/writer.ts';
import { type AclBytes, aclIdOpen } from '../tree/acl-table.ts';
import type { PrepContext, ReadContext } from './contexts.ts';
import type { NodeState } from './node-state.ts';

/** May the caller do any of `perms` on the node, as it will be? */
export function permits(context: PrepContext, node: NodeState, perms: number): boolean {
  const { acl } = node;
  if (acl === null) return permitsAclId(context, node.aclId, perms);
  return checkAcl(acl, 0, acl.byteLength, perms, context.identities, context.schemes);
}

/** May the caller do any of `perms` on a node of the tree? */
export function permitsRef(context: ReadContext, ref: number, perms: number): boolean {
  if (perms === Perms.read && context.tree.isReadableByAnyone(ref)) return true;
  return permitsAclId(context, context.tree.aclId(ref), perms);
}

function permitsAclId(
  context: Pick<ReadContext, 'tree' | 'identities' | 'schemes'>,
  aclId: number,
  perms: number,
): boolean {
  if (aclId === aclIdOpen && (perms & Perms.all) !== 0) return true;
  const acl = context.tree.acls.bytesOf(aclId);
  // A list that a fuzzy snapshot did not have: nobody may, until a replayed txn resolves it.
  if (acl === null) return context.schemes.skipAcl || context.identities.isSuper;
  return checkAcl(acl.bytes, acl.start, acl.end, perms, context.identities, context.schemes);
}

/** The quota of the subtree that the path is in; only with `enforceQuota`. */
export function checkQuota(
  context: PrepContext,
  path: Uint8Array,
  start: number,
  end: number,
  nodesMore: number,
  bytesMore: number,
): ErrorCode {
  if (!context.settings.enforceQuota) return ErrorCode.ok;
  const verdict = context.quotas.check(path, start, end, nodesMore, bytesMore);
  if (verdict === null) return ErrorCode.ok;
  context.quotaMet(verdict);
  return verdict.err;
}

/** The ACL of one request: where it stands, and what it becomes. Reused from request to request. */
export class RequestAcl {
  private start = 0;
  private end = 0;
  private readonly reader = new JuteReader();
  private readonly fixed = new JuteWriter(256);

  /** Skips the list at the reader and remembers it. */
  locate(request: JuteReader): void {
    this.start = request.offset;
    skipAcl(request);
    this.end = request.offset;
  }

  /** Is there no list at all, not even an empty one? */
  isNull(request: JuteReader): boolean {
    return request.view.getInt32(this.start) === -1;
  }

  /** Validates and rewrites it; ok, or the error to answer. */
  fixUp(context: Pick<ReadContext, 'identities' | 'schemes'>, request: JuteReader): ErrorCode {
    this.reader.reset(request.bytes, request.view, this.start, this.end);
    this.fixed.reset();
    return fixupAcl(this.reader, context.identities, context.schemes, this.fixed);
  }

  writeTo(txn: JuteWriter): void {
    txn.writeRaw(this.fixed.bytes, 0, this.fixed.offset);
  }

  /** The usual open list needs no copy: every tree knows it by its number. */
  giveTo(node: NodeState): void {
    const { bytes, offset } = this.fixed;
    if (equalsOpenAcl(bytes, offset)) {
      node.aclId = aclIdOpen;
      node.acl = null;
    } else {
      node.acl = bytes.slice(0, offset);
    }
  }
}

/** What `aclIdOpen` stands for, as jute vec<ACL>. */
export const openAcl: AclBytes = encodeOpenAcl();

function encodeOpenAcl(): AclBytes {
  const writer = new JuteWriter(64);
  writer.writeInt(1);
  writer.writeInt(Perms.all);
  writer.writeString('world');
  writer.writeString('anyone');
  return { bytes: writer.finish().slice(), start: 0, end: writer.offset };
}

function equalsOpenAcl(bytes: Uint8Array, length: number): boolean {
  if (length !== openAcl.end) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== openAcl.bytes[i]) return false;
  return true;
}
