/**
 * The requests of a load: for each operation, how its bytes are written and what its reply must
 * look like. The xid and the number in a new node's name are left open: the connection patches
 * them when a request leaves.
 */

import { CreateFlag, createRequest, OpCode } from '../../src/jute/proto.ts';
import type { JuteWriter } from '../../src/jute/writer.ts';
import type { SeededRandom } from '../../test/support/random.ts';
import { childNameBytes, childrenParent, keyPath } from './nodes.ts';
import { valueOfKey, wordOf } from './values.ts';
import {
  childrenDefault,
  type LoadSpec,
  multiOperationsDefault,
  type OperationName,
} from './workload.ts';

export const aclEveryone = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
/** Of a reply frame, with its length. */
export const replyHeaderBytes = 4 + 16;
export const statBytes = 68;
const multiHeaderBytes = 9;

/** What is known of a request when it is written. */
export interface RequestPlan {
  /** Length of the whole reply frame, with its length field. */
  readonly replyBytes: number;
  /** Where the ten digits of a new node's name are, or 0. */
  readonly digitsAt: number;
  /** The word of the value that the reply holds; null when it holds none. */
  readonly word: number | null;
}

export interface RequestContext {
  readonly spec: LoadSpec;
  /** The parent under which the connection creates its nodes. */
  readonly parent: string;
  readonly random: SeededRandom;
  readonly nextKey: (random: SeededRandom) => number;
}

/** Operations that take two slots: the second request undoes the first. */
export const isPair: Readonly<Partial<Record<OperationName, true>>> = {
  createDelete: true,
  createDeleteEphemeral: true,
};

type WriteRequest = (writer: JuteWriter, context: RequestContext) => RequestPlan;

const writers: Readonly<Record<OperationName, WriteRequest>> = {
  ping: (writer) => {
    writeHeader(writer, OpCode.ping);
    return planOf(0);
  },
  get: (writer, context) => {
    const key = context.nextKey(context.random);
    writeRead(writer, OpCode.getData, keyPath(context.spec.dataBytes, key));
    return { ...planOf(4 + context.spec.dataBytes + statBytes), word: wordOf(key) };
  },
  exists: (writer, context) => {
    const key = context.nextKey(context.random);
    writeRead(writer, OpCode.exists, keyPath(context.spec.dataBytes, key));
    return planOf(statBytes);
  },
  getChildren: (writer, { spec }) => {
    const count = spec.children ?? childrenDefault;
    writeRead(writer, OpCode.getChildren, childrenParent(count));
    return planOf(4 + count * (4 + childNameBytes));
  },
  set: (writer, context) => {
    writeHeader(writer, OpCode.setData);
    writeSet(writer, context);
    return planOf(statBytes);
  },
  create: (writer, context) => writeCreate(writer, context, CreateFlag.persistent),
  createDelete: (writer, context) => writeCreate(writer, context, CreateFlag.persistent),
  createDeleteEphemeral: (writer, context) => writeCreate(writer, context, CreateFlag.ephemeral),
  multi: writeMulti,
};

/** Appends header and body of one request. */
export function writeRequest(
  writer: JuteWriter,
  operation: OperationName,
  context: RequestContext,
): RequestPlan {
  return writers[operation](writer, context);
}

/** Appends the request that undoes a pair's first one. */
export function writeUndo(writer: JuteWriter, { parent }: RequestContext): RequestPlan {
  writeHeader(writer, OpCode.delete);
  const path = openPath(parent);
  const digitsAt = digitsAtOf(writer, path);
  writer.writeString(path);
  writer.writeInt(-1);
  return { ...planOf(0), digitsAt };
}

function planOf(bodyBytes: number): RequestPlan {
  return { replyBytes: replyHeaderBytes + bodyBytes, digitsAt: 0, word: null };
}

function writeHeader(writer: JuteWriter, type: number): void {
  writer.writeInt(0);
  writer.writeInt(type);
}

function writeRead(writer: JuteWriter, type: number, path: string): void {
  writeHeader(writer, type);
  writer.writeString(path);
  writer.writeBool(false);
}

function writeSet(writer: JuteWriter, { spec, random, nextKey }: RequestContext): void {
  const key = nextKey(random);
  writer.writeString(keyPath(spec.dataBytes, key));
  writer.writeBuffer(valueOfKey(key, spec.dataBytes));
  writer.writeInt(-1);
}

function writeCreate(writer: JuteWriter, context: RequestContext, flags: number): RequestPlan {
  writeHeader(writer, OpCode.create);
  const path = openPath(context.parent);
  const digitsAt = digitsAtOf(writer, path);
  const data = valueOfKey(0, context.spec.dataBytes);
  createRequest.write(writer, { path, data, acl: aclEveryone, flags });
  return { ...planOf(4 + path.length), digitsAt };
}

function writeMulti(writer: JuteWriter, context: RequestContext): RequestPlan {
  const count = context.spec.multiOperations ?? multiOperationsDefault;
  writeHeader(writer, OpCode.multi);
  for (let i = 0; i < count; i++) {
    writeMultiHeader(writer, OpCode.setData, false);
    writeSet(writer, context);
  }
  writeMultiHeader(writer, -1, true);
  return planOf(count * (multiHeaderBytes + statBytes) + multiHeaderBytes);
}

function writeMultiHeader(writer: JuteWriter, type: number, done: boolean): void {
  writer.writeInt(type);
  writer.writeBool(done);
  writer.writeInt(-1);
}

function openPath(parent: string): string {
  return `${parent}/n0000000000`;
}

/** Where the digits of a path stand that is written next, behind its length. */
function digitsAtOf(writer: JuteWriter, path: string): number {
  return writer.offset + 4 + path.length - 10;
}
