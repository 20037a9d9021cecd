/**
 * Where the parts of a txn's payload end. Nothing is decoded or allocated: what is not whole, or of
 * a type that no server applies, is found before it is logged, and again before it is replayed.
 */
import { JuteError } from './jute-error.ts';
import { OpCode } from './proto.ts';
import type { JuteReader } from './reader.ts';
import { TxnHeaderOffset, txnDigestBytes, txnHeaderBytes } from './txn.ts';

/** Where the parts of one payload lie; one object is reused for all. */
export interface PayloadParts {
  type: number;
  /** End of the body; the digest, if there is one, follows. */
  bodyEnd: number;
  hasDigest: boolean;
  digestVersion: number;
  digestHi: number;
  digestLo: number;
}

export function newPayloadParts(): PayloadParts {
  return { type: 0, bodyEnd: 0, hasDigest: false, digestVersion: 0, digestHi: 0, digestLo: 0 };
}

/**
 * Measures the payload that `reader` is pointed at into `parts`. Throws `JuteError` when the body
 * does not fit or its type is unknown (Apache `SerializeUtils.deserializeTxn`).
 */
export function measurePayload(reader: JuteReader, parts: PayloadParts): void {
  const start = reader.offset;
  reader.skip(txnHeaderBytes);
  parts.type = reader.view.getInt32(start + TxnHeaderOffset.type);
  const skipBody = bodySkips.get(parts.type);
  if (skipBody === undefined) throw new JuteError(`unsupported txn type ${parts.type}`);
  skipBody(reader);
  const bodyEnd = reader.offset;
  parts.bodyEnd = bodyEnd;
  parts.hasDigest = reader.remaining() >= txnDigestBytes;
  if (!parts.hasDigest) return;
  parts.digestVersion = reader.view.getInt32(bodyEnd);
  parts.digestHi = reader.view.getInt32(bodyEnd + 4);
  parts.digestLo = reader.view.getInt32(bodyEnd + 8);
}

/** What each type of body consists of, as skips. */
const bodySkips: ReadonlyMap<number, (reader: JuteReader) => void> = new Map([
  [OpCode.createSession, skipInt],
  [OpCode.closeSession, skipCloseSession],
  [OpCode.create, skipCreate],
  [OpCode.create2, skipCreate],
  [OpCode.createContainer, skipCreateContainer],
  [OpCode.createTTL, skipCreateTTL],
  [OpCode.delete, skipString],
  [OpCode.deleteContainer, skipString],
  [OpCode.setData, skipSetData],
  [OpCode.reconfig, skipSetData],
  [OpCode.setACL, skipSetACL],
  [OpCode.multi, skipMulti],
  [OpCode.error, skipInt],
]);

function skipInt(reader: JuteReader): void {
  reader.skip(4);
}

function skipString(reader: JuteReader): void {
  reader.skipBuffer();
}

/** Old servers wrote no body at all: the paths were not listed. */
function skipCloseSession(reader: JuteReader): void {
  if (reader.remaining() === 0) return;
  const count = reader.readCount();
  for (let i = 0; i < count; i++) reader.skipBuffer();
}

/** Servers before 3.4 wrote no parentCVersion (Apache `CreateTxnV0`). */
function skipCreate(reader: JuteReader): void {
  skipPathDataAcl(reader);
  reader.skip(1);
  if (reader.remaining() >= 4) reader.skip(4);
}

function skipCreateContainer(reader: JuteReader): void {
  skipPathDataAcl(reader);
  reader.skip(4);
}

function skipCreateTTL(reader: JuteReader): void {
  skipPathDataAcl(reader);
  reader.skip(4 + 8);
}

function skipPathDataAcl(reader: JuteReader): void {
  reader.skipBuffer();
  reader.skipBuffer();
  skipAclVector(reader);
}

function skipAclVector(reader: JuteReader): void {
  const count = reader.readCount();
  for (let i = 0; i < count; i++) {
    reader.skip(4);
    reader.skipBuffer();
    reader.skipBuffer();
  }
}

function skipSetData(reader: JuteReader): void {
  reader.skipBuffer();
  reader.skipBuffer();
  reader.skip(4);
}

function skipSetACL(reader: JuteReader): void {
  reader.skipBuffer();
  skipAclVector(reader);
  reader.skip(4);
}

function skipMulti(reader: JuteReader): void {
  const count = reader.readCount();
  for (let i = 0; i < count; i++) {
    reader.skip(4);
    reader.skipBuffer();
  }
}
