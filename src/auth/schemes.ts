/**
 * The authentication schemes that this server knows, as one table made from the settings. A scheme
 * without a row is unknown: it authenticates nobody and is not valid in an ACL. Hashing is a port;
 * nothing here does I/O.
 */
import type { EncodedIdentity, Identities, Identity } from './identity.ts';

/** Base64 of the hash of the UTF-8 bytes of `text`; the algorithm is the port's. */
export type HashText = (text: string) => string;

export interface AuthSettings {
  /** `zookeeper.skipACL=yes`: every check passes. */
  readonly skipAcl: boolean;
  /** Null when `zookeeper.DigestAuthenticationProvider.enabled=false`. */
  readonly digest: { readonly hash: HashText; readonly superDigest: string | null } | null;
  /** Null until the provider is configured. */
  readonly sasl: { readonly letAnySaslUserDoX: string | null } | null;
  /** Null until the provider is configured. */
  readonly x509: { readonly superUser: string | null } | null;
  /** Null until configured; otherwise the accepted names, none = any name. */
  readonly ensemble: { readonly names: readonly string[] } | null;
}

export type AuthResult =
  | { readonly kind: 'ok'; readonly identities: Identities }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'close'; readonly reason: string };

export interface Scheme {
  readonly name: string;
  /** An ACL entry of scheme `auth` expands to identities of such schemes only. */
  readonly isAuthenticated: boolean;
  isValid(id: string): boolean;
  /** Does `identity` (of this scheme) match the ACL id in `bytes[start..end)`? */
  matches(identity: EncodedIdentity, bytes: Uint8Array, start: number, end: number): boolean;
  authenticate(auth: Uint8Array | null, identities: Identities): AuthResult;
  /** The part of an id that whoAmI shows. */
  userOf(id: string): string;
}

export interface SchemeTable {
  readonly skipAcl: boolean;
  readonly schemes: ReadonlyMap<string, Scheme>;
}

export function createSchemeTable(settings: AuthSettings): SchemeTable {
  return { skipAcl: settings.skipAcl, schemes: new Map() };
}

/** An auth packet: the identities that the connection has from now on, or why not. */
export function authenticate(
  _scheme: string | null,
  _auth: Uint8Array | null,
  _identities: Identities,
  _table: SchemeTable,
): AuthResult {
  throw new Error('not built yet');
}

/** What whoAmI answers: `id` is the user. */
export function whoAmI(_identities: Identities, _table: SchemeTable): Identity[] {
  throw new Error('not built yet');
}
