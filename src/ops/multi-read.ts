/**
 * multiRead: several getData and getChildren in one request. They are independent: each has a
 * result of its own, and an error in one leaves the others alone.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { OpCode } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { ReadContext, ReadOp } from './contexts.ts';
import { readChildren } from './get-children.ts';
import { readData } from './get-data.ts';
import {
  MultiScan,
  multiHeaderBytes,
  type SubOpLookup,
  writeErrorResult,
  writeMultiEnd,
  writeMultiHeader,
} from './multi.ts';

const scan = new MultiScan();

/**
 * Where an operation is not a read, or breaks the server's expectations, the reply is an error
 * with the results so far behind it: the one error that has a body (Apache
 * `FinalRequestProcessor`). A request that cannot be decoded has none.
 */
export function readMulti(lookup: SubOpLookup): ReadOp {
  return (context, request, reply) => {
    scan.read(request, lookup);
    let result: ErrorCode = ErrorCode.ok;
    for (let i = 0; i < scan.count && result === ErrorCode.ok; i++) {
      request.offset = scan.offsets[i] as number;
      result = readOne(scan.types[i] as number, context, request, reply);
    }
    writeMultiEnd(reply);
    return result;
  };
}

/** ok, or why the rest is not done. */
function readOne(
  type: number,
  context: ReadContext,
  request: JuteReader,
  reply: JuteWriter,
): ErrorCode {
  if (type !== OpCode.getData && type !== OpCode.getChildren) return ErrorCode.marshallingError;
  const at = reply.reserve(multiHeaderBytes);
  const op = type === OpCode.getData ? readData : readChildren;
  const err = op(context, request, reply) as ErrorCode;
  const end = reply.offset;
  reply.offset = at;
  if (err === ErrorCode.marshallingError) return err;
  if (err !== ErrorCode.ok) {
    writeErrorResult(reply, err);
    return ErrorCode.ok;
  }
  writeMultiHeader(reply, type, ErrorCode.ok);
  reply.offset = end;
  return ErrorCode.ok;
}
