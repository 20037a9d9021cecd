/** Blocks never overlap, keep their content, and all memory comes back and changes its purpose. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Allocator } from '../../src/tree/allocator.ts';
import { Control, unitBytes } from '../../src/tree/layout.ts';
import { createTreeMemory, MappedTree } from '../../src/tree/tree-memory.ts';

const mib = 1 << 20;

class Blocks {
  readonly map = new MappedTree(createTreeMemory({ bytesMax: 3 * mib, segmentBytes: mib }));
  readonly allocator = new Allocator(this.map);
  readonly held: { ref: number; bytes: number; mark: number }[] = [];
  private mark = 0;

  constructor() {
    this.allocator.reset();
  }

  take(bytes: number): boolean {
    const ref = this.allocator.allocate(bytes);
    if (ref === 0) return false;
    expect(this.allocator.blockBytes(ref)).toBeGreaterThanOrEqual(bytes);
    this.mark = (this.mark + 1) & 255;
    this.bytesOf(ref, this.allocator.blockBytes(ref)).fill(this.mark);
    this.held.push({ ref, bytes, mark: this.mark });
    return true;
  }

  give(index: number): void {
    const [block] = this.held.splice(index % this.held.length, 1);
    if (block === undefined) return;
    const content = this.bytesOf(block.ref, block.bytes);
    expect(content.every((byte) => byte === block.mark)).toBe(true);
    this.allocator.free(block.ref);
  }

  /** Refuses a block that leaves its segment. */
  bytesOf(ref: number, length: number): Uint8Array {
    const { map } = this;
    const start = (ref & map.segmentMask) << 4;
    expect(start + length).toBeLessThanOrEqual(map.segmentBytes);
    const segment = map.bytes[ref >>> map.segmentShift] as Uint8Array;
    return segment.subarray(start, start + length);
  }

  get unitsFree(): number {
    return this.map.control[Control.unitsFree] as number;
  }
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 300, max: 20_000 }),
  fc.integer({ min: 20_000, max: 300_000 }),
);
const step = fc.oneof(fc.record({ take: size }), fc.record({ give: fc.nat() })) as fc.Arbitrary<{
  take?: number;
  give?: number;
}>;

test('blocks keep their content until they are given back, and then all memory is free', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const blocks = new Blocks();
      for (const { take, give } of steps) {
        if (take !== undefined) blocks.take(take);
        else if (give !== undefined && blocks.held.length > 0) blocks.give(give);
      }
      while (blocks.held.length > 0) blocks.give(0);
      // Each class of small blocks may keep one span; whole segments are free again but for it.
      expect(blocks.unitsFree).toBeGreaterThan(0);
      const before = blocks.unitsFree;
      blocks.allocator.reset();
      expect(blocks.unitsFree - before).toBeLessThan(152 * 16);
    }),
    { numRuns: 60 },
  );
});

test('memory that was full of small blocks holds one large block after they are gone', () => {
  const blocks = new Blocks();
  while (blocks.take(272)) {}
  const count = blocks.held.length;
  expect(count).toBeGreaterThan(9000);
  while (blocks.held.length > 0) blocks.give(blocks.held.length * 7);
  for (let i = 0; i < 2; i++) expect(blocks.take(mib - 17 * unitBytes)).toBe(true);
  expect(blocks.take(mib)).toBe(true);
  expect(blocks.take(mib)).toBe(false);
});

test('large blocks that are given back in any order grow together again', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (order) => {
      const blocks = new Blocks();
      const total = blocks.unitsFree;
      while (blocks.take(5 * unitBytes)) {}
      for (const index of order) if (blocks.held.length > 0) blocks.give(index);
      while (blocks.take(unitBytes * 5)) {}
      while (blocks.held.length > 0) blocks.give(order[blocks.held.length % 40] as number);
      expect(blocks.unitsFree).toBe(total);
      expect(blocks.take(mib)).toBe(true);
      expect(blocks.take(mib)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('a full memory gives a larger block rather than none', () => {
  const blocks = new Blocks();
  blocks.take(1000);
  while (blocks.take(unitBytes * 5)) {}
  expect(blocks.take(16)).toBe(true);
  expect(blocks.allocator.blockBytes(blocks.held.at(-1)?.ref ?? 0)).toBe(1008);
});

test('a block that was not given out is not taken back', () => {
  const blocks = new Blocks();
  blocks.take(100_000);
  const { ref } = blocks.held[0] as { ref: number };
  expect(() => blocks.allocator.free(ref + 1)).toThrow('begins at a unit');
  blocks.allocator.free(ref);
  expect(() => blocks.allocator.free(ref)).toThrow('given out');
});
