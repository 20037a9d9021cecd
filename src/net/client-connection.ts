/**
 * One client's TCP connection: cuts the inbound stream into frames, in place where it can, and
 * gathers what goes out. It knows lengths and nothing of what is in a frame; its handler does.
 */
import type { Socket } from 'node:net';
import { Outbound } from './outbound.ts';
import type { OutboundBudget } from './outbound-budget.ts';
import type { SlabPool } from './slab-pool.ts';

/** What a connection tells its owner. Byte ranges are valid only during the call. */
export interface ConnectionHandler {
  /**
   * The first bytes of a fresh connection, at least four: a word for people instead of a frame?
   * 'frame' to go on, 'taken' when it was answered, 'more' to be asked again with more bytes.
   */
  onFirstBytes(
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): 'frame' | 'taken' | 'more';
  /** A frame without its length. False: not taken; the connection stalls until `resume`. */
  onFrame(
    connection: ClientConnection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean;
  /** All frames of a read event were handed over. */
  onReadEnd(connection: ClientConnection): void;
  /** A frame length that is negative or above the limit; the connection is closed already. */
  onBadLength(connection: ClientConnection, length: number): void;
  /** The client has read what waited for it: `isChoked` is over. */
  onRead(connection: ClientConnection): void;
  /** More waits for the client than is allowed; the connection is closed already. */
  onTooSlow(connection: ClientConnection, waitingBytes: number): void;
  onClosed(connection: ClientConnection): void;
  /** Something was thrown where only the event loop could catch it: the program is wrong. */
  onFailure(error: unknown): void;
}

export interface ConnectionOptions {
  readonly cnxnId: number;
  readonly socket: Socket;
  readonly handler: ConnectionHandler;
  readonly pool: SlabPool;
  readonly budget: OutboundBudget;
  readonly frameBytesMax: number;
}

const nothing = new Uint8Array(0);

export class ClientConnection {
  readonly cnxnId: number;
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  private readonly handler: ConnectionHandler;
  private readonly frameBytesMax: number;
  private readonly outbound: Outbound;
  private readonly budget: OutboundBudget;
  /** Bytes waiting in the socket that the budget knows of. */
  private counted = 0;
  /** Bytes that arrived and were not taken yet: `held[heldStart..heldEnd)`. */
  private held = nothing;
  private heldView = new DataView(nothing.buffer);
  private heldStart = 0;
  private heldEnd = 0;
  private fresh = true;
  /** A word was taken instead of a frame: its answer ends the connection, the rest is ignored. */
  private asked = false;
  private stalled = false;
  /** Much waits for the client: no frame is taken before it has read all of it. */
  isChoked = false;
  /** What was gathered is on its way, and is the last. */
  ending = false;
  closed = false;

  constructor(options: ConnectionOptions) {
    this.cnxnId = options.cnxnId;
    this.socket = options.socket;
    this.handler = options.handler;
    this.frameBytesMax = options.frameBytesMax;
    this.outbound = new Outbound(options.pool);
    this.budget = options.budget;
    this.remoteAddress = options.socket.remoteAddress ?? '0.0.0.0';
    this.remotePort = options.socket.remotePort ?? 0;
    options.socket.on('drain', this.onDrain);
    options.socket.on('error', () => this.guard(() => this.destroy()));
    options.socket.on('end', () => this.guard(() => this.onSocketEnd()));
    options.socket.on('close', () => this.guard(() => this.onSocketClosed()));
  }

  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.handler.onFailure(error);
    }
  }

  /** Bytes that the kernel or this process still holds for the client. */
  get outboundBytes(): number {
    return this.outbound.pendingBytes + this.socket.writableLength;
  }

  /** A read event: `bytes[0..length)`. Returns false when the socket should not be read on. */
  onBytes(bytes: Uint8Array, view: DataView, length: number): boolean {
    try {
      return this.takeBytes(bytes, view, length);
    } catch (error) {
      this.handler.onFailure(error);
      return false;
    }
  }

  private takeBytes(bytes: Uint8Array, view: DataView, length: number): boolean {
    if (this.closed) return false;
    if (this.stalled || this.heldEnd > this.heldStart) {
      this.hold(bytes, 0, length);
      if (!this.stalled) this.takeHeld();
    } else {
      const taken = this.takeFrames(bytes, view, 0, length);
      if (taken < length && !this.closed) this.hold(bytes, taken, length);
    }
    if (!this.closed) this.handler.onReadEnd(this);
    return this.wantsMore();
  }

  /** Goes on after a frame was not taken. */
  resume(): void {
    if (!this.stalled || this.closed) return;
    this.stalled = false;
    this.goOn();
  }

  private readonly onDrain = (): void => this.guard(() => this.onDrained());

  private onDrained(): void {
    if (this.closed) return;
    this.count();
    if (this.isChoked) {
      this.isChoked = false;
      this.handler.onRead(this);
    }
    if (!this.stalled) this.goOn();
  }

  /** With what is held first, then with what arrives. */
  private goOn(): void {
    if (this.heldEnd > this.heldStart) {
      this.takeHeld();
      if (!this.closed) this.handler.onReadEnd(this);
    }
    if (this.wantsMore()) this.socket.resume();
  }

  private wantsMore(): boolean {
    if (this.closed || this.ending || this.stalled || this.isChoked) return false;
    return this.socket.writableLength <= this.budget.mark;
  }

  private takeHeld(): void {
    this.heldStart = this.takeFrames(this.held, this.heldView, this.heldStart, this.heldEnd);
    if (this.heldStart < this.heldEnd || this.closed) return;
    this.heldStart = this.heldEnd = 0;
    // A frame of a megabyte was an exception: do not keep its buffer with an idle connection.
    if (this.held.byteLength > 64 * 1024) this.holdIn(nothing);
  }

  /** Hands over whole frames; returns the offset of the first byte that was not taken. */
  private takeFrames(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let at = start;
    if (this.asked) return end;
    while (end - at >= 4 && !this.ending && !this.isChoked) {
      if (this.fresh) {
        const verdict = this.handler.onFirstBytes(this, bytes, at, end);
        if (verdict === 'more') return at;
        this.fresh = false;
        this.asked = verdict === 'taken';
        if (this.asked) return end;
      }
      const length = view.getInt32(at);
      if (length < 0 || length > this.frameBytesMax) {
        this.destroy();
        this.handler.onBadLength(this, length);
        return end;
      }
      if (end - at - 4 < length) return at;
      if (!this.handler.onFrame(this, bytes, view, at + 4, at + 4 + length)) {
        this.stalled = !this.closed;
        return at;
      }
      if (this.closed) return end;
      at += 4 + length;
    }
    return at;
  }

  private hold(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.heldEnd + length > this.held.byteLength) {
      const kept = this.heldEnd - this.heldStart;
      const needed = kept + length;
      if (needed > this.held.byteLength) {
        const larger = new Uint8Array(Math.max(needed, 2 * this.held.byteLength, 256));
        larger.set(this.held.subarray(this.heldStart, this.heldEnd));
        this.holdIn(larger);
      } else {
        this.held.copyWithin(0, this.heldStart, this.heldEnd);
      }
      this.heldStart = 0;
      this.heldEnd = kept;
    }
    this.held.set(bytes.subarray(start, end), this.heldEnd);
    this.heldEnd += length;
  }

  private holdIn(bytes: Uint8Array<ArrayBuffer>): void {
    this.held = bytes;
    this.heldView = new DataView(bytes.buffer);
  }

  /** Adds bytes to what goes out at the next `flush`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.closed || this.ending) return;
    this.outbound.append(bytes, start, end);
    const waiting = this.outboundBytes;
    if (waiting <= this.budget.mark) return;
    this.isChoked = true;
    if (waiting <= this.budget.limit) return;
    this.destroy();
    this.handler.onTooSlow(this, waiting);
  }

  flush(): void {
    if (this.closed) return;
    this.outbound.flushTo(this.socket);
    this.count();
    if (this.ending) this.socket.end(() => this.socket.destroy());
    else if (this.socket.writableLength > this.budget.mark) this.socket.pause();
    // When the kernel takes all of it at once, nothing drains later: go on, but others come first.
    if (this.isChoked && !this.socket.writableNeedDrain) setImmediate(this.onDrain);
  }

  /** What the socket has taken at once does not count: no 'drain' would tell when it has left. */
  private count(): void {
    const { socket, counted } = this;
    const waiting =
      socket.writableLength > 0 && socket.writableNeedDrain ? socket.writableLength : 0;
    if (waiting === counted) return;
    this.counted = waiting;
    this.budget.count(counted, waiting);
  }

  /** Sends what was gathered, then closes. Nothing more is read. */
  end(): void {
    if (this.closed || this.ending) return;
    this.ending = true;
    this.socket.pause();
    this.flush();
  }

  /** Closes at once; what was gathered is dropped. */
  destroy(): void {
    this.socket.destroy();
    this.onSocketClosed();
  }

  /** Who asks with a word may say that it was the last one, and waits for the answer all the same. */
  private onSocketEnd(): void {
    if (!this.asked) this.destroy();
  }

  private onSocketClosed(): void {
    if (this.closed) return;
    this.closed = true;
    this.outbound.discard();
    if (this.counted > 0) this.budget.count(this.counted, 0);
    this.held = nothing;
    this.handler.onClosed(this);
  }
}
