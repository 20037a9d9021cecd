/**
 * A TCP connection that speaks length-prefixed frames and nothing else: no handshake, no session.
 * Tests that send wrong bytes use it directly; `RawClient` builds on it. It never interprets a
 * frame and never reconnects.
 */
import { connect, type Socket } from 'node:net';

export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError';
}

const noBytes: Uint8Array = new Uint8Array(0);

export class RawSocket {
  /** Settles when the connection is over, whoever ended it and however. Never rejects. */
  readonly closed: Promise<void>;
  isClosed = false;
  bytesReceived = 0;
  /** Called with each frame, without its length; the bytes belong to the callee. */
  onFrame: (frame: Uint8Array) => void;
  private readonly socket: Socket;
  private readonly frames: Uint8Array[] = [];
  private readonly waiters: { take(frame: Uint8Array): void; fail(error: Error): void }[] = [];
  private rest = noBytes;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.onFrame = (frame) => this.queue(frame);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true;
        for (const waiter of this.waiters.splice(0)) waiter.fail(closedError());
        resolve();
      });
    });
  }

  /** Connects; rejects when nobody listens. */
  static open(port: number, host = '127.0.0.1'): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawSocket(socket));
      });
    });
  }

  /** Bytes as they are. Writing to a connection that is over does nothing. */
  write(bytes: Uint8Array): void {
    if (!this.isClosed && this.socket.writable) this.socket.write(bytes);
  }

  /** `payload` behind its length. */
  writeFrame(payload: Uint8Array): void {
    this.write(framed(payload));
  }

  /** The next frame nobody took yet; rejects when the connection ends before it comes. */
  nextFrame(): Promise<Uint8Array> {
    const frame = this.frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.isClosed) return Promise.reject(closedError());
    return new Promise((take, fail) => this.waiters.push({ take, fail }));
  }

  /** Stops reading, so that the server's bytes pile up in the kernel and then in the server. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Several writes inside `body` leave as one. */
  corked(body: () => void): void {
    this.socket.cork();
    try {
      body();
    } finally {
      this.socket.uncork();
    }
  }

  /** Sends what is queued and the end of the stream. */
  end(): void {
    this.socket.end();
  }

  /** Drops the connection at once. */
  destroy(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  private queue(frame: Uint8Array): void {
    const waiter = this.waiters.shift();
    if (waiter === undefined) this.frames.push(frame);
    else waiter.take(frame);
  }

  private receive(chunk: Uint8Array): void {
    this.bytesReceived += chunk.byteLength;
    const bytes = this.rest.byteLength === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.byteLength - at >= 4) {
      const length = view.getInt32(at);
      if (bytes.byteLength - at - 4 < length) break;
      // A copy of its own: some chunks are slices of a pool that Node uses again.
      this.onFrame(Uint8Array.from(bytes.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    this.rest = at === bytes.byteLength ? noBytes : bytes.subarray(at);
  }
}

/** `payload` with its int32 length before it. */
export function framed(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + payload.byteLength);
  new DataView(bytes.buffer).setInt32(0, payload.byteLength);
  bytes.set(payload, 4);
  return bytes;
}

function closedError(): Error {
  return new ConnectionClosedError('the server closed the connection');
}
