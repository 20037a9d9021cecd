/**
 * What getACL shows to a caller without ADMIN: every id of scheme digest loses its hash
 * (`user:x`), the rest stays as it is (Apache `FinalRequestProcessor`).
 */
import type { JuteWriter } from '../jute/writer.ts';

/** Appends the masked copy of the jute `vec<ACL>` in `bytes[start..end)` to `writer`. */
export function maskAcl(
  _bytes: Uint8Array,
  _start: number,
  _end: number,
  _writer: JuteWriter,
): void {
  throw new Error('not built yet');
}
