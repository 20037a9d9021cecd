/**
 * Mandatory authentication (Apache `AuthenticationHelper`): which schemes a connection must have
 * one of before any request of it is served.
 */
import type { Identities } from './identity.ts';
import type { SchemeTable } from './schemes.ts';

export interface EnforceAuthSettings {
  /** `zookeeper.enforce.auth.enabled` */
  readonly enabled: boolean;
  /** `zookeeper.enforce.auth.schemes`, null when unset. */
  readonly schemes: string | null;
  /** `zookeeper.sessionRequireClientSASLAuth` */
  readonly sessionRequireClientSaslAuth: boolean;
}

/** The required schemes; empty = nothing is enforced. Throws an `Error` on unusable settings. */
export function enforcedSchemes(settings: EnforceAuthSettings, table: SchemeTable): string[] {
  const isEnforced = settings.enabled || settings.sessionRequireClientSaslAuth;
  if (!isEnforced) return [];
  const text = settings.sessionRequireClientSaslAuth ? 'sasl' : settings.schemes;
  if (text === null) {
    throw new Error('enforce.auth.enabled is true: enforce.auth.schemes must be configured');
  }
  const schemes = text.split(',').map((scheme) => scheme.trim());
  for (const scheme of schemes) {
    if (!table.schemes.has(scheme)) {
      throw new Error(`enforce.auth.schemes: scheme '${scheme}' is not available`);
    }
  }
  return schemes;
}

/** False: answer -124 and close, whatever the request is (pings too; not auth and sasl). */
export function isAuthEnough(enforced: readonly string[], identities: Identities): boolean {
  return enforced.length === 0 || enforced.some((scheme) => identities.hasScheme(scheme));
}
