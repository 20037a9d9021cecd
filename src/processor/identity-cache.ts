/**
 * Identities by the bytes in which they arrive with each request of a learner. Few clients differ
 * in who they are, so most are found here, neither decoded nor made anew.
 */
import { decodeIdentities, Identities } from '../auth/identity.ts';
import { JuteReader } from '../jute/reader.ts';

const places = 256;

export class IdentityCache {
  private readonly keys: (Uint8Array | undefined)[] = new Array(places).fill(undefined);
  private readonly values: Identities[] = new Array(places).fill(Identities.none);

  /** `encoded` is a jute `vec<Id>` or null. Throws `JuteError` when it is neither. */
  find(encoded: Uint8Array | null): Identities {
    if (encoded === null) return Identities.none;
    const place = placeOf(encoded);
    const key = this.keys[place];
    if (key !== undefined && isEqual(key, encoded)) return this.values[place] as Identities;
    const identities = decodeIdentities(new JuteReader(encoded));
    this.keys[place] = encoded.slice();
    this.values[place] = identities;
    return identities;
  }
}

function placeOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.byteLength; i++) {
    hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  }
  return (hash ^ (hash >>> 16)) & (places - 1);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}
