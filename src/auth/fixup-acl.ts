/**
 * From the ACL of a request to the one that is stored (Apache `PrepRequestProcessor.fixupACL`):
 * duplicates dropped, `auth` replaced by the caller's identities, everything else validated. What
 * the permission bits mean is not checked here, and not in Apache's server.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { frameBytesMaxDefault } from '../base/limits.ts';
import { type Acl, aclVector } from '../jute/data.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { AclCursor } from './acl-bytes.ts';
import type { Identities, Identity } from './identity.ts';
import type { SchemeTable } from './schemes.ts';

/** A longer list, made so by `auth` entries of a caller with many identities, is refused. */
const aclBytesMax = frameBytesMaxDefault;
/** `i32 count`, `i32 perms`, `str "world"`, `str "anyone"`. */
const worldAnyoneBytes = 27;

const cursor = new AclCursor();

/** Skips a jute `vec<ACL>`. Throws `JuteError` when it is not one. */
export function skipAcl(reader: JuteReader): void {
  const count = reader.readCount();
  for (let i = 0; i < count; i++) {
    reader.skip(4);
    reader.skipBuffer();
    reader.skipBuffer();
  }
}

/**
 * Reads a `vec<ACL>` from `reader` and appends the canonical one to `writer` (nothing on error).
 * Returns ok, invalidAcl or marshallingError. Throws `JuteError` when the bytes are no `vec<ACL>`.
 */
export function fixupAcl(
  reader: JuteReader,
  identities: Identities,
  table: SchemeTable,
  writer: JuteWriter,
): ErrorCode {
  if (fixupAclOfAnyone(reader, writer)) return ErrorCode.ok;
  const start = writer.offset;
  const list = withoutDuplicates(aclVector.read(reader) ?? []);
  if (list === null) return ErrorCode.marshallingError;
  if (list.length === 0) return ErrorCode.invalidAcl;
  let count = 0;
  writer.writeInt(count);
  for (const entry of list) {
    const ids = fixupAclEntry(entry, identities, table);
    const fits = writer.offset - start <= aclBytesMax;
    if (typeof ids === 'number' || !fits) {
      writer.offset = start;
      return typeof ids === 'number' ? ids : ErrorCode.invalidAcl;
    }
    for (const { scheme, id } of ids) {
      writer.writeInt(entry.perms);
      writer.writeString(scheme);
      writer.writeString(id);
    }
    count += ids.length;
  }
  writer.view.setInt32(start, count);
  return ErrorCode.ok;
}

/** The usual list, one entry for world:anyone, is copied without making strings of it. */
function fixupAclOfAnyone(reader: JuteReader, writer: JuteWriter): boolean {
  const start = reader.offset;
  if (cursor.open(reader.bytes, start, reader.end) !== 1) return false;
  if (!cursor.next() || !cursor.isWorldAnyone()) return false;
  writer.writeRaw(reader.bytes, start, start + worldAnyoneBytes);
  reader.offset = start + worldAnyoneBytes;
  return true;
}

/** The ids that stand in the stored list for one of the request, or why there are none. */
function fixupAclEntry(
  entry: Acl,
  identities: Identities,
  table: SchemeTable,
): readonly Identity[] | ErrorCode {
  const { scheme, id } = entry.id;
  if (scheme === null) return ErrorCode.invalidAcl;
  if (scheme === 'world') {
    // Apache's server compares before it looks at the id, so a null one is an exception there.
    if (id === null) return ErrorCode.marshallingError;
    return id === 'anyone' ? [{ scheme, id }] : ErrorCode.invalidAcl;
  }
  if (scheme === 'auth') {
    const ids = identities.list.filter((own) => table.schemes.get(own.scheme)?.isAuthenticated);
    return ids.length === 0 ? ErrorCode.invalidAcl : ids;
  }
  const known = table.schemes.get(scheme);
  if (known === undefined) return ErrorCode.invalidAcl;
  if (id === null) return ErrorCode.marshallingError;
  return known.isValid(id) ? [{ scheme, id }] : ErrorCode.invalidAcl;
}

/**
 * Null where Apache's server has an exception: it asks an entry without a scheme or an id whether
 * it equals one before it, and gets as far as the field that is missing.
 */
function withoutDuplicates(list: readonly Acl[]): readonly Acl[] | null {
  if (list.length < 2) return list;
  const first = new Map<string, Acl>();
  const beginnings = new Set<string>();
  for (const entry of list) {
    const { scheme, id } = entry.id;
    const perms = `${entry.perms}`;
    const permsAndScheme = `${entry.perms} ${scheme}`;
    if (scheme === null && beginnings.has(perms)) return null;
    if (id === null && beginnings.has(permsAndScheme)) return null;
    beginnings.add(perms).add(permsAndScheme);
    const key = JSON.stringify([entry.perms, scheme, id]);
    if (!first.has(key)) first.set(key, entry);
  }
  return [...first.values()];
}
