/** The index against a map: growth, removal, and hashes that a client chose to collide. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Allocator } from '../../src/tree/allocator.ts';
import { HashIndex, indexFind } from '../../src/tree/hash-index.ts';
import {
  Block,
  Control,
  Directory,
  granuleWordShift,
  tableFillMax,
  tableSlots,
} from '../../src/tree/layout.ts';
import { createTreeMemory, MappedTree } from '../../src/tree/tree-memory.ts';

const place = { directory: Directory.paths, mask: Control.pathIndexMask };

class Entries {
  readonly map: MappedTree;
  readonly allocator: Allocator;
  readonly index: HashIndex;
  readonly byHash = new Map<number, Set<number>>();

  constructor(mib = 16) {
    const segmentBytes = Math.min(mib, 4) << 20;
    this.map = new MappedTree(createTreeMemory({ bytesMax: mib << 20, segmentBytes }));
    this.allocator = new Allocator(this.map);
    this.allocator.reset();
    this.index = new HashIndex(this.map, place, this.allocator);
    this.index.reset();
  }

  add(hash: number): boolean {
    const ref = this.allocator.allocate(16);
    if (ref === 0 || !this.index.insert(hash | 0, ref)) return false;
    const refs = this.byHash.get(hash | 0) ?? new Set();
    this.byHash.set(hash | 0, refs.add(ref));
    return true;
  }

  remove(hash: number, nth: number): void {
    const refs = this.byHash.get(hash) as Set<number>;
    const ref = [...refs][nth % refs.size] as number;
    this.index.remove(hash, ref);
    this.allocator.free(ref);
    refs.delete(ref);
    if (refs.size === 0) this.byHash.delete(hash);
  }

  found(hash: number): Set<number> {
    const { map } = this;
    const refs = new Set<number>();
    for (let ref = indexFind(map, place, hash); ref !== 0; ) {
      refs.add(ref);
      const words = map.words[ref >>> map.segmentShift] as Int32Array;
      ref = words[((ref & map.segmentMask) << granuleWordShift) + Block.link] as number;
    }
    return refs;
  }

  check(): void {
    for (const [hash, refs] of this.byHash) expect(this.found(hash)).toEqual(refs);
  }
}

test('holds exactly what was inserted and not removed, among few hashes that often meet', () => {
  const hash = fc.oneof(
    fc.integer({ min: -8, max: 8 }),
    fc.constantFrom(1 << 20, -1 << 20, 3 << 30),
  );
  const step = fc.record({ hash, isRemoval: fc.boolean(), nth: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const entries = new Entries(1);
      for (const { hash, isRemoval, nth } of steps) {
        if (!isRemoval) entries.add(hash);
        else if (entries.byHash.has(hash | 0)) entries.remove(hash | 0, nth);
      }
      entries.check();
      for (let absent = 9; absent < 40; absent++) expect(entries.found(absent).size).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('grows table by table over tens of thousands of hashes, and shrinks to nothing', () => {
  const entries = new Entries();
  let hash = 1;
  for (let i = 0; i < 60_000; i++) entries.add((hash = Math.imul(hash, 0x9e3779b1) + 12345));
  expect(entries.byHash.size).toBeGreaterThan(59_000);
  expect(entries.map.control[place.mask]).toBeGreaterThanOrEqual(15);
  entries.check();
  const hashes = [...entries.byHash.keys()];
  for (let i = 0; i < hashes.length; i += 2) entries.remove(hashes[i] as number, 0);
  entries.check();
  expect(entries.found(hashes[0] as number).size).toBe(0);
  for (let i = 1; i < hashes.length; i += 2) entries.remove(hashes[i] as number, 0);
  expect(hashes.every((each) => entries.found(each).size === 0)).toBe(true);
});

test('cannot overflow: all hashes with the same low bits fit into one table at full depth', () => {
  const entries = new Entries();
  for (let high = 0; high < tableSlots; high++) {
    expect(entries.add((high << 20) | 0xabcde)).toBe(true);
    expect(entries.add((high << 20) | 0xabcde)).toBe(true);
  }
  expect(entries.map.control[place.mask]).toBe(0xfffff);
  entries.check();
  expect(entries.found(0x123abcdf).size).toBe(0);
  for (const hash of [...entries.byHash.keys()].slice(0, 100)) {
    entries.remove(hash, 0);
    entries.remove(hash, 0);
    expect(entries.found(hash).size).toBe(0);
  }
  entries.check();
});

test('says so when there is no memory to grow, and stays as it was', () => {
  const entries = new Entries(1);
  const refs = Array.from({ length: tableSlots }, () => entries.allocator.allocate(16));
  while (entries.allocator.allocate(4096) !== 0) {}
  let added = 0;
  while (entries.index.insert(Math.imul(added + 1, 0x9e3779b1), refs[added] as number)) added++;
  expect(added).toBe(tableFillMax);
  for (let i = 0; i < tableSlots; i++) {
    const found = entries.found(Math.imul(i + 1, 0x9e3779b1));
    expect([...found]).toEqual(i < added ? [refs[i]] : []);
  }
});
