import { describe, expect, it } from 'vitest';
import { joinHalves } from '../../src/base/zxid.ts';
import { isPasswordOf, SessionIds, sessionPassword } from '../../src/processor/session-password.ts';
import { hex, unhex } from './harness.ts';

describe('the password of a session', () => {
  it('follows from the id alone, as Apache servers compute it', () => {
    const first = sessionPassword(0x0100000e, 0x504f0000);
    expect(hex(first)).toBe('836f326d545e0202996d3271bd689ecd');
    const second = sessionPassword(0x01000015, 0x3e0a0000);
    expect(hex(second)).toBe('64b287e821fed1e4e2a527a4d2f5e401');
  });

  it('must agree in all sixteen bytes', () => {
    const right = unhex('836f326d545e0202996d3271bd689ecd');
    expect(isPasswordOf(0x0100000e, 0x504f0000, right)).toBe(true);
    for (let i = 0; i < 16; i++) {
      const wrong = right.slice();
      wrong[i] = (wrong[i] as number) ^ 0x10;
      expect(isPasswordOf(0x0100000e, 0x504f0000, wrong)).toBe(false);
    }
    expect(isPasswordOf(0x0100000e, 0x504f0000, right.subarray(0, 15))).toBe(false);
    expect(isPasswordOf(0x0100000e, 0x504f0000, new Uint8Array(0))).toBe(false);
  });

  it('is never right for session 0', () => {
    expect(isPasswordOf(0, 0, sessionPassword(0, 0))).toBe(false);
  });
});

describe('session ids', () => {
  const take = (ids: SessionIds) => {
    ids.take();
    return BigInt.asUintN(64, joinHalves(ids.nextHi, ids.nextLo));
  };

  it('carry the server id, 40 bits of the clock, and count from there', () => {
    const ids = new SessionIds(1, 0x1a2_0054_6974);
    expect(take(ids)).toBe(0x01a2_0054_6974_0000n);
    expect(take(ids)).toBe(0x01a2_0054_6974_0001n);
  });

  it('are negative for servers from 128 on, which is fine', () => {
    expect(take(new SessionIds(200, 0xff_ffff_ffff))).toBe(0xc8ff_ffff_ffff_0000n);
  });

  it('are never the owner that marks containers', () => {
    expect(take(new SessionIds(128, 0))).toBe(0x8000_0000_0000_0001n);
  });
});
