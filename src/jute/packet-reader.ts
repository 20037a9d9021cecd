/**
 * Cuts the stream of a quorum link into packets, wherever the pieces of the stream were cut. Most
 * packets are read where they arrived; only what is incomplete at the end of a piece is copied.
 *
 * Use: `feed` a piece, then `next` until it returns false. A packet's fields and `bytes` are valid
 * until the call after it. Between packets the caller may take raw bytes out of the stream
 * (a snapshot): they lie in `bytes[offset..end)`, and `skip` takes them away.
 */
import { JuteError } from './jute-error.ts';
import { packetHeaderBytes } from './quorum.ts';
import { JuteReader } from './reader.ts';

/** Identities in one packet; a client has a handful. */
const authInfoCountMax = 1024;
const retainedBytesMax = 256 * 1024;

export class PacketReader {
  type = 0;
  zxidHi = 0;
  zxidLo = 0;
  /** The data is `bytes[dataStart..dataEnd)`; `hasData` tells null from empty. */
  hasData = false;
  dataStart = 0;
  dataEnd = 0;
  /** The authinfo as jute vec<Id>, count first: `bytes[dataEnd..authEnd)`. */
  hasAuthInfo = false;
  authEnd = 0;

  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  end = 0;
  private readonly dataBytesMax: number;
  private view = new DataView(this.bytes.buffer);
  /** What was incomplete, and room behind it; the stream is read from here then. */
  private kept = new Uint8Array(0);
  private reading = false;
  private readonly dataReader = new JuteReader();

  /** `dataBytesMax`: the longest data (and the longest authinfo) that a packet may have. */
  constructor(dataBytesMax: number) {
    this.dataBytesMax = dataBytesMax;
  }

  /** Bytes that came and were not taken yet. */
  get pendingBytes(): number {
    return this.end - this.offset;
  }

  /** The piece is read in place until `next` returns false or `keep` is called. */
  feed(piece: Uint8Array, start: number, end: number): void {
    if (this.pendingBytes === 0) {
      this.point(piece, start, end);
      this.reading = true;
      return;
    }
    this.keep();
    const length = end - start;
    this.makeRoom(length);
    this.bytes.set(piece.subarray(start, end), this.end);
    this.end += length;
  }

  /** Copies what was not taken yet, so that the piece may go. */
  keep(): void {
    if (!this.reading) return;
    this.reading = false;
    const rest = this.pendingBytes;
    if (rest === 0) return;
    const { bytes, offset, end } = this;
    if (this.kept.byteLength < rest) this.kept = new Uint8Array(Math.max(rest, 1024));
    this.kept.set(bytes.subarray(offset, end));
    this.point(this.kept, 0, rest);
  }

  /**
   * Reads the next packet into the fields. False: it is not complete yet. Throws `JuteError` when
   * it can be no packet; the stream cannot be read any further then.
   */
  next(): boolean {
    const at = this.offset;
    const packetEnd = this.measure(at);
    if (packetEnd < 0) {
      this.keep();
      return false;
    }
    const { view } = this;
    this.type = view.getInt32(at);
    this.zxidHi = view.getInt32(at + 4);
    this.zxidLo = view.getInt32(at + 8);
    const length = view.getInt32(at + 12);
    this.hasData = length >= 0;
    this.dataStart = at + packetHeaderBytes;
    this.dataEnd = this.dataStart + Math.max(length, 0);
    this.hasAuthInfo = view.getInt32(this.dataEnd) !== -1;
    this.authEnd = packetEnd;
    this.offset = packetEnd;
    return true;
  }

  /** Takes raw bytes out of the stream. */
  skip(length: number): void {
    this.offset += length;
  }

  /** A reader of the packet's data from its byte `from` on; the same one for each packet. */
  data(from = 0): JuteReader {
    this.dataReader.reset(this.bytes, this.view, this.dataStart + from, this.dataEnd);
    return this.dataReader;
  }

  /** Where the packet that begins at `at` ends, or -1 when that is not there yet. */
  private measure(at: number): number {
    if (this.end - at < packetHeaderBytes) return -1;
    const length = this.view.getInt32(at + 12);
    if (length < -1 || length > this.dataBytesMax) {
      throw new JuteError(`unreasonable length of packet data = ${length}`);
    }
    const authStart = at + packetHeaderBytes + Math.max(length, 0);
    if (this.end - authStart < 4) return -1;
    const count = this.view.getInt32(authStart);
    if (count < -1 || count > authInfoCountMax) {
      throw new JuteError(`unreasonable count of identities = ${count}`);
    }
    let position = authStart + 4;
    // An Id is two strings.
    for (let strings = 2 * count; strings > 0; strings--) {
      if (this.end - position < 4) return -1;
      const bytes = this.view.getInt32(position);
      if (bytes < -1 || position + bytes - authStart > this.dataBytesMax) {
        throw new JuteError(`unreasonable length of an identity = ${bytes}`);
      }
      position += 4 + Math.max(bytes, 0);
    }
    return position <= this.end ? position : -1;
  }

  private point(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.offset = start;
    this.end = end;
  }

  /** Moves what is kept to the front, into a longer buffer if need be. */
  private makeRoom(length: number): void {
    const rest = this.pendingBytes;
    const needed = rest + length;
    const room = this.kept.byteLength;
    if (needed > room || (room > retainedBytesMax && room > 4 * needed)) {
      this.kept = new Uint8Array(2 * needed);
      this.kept.set(this.bytes.subarray(this.offset, this.end));
    } else if (this.offset > 0) {
      this.kept.copyWithin(0, this.offset, this.end);
    }
    this.point(this.kept, 0, rest);
  }
}
