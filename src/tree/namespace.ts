/** Metrics put paths together by their first component, which they call a namespace. */
import { decodeUtf8 } from '../jute/utf8.ts';

const slash = 0x2f;

/** Of a path other than the root. */
export function namespaceOf(bytes: Uint8Array, start: number, end: number): string {
  return decodeUtf8(bytes, start + 1, namespaceEnd(bytes, start, end));
}

/** Where the namespace ends, which begins behind the first slash; `start + 1` for the root. */
export function namespaceEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) if (bytes[i] === slash) return i;
  return end;
}
