/**
 * One connection of the load generator: keeps `depth` requests in flight, parses replies in place
 * in a read buffer that all connections share, and verifies each one. A batch of replies is
 * answered with one write. It allocates nothing per request; what a reply means to the run
 * (latency, counts) it leaves to its driver.
 */
import { connect, type Socket } from 'node:net';
import { OpCode } from '../../src/jute/proto.ts';
import { encodeConnectRequest, encodeRequest } from '../../test/support/raw-client.ts';
import { framed } from '../../test/support/raw-socket.ts';
import { type FrameRing, patchDigits } from './frames.ts';

const readBuffer = new Uint8Array(64 * 1024);
const pingXid = -2;

export interface ConnectionOwner {
  /** `count` replies arrived to requests that left at `sentMs`. */
  onReplies(count: number, sentMs: number, nowMs: number): void;
  /** How many of `wanted` requests this connection may send now. */
  grant(wanted: number): number;
  onError(reason: string): void;
  /** Called once, when nothing is in flight and nothing more will be sent. */
  onIdle(): void;
}

export class LoadConnection {
  private readonly owner: ConnectionOwner;
  private readonly frames: FrameRing;
  private readonly slots: number;
  private readonly sentMs: Float64Array;
  private socket!: Socket;
  private carry: Uint8Array = new Uint8Array(0);
  private handshake: { resolve(): void; reject(error: Error): void } | null = null;
  private isEnding = false;
  private isIdle = false;
  /** Requests sent and replies received since the start; they only grow. */
  private sent = 0;
  private received = 0;

  constructor(frames: FrameRing, owner: ConnectionOwner) {
    this.frames = frames;
    this.owner = owner;
    this.slots = frames.starts.length - 1;
    this.sentMs = new Float64Array(this.slots);
  }

  /** Connects and opens a session. */
  async open(host: string, port: number): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.handshake = { resolve, reject };
    });
    const onread = { buffer: readBuffer, callback: (count: number) => this.onRead(count) };
    this.socket = connect({ host, port, noDelay: true, onread });
    this.socket.on('connect', () => {
      this.socket.write(framed(encodeConnectRequest({ timeoutMs: 30_000 })));
    });
    this.socket.on('error', (error) => this.fail(error.message));
    this.socket.on('close', () => this.fail('connection closed'));
    await opened;
  }

  get inFlight(): number {
    return this.sent - this.received;
  }

  /** Sends up to `count` requests, as many as the owner grants, in one write. */
  send(count: number, nowMs: number): void {
    const granted = this.owner.grant(count);
    if (granted === 0) {
      if (this.inFlight === 0) this.becomeIdle();
      return;
    }
    const from = this.sent % this.slots;
    const whole = Math.min(granted, this.slots - from);
    this.sendSlots(from, whole, nowMs);
    if (whole < granted) this.sendSlots(0, granted - whole, nowMs);
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
    const { bytes, view, starts, digitsAt, slotsPerNumber, xidIsFixed } = this.frames;
    for (let slot = from; slot < from + count; slot++) {
      const sequence = this.sent++;
      view.setInt32(starts[slot]! + 4, xidIsFixed ? pingXid : xidOf(sequence));
      const at = digitsAt[slot]!;
      if (at !== 0) patchDigits(bytes, at, Math.floor(sequence / slotsPerNumber));
      this.sentMs[slot] = nowMs;
    }
    this.socket.write(bytes.subarray(starts[from]!, starts[from + count]!));
  }

  private onRead(count: number): boolean {
    const nowMs = performance.now();
    if (this.carry.byteLength === 0) {
      this.parse(readBuffer, readView, count, nowMs);
    } else {
      const joined = new Uint8Array(this.carry.byteLength + count);
      joined.set(this.carry);
      joined.set(readBuffer.subarray(0, count), this.carry.byteLength);
      this.parse(joined, new DataView(joined.buffer), joined.byteLength, nowMs);
    }
    return true;
  }

  private parse(bytes: Uint8Array, view: DataView, end: number, nowMs: number): void {
    let at = 0;
    const before = this.received;
    while (end - at >= 4) {
      const length = view.getInt32(at) + 4;
      if (end - at < length) break;
      if (this.handshake !== null) this.onHandshake(view, at);
      else if (!this.isEnding) this.onReply(view, at, length, nowMs);
      at += length;
    }
    this.carry = at === end ? noBytes : bytes.slice(at, end);
    const arrived = this.received - before;
    if (arrived > 0 && !this.isEnding) this.send(arrived, nowMs);
  }

  private onHandshake(view: DataView, at: number): void {
    const handshake = this.handshake;
    this.handshake = null;
    if (view.getInt32(at + 8) > 0) handshake?.resolve();
    else handshake?.reject(new Error('the server refused the session'));
  }

  private onReply(view: DataView, at: number, length: number, nowMs: number): void {
    const sequence = this.received++;
    const slot = sequence % this.slots;
    const xid = view.getInt32(at + 4);
    const wantedXid = this.frames.xidIsFixed ? pingXid : xidOf(sequence);
    const err = view.getInt32(at + 16);
    const wantedBytes = this.frames.replyBytes[slot]!;
    if (xid !== wantedXid) this.owner.onError(`xid ${xid} instead of ${wantedXid}`);
    else if (err !== 0) this.owner.onError(`error code ${err}`);
    else if (length !== wantedBytes) this.owner.onError(`${length} bytes, not ${wantedBytes}`);
    else this.owner.onReplies(1, this.sentMs[slot]!, nowMs);
  }

  private fail(reason: string): void {
    if (this.isEnding) return;
    this.isEnding = true;
    if (this.handshake !== null) this.handshake.reject(new Error(reason));
    else this.owner.onError(reason);
    this.becomeIdle();
  }

  private becomeIdle(): void {
    if (this.isIdle) return;
    this.isIdle = true;
    this.owner.onIdle();
  }
}

const noBytes: Uint8Array = new Uint8Array(0);
const readView = new DataView(readBuffer.buffer);

/** Xids of requests are positive and wrap around. */
function xidOf(sequence: number): number {
  return (sequence % 0x7ffffffe) + 1;
}
