/**
 * multi: several writes as one txn, all or none; and check, which lives only inside it. The
 * framing of both the request and its results is here (Apache `MultiOperationRecord`,
 * `MultiResponse`), the operations themselves are those of the table.
 */
import { assert } from '../base/assert.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import { JuteError } from '../jute/jute-error.ts';
import { OpCode } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { permits } from './access.ts';
import type { PrepareOp, PrepContext } from './contexts.ts';
import { isValidPath, skipPath } from './path.ts';

/** An operation as part of a multi. */
export interface SubOp {
  readonly kind: 'read' | 'write';
  readonly scan: ScanOp;
  /** Writes have it. */
  readonly prepare?: PrepareOp;
}

/**
 * Reads the whole body of an op of this type, and returns the op that it stands for: mostly
 * itself. Throws `JuteError`, which fails the whole request.
 */
export type ScanOp = (request: JuteReader, type: number) => number;

export type SubOpLookup = (type: number) => SubOp | null;

/** The operations of one request: their types and where their bodies begin. Reused. */
export class MultiScan {
  count = 0;
  kind: 'read' | 'write' | 'empty' = 'empty';
  readonly types: number[] = [];
  readonly offsets: number[] = [];

  /** Everything is decoded before anything is done; reads and writes do not mix. */
  read(request: JuteReader, lookup: SubOpLookup): void {
    this.count = 0;
    this.kind = 'empty';
    for (;;) {
      const type = request.readInt();
      const done = request.readBool();
      request.readInt();
      if (done) return;
      const op = lookup(type);
      if (op === null) throw new JuteError(`op ${type} in a multi`);
      if (this.kind !== 'empty' && this.kind !== op.kind) throw new JuteError('a mixed multi');
      this.kind = op.kind;
      this.offsets[this.count] = request.offset;
      this.types[this.count] = op.scan(request, type);
      this.count++;
    }
  }
}

const scan = new MultiScan();

export function prepareMulti(lookup: SubOpLookup): PrepareOp {
  return (context, request, txn) => {
    scan.read(request, lookup);
    if (scan.kind === 'read' || hasNullPath(request)) return ErrorCode.marshallingError;
    txn.writeInt(scan.count);
    return prepareAll(lookup, context, request, txn);
  };
}

/** Apache looks up all paths before it tries the first operation, and cannot with a null one. */
function hasNullPath(request: JuteReader): boolean {
  for (let i = 0; i < scan.count; i++) {
    if (request.view.getInt32(scan.offsets[i] as number) === -1) return true;
  }
  return false;
}

/**
 * After the first failure nothing more is tried: the txn then says so for each operation, and what
 * the ones before it had recorded is forgotten.
 */
function prepareAll(
  lookup: SubOpLookup,
  context: PrepContext,
  request: JuteReader,
  txn: JuteWriter,
): ErrorCode {
  let failed = false;
  for (let i = 0; i < scan.count; i++) {
    const at = txn.reserve(subTxnHeaderBytes);
    let type = scan.types[i] as number;
    let err: ErrorCode = ErrorCode.runtimeInconsistency;
    if (!failed) {
      request.offset = scan.offsets[i] as number;
      const prepare = lookup(type)?.prepare;
      assert(prepare !== undefined, 'what a write was decoded as is a write');
      err = prepare(context, request, txn);
      // Apache has an exception here that is not of the protocol, and it fails the whole request.
      if (err === ErrorCode.marshallingError) return err;
      if (err !== ErrorCode.ok) {
        failed = true;
        context.pending.rollback();
      }
    }
    if (err !== ErrorCode.ok) {
      type = OpCode.error;
      txn.offset = at + subTxnHeaderBytes;
      txn.writeInt(err);
    }
    txn.view.setInt32(at, type);
    txn.view.setInt32(at + 4, txn.offset - at - subTxnHeaderBytes);
  }
  return ErrorCode.ok;
}

/** int type, and the length of the body. */
const subTxnHeaderBytes = 8;

export const scanPathAndInt: ScanOp = (request, type) => {
  request.skipBuffer();
  request.skip(4);
  return type;
};

export const scanPathAndFlag: ScanOp = (request, type) => {
  request.skipBuffer();
  request.skip(1);
  return type;
};

export const scanSetData: ScanOp = (request, type) => {
  request.skipBuffer();
  return scanPathAndInt(request, type);
};

/** The version that the txn holds is one more than expected; replay does not look at it. */
export const prepareCheck: PrepareOp = (context, request, txn) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  const start = end - length;
  const version = request.readInt();
  const error = context.sessionError();
  if (error !== ErrorCode.ok) return error;
  if (length < 0 || !isValidPath(bytes, start, end)) return ErrorCode.badArguments;
  const { node } = context;
  if (!context.pending.read(bytes, start, end, node)) return ErrorCode.noNode;
  if (!permits(context, node, Perms.read)) return ErrorCode.noAuth;
  if (version !== -1 && version !== node.version) return ErrorCode.badVersion;
  txn.writeBuffer(bytes, start, end);
  txn.writeInt((node.version + 1) | 0);
  return ErrorCode.ok;
};

/** MultiHeader: int type, bool done, int err. */
export const multiHeaderBytes = 9;

export function writeMultiHeader(reply: JuteWriter, type: number, err: number): void {
  reply.writeInt(type);
  reply.writeBool(false);
  reply.writeInt(err);
}

/** The result of an operation that was not done: its code, or 0 when another one failed. */
export function writeErrorResult(reply: JuteWriter, err: number): void {
  writeMultiHeader(reply, OpCode.error, err);
  reply.writeInt(err);
}

export function writeMultiEnd(reply: JuteWriter): void {
  reply.writeInt(-1);
  reply.writeBool(true);
  reply.writeInt(-1);
}
