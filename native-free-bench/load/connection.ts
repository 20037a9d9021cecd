/**
 * One connection of the load generator: keeps requests in flight as its pace grants them, parses
 * replies in place in a read buffer that all connections share, and verifies each one. A batch of
 * replies is answered with one write. It allocates nothing per request; what a reply means to the
 * run (latency, counts) it leaves to the record.
 */
import { connect, type Socket } from 'node:net';
import { OpCode } from '../../src/jute/proto.ts';
import { encodeConnectRequest, encodeRequest } from '../../test/support/raw-client.ts';
import { framed } from '../../test/support/raw-socket.ts';
import { type FrameRing, patchDigits } from './frames.ts';
import type { Pace } from './pace.ts';
import type { LoadRecord } from './record.ts';
import { ReplyFrames } from './reply-frames.ts';
import { replyHeaderBytes } from './requests.ts';
import { isValue } from './values.ts';
import { type Address, operationNames } from './workload.ts';

const pingXid = -2;
const pingOperation = operationNames.indexOf('ping');
const sessionTimeoutMs = 30_000;
/** A session that has sent nothing for so long sends a ping. */
const silentMsMax = 8000;
const ping = framed(encodeRequest(pingXid, OpCode.ping, new Uint8Array(0)));

export interface ConnectionParts {
  /** Among the connections of this process. */
  readonly index: number;
  readonly frames: FrameRing;
  readonly depth: number;
  readonly pace: Pace;
  readonly record: LoadRecord;
  /** Called once, when nothing is in flight and nothing more will be sent. */
  readonly onIdle: () => void;
}

export class LoadConnection {
  private readonly parts: ConnectionParts;
  private readonly frames: FrameRing;
  private readonly slots: number;
  private readonly startMs: Float64Array;
  private readonly replies = new ReplyFrames((view, at, length) => this.onFrame(view, at, length));
  private socket!: Socket;
  private handshake: { resolve(): void; reject(error: Error): void } | null = null;
  private isEnding = false;
  private isIdle = false;
  private nowMs = 0;
  private sentAtMs = 0;
  /** Requests sent and replies received since the start; they only grow. */
  private sent = 0;
  private received = 0;

  constructor(parts: ConnectionParts) {
    this.parts = parts;
    this.frames = parts.frames;
    this.slots = parts.frames.starts.length - 1;
    this.startMs = new Float64Array(this.slots);
  }

  /** Connects and opens a session. */
  async open({ host, port }: Address): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.handshake = { resolve, reject };
    });
    const callback = (count: number) => this.onRead(count);
    const onread = { buffer: ReplyFrames.readBuffer, callback };
    this.socket = connect({ host, port, noDelay: true, onread });
    this.socket.on('connect', () => {
      this.socket.write(framed(encodeConnectRequest({ timeoutMs: sessionTimeoutMs })));
    });
    this.socket.on('error', (error) => this.fail(error.message));
    this.socket.on('close', () => this.fail('connection closed'));
    await opened;
  }

  /** Sends what it may, in one write. */
  pump(nowMs: number): void {
    const { pace, index, depth } = this.parts;
    if (this.isEnding) return;
    const inFlight = this.sent - this.received;
    const granted = pace.grant(index, this.sent, depth - inFlight);
    if (granted === 0) {
      if (inFlight === 0 && pace.hasEnded) this.becomeIdle();
      return;
    }
    const from = this.sent % this.slots;
    const whole = Math.min(granted, this.slots - from);
    this.sendSlots(from, whole, nowMs);
    if (whole < granted) this.sendSlots(0, granted - whole, nowMs);
  }

  /** A session of a slow load must not expire. */
  keepAlive(nowMs: number): void {
    if (this.isEnding || nowMs - this.sentAtMs < silentMsMax) return;
    this.sentAtMs = nowMs;
    this.socket.write(ping);
  }

  /** Ends session and connection. */
  close(): Promise<void> {
    this.isEnding = true;
    return new Promise((resolve) => {
      this.socket.on('close', () => resolve());
      if (this.socket.destroyed) resolve();
      this.socket.write(framed(encodeRequest(0x7fffffff, OpCode.closeSession, new Uint8Array(0))));
    });
  }

  private sendSlots(from: number, count: number, nowMs: number): void {
    const { bytes, view, starts, operations, digitsAt, numberBack } = this.frames;
    const { pace, index } = this.parts;
    this.sentAtMs = nowMs;
    for (let slot = from; slot < from + count; slot++) {
      const sequence = this.sent++;
      view.setInt32(starts[slot]! + 4, xidOf(sequence, operations[slot]!));
      const at = digitsAt[slot]!;
      if (at !== 0) patchDigits(bytes, at, sequence - numberBack[slot]!);
      this.startMs[slot] = pace.startMs(index, sequence, nowMs);
    }
    this.socket.write(bytes.subarray(starts[from]!, starts[from + count]!));
  }

  private onRead(count: number): boolean {
    this.nowMs = performance.now();
    const before = this.received;
    try {
      this.replies.push(count);
    } catch (error) {
      this.socket.destroy();
      this.fail((error as Error).message);
    }
    if (this.received > before) this.pump(this.nowMs);
    return true;
  }

  private onFrame(view: DataView, at: number, length: number): void {
    if (this.handshake !== null) this.onHandshake(view, at);
    else if (!this.isEnding) this.onReply(view, at, length);
  }

  private onHandshake(view: DataView, at: number): void {
    const handshake = this.handshake;
    this.handshake = null;
    if (view.getInt32(at + 8) > 0) handshake?.resolve();
    else handshake?.reject(new Error('the server refused the session'));
  }

  private onReply(view: DataView, at: number, length: number): void {
    const slot = this.received % this.slots;
    const operation = this.frames.operations[slot]!;
    // The answer to `keepAlive`.
    if (operation !== pingOperation && view.getInt32(at + 4) === pingXid) return;
    const sequence = this.received++;
    const fault = this.faultOf(view, at, length, { sequence, slot, operation });
    if (fault !== null) this.parts.record.onError(fault);
    else this.parts.record.onReply(operation, this.startMs[slot]!, this.nowMs);
  }

  private faultOf(
    view: DataView,
    at: number,
    length: number,
    request: { sequence: number; slot: number; operation: number },
  ): string | null {
    const { sequence, slot } = request;
    const { replyBytes, hasValue, words, dataBytes } = this.frames;
    if (length < replyHeaderBytes) return `a reply of ${length} bytes`;
    const xid = view.getInt32(at + 4);
    const wantedXid = xidOf(sequence, request.operation);
    if (xid !== wantedXid) return `xid ${xid} instead of ${wantedXid}`;
    const err = view.getInt32(at + 16);
    if (err !== 0) return `error code ${err} to ${operationNames[request.operation]}`;
    if (length !== replyBytes[slot]) return `${length} bytes, not ${replyBytes[slot]}`;
    if (hasValue[slot] === 0) return null;
    const valueBytes = view.getInt32(at + replyHeaderBytes);
    if (valueBytes !== dataBytes) return `a value of ${valueBytes} bytes, not ${dataBytes}`;
    const wanted = { length: dataBytes, word: words[slot]!, sequence };
    return isValue(view, at + replyHeaderBytes + 4, wanted) ? null : 'a value of another key';
  }

  private fail(reason: string): void {
    if (this.isEnding) return;
    this.isEnding = true;
    if (this.handshake !== null) this.handshake.reject(new Error(reason));
    else this.parts.record.onError(reason);
    this.becomeIdle();
  }

  private becomeIdle(): void {
    if (this.isIdle) return;
    this.isIdle = true;
    this.parts.onIdle();
  }
}

/** Xids of requests are positive and wrap around; pings have one of their own. */
function xidOf(sequence: number, operation: number): number {
  return operation === pingOperation ? pingXid : (sequence % 0x7ffffffe) + 1;
}
