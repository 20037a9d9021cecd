/**
 * Requests encoded before the run. Each connection has a ring of frames that lie one after the
 * other in memory, so that a batch leaves as one slice of it; at run time only the xid and, for
 * nodes that must be new, ten digits of the path are patched.
 */
import { CreateFlag, createRequest, OpCode } from '../../src/jute/proto.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { LoadSpec } from './workload.ts';

/** Nodes that exist before the run: `prepare.ts` makes them. */
export const keyParent = '/bench/keys';
export const childrenParent = '/bench/children';
export const childrenCount = 100;

export const aclEveryone = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const headerBytes = 4 + 16;
const statBytes = 68;

export interface FrameRing {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where slot i begins; one more entry than slots. */
  readonly starts: Int32Array;
  /** Length of the whole reply frame to slot i, with its length field. */
  readonly replyBytes: Int32Array;
  /** Where slot i has the ten digits of a new node's name, or 0. */
  readonly digitsAt: Int32Array;
  /** Slots that share a number, for pairs such as create and delete of one node. */
  readonly slotsPerNumber: number;
  /** Ping replies always carry the xid -2. */
  readonly xidIsFixed: boolean;
}

export function keyPath(index: number): string {
  return `${keyParent}/k${String(index).padStart(8, '0')}`;
}

export function childName(index: number): string {
  return `n${String(index).padStart(3, '0')}`;
}

/** The parent under which a connection of this run creates its nodes. */
export function createParent(run: string, connection: number): string {
  return `/bench/${run}-${connection}`;
}

/** Builds the ring of a connection that creates nodes under `parent`; `slots` must be even. */
export function buildFrames(spec: LoadSpec, parent: string, slots: number): FrameRing {
  const writer = new JuteWriter(64 * 1024);
  const starts = new Int32Array(slots + 1);
  const replyBytes = new Int32Array(slots);
  const digitsAt = new Int32Array(slots);
  const data = new Uint8Array(spec.dataBytes).fill(0x78);
  for (let slot = 0; slot < slots; slot++) {
    starts[slot] = writer.offset;
    writer.reserve(4);
    replyBytes[slot] = writeRequest(writer, spec, { parent, slot, data, digitsAt });
    writer.view.setInt32(starts[slot]!, writer.offset - starts[slot]! - 4);
  }
  starts[slots] = writer.offset;
  const bytes = writer.finish().slice();
  return {
    bytes,
    view: new DataView(bytes.buffer),
    starts,
    replyBytes,
    digitsAt,
    slotsPerNumber: spec.operation === 'createDelete' ? 2 : 1,
    xidIsFixed: spec.operation === 'ping',
  };
}

interface SlotContext {
  readonly parent: string;
  readonly slot: number;
  readonly data: Uint8Array;
  readonly digitsAt: Int32Array;
}

/** Writes header and body of one request and returns the length of its reply frame. */
function writeRequest(writer: JuteWriter, spec: LoadSpec, context: SlotContext): number {
  switch (spec.operation) {
    case 'ping':
      writeHeader(writer, OpCode.ping);
      return headerBytes;
    case 'get':
      writeHeader(writer, OpCode.getData);
      writer.writeString(randomKey(spec));
      writer.writeBool(false);
      return headerBytes + 4 + spec.dataBytes + statBytes;
    case 'exists':
      writeHeader(writer, OpCode.exists);
      writer.writeString(randomKey(spec));
      writer.writeBool(false);
      return headerBytes + statBytes;
    case 'getChildren':
      writeHeader(writer, OpCode.getChildren);
      writer.writeString(childrenParent);
      writer.writeBool(false);
      return headerBytes + 4 + childrenCount * (4 + childName(0).length);
    case 'set':
      writeHeader(writer, OpCode.setData);
      writeSet(writer, spec, context.data);
      return headerBytes + statBytes;
    case 'create':
      writeHeader(writer, OpCode.create);
      return writeCreate(writer, context);
    case 'createDelete':
      return writeCreateOrDelete(writer, context);
    case 'multi':
      return writeMulti(writer, spec, context.data);
  }
}

/** The xid is patched when the request leaves. */
function writeHeader(writer: JuteWriter, type: number): void {
  writer.writeInt(0);
  writer.writeInt(type);
}

function randomKey(spec: LoadSpec): string {
  return keyPath(Math.floor(Math.random() * spec.keys));
}

function writeSet(writer: JuteWriter, spec: LoadSpec, data: Uint8Array): void {
  writer.writeString(randomKey(spec));
  writer.writeBuffer(data);
  writer.writeInt(-1);
}

function writeCreate(writer: JuteWriter, context: SlotContext): number {
  const path = `${context.parent}/n0000000000`;
  context.digitsAt[context.slot] = writer.offset + 4 + path.length - 10;
  createRequest.write(writer, {
    path,
    data: context.data,
    acl: aclEveryone,
    flags: CreateFlag.persistent,
  });
  return headerBytes + 4 + path.length;
}

function writeCreateOrDelete(writer: JuteWriter, context: SlotContext): number {
  if (context.slot % 2 === 0) {
    writeHeader(writer, OpCode.create);
    return writeCreate(writer, context);
  }
  writeHeader(writer, OpCode.delete);
  const path = `${context.parent}/n0000000000`;
  context.digitsAt[context.slot] = writer.offset + 4 + path.length - 10;
  writer.writeString(path);
  writer.writeInt(-1);
  return headerBytes;
}

/** Three sets in one transaction. */
function writeMulti(writer: JuteWriter, spec: LoadSpec, data: Uint8Array): number {
  const count = 3;
  const multiHeaderBytes = 9;
  writeHeader(writer, OpCode.multi);
  for (let i = 0; i < count; i++) {
    writeMultiHeader(writer, OpCode.setData, false);
    writeSet(writer, spec, data);
  }
  writeMultiHeader(writer, -1, true);
  return headerBytes + count * (multiHeaderBytes + statBytes) + multiHeaderBytes;
}

function writeMultiHeader(writer: JuteWriter, type: number, done: boolean): void {
  writer.writeInt(type);
  writer.writeBool(done);
  writer.writeInt(-1);
}

/** Writes `number` as ten decimal digits, as names of sequential nodes have them. */
export function patchDigits(bytes: Uint8Array, at: number, number: number): void {
  let rest = number;
  for (let i = at + 9; i >= at; i--) {
    const next = Math.floor(rest / 10);
    bytes[i] = 0x30 + rest - next * 10;
    rest = next;
  }
}
