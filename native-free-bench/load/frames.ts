/**
 * Requests encoded before the run. Each connection has a ring of frames that lie one after the
 * other in memory, so that a batch leaves as one slice of it; at run time only the xid and, for
 * nodes that must be new, ten digits of the path are patched.
 */
import { JuteWriter } from '../../src/jute/writer.ts';
import { keyChoice, operationChoice, randomOf } from './choice.ts';
import {
  isPair,
  type RequestContext,
  type RequestPlan,
  writeRequest,
  writeUndo,
} from './requests.ts';
import { type LoadSpec, multiOperationsDefault, operationNames } from './workload.ts';

export interface FrameRing {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where slot i begins; one more entry than slots. */
  readonly starts: Int32Array;
  /** Length of the whole reply frame to slot i, with its length field. */
  readonly replyBytes: Int32Array;
  /** Index into `operationNames`. */
  readonly operations: Uint8Array;
  /** Where slot i has the ten digits of a new node's name, or 0. */
  readonly digitsAt: Int32Array;
  /** 1 for the second request of a pair: it has the number of the slot before. */
  readonly numberBack: Uint8Array;
  /** Whether the reply to slot i holds a value, and the word that this value repeats. */
  readonly hasValue: Uint8Array;
  readonly words: Int32Array;
  readonly dataBytes: number;
}

/** Memory for the frames of one process; with many connections each has fewer of them. */
const framesBytesMax = 64 * 1024 * 1024;
const slotsMax = 256;
const writerBytes = 4096;
const otherBytes = 150;

/** How many frames a connection has when so many share a process: at least `depth`, and even. */
export function slotsFor(spec: LoadSpec, connections: number): number {
  const values = 'multi' in spec.mix ? (spec.multiOperations ?? multiOperationsDefault) : 1;
  const frameBytes = values * (otherBytes + spec.dataBytes);
  const affordable = Math.floor(framesBytesMax / (connections * frameBytes));
  const wanted = Math.min(affordable, Math.max(slotsMax, 2 * spec.depth));
  return 2 * Math.ceil(Math.max(wanted, spec.depth, 2) / 2);
}

/** Makes rings that share what is the same for all connections of a load. */
export function frameBuilder(
  spec: LoadSpec,
  slots: number,
): (connection: number, parent: string) => FrameRing {
  const nextOperation = operationChoice(spec.mix);
  const nextKey = keyChoice(Math.max(spec.keys, 1), spec.keyChoice ?? 'uniform');
  return (connection, parent) => {
    const random = randomOf(spec.seed, connection);
    return buildFrames({ spec, parent, random, nextKey }, slots, nextOperation);
  };
}

function buildFrames(
  context: RequestContext,
  slots: number,
  nextOperation: ReturnType<typeof operationChoice>,
): FrameRing {
  const writer = new JuteWriter(writerBytes);
  const starts = new Int32Array(slots + 1);
  const ring = {
    starts,
    replyBytes: new Int32Array(slots),
    operations: new Uint8Array(slots),
    digitsAt: new Int32Array(slots),
    numberBack: new Uint8Array(slots),
    hasValue: new Uint8Array(slots),
    words: new Int32Array(slots),
  };
  const put = (slot: number, operation: number, write: () => RequestPlan): void => {
    starts[slot] = writer.offset;
    writer.reserve(4);
    const plan = write();
    writer.view.setInt32(starts[slot]!, writer.offset - starts[slot]! - 4);
    ring.operations[slot] = operation;
    ring.replyBytes[slot] = plan.replyBytes;
    ring.digitsAt[slot] = plan.digitsAt;
    ring.hasValue[slot] = plan.word === null ? 0 : 1;
    ring.words[slot] = plan.word ?? 0;
  };
  for (let slot = 0; slot < slots; slot++) {
    let operation = nextOperation(context.random);
    const isLast = slot === slots - 1;
    // The last slot has no room for a pair; a load of pairs alone never gets here.
    while (isLast && isPair[operation]) operation = nextOperation(context.random);
    const index = operationNames.indexOf(operation);
    put(slot, index, () => writeRequest(writer, operation, context));
    if (!isPair[operation]) continue;
    slot++;
    ring.numberBack[slot] = 1;
    put(slot, index, () => writeUndo(writer, context));
  }
  starts[slots] = writer.offset;
  const bytes = writer.finish().slice();
  const view = new DataView(bytes.buffer);
  return { ...ring, bytes, view, dataBytes: context.spec.dataBytes };
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
