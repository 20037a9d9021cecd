/**
 * Addresses as text: into Java's spelling, and against the expressions of `ip` ACLs.
 */

/** `InetAddress.getHostAddress()` of an address as Node spells it; unchanged if it is none. */
export function normaliseAddress(_text: string): string {
  throw new Error('not built yet');
}
