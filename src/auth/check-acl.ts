/**
 * Is this connection allowed to do that? Reads the ACL, jute `vec<ACL>`, where it lies; decodes no
 * string in the usual cases. Never throws: bytes that are no ACL (a torn read) allow nothing.
 */
import { AclCursor } from './acl-bytes.ts';
import type { Identities } from './identity.ts';
import type { SchemeTable } from './schemes.ts';

const cursor = new AclCursor();

/**
 * `perm` is a set of bits of `Perms`; one of them suffices. An empty or null list allows
 * everything (Apache `ZooKeeperServer.checkACL`).
 */
export function checkAcl(
  bytes: Uint8Array,
  start: number,
  end: number,
  perm: number,
  identities: Identities,
  table: SchemeTable,
): boolean {
  if (table.skipAcl || identities.isSuper) return true;
  if (cursor.open(bytes, start, end) === 0) return true;
  while (cursor.next()) {
    if ((cursor.perms & perm) === 0) continue;
    if (cursor.isWorldAnyone() || checkAclEntry(bytes, identities, table)) return true;
  }
  return false;
}

/** Does an identity of the same scheme match the entry under the cursor? */
function checkAclEntry(bytes: Uint8Array, identities: Identities, table: SchemeTable): boolean {
  for (const identity of identities.list) {
    if (!cursor.isScheme(identity.schemeBytes)) continue;
    const scheme = table.schemes.get(identity.scheme);
    if (scheme?.matches(identity, bytes, cursor.idAt, cursor.idAt + cursor.idLength)) return true;
  }
  return false;
}
