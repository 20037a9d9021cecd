/**
 * Cuts what a connection receives into frames. Whole ones are handed over where they lie in the
 * read buffer, which all connections of the process share; one that comes in pieces is gathered
 * in a buffer of its connection, which grows to the longest such frame.
 */
const readBytes = new Uint8Array(64 * 1024);
const readView = new DataView(readBytes.buffer);
const lengthBytes = 4;
/** A longer frame is a fault of the server. */
const frameBytesMax = 64 * 1024 * 1024;

export type OnFrame = (view: DataView, at: number, length: number) => void;

export class ReplyFrames {
  /** Where sockets put what they read. */
  static readonly readBuffer: Uint8Array = readBytes;
  private readonly onFrame: OnFrame;
  private partial = new Uint8Array(0);
  private partialView = new DataView(this.partial.buffer);
  private filled = 0;

  constructor(onFrame: OnFrame) {
    this.onFrame = onFrame;
  }

  /** `count` bytes lie in the read buffer. Throws when they cannot be frames. */
  push(count: number): void {
    let at = 0;
    while (this.filled > 0 && at < count) at = this.gather(at, count);
    while (count - at >= lengthBytes) {
      const length = frameBytesAt(readView, at);
      if (count - at < length) break;
      this.onFrame(readView, at, length);
      at += length;
    }
    if (at < count) this.keep(at, count);
  }

  /** Adds bytes to the frame that is incomplete, as many as it needs. Returns where it stopped. */
  private gather(from: number, end: number): number {
    const hasLength = this.filled >= lengthBytes;
    const wanted = hasLength ? frameBytesAt(this.partialView, 0) : lengthBytes;
    const taken = Math.min(wanted - this.filled, end - from);
    this.reserve(wanted);
    this.partial.set(readBytes.subarray(from, from + taken), this.filled);
    this.filled += taken;
    if (hasLength && this.filled === wanted) {
      this.filled = 0;
      this.onFrame(this.partialView, 0, wanted);
    }
    return from + taken;
  }

  private keep(from: number, end: number): void {
    this.reserve(end - from);
    this.partial.set(readBytes.subarray(from, end));
    this.filled = end - from;
  }

  private reserve(bytes: number): void {
    if (this.partial.byteLength >= bytes) return;
    const larger = new Uint8Array(Math.max(bytes, 2 * this.partial.byteLength));
    larger.set(this.partial.subarray(0, this.filled));
    this.partial = larger;
    this.partialView = new DataView(larger.buffer);
  }
}

/** Of the whole frame, with its length. */
function frameBytesAt(view: DataView, at: number): number {
  const length = view.getInt32(at);
  if (length < 0 || length > frameBytesMax) throw new Error(`a frame of ${length} bytes`);
  return lengthBytes + length;
}
