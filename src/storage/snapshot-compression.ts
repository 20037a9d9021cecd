/**
 * Snapshots as byte streams: plain, gzip, or snappy in the framing of xerial's library, as
 * Apache's `SnapStream` reads and writes them. Checksums cover the bytes before compression and
 * are no business of this file. zlib is not pure, so it comes in through a port.
 *
 *   snappy:  0x82 "SNAPPY" 0, version 1, compatible version 1, then blocks: length 4, raw snappy
 */
import snappy from 'snappyjs';
import type { DiskFile } from '../base/ports.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { SnapshotEncoding } from './data-directory.ts';

/** zlib, as a port. Both throw on damaged or truncated input. */
export interface Compression {
  /** One whole gzip member. */
  gunzip(bytes: Uint8Array): Uint8Array;
  /**
   * Compresses one part of a gzip stream that is written piece by piece: `isFirst` begins it with
   * its header, `isLast` ends it with its trailer. Parts appended to each other are the stream.
   */
  gzipPart(state: GzipState, bytes: Uint8Array, isLast: boolean): Uint8Array;
}

/** Where a gzip stream stands; made by `newGzipState`, changed by `gzipPart`. */
export interface GzipState {
  crc: number;
  length: number;
  hasBegun: boolean;
}

export function newGzipState(): GzipState {
  return { crc: 0, length: 0, hasBegun: false };
}

/** Bytes in order. Returns how many were read; fewer than `length` means the end. */
export interface ByteSource {
  read(into: Uint8Array, offset: number, length: number): number;
}

export type ByteTarget = (bytes: Uint8Array) => void;

/** Takes uncompressed bytes and hands on what belongs into the file. */
export interface SnapshotEncoder {
  write(bytes: Uint8Array): void;
  finish(): void;
}

const snappyMagic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
const snappyHeaderBytes = 16;
const snappyBlockBytes = 32 * 1024;
/** Longest block that a reader believes in. */
const snappyBlockBytesMax = 64 * 1024 * 1024;
const gzipPartBytes = 1024 * 1024;

export function memorySource(bytes: Uint8Array): ByteSource {
  let at = 0;
  return {
    read(into, offset, length) {
      const count = Math.min(length, bytes.byteLength - at);
      into.set(bytes.subarray(at, at + count), offset);
      at += count;
      return count;
    },
  };
}

/** Throws `JuteError` (here or in `read`) when the file is no stream of that encoding. */
export function decodeSnapshot(
  file: DiskFile,
  encoding: SnapshotEncoding,
  compression: Compression,
): ByteSource {
  if (encoding === 'plain') return fileSource(file);
  if (encoding === 'snappy') return snappySource(fileSource(file));
  const compressed = new Uint8Array(file.size());
  file.read(compressed, 0, compressed.byteLength, 0);
  try {
    return memorySource(compression.gunzip(compressed));
  } catch (error) {
    throw new JuteError(`gzip stream is damaged: ${messageOf(error)}`);
  }
}

function fileSource(file: DiskFile): ByteSource {
  let position = 0;
  return {
    read(into, offset, length) {
      const count = file.read(into, offset, length, position);
      position += count;
      return count;
    },
  };
}

function snappySource(compressed: ByteSource): ByteSource {
  readSnappyHeader(compressed);
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  return {
    read(into, offset, length) {
      let done = 0;
      while (done < length) {
        if (at === block.byteLength) {
          const next = readSnappyBlock(compressed);
          if (next === null) break;
          block = next;
          at = 0;
        }
        const count = Math.min(length - done, block.byteLength - at);
        into.set(block.subarray(at, at + count), offset + done);
        at += count;
        done += count;
      }
      return done;
    },
  };
}

function readSnappyHeader(compressed: ByteSource): void {
  const header = new Uint8Array(snappyHeaderBytes);
  const count = compressed.read(header, 0, snappyHeaderBytes);
  if (count < snappyHeaderBytes || snappyMagic.some((byte, index) => header[index] !== byte)) {
    throw new JuteError('snappy stream has no header');
  }
}

function readSnappyBlock(compressed: ByteSource): Uint8Array | null {
  const prefix = new Uint8Array(4);
  const count = compressed.read(prefix, 0, 4);
  if (count === 0) return null;
  const length = new DataView(prefix.buffer).getInt32(0);
  if (count < 4 || length <= 0 || length > snappyBlockBytesMax) {
    throw new JuteError('snappy stream is damaged');
  }
  const block = new Uint8Array(length);
  if (compressed.read(block, 0, length) < length) throw new JuteError('snappy stream is cut');
  try {
    return snappy.uncompress(block, snappyBlockBytesMax);
  } catch (error) {
    throw new JuteError(`snappy block is damaged: ${messageOf(error)}`);
  }
}

export function encodeSnapshot(
  encoding: SnapshotEncoding,
  target: ByteTarget,
  compression: Compression | null,
): SnapshotEncoder {
  if (encoding === 'plain') return { write: target, finish: () => {} };
  if (encoding === 'snappy') return snappyEncoder(target);
  if (compression === null) throw new TypeError('gz needs the compression port');
  return gzipEncoder(target, compression);
}

function gzipEncoder(target: ByteTarget, compression: Compression): SnapshotEncoder {
  const state = newGzipState();
  return inPieces(gzipPartBytes, (bytes, isLast) => {
    target(compression.gzipPart(state, bytes, isLast));
  });
}

function snappyEncoder(target: ByteTarget): SnapshotEncoder {
  const header = new Uint8Array(snappyHeaderBytes);
  header.set(snappyMagic);
  header[11] = header[15] = 1;
  let hasHeader = false;
  return inPieces(snappyBlockBytes, (bytes) => {
    if (!hasHeader) target(header);
    hasHeader = true;
    if (bytes.byteLength === 0) return;
    const block = snappy.compress(bytes);
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setInt32(0, block.byteLength);
    target(prefix);
    target(block);
  });
}

/** Collects writes into pieces of one size, and a last one that is shorter. */
function inPieces(
  pieceBytes: number,
  take: (piece: Uint8Array, isLast: boolean) => void,
): SnapshotEncoder {
  const piece = new Uint8Array(pieceBytes);
  let filled = 0;
  return {
    write(bytes) {
      let at = 0;
      while (at < bytes.byteLength) {
        const count = Math.min(bytes.byteLength - at, pieceBytes - filled);
        piece.set(bytes.subarray(at, at + count), filled);
        at += count;
        filled += count;
        if (filled < pieceBytes) break;
        take(piece, false);
        filled = 0;
      }
    },
    finish: () => take(piece.subarray(0, filled), true),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
