import { describe, expect, test } from 'vitest';
import { highHalf, lowHalf } from '../../src/base/zxid.ts';
import { EphemeralTypes, ttlMsOf } from '../../src/tree/ephemeral-type.ts';

const plain = new EphemeralTypes({ extendedTypesEnabled: false, emulate353TTLNodes: true });
const extended = new EphemeralTypes({ extendedTypesEnabled: true, emulate353TTLNodes: false });
const emulating = new EphemeralTypes({ extendedTypesEnabled: true, emulate353TTLNodes: true });

/** What Apache's `EphemeralType.get` says of an owner. */
function kindOf(types: EphemeralTypes, owner: bigint): string {
  const [hi, lo] = [highHalf(owner), lowHalf(owner)];
  const kinds = [types.isSession(hi, lo) ? 'session' : '', types.isTtl(hi, lo) ? 'ttl' : ''];
  return kinds.join('') || 'neither';
}

const longMin = -(2n ** 63n);
const all = [plain, extended, emulating] as const;

describe('an owner', () => {
  test.each([
    { name: 'none', owner: 0n, kinds: ['neither', 'neither', 'neither'] },
    { name: 'a session', owner: 0x0100_0000_0000_0007n, kinds: ['session', 'session', 'session'] },
    { name: 'a container', owner: longMin, kinds: ['neither', 'neither', 'neither'] },
    { name: 'a TTL', owner: -(1n << 56n) | 5n, kinds: ['session', 'ttl', 'ttl'] },
    { name: 'a TTL of 3.5.3', owner: longMin | 5n, kinds: ['session', 'session', 'ttl'] },
    {
      name: 'another feature',
      owner: -(1n << 56n) | (1n << 40n),
      kinds: ['session', 'neither', 'ttl'],
    },
  ])('that is $name', ({ owner, kinds }) => {
    expect(all.map((types) => kindOf(types, owner))).toEqual(kinds);
  });

  test('has its TTL in 40 bits', () => {
    const owner = -(1n << 56n) | (2n ** 40n - 1n);
    expect(ttlMsOf(highHalf(owner), lowHalf(owner))).toBe(2 ** 40 - 1);
  });
});
