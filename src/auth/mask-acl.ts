/**
 * What getACL shows to a caller without ADMIN: every id of scheme digest loses its hash
 * (`user:x`), the rest stays as it is (Apache `FinalRequestProcessor`).
 */
import { encodeUtf8 } from '../jute/utf8.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { AclCursor, readInt32 } from './acl-bytes.ts';

const cursor = new AclCursor();
const digest = encodeUtf8('digest');
const hidden = encodeUtf8(':x');
const colon = 0x3a;

/**
 * Appends the masked copy of the jute `vec<ACL>` in `bytes[start..end)` to `writer`. False, and
 * nothing written, when the bytes are no ACL (a torn read).
 */
export function maskAcl(
  bytes: Uint8Array,
  start: number,
  end: number,
  writer: JuteWriter,
): boolean {
  const writerStart = writer.offset;
  if (cursor.open(bytes, start, end) < 0) return false;
  writer.writeInt(readInt32(bytes, start));
  while (cursor.next()) {
    const { schemeAt, schemeLength, idAt, idLength } = cursor;
    const userLength = cursor.isScheme(digest) ? indexOfColon(bytes, idAt, idLength) : idLength;
    writer.writeInt(cursor.perms);
    writer.writeBuffer(bytes, schemeAt, schemeAt + schemeLength);
    if (userLength === idLength) {
      writer.writeBuffer(bytes, idAt, idAt + idLength);
      continue;
    }
    writer.writeInt(userLength + hidden.length);
    writer.writeRaw(bytes, idAt, idAt + userLength);
    writer.writeRaw(hidden);
  }
  if (cursor.remaining === 0) return true;
  writer.offset = writerStart;
  return false;
}

/** Length of what stands before the first colon; all of it when there is none. */
function indexOfColon(bytes: Uint8Array, at: number, length: number): number {
  for (let i = 0; i < length; i++) if (bytes[at + i] === colon) return i;
  return length;
}
