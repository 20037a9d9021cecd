/**
 * Writes jute values into a buffer that grows. The buffer is reused: `reset` starts the next
 * message, `finish` returns a view that is valid until then. `view` and `bytes` change when the
 * buffer grows, so callers that patch bytes take them again after writing.
 */
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import { highHalf, lowHalf } from '../base/zxid.ts';
import { encodeUtf8 } from './utf8.ts';

export class JuteWriter {
  bytes: Uint8Array;
  view: DataView;
  offset = 0;
  private readonly sources = new ViewCache();

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  reset(): void {
    this.offset = 0;
  }

  /** The bytes written since `reset`; valid until the next write. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.offset);
  }

  /** Makes room for `length` bytes and returns where they begin. */
  reserve(length: number): number {
    const at = this.offset;
    const end = at + length;
    if (end > this.bytes.byteLength) this.grow(end);
    this.offset = end;
    return at;
  }

  private grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.bytes.byteLength * 2));
    bytes.set(this.bytes.subarray(0, this.offset));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  writeByte(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }

  writeBool(value: boolean): void {
    this.writeByte(value ? 1 : 0);
  }

  writeInt(value: number): void {
    const at = this.reserve(4);
    this.view.setInt32(at, value);
  }

  writeLong(value: bigint): void {
    this.writeHalves(highHalf(value), lowHalf(value));
  }

  writeHalves(hi: number, lo: number): void {
    const at = this.reserve(8);
    this.view.setInt32(at, hi);
    this.view.setInt32(at + 4, lo);
  }

  /** Raw bytes without a length. */
  writeRaw(from: Uint8Array, start = 0, end: number = from.byteLength): void {
    const length = end - start;
    const at = this.reserve(length);
    copyBytes(this.sources.viewOf(from), start, this.view, at, length);
  }

  /** A buffer or string given as bytes; null is length -1. */
  writeBuffer(from: Uint8Array | null, start = 0, end: number = from?.byteLength ?? 0): void {
    if (from === null) {
      this.writeInt(-1);
      return;
    }
    this.writeInt(end - start);
    this.writeRaw(from, start, end);
  }

  writeString(text: string | null): void {
    this.writeBuffer(text === null ? null : encodeUtf8(text));
  }
}
