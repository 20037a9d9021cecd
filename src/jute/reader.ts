/**
 * Reads jute values from a byte range that it does not own. One reader is made per agent and
 * pointed at frame after frame with `reset`; nothing is copied unless the caller asks for it.
 * Throws `JuteError` when a value does not fit into the range.
 */
import { joinHalves } from '../base/zxid.ts';
import { JuteError } from './jute-error.ts';
import { decodeUtf8 } from './utf8.ts';

export class JuteReader {
  bytes: Uint8Array;
  view: DataView;
  offset: number;
  end: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = 0;
    this.end = bytes.byteLength;
  }

  /** Points at `bytes[start..end)`. `view` must cover exactly the same bytes. */
  reset(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.bytes = bytes;
    this.view = view;
    this.offset = start;
    this.end = end;
  }

  remaining(): number {
    return this.end - this.offset;
  }

  private claim(length: number): number {
    const at = this.offset;
    if (length > this.end - at) throw new JuteError(`truncated: ${length} bytes wanted`);
    this.offset = at + length;
    return at;
  }

  readByte(): number {
    return this.view.getUint8(this.claim(1));
  }

  /** Any byte but zero is true, as in Apache's reader. */
  readBool(): boolean {
    return this.view.getUint8(this.claim(1)) !== 0;
  }

  readInt(): number {
    return this.view.getInt32(this.claim(4));
  }

  readLong(): bigint {
    const at = this.claim(8);
    return joinHalves(this.view.getInt32(at), this.view.getInt32(at + 4));
  }

  /** Skips a fixed number of bytes and returns where they begin. */
  skip(length: number): number {
    if (length < 0) throw new JuteError('negative length');
    return this.claim(length);
  }

  /**
   * Length of the buffer or string that follows, -1 for null. The content begins at `offset`;
   * the caller skips or reads it. Throws when it does not fit into the range.
   */
  readLength(): number {
    const length = this.readInt();
    if (length === -1) return -1;
    if (length < 0 || length > this.end - this.offset) {
      throw new JuteError(`unreasonable length = ${length}`);
    }
    return length;
  }

  /** Skips a buffer or string. */
  skipBuffer(): void {
    const length = this.readLength();
    if (length > 0) this.offset += length;
  }

  /** A copy of the buffer that follows, or null. */
  readBuffer(): Uint8Array | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.claim(length);
    return this.bytes.slice(at, at + length);
  }

  readString(): string | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.claim(length);
    return decodeUtf8(this.bytes, at, at + length);
  }

  /** Element count of a vector: -1 is null; any other negative count reads as empty (Apache). */
  readCount(): number {
    const count = this.readInt();
    if (count === -1) return -1;
    return Math.max(count, 0);
  }
}
