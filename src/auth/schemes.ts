/**
 * The authentication schemes that this server knows, as one table made from the settings. A scheme
 * without a row is unknown: it authenticates nobody and is not valid in an ACL (`world` and `auth`
 * need no row, `super` must not have one). Hashing is a port; nothing here does I/O.
 */
import { decodeUtf8 } from '../jute/utf8.ts';
import { equalBytes } from './acl-bytes.ts';
import { type EncodedIdentity, Identities, type Identity, superScheme } from './identity.ts';
import { isAddressExpression, matchesAddress } from './ip-address.ts';
import { isDistinguishedName, isKerberosName } from './principal-names.ts';

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
  /** Answer -115, then close. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** Close without an answer. */
  | { readonly kind: 'close'; readonly reason: string };

export interface Scheme {
  readonly name: string;
  /** An ACL entry of scheme `auth` expands to identities of such schemes only. */
  readonly isAuthenticated: boolean;
  /** May an ACL hold this id? */
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

/** An `ip` expression is never longer: 8 groups, 7 colons, a slash and 3 digits. */
const addressExpressionBytesMax = 64;
/** Identities that one connection may gather by auth packets. */
const identitiesPerConnectionMax = 256;
/** Their bytes: they travel in one record, and every `auth` entry of an ACL stands for them all. */
const identitiesBytesMax = 16 * 1024;

export function createSchemeTable(settings: AuthSettings): SchemeTable {
  const rows = [
    ipScheme(),
    settings.digest === null ? null : digestScheme(settings.digest),
    settings.sasl === null ? null : saslScheme(settings.sasl),
    settings.x509 === null ? null : x509Scheme(),
    settings.ensemble === null ? null : ensembleScheme(settings.ensemble),
  ].filter((row) => row !== null);
  return { skipAcl: settings.skipAcl, schemes: new Map(rows.map((row) => [row.name, row])) };
}

/** An auth packet: the identities that the connection has from now on, or why not. */
export function authenticate(
  scheme: string | null,
  auth: Uint8Array | null,
  identities: Identities,
  table: SchemeTable,
): AuthResult {
  const known = scheme === null ? undefined : table.schemes.get(scheme);
  if (known === undefined) return failed(`no authentication provider for scheme ${scheme}`);
  const result = known.authenticate(auth, identities);
  if (result.kind !== 'ok') return result;
  const { list, encoded } = result.identities;
  if (list.length > identitiesPerConnectionMax || encoded.byteLength > identitiesBytesMax) {
    return failed('too many or too long identities on a connection');
  }
  return result;
}

/** What whoAmI answers: `id` is the user, empty where the scheme has no provider (`super`). */
export function whoAmI(identities: Identities, table: SchemeTable): Identity[] {
  return identities.list.map(({ scheme, id }) => ({
    scheme,
    id: table.schemes.get(scheme)?.userOf(id) ?? '',
  }));
}

/** What a connection is from accept on; `address` in Java's spelling (`normaliseAddress`). */
export function identitiesOfAddress(address: string): Identities {
  return Identities.of([{ scheme: 'ip', id: address }]);
}

/** After a TLS handshake whose certificate the provider has accepted; `subject` is its DN. */
export function withCertificate(
  identities: Identities,
  subject: string,
  superUser: string | null,
): Identities {
  const isSuper = subject === superUser;
  const before = isSuper ? identities.with({ scheme: superScheme, id: subject }) : identities;
  return before.with({ scheme: 'x509', id: subject });
}

/** After a completed SASL exchange; `superUsers` are the values of `zookeeper.superUser[.x]`. */
export function withSaslUser(
  identities: Identities,
  user: string,
  superUsers: readonly string[],
): Identities {
  const after = identities.with({ scheme: 'sasl', id: user });
  return superUsers.includes(user) ? after.with({ scheme: superScheme, id: '' }) : after;
}

function failed(reason: string): AuthResult {
  return { kind: 'failed', reason };
}

const asItIs = (id: string): string => id;

function isEqualId(identity: EncodedIdentity, bytes: Uint8Array, start: number, end: number) {
  return equalBytes(identity.idBytes, bytes, start, end - start);
}

function ipScheme(): Scheme {
  return {
    name: 'ip',
    isAuthenticated: false,
    isValid: isAddressExpression,
    matches(identity, bytes, start, end) {
      if (end - start > addressExpressionBytesMax) return false;
      return matchesAddress(identity.id, decodeUtf8(bytes, start, end));
    },
    // Accept has given the connection its address already.
    authenticate: (_auth, identities) => ({ kind: 'ok', identities }),
    userOf: asItIs,
  };
}

function digestScheme(settings: NonNullable<AuthSettings['digest']>): Scheme {
  return {
    name: 'digest',
    isAuthenticated: true,
    isValid: isDigestId,
    matches: isEqualId,
    authenticate(auth, identities) {
      if (auth === null) return failed('digest without user and password');
      const text = decodeUtf8(auth, 0, auth.length);
      const id = `${userOfDigest(text)}:${settings.hash(text)}`;
      const isSuper = id === settings.superDigest;
      const before = isSuper ? identities.with({ scheme: superScheme, id: '' }) : identities;
      return { kind: 'ok', identities: before.with({ scheme: 'digest', id }) };
    },
    userOf: userOfDigest,
  };
}

function userOfDigest(text: string): string {
  const colon = text.indexOf(':');
  return colon < 0 ? text : text.slice(0, colon);
}

/** Two parts as Java's `split(":")` counts them: empty ones at the end are none. */
function isDigestId(id: string): boolean {
  let end = id.length;
  while (end > 0 && id[end - 1] === ':') end--;
  return id.slice(0, end).split(':').length === 2;
}

function saslScheme(settings: NonNullable<AuthSettings['sasl']>): Scheme {
  const wildcard = settings.letAnySaslUserDoX;
  return {
    name: 'sasl',
    isAuthenticated: true,
    isValid: isKerberosName,
    matches(identity, bytes, start, end) {
      if (identity.id === 'super' || isEqualId(identity, bytes, start, end)) return true;
      return wildcard !== null && decodeUtf8(bytes, start, end) === wildcard;
    },
    authenticate: () => failed('scheme sasl has a request of its own'),
    userOf: asItIs,
  };
}

function x509Scheme(): Scheme {
  return {
    name: 'x509',
    isAuthenticated: true,
    isValid: isDistinguishedName,
    matches: isEqualId,
    authenticate: (_auth, identities) =>
      identities.hasScheme('x509')
        ? { kind: 'ok', identities }
        : failed('no certificate on this connection'),
    userOf: asItIs,
  };
}

/** Guards against clients of another ensemble; gives no identity and stands in no ACL. */
function ensembleScheme(settings: NonNullable<AuthSettings['ensemble']>): Scheme {
  return {
    name: 'ensemble',
    isAuthenticated: false,
    isValid: () => false,
    matches: () => false,
    authenticate(auth, identities) {
      const name = auth === null ? '' : decodeUtf8(auth, 0, auth.length);
      if (name === '' || settings.names.length === 0 || settings.names.includes(name)) {
        return { kind: 'ok', identities };
      }
      return { kind: 'close', reason: `client expects ensemble ${name}` };
    },
    userOf: asItIs,
  };
}
