/**
 * From the ACL of a request to the one that is stored (Apache `PrepRequestProcessor.fixupACL`):
 * duplicates dropped, `auth` replaced by the caller's identities, everything else validated.
 */
import type { ErrorCode } from '../base/error-codes.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { Identities } from './identity.ts';
import type { SchemeTable } from './schemes.ts';

/** Skips a jute `vec<ACL>`. Throws `JuteError` when it is not one. */
export function skipAcl(_reader: JuteReader): void {
  throw new Error('not built yet');
}

/**
 * Reads a `vec<ACL>` from `reader` and appends the canonical one to `writer` (nothing on error).
 * Returns ok, invalidAcl or marshallingError. Throws `JuteError` when the bytes are no `vec<ACL>`.
 */
export function fixupAcl(
  _reader: JuteReader,
  _identities: Identities,
  _table: SchemeTable,
  _writer: JuteWriter,
): ErrorCode {
  throw new Error('not built yet');
}
