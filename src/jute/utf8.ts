/**
 * Text at the edges. Bytes become strings only where a person or a string-keyed table needs them;
 * malformed UTF-8 decodes with U+FFFD, as Apache's reader does.
 */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  // TextDecoder refuses views on shared memory in some runtimes: copy those.
  const part =
    bytes.buffer instanceof ArrayBuffer ? bytes.subarray(start, end) : bytes.slice(start, end);
  return decoder.decode(part);
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}
