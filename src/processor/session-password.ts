/**
 * Passwords and ids of sessions. A password follows from the id alone, so that any server of an
 * ensemble can check it (Apache `ZooKeeperServer.generatePasswd`, `java.util.Random`).
 */
import { highHalf, joinHalves, lowHalf } from '../base/zxid.ts';

export const passwordBytes = 16;

const passwordSalt = 0xb3415c00n;
const multiplier = 0x5deece66dn;
const increment = 0xbn;
const stateMask = (1n << 48n) - 1n;
/** The one id that would read as the owner of a container (Apache `EphemeralType`). */
const containerOwner = -(1n << 63n);

/** The 16 bytes of the session's password. Connects are rare, so bigints do. */
export function sessionPassword(sessionIdHi: number, sessionIdLo: number): Uint8Array {
  const password = new Uint8Array(passwordBytes);
  const view = new DataView(password.buffer);
  const seed = BigInt.asUintN(64, joinHalves(sessionIdHi, sessionIdLo)) ^ passwordSalt;
  let state = (seed ^ multiplier) & stateMask;
  for (let at = 0; at < passwordBytes; at += 4) {
    state = (state * multiplier + increment) & stateMask;
    view.setUint32(at, Number((state >> 16n) & 0xffffffffn), true);
  }
  return password;
}

/** Compares all bytes whatever it finds, so that time tells nothing about the password. */
export function isPasswordOf(
  sessionIdHi: number,
  sessionIdLo: number,
  password: Uint8Array,
): boolean {
  if ((sessionIdHi | sessionIdLo) === 0 || password.byteLength !== passwordBytes) return false;
  const expected = sessionPassword(sessionIdHi, sessionIdLo);
  let difference = 0;
  for (let i = 0; i < passwordBytes; i++) {
    difference |= (expected[i] as number) ^ (password[i] as number);
  }
  return difference === 0;
}

/** Gives out session ids: server id in the top byte, 40 bits of the clock, a counter from zero. */
export class SessionIds {
  nextHi = 0;
  nextLo = 0;
  private next: bigint;

  /** `nowWallMs` is the wall clock: a clock that starts anew with the process repeats ids. */
  constructor(serverId: number, nowWallMs: number) {
    const clock = BigInt.asUintN(64, BigInt(Math.floor(nowWallMs)) << 24n) >> 8n;
    this.next = BigInt.asIntN(64, clock | (BigInt(serverId) << 56n));
    if (this.next === containerOwner) this.next += 1n;
  }

  /** Puts the next id into `nextHi` and `nextLo`. */
  take(): void {
    this.nextHi = highHalf(this.next);
    this.nextLo = lowHalf(this.next);
    this.next = BigInt.asIntN(64, this.next + 1n);
  }
}
