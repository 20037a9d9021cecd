/**
 * Rules for paths, on UTF-8 bytes (Apache `PathUtils.validatePath`). Knows nothing of the tree;
 * never decodes a path into a string.
 */
import type { JuteReader } from '../jute/reader.ts';

const slash = 0x2f;
const dot = 0x2e;

/** Where the last '/' of `bytes[start..end)` is, or -1. */
export function lastSlash(bytes: Uint8Array, start: number, end: number): number {
  for (let i = end - 1; i >= start; i--) if (bytes[i] === slash) return i;
  return -1;
}

export function hasNul(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0) return true;
  return false;
}

/** Whether the range is byte for byte this ASCII text. */
export function equalsText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  return end - start === text.length && startsWithText(bytes, start, end, text);
}

export function startsWithText(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: string,
): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Nodes that cannot be deleted (Apache `ZooDefs`, `PrepRequestProcessor`). */
export function isReserved(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= 1) return end === start || bytes[start] === slash;
  return (
    equalsText(bytes, start, end, '/zookeeper') ||
    equalsText(bytes, start, end, '/zookeeper/quota') ||
    equalsText(bytes, start, end, '/zookeeper/config')
  );
}

/**
 * Full syntax: absolute, no empty, '.' or '..' component, no trailing '/', and none of the
 * characters that Apache refuses. Malformed UTF-8 is refused too: Apache reads it as U+FFFD,
 * which is one of those.
 */
export function isValidPath(bytes: Uint8Array, start: number, end: number): boolean {
  if (end <= start || bytes[start] !== slash) return false;
  if (end - start === 1) return true;
  let component = start + 1;
  let i = start + 1;
  while (i < end) {
    const byte = bytes[i] as number;
    if (byte === slash) {
      if (!isValidComponent(bytes, component, i)) return false;
      component = ++i;
      continue;
    }
    const length = byte < 0x80 ? asciiLength(byte) : sequenceLength(bytes, i, end);
    if (length === 0) return false;
    i += length;
  }
  return isValidComponent(bytes, component, end);
}

function isValidComponent(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return false;
  if (length > 2 || bytes[start] !== dot) return true;
  return length === 2 && bytes[start + 1] !== dot;
}

function asciiLength(byte: number): number {
  return byte >= 0x20 && byte !== 0x7f ? 1 : 0;
}

/** Bytes of the legal multi-byte character at `at`, or 0: malformed, or a code unit refused. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  if (at + 1 >= end) return 0;
  const second = bytes[at + 1] as number;
  if ((second & 0xc0) !== 0x80) return 0;
  // U+0080 to U+009F are control characters; 0xc0 and 0xc1 are overlong.
  if (lead < 0xe0) return lead > 0xc2 || (lead === 0xc2 && second >= 0xa0) ? 2 : 0;
  // Four bytes are a surrogate pair in Java, and surrogates are refused.
  if (lead > 0xef || at + 2 >= end) return 0;
  const third = bytes[at + 2] as number;
  if ((third & 0xc0) !== 0x80) return 0;
  if (lead === 0xe0) return second >= 0xa0 ? 3 : 0;
  if (lead === 0xed) return second < 0xa0 ? 3 : 0; // U+D800 to U+DFFF
  if (lead === 0xee) return 0; // U+E000 to U+EFFF
  if (lead === 0xef) {
    if (second < 0xa4) return 0; // U+F000 to U+F8FF
    if (second === 0xbf && third >= 0xb0) return 0; // U+FFF0 to U+FFFF
  }
  return 3;
}

/**
 * Skips the path at the reader and returns its length, -1 for null. The path ends where the
 * reader stands afterwards.
 */
export function skipPath(request: JuteReader): number {
  const length = request.readLength();
  if (length > 0) request.offset += length;
  return length;
}
