/**
 * Is this connection allowed to do that? Reads the ACL, jute `vec<ACL>`, where it lies; decodes no
 * string. Never throws: bytes that are no ACL (a torn read) allow nothing.
 */
import type { Identities } from './identity.ts';
import type { SchemeTable } from './schemes.ts';

/** `perm` is a set of bits of `Perms`; one of them suffices (Apache `ZooKeeperServer.checkACL`). */
export function checkAcl(
  _bytes: Uint8Array,
  _start: number,
  _end: number,
  _perm: number,
  _identities: Identities,
  _table: SchemeTable,
): boolean {
  throw new Error('not built yet');
}

/** May everybody do `perm`, whoever it is? True for an empty list, too. */
export function isAllowedToAnyone(
  _bytes: Uint8Array,
  _start: number,
  _end: number,
  _perm: number,
): boolean {
  throw new Error('not built yet');
}
