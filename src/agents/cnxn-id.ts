/**
 * The number of a connection, `cnxnId`: a positive int32 that names its front, too, so that the
 * keeper finds the way back without a table. The front's index stands above a number that the front
 * gives out; on the first front the two are the same.
 */
import { frontsMax } from '../base/limits.ts';

const numberBits = 31 - Math.log2(frontsMax);
const numberMask = 2 ** numberBits - 1;

export function frontOfCnxn(cnxnId: number): number {
  return cnxnId >>> numberBits;
}

/** The number that a front gives out after `cnxnId`: they begin again when all were used. */
export function cnxnIdAfter(cnxnId: number): number {
  return (cnxnId & ~numberMask) | ((cnxnId + 1) & numberMask);
}

/** What `cnxnIdAfter` begins with on this front. */
export function cnxnIdBase(front: number): number {
  return front << numberBits;
}
