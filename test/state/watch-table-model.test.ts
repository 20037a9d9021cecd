/** The watch table against a stupid one: two managers of nested maps, as the protocol tells it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventType } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { modesOfWatcherType, WatchMode } from '../../src/state/watch-modes.ts';
import { WatchTable } from '../../src/state/watch-table.ts';
import { pathHash } from '../../src/tree/path-hash.ts';

type Mode = 'standard' | 'persistent' | 'recursive';

class NaiveManager {
  readonly watchers = new Map<string, Map<number, Set<Mode>>>();

  add(path: string, cnxnId: number, mode: Mode): void {
    const ofPath = this.watchers.get(path) ?? new Map<number, Set<Mode>>();
    this.watchers.set(path, ofPath);
    const modes = ofPath.get(cnxnId) ?? new Set<Mode>();
    ofPath.set(cnxnId, modes.add(mode));
  }

  has(path: string, cnxnId: number, mode: Mode): boolean {
    return this.watchers.get(path)?.get(cnxnId)?.has(mode) ?? false;
  }

  remove(path: string, cnxnId: number, mode: Mode): boolean {
    const modes = this.watchers.get(path)?.get(cnxnId);
    const isRemoved = modes?.delete(mode) ?? false;
    if (modes?.size === 0) this.watchers.get(path)?.delete(cnxnId);
    return isRemoved;
  }

  removeConnection(cnxnId: number): void {
    for (const ofPath of this.watchers.values()) ofPath.delete(cnxnId);
  }

  trigger(path: string): Set<number> {
    const hit = new Set<number>();
    for (const [cnxnId, modes] of this.watchers.get(path) ?? []) if (modes.size) hit.add(cnxnId);
    for (const cnxnId of hit) this.remove(path, cnxnId, 'standard');
    for (let p = path; p !== '/' && p.includes('/'); ) {
      p = p.slice(0, p.lastIndexOf('/')) || '/';
      for (const [cnxnId, modes] of this.watchers.get(p) ?? []) {
        if (modes.has('recursive')) hit.add(cnxnId);
      }
    }
    return hit;
  }

  pairs(): [string, number][] {
    return [...this.watchers].flatMap(([path, ofPath]) =>
      [...ofPath.keys()].map((cnxnId): [string, number] => [path, cnxnId]),
    );
  }
}

class NaiveTable {
  readonly data = new NaiveManager();
  readonly child = new NaiveManager();
  readonly open = new Set<number>();

  add(path: string, cnxnId: number, mode: WatchMode): void {
    if (!this.open.has(cnxnId)) return;
    if (mode === WatchMode.data) this.data.add(path, cnxnId, 'standard');
    if (mode === WatchMode.children) this.child.add(path, cnxnId, 'standard');
    if (mode === WatchMode.recursive) this.data.add(path, cnxnId, 'recursive');
    if (mode !== WatchMode.persistent) return;
    this.data.add(path, cnxnId, 'persistent');
    this.child.add(path, cnxnId, 'persistent');
  }

  trigger(type: EventType, path: string): Set<number> {
    if (type === EventType.nodeChildrenChanged) return this.child.trigger(path);
    const hit = this.data.trigger(path);
    if (type !== EventType.nodeDeleted) return hit;
    return new Set([...hit, ...this.child.trigger(path)]);
  }

  has(path: string, cnxnId: number, type: number): boolean {
    const { data, child } = this;
    if (type === 1) return child.has(path, cnxnId, 'standard');
    if (type === 2) return data.has(path, cnxnId, 'standard');
    if (type === 4) return data.has(path, cnxnId, 'persistent');
    if (type === 5) return data.has(path, cnxnId, 'recursive');
    return [1, 2, 4, 5].some((one) => this.has(path, cnxnId, one));
  }

  remove(path: string, cnxnId: number, type: number): boolean {
    const { data, child } = this;
    if (type === 1) return child.remove(path, cnxnId, 'standard');
    if (type === 2) return data.remove(path, cnxnId, 'standard');
    if (type === 5) return data.remove(path, cnxnId, 'recursive');
    if (type === 3) return [1, 2, 4, 5].filter((one) => this.remove(path, cnxnId, one)).length > 0;
    child.remove(path, cnxnId, 'persistent');
    return data.remove(path, cnxnId, 'persistent');
  }
}

const aPath = fc.constantFrom('/', '/a', '/b', '/a/b', '/a/c', '/a/b/c', '/ab', 'a', '', '/é/b');
const aCnxn = fc.integer({ min: 1, max: 6 });
const step = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant('add'), path: aPath, cnxnId: aCnxn, code: fc.nat(3) }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('trigger'),
      path: aPath,
      cnxnId: aCnxn,
      code: fc.integer({ min: 1, max: 4 }),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('remove'),
      path: aPath,
      cnxnId: aCnxn,
      code: fc.integer({ min: 1, max: 5 }),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('toggle'),
      path: aPath,
      cnxnId: aCnxn,
      code: fc.constant(0),
    }),
    weight: 1,
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Both {
  readonly naive = new NaiveTable();
  readonly table: WatchTable;
  private readonly hash: (bytes: Uint8Array, start: number, end: number) => number;

  constructor(hash: (bytes: Uint8Array, start: number, end: number) => number) {
    this.hash = hash;
    this.table = new WatchTable(hash);
    for (const cnxnId of [1, 2, 3, 4]) this.toggle(cnxnId);
  }

  toggle(cnxnId: number): void {
    if (this.naive.open.delete(cnxnId)) {
      this.naive.data.removeConnection(cnxnId);
      this.naive.child.removeConnection(cnxnId);
      this.table.removeConnection(cnxnId);
      return;
    }
    this.naive.open.add(cnxnId);
    this.table.openConnection(cnxnId);
  }

  run(step: Step): void {
    const { path, cnxnId, code } = step;
    const bytes = encodeUtf8(path);
    const end = bytes.length;
    if (step.do === 'toggle') this.toggle(cnxnId);
    if (step.do === 'add') {
      const mode = (1 << code) as WatchMode;
      this.table.add(bytes, 0, end, cnxnId, mode);
      this.naive.add(path, cnxnId, mode);
    }
    if (step.do === 'remove') {
      const modes = modesOfWatcherType(code);
      expect(this.table.has(bytes, 0, end, cnxnId, modes)).toBe(this.naive.has(path, cnxnId, code));
      const isRemoved = this.table.remove(bytes, 0, end, cnxnId, modes);
      expect(isRemoved).toBe(this.naive.remove(path, cnxnId, code));
    }
    if (step.do === 'trigger') {
      const type = code as EventType;
      const count = this.table.trigger(type, bytes, 0, end, this.hash(bytes, 0, end));
      const hits = [...this.table.hits.subarray(0, count)];
      expect(hits.sort()).toEqual([...this.naive.trigger(type, path)].sort());
    }
  }

  compare(): void {
    const data = this.naive.data.pairs();
    expect(this.table.watchCount).toBe(data.length + this.naive.child.pairs().length);
    expect(this.table.summary()).toEqual({
      connections: new Set(data.map(([, cnxnId]) => cnxnId)).size,
      paths: new Set(data.map(([path]) => path)).size,
      watches: data.length,
    });
    const text = (pairs: [string, number][]) => pairs.map((pair) => pair.join(' ')).sort();
    const byPath = [...this.table.byPath()].flatMap(({ path, cnxnIds }) =>
      cnxnIds.map((cnxnId): [string, number] => [path, cnxnId]),
    );
    expect(text(byPath)).toEqual(text(data));
    const byConnection = [...this.table.byConnection()].flatMap(({ paths, cnxnId }) =>
      paths.map((path): [string, number] => [path, cnxnId]),
    );
    expect(text(byConnection)).toEqual(text(data));
  }
}

test.each([
  ['the hash of the tree', pathHash],
  ['a hash under which all paths collide', () => 5],
] as const)('the table does what two naive managers do, with %s', (_name, hash) => {
  const property = fc.property(
    fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }),
    (steps) => {
      const both = new Both(hash);
      for (const one of steps) both.run(one);
      both.compare();
      for (const cnxnId of [...both.naive.open]) both.toggle(cnxnId);
      expect(both.table.watchCount).toBe(0);
      both.compare();
    },
  );
  fc.assert(property, { numRuns: 400 });
});

test('many watches on many paths grow, shrink and grow again without being mixed up', () => {
  const table = new WatchTable(pathHash);
  const paths = Array.from({ length: 5000 }, (_, i) => encodeUtf8(`/${'x'.repeat(i % 90)}/${i}`));
  for (let round = 0; round < 3; round++) {
    for (let cnxnId = 1; cnxnId <= 4; cnxnId++) table.openConnection(cnxnId);
    for (const [i, path] of paths.entries()) {
      table.add(path, 0, path.length, 1 + (i % 4), WatchMode.data);
      table.add(path, 0, path.length, 1 + ((i + round) % 4), WatchMode.children);
    }
    expect(table.watchCount).toBe(10_000);
    for (const [i, path] of paths.entries()) {
      const hash = pathHash(path, 0, path.length);
      const wanted = i % 2 === 0 ? EventType.nodeDataChanged : EventType.nodeChildrenChanged;
      expect(table.trigger(wanted, path, 0, path.length, hash)).toBe(1);
      expect(table.hits[0]).toBe(1 + ((i % 2 === 0 ? i : i + round) % 4));
    }
    expect(table.watchCount).toBe(5000);
    for (let cnxnId = 1; cnxnId <= 4; cnxnId++) table.removeConnection(cnxnId);
    expect(table.watchCount).toBe(0);
  }
});

test('ten thousand connections on one path are all told, each once', () => {
  const table = new WatchTable(pathHash);
  const path = encodeUtf8('/leader');
  for (let cnxnId = 1; cnxnId <= 10_000; cnxnId++) {
    table.openConnection(cnxnId);
    table.add(path, 0, path.length, cnxnId, WatchMode.data);
  }
  const hash = pathHash(path, 0, path.length);
  const count = table.trigger(EventType.nodeDeleted, path, 0, path.length, hash);
  expect(count).toBe(10_000);
  expect(new Set(table.hits.subarray(0, count)).size).toBe(10_000);
  expect(table.summary()).toEqual({ connections: 0, paths: 0, watches: 0 });
});
