import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isAddressExpression,
  matchesAddress,
  normaliseAddress,
} from '../../src/auth/ip-address.ts';

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::ffff:102:304', '1.2.3.4'],
  ['::FFFF:1.2.3.4', '1.2.3.4'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['::', '0:0:0:0:0:0:0:0'],
  ['2001:DB8::00ff', '2001:db8:0:0:0:0:0:ff'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['64:ff9b::1.2.3.4', '64:ff9b:0:0:0:0:102:304'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1%eth0'],
  ['not an address', 'not an address'],
  ['', ''],
])('Node writes %s, Java writes %s', (node, java) => {
  expect(normaliseAddress(node)).toBe(java);
});

test.each([
  '1.2.3.4',
  '0.0.0.0/0',
  '255.255.255.255/32',
  '010.1.1.1',
  '+1.-0.1.1/+8',
  '+1:-1::',
  '::',
  '::1/128',
  '1::',
  '1:2:3:4:5:6:7::',
  'FE80::/10',
  '1:2:3:4:5:6:7:8/0',
])('%s is a valid ip expression', (expression) => {
  expect(isAddressExpression(expression)).toBe(true);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.-1',
  '1.2.3.',
  '1.2.3.4/',
  '1.2.3.4/33',
  '1.2.3.4/-1',
  '1.2.3.4/8/8',
  '1.2.3.4/ 8',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '1:2:3:4::5:6:7:8',
  '12345::',
  'g::',
  '::1/129',
  '::ffff:1.2.3.4',
  'localhost',
])('"%s" is no valid ip expression', (expression) => {
  expect(isAddressExpression(expression)).toBe(false);
});

test('addresses of different families never match, however wide the mask', () => {
  expect(matchesAddress('1.2.3.4', '::/0')).toBe(false);
  expect(matchesAddress('0:0:0:0:0:0:0:1', '0.0.0.0/0')).toBe(false);
});

test('an address that cannot be read, as one with a zone, matches nothing', () => {
  expect(matchesAddress('fe80:0:0:0:0:0:0:1%eth0', '::/0')).toBe(false);
  expect(matchesAddress('unix', '0.0.0.0/0')).toBe(false);
});

const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** As the rule says it: the first `bits` digits of both, written in base 2, are equal. */
function naiveMatch(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const digits = (bytes: Uint8Array) =>
    Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return digits(a).slice(0, bits) === digits(b).slice(0, bits);
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  return groups.join(':');
}

test('an address matches a network exactly when its leading bits are equal', () => {
  for (const [address, bitsMax] of [
    [v4, 32],
    [v6, 128],
  ] as const) {
    const nearby = fc.tuple(address, fc.nat(bitsMax - 1), fc.nat(bitsMax), fc.boolean());
    const property = fc.property(nearby, ([a, flipped, bits, isFlipped]) => {
      const b = a.slice();
      // One flipped bit just inside or outside of the mask is where a mistake would hide.
      if (isFlipped) b[flipped >> 3] = (b[flipped >> 3] as number) ^ (0x80 >> (flipped & 7));
      expect(matchesAddress(textOf(a), `${textOf(b)}/${bits}`)).toBe(naiveMatch(a, b, bits));
      expect(matchesAddress(textOf(a), textOf(b))).toBe(naiveMatch(a, b, bitsMax));
    });
    fc.assert(property, { numRuns: 300 });
  }
});

test('normalised addresses are addresses, and normalising them again changes nothing', () => {
  const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
    const java = normaliseAddress(text);
    expect(isIP(java)).not.toBe(0);
    expect(normaliseAddress(java)).toBe(java);
    expect(matchesAddress(java, java)).toBe(true);
  });
  fc.assert(property, { numRuns: 300 });
});
