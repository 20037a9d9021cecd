/** How the simulator says that a promise is broken. */

/** `invariant` names the promise, for a shrinker to look for the same. */
export class Broken extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export function check(holds: boolean, invariant: string, message: () => string): void {
  if (!holds) throw new Broken(invariant, message());
}

export function hex(zxid: bigint): string {
  return `0x${BigInt.asUintN(64, zxid).toString(16)}`;
}
