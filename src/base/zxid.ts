/**
 * Zxids, epochs and session ids. All are 64 bits wide; a zxid is an epoch (high 32 bits) and a
 * counter (low 32 bits). Hot paths carry them as two int32 halves `hi` and `lo`; everywhere else
 * they are branded bigints, so that one kind cannot be passed for another.
 */
export type Zxid = bigint & { readonly __zxid: never };
export type Epoch = number & { readonly __epoch: never };

export const zxidZero = 0n as Zxid;
export const zxidNone = -1n as Zxid;

export function asZxid(value: bigint): Zxid {
  return BigInt.asIntN(64, value) as Zxid;
}

/** Joins two int32 halves into a signed 64-bit value. */
export function joinHalves(hi: number, lo: number): bigint {
  return (BigInt(hi | 0) << 32n) | BigInt(lo >>> 0);
}

export function zxidOf(hi: number, lo: number): Zxid {
  return joinHalves(hi, lo) as Zxid;
}

/** High half as int32: the epoch of a zxid. */
export function highHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** Low half as int32: the counter of a zxid (read it with `>>> 0`). */
export function lowHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

/** Signed comparison of two 64-bit values given as halves: negative, zero or positive. */
export function compareHalves(aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (aHi !== bHi) return (aHi | 0) < (bHi | 0) ? -1 : 1;
  if (aLo === bLo) return 0;
  return aLo >>> 0 < bLo >>> 0 ? -1 : 1;
}

/** `0x` and lower-case hex of the 64 bits, as Apache prints zxids and session ids. */
export function hex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}
