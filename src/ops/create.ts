/**
 * The create family: create, create2, createContainer, createTTL. The op code, not the flag,
 * says which kind of node comes to be; the flag says sequential, ephemeral, and whether a TTL is
 * to be there (Apache `PrepRequestProcessor.pRequest2TxnCreate`).
 */
import { ErrorCode } from '../base/error-codes.ts';
import { ttlMsMax } from '../base/limits.ts';
import { Perms } from '../jute/data.ts';
import { JuteError } from '../jute/jute-error.ts';
import { CreateFlag, OpCode } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { containerOwnerHi, ttlOwnerHiOf } from '../tree/ephemeral-type.ts';
import { pathBytesMax } from '../tree/layout.ts';
import { isPoisonousLimitsPath, isStatsPath } from '../tree/quota.ts';
import { checkQuota, permits, RequestAcl } from './access.ts';
import type { AnswerOp, PrepareOp, PrepContext } from './contexts.ts';
import { hasNul, isValidPath, lastSlash, skipPath } from './path.ts';
import { writeStatOf } from './replies.ts';

/** Where a Stat on the wire has its dataLength. */
const statDataLengthOffset = 52;

type Kind = 'plain' | 'container' | 'ttl';

export const prepareCreate: PrepareOp = (context, request, txn) =>
  prepare('plain', context, request, txn);
export const prepareContainer: PrepareOp = (context, request, txn) =>
  prepare('container', context, request, txn);
export const prepareTTL: PrepareOp = (context, request, txn) =>
  prepare('ttl', context, request, txn);

export const answerCreate: AnswerOp = (context, reply) =>
  reply.writeBuffer(context.path, context.pathStart, context.pathEnd);

/** The stat is that of the created node, before the usage was written where a quota has it. */
export const answerCreate2: AnswerOp = (context, reply) => {
  const { path, pathStart, pathEnd } = context;
  reply.writeBuffer(path, pathStart, pathEnd);
  const statAt = reply.offset;
  writeStatOf(context, reply);
  if (!isStatsPath(path, pathStart, pathEnd)) return;
  // Behind the path, a txn has the length of the data.
  const txn = new DataView(path.buffer, path.byteOffset, path.byteLength);
  const dataLength = Math.max(txn.getInt32(pathEnd), 0);
  reply.view.setInt32(statAt + statDataLengthOffset, dataLength);
};

/**
 * Reads the body inside a multi and returns the op that it stands for: Apache's client library
 * types chose it by the flag, and so does the server while it decodes (`MultiOperationRecord`).
 */
export function retypeCreate(request: JuteReader): number {
  decode('plain', request);
  if (!isFlag(body.flags)) throw new JuteError(`invalid flag ${body.flags}`);
  if (isTtlFlag(body.flags)) throw new JuteError('ttl -1 is not valid');
  if (acl.isNull(request)) throw new JuteError('no acl');
  return body.flags === CreateFlag.container ? OpCode.createContainer : OpCode.create;
}

export function retypeCreate2(request: JuteReader): number {
  const type = retypeCreate(request);
  return type === OpCode.create ? OpCode.create2 : type;
}

export function retypeContainer(request: JuteReader): number {
  retypeCreate(request);
  return OpCode.createContainer;
}

export function retypeTTL(request: JuteReader): number {
  decode('ttl', request);
  if (body.flags === CreateFlag.container) return OpCode.createContainer;
  return isTtlFlag(body.flags) || !isFlag(body.flags) ? OpCode.createTTL : OpCode.create;
}

/** Reads the body of create or create2: is it for an ephemeral node? Throws `JuteError`. */
export function isEphemeralCreate(request: JuteReader): boolean {
  decode('plain', request);
  return isEphemeral();
}

/** The request in place; reused for every create. A length of -1 is null. */
const body = {
  pathStart: 0,
  pathLength: 0,
  dataStart: 0,
  dataLength: 0,
  flags: 0,
  ttlHi: -1,
  ttlLo: -1,
};
const acl = new RequestAcl();

function decode(kind: Kind, request: JuteReader): void {
  body.pathLength = skipPath(request);
  body.pathStart = request.offset - Math.max(body.pathLength, 0);
  body.dataLength = request.readLength();
  body.dataStart = request.offset;
  request.skip(Math.max(body.dataLength, 0));
  acl.locate(request);
  body.flags = request.readInt();
  body.ttlHi = kind === 'ttl' ? request.readInt() : -1;
  body.ttlLo = kind === 'ttl' ? request.readInt() : -1;
}

function prepare(
  kind: Kind,
  context: PrepContext,
  request: JuteReader,
  txn: JuteWriter,
): ErrorCode {
  decode(kind, request);
  let error = checkFlags(kind, context);
  if (error !== ErrorCode.ok) return error;
  error = context.sessionError(isEphemeral());
  if (error !== ErrorCode.ok) return error;
  if (body.pathLength < 0) return ErrorCode.marshallingError;
  const { bytes } = request;
  const pathEnd = body.pathStart + body.pathLength;
  const slash = lastSlash(bytes, body.pathStart, pathEnd);
  if (slash < 0 || hasNul(bytes, body.pathStart, pathEnd)) return ErrorCode.badArguments;
  error = acl.fixUp(context, request);
  if (error !== ErrorCode.ok) return error;
  const { parent, pending } = context;
  if (!pending.read(bytes, body.pathStart, slash, parent)) return ErrorCode.noNode;
  if (!permits(context, parent, Perms.create)) return ErrorCode.noAuth;

  const parentCVersion = (parent.cversion + 1) | 0;
  const from = txn.offset;
  writePath(txn, bytes, pathEnd, parent.cversion);
  error = checkNewPath(context, txn, from);
  if (error !== ErrorCode.ok) return error;
  parent.childCount++;
  parent.raiseCversion(parentCVersion, context.zxidHi, context.zxidLo);
  pending.put(bytes, body.pathStart, slash, parent);
  recordNode(kind, context, request, txn, from, slash - body.pathStart);
  writeRest(kind, request, txn, parentCVersion);
  return ErrorCode.ok;
}

/** Apache validates the flag before it looks at anything else, TTL and flag against each other. */
function checkFlags(kind: Kind, context: PrepContext): ErrorCode {
  const { flags, ttlHi, ttlLo } = body;
  if (!isFlag(flags)) return ErrorCode.badArguments;
  if (!isTtlFlag(flags)) {
    // A TTL op with another flag passes Apache's validation and then stops the server.
    return kind === 'ttl' ? ErrorCode.badArguments : ErrorCode.ok;
  }
  if (!context.settings.ephemeralTypes.areExtended) return ErrorCode.unimplemented;
  const ttlMs = ttlHi * 0x100000000 + (ttlLo >>> 0);
  return ttlMs >= 1 && ttlMs <= ttlMsMax ? ErrorCode.ok : ErrorCode.badArguments;
}

function isFlag(flags: number): boolean {
  return flags >= CreateFlag.persistent && flags <= CreateFlag.persistentSequentialWithTtl;
}

function isTtlFlag(flags: number): boolean {
  return flags === CreateFlag.persistentWithTtl || flags === CreateFlag.persistentSequentialWithTtl;
}

function isSequential(): boolean {
  return (
    body.flags === CreateFlag.persistentSequential ||
    body.flags === CreateFlag.ephemeralSequential ||
    body.flags === CreateFlag.persistentSequentialWithTtl
  );
}

function isEphemeral(): boolean {
  return body.flags === CreateFlag.ephemeral || body.flags === CreateFlag.ephemeralSequential;
}

/** The path as a jute string, with the count of child creations behind it when sequential. */
function writePath(txn: JuteWriter, bytes: Uint8Array, pathEnd: number, created: number): void {
  const suffixLength = isSequential() ? sequenceLength(created) : 0;
  txn.writeInt(body.pathLength + suffixLength);
  txn.writeRaw(bytes, body.pathStart, pathEnd);
  if (suffixLength > 0) writeSequence(txn, created, suffixLength);
}

/** `%010d` is ten bytes long, or eleven where the sign comes on top of ten digits. */
function sequenceLength(value: number): number {
  return value <= -1_000_000_000 ? 11 : 10;
}

/** A negative value has its sign inside the ten characters, as Java prints it. */
function writeSequence(txn: JuteWriter, value: number, length: number): void {
  const at = txn.reserve(length);
  let rest = Math.abs(value);
  for (let i = length - 1; i >= 0; i--) {
    txn.bytes[at + i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  if (value < 0) txn.bytes[at] = 0x2d;
}

/** The checks that need the final path, which the txn holds from `from` on. */
function checkNewPath(context: PrepContext, txn: JuteWriter, from: number): ErrorCode {
  const { parent, node, pending } = context;
  const start = from + 4;
  const end = txn.offset;
  if (end - start > pathBytesMax || !isValidPath(txn.bytes, start, end)) {
    return ErrorCode.badArguments;
  }
  if (pending.read(txn.bytes, start, end, node)) return ErrorCode.nodeExists;
  if (context.settings.ephemeralTypes.isSession(parent.ownerHi, parent.ownerLo)) {
    return ErrorCode.noChildrenForEphemerals;
  }
  if (isPoisonousLimitsPath(txn.bytes, start, end)) return ErrorCode.badArguments;
  const dataBytes = Math.max(body.dataLength, 0);
  if (!context.hasRoomFor(end - start + dataBytes)) return ErrorCode.quotaExceeded;
  return checkQuota(context, txn.bytes, start, end, 1, dataBytes);
}

/** The owner follows from the op code alone, here and in apply-txn (hazard H7). */
function recordNode(
  kind: Kind,
  context: PrepContext,
  request: JuteReader,
  txn: JuteWriter,
  from: number,
  parentLength: number,
): void {
  const { node, parent, pending } = context;
  node.becomeCreated(context.zxidHi, context.zxidLo, context.timeHi, context.timeLo);
  if (kind === 'container') {
    node.ownerHi = containerOwnerHi;
  } else if (kind === 'ttl') {
    node.ownerHi = ttlOwnerHiOf(body.ttlHi);
    node.ownerLo = body.ttlLo;
  } else if (isEphemeral()) {
    node.ownerHi = context.sessionIdHi;
    node.ownerLo = context.sessionIdLo;
  }
  acl.giveTo(node);
  const start = from + 4;
  node.setPath(parent, txn.bytes, start + parentLength, txn.offset);
  node.setData(request.bytes, body.dataStart, body.dataLength);
  pending.put(txn.bytes, start, txn.offset, node);
}

function writeRest(kind: Kind, request: JuteReader, txn: JuteWriter, parentCVersion: number): void {
  const data = body.dataLength < 0 ? null : request.bytes;
  txn.writeBuffer(data, body.dataStart, body.dataStart + body.dataLength);
  acl.writeTo(txn);
  if (kind === 'plain') txn.writeBool(isEphemeral());
  txn.writeInt(parentCVersion);
  if (kind === 'ttl') txn.writeHalves(body.ttlHi, body.ttlLo);
}
