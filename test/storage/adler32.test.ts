/** The checksum, against a second implementation that follows the definition word by word. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adler32 } from '../../src/storage/adler32.ts';

function slowAdler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

describe('adler32', () => {
  it('has the values that RFC 1950 gives for nothing and zlib for known texts', () => {
    const of = (text: string) => adler32(new TextEncoder().encode(text), 0, text.length);
    expect(of('')).toBe(1);
    expect(of('Wikipedia')).toBe(0x11e60398);
  });

  it('agrees with its definition on any range of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), (bytes, start) => {
        const from = Math.min(start, bytes.byteLength);
        expect(adler32(bytes, from, bytes.byteLength)).toBe(slowAdler32(bytes.subarray(from)));
      }),
    );
  });

  it('does not overflow on long runs of the largest byte', () => {
    for (const length of [3799, 3800, 3801, 65536, 200_001]) {
      const bytes = new Uint8Array(length).fill(0xff);
      expect(adler32(bytes, 0, length)).toBe(slowAdler32(bytes));
    }
  });

  it('goes on from the value of a prefix, wherever that ends', () => {
    const bytes = Uint8Array.from({ length: 9000 }, (_, i) => (i * 7919) >>> 3);
    const whole = adler32(bytes, 0, bytes.byteLength);
    for (const cut of [0, 1, 7, 8, 3800, 8999, 9000]) {
      const prefix = adler32(bytes, 0, cut);
      expect(adler32(bytes, cut, bytes.byteLength, prefix)).toBe(whole);
    }
  });
});
