/**
 * What the 64 bits of an ephemeral owner say (Apache `EphemeralType`): nothing, a session, a
 * container, or how long a node may live without a write. Owners are the two halves of a long.
 */

/** The settings of these names. */
export interface EphemeralTypeSettings {
  /** 0xff in the top byte is no session: 16 bits of feature follow (0 = TTL), then 40 bits of ms. */
  readonly extendedTypesEnabled: boolean;
  /**
   * Together with it: any negative owner but a container's is a TTL, as version 3.5.3 wrote them
   * (Apache `EphemeralTypeEmulate353`). New nodes are marked as above all the same.
   */
  readonly emulate353TTLNodes: boolean;
}

export const containerOwnerHi = 0x80000000 | 0;
const ttlOwnerHi = 0xff000000 | 0;
const extendedTopByte = 0xff;

export class EphemeralTypes {
  readonly areExtended: boolean;
  private readonly emulate353: boolean;

  constructor({ extendedTypesEnabled, emulate353TTLNodes }: EphemeralTypeSettings) {
    this.areExtended = extendedTypesEnabled;
    this.emulate353 = extendedTypesEnabled && emulate353TTLNodes;
  }

  /** Does it name a session? Only such an owner is shown to clients. */
  isSession(hi: number, lo: number): boolean {
    if ((hi | lo) === 0 || isContainer(hi, lo)) return false;
    if (this.emulate353 && hi < 0) return false;
    return !(this.areExtended && hi >>> 24 === extendedTopByte);
  }

  /** Does it say how long the node may live, which `ttlMsOf` then tells? */
  isTtl(hi: number, lo: number): boolean {
    if (this.emulate353 && hi < 0 && !isContainer(hi, lo)) return true;
    return this.areExtended && hi >>> 8 === ttlOwnerHi >>> 8;
  }
}

/** Every owner but a container's is a session's: how servers read them unless told otherwise. */
export const plainEphemeralTypes = new EphemeralTypes({
  extendedTypesEnabled: false,
  emulate353TTLNodes: false,
});

export function isContainer(hi: number, lo: number): boolean {
  return hi === containerOwnerHi && lo === 0;
}

/** High half of the owner of a node with this TTL; the low half is that of the TTL. */
export function ttlOwnerHiOf(ttlHi: number): number {
  return ttlOwnerHi | ttlHi;
}

export function ttlMsOf(hi: number, lo: number): number {
  return (hi & 0xff) * 0x100000000 + (lo >>> 0);
}
