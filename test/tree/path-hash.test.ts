/** The path hash: one value for one path, wherever it stands, spread over all 32 bits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pathHash } from '../../src/tree/path-hash.ts';
import { bytesOf, TreeHand } from './support/tree-hand.ts';

test('the hash depends on the bytes and the seed, not on where they stand', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.integer(), (bytes, around, seed) => {
      const moved = Uint8Array.from([...around, ...bytes, ...around]);
      const hash = pathHash(bytes, 0, bytes.length, seed);
      expect(pathHash(moved, around.length, around.length + bytes.length, seed)).toBe(hash);
      expect(hash | 0).toBe(hash);
    }),
  );
});

test('a tree stores the hash that watches compute for the same path', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const hand = new TreeHand();
      const path = `/${name.replaceAll('/', '.')}`;
      const ref = hand.create(path);
      const bytes = bytesOf(path);
      expect(hand.writer.pathHashOf(ref)).toBe(pathHash(bytes, 0, bytes.length, 77));
      expect(hand.writer.hashOf(bytes, 0, bytes.length)).toBe(hand.writer.pathHashOf(ref));
    }),
    { numRuns: 50 },
  );
});

test('numbered paths fill slots and directory entries evenly', () => {
  const high = new Set<number>();
  const low = new Set<number>();
  const all = new Set<number>();
  for (let i = 0; i < 4096; i++) {
    const path = bytesOf(`/service/lock-${String(i).padStart(10, '0')}`);
    const hash = pathHash(path, 0, path.length);
    high.add(hash >>> 20);
    low.add(hash & 4095);
    all.add(hash);
  }
  // 4096 balls into 4096 boxes leave 1 / e of them empty.
  expect(high.size).toBeGreaterThan(2450);
  expect(low.size).toBeGreaterThan(2450);
  expect(all.size).toBe(4096);
});
