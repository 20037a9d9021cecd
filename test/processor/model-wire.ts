/** Requests as the model has them on their way to a core, and replies as the model would give them. */
import { expect } from 'vitest';
import * as proto from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { Client, Reply } from './harness.ts';
import type { ReadOp, Result, WriteOp } from './model.ts';

const { OpCode } = proto;

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : encodeUtf8(text);
}

function opCodeOf(op: WriteOp): number {
  return op.kind === 'create' ? op.type : OpCode[op.kind];
}

function writeBody(writer: JuteWriter, op: WriteOp): void {
  const { path } = op;
  if (op.kind === 'create') {
    const body = { path, data: bytesOf(op.data), acl: op.acl, flags: op.flags };
    if (op.type === 21) proto.createTTLRequest.write(writer, { ...body, ttl: op.ttl });
    else proto.createRequest.write(writer, body);
  } else if (op.kind === 'setData') {
    proto.setDataRequest.write(writer, { path, data: bytesOf(op.data), version: op.version });
  } else if (op.kind === 'setACL') {
    proto.setACLRequest.write(writer, { path, acl: op.acl, version: op.version });
  } else {
    proto.deleteRequest.write(writer, { path, version: op.version });
  }
}

export function sendWrite(client: Client, write: WriteOp | WriteOp[]): number {
  const writer = new JuteWriter();
  const xid = client.nextXid++;
  writer.writeInt(xid);
  if (Array.isArray(write)) {
    writer.writeInt(OpCode.multi);
    for (const op of write) {
      proto.multiHeader.write(writer, { type: opCodeOf(op), done: false, err: -1 });
      writeBody(writer, op);
    }
    proto.multiHeader.write(writer, { type: -1, done: true, err: -1 });
  } else {
    writer.writeInt(opCodeOf(write));
    writeBody(writer, write);
  }
  client.sendRaw(writer.finish().slice());
  return xid;
}

const readCodes = {
  exists: OpCode.exists,
  getData: OpCode.getData,
  getChildren: OpCode.getChildren2,
  getACL: OpCode.getACL,
  count: OpCode.getAllChildrenNumber,
  ephemerals: OpCode.getEphemerals,
} as const;

export function sendRead(client: Client, read: ReadOp): void {
  const code = readCodes[read.kind];
  const path = read.kind === 'ephemerals' ? '/' : read.path;
  const watched = read.kind === 'exists' || read.kind === 'getData' || read.kind === 'getChildren';
  if (watched) client.send(code, proto.pathWatchRequest, { path, watch: false });
  else client.send(code, proto.pathRequest, { path });
}

/** A reply to a write, in the words of the model. */
export function resultOf(reply: Reply, write: WriteOp | WriteOp[] | undefined): Result | Result[] {
  const reader = new JuteReader(reply.body);
  if (!Array.isArray(write)) {
    if (reply.err !== 0) expect(reply.body).toHaveLength(0);
    if (reply.err !== 0 || write === undefined) return { err: reply.err };
    const type = write.kind === 'setACL' ? undefined : resultTypeOf(write);
    return readResult(reader, type, write.kind === 'setACL');
  }
  const results: Result[] = [];
  for (;;) {
    const header = proto.multiHeader.read(reader);
    if (header.done) break;
    if (header.type === -1) results.push({ err: reader.readInt() });
    else results.push(readResult(reader, header.type, false));
  }
  expect(reader.remaining()).toBe(0);
  return results;
}

function resultTypeOf(write: WriteOp): number {
  const code = opCodeOf(write);
  return code === 19 || code === 21 ? 15 : code;
}

function readResult(reader: JuteReader, type: number | undefined, isSetAcl: boolean): Result {
  const result: Result = type === undefined ? { err: 0 } : { err: 0, type };
  if (type === 1 || type === 15) result.path = reader.readString() as string;
  if (type === 15 || type === 5 || isSetAcl) {
    result.stat = proto.statResponse.read(reader).stat;
  }
  return result;
}

export function readOf(reply: Reply, read: ReadOp): { err: number; value?: unknown } {
  if (reply.err !== 0) {
    expect(reply.body).toHaveLength(0);
    return { err: reply.err };
  }
  const reader = new JuteReader(reply.body);
  switch (read.kind) {
    case 'exists':
      return { err: 0, value: proto.statResponse.read(reader).stat };
    case 'getData': {
      const { data, stat } = proto.getDataResponse.read(reader);
      return { err: 0, value: [data === null ? null : decodeUtf8(data, 0, data.length), stat] };
    }
    case 'getChildren': {
      const { children, stat } = proto.getChildren2Response.read(reader);
      return { err: 0, value: [children?.sort(), stat] };
    }
    case 'getACL': {
      const { acl, stat } = proto.getACLResponse.read(reader);
      return { err: 0, value: [acl, stat] };
    }
    case 'count':
      return { err: 0, value: reader.readInt() };
    case 'ephemerals':
      return { err: 0, value: proto.getEphemeralsResponse.read(reader).ephemerals?.sort() };
  }
}
