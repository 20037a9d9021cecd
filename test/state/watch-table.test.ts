import { expect, test } from 'vitest';
import { EventType } from '../../src/jute/proto.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { modeOfAddWatch, modesOfWatcherType, WatchMode } from '../../src/state/watch-modes.ts';
import { WatchTable } from '../../src/state/watch-table.ts';
import { pathHash } from '../../src/tree/path-hash.ts';

const { nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged } = EventType;
const { data, children, persistent, recursive } = WatchMode;

/** The table with text for bytes, and with connections 1 to 3 open. */
class Watches {
  readonly table = new WatchTable(pathHash);

  constructor() {
    for (const cnxnId of [1, 2, 3]) this.table.openConnection(cnxnId);
  }

  add(path: string, cnxnId: number, mode: WatchMode): boolean {
    const bytes = encodeUtf8(path);
    return this.table.add(bytes, 0, bytes.length, cnxnId, mode);
  }

  trigger(type: EventType, path: string): number[] {
    // Paths lie somewhere in a request.
    const bytes = encodeUtf8(`??${path}?`);
    const end = bytes.length - 1;
    const count = this.table.trigger(type, bytes, 2, end, pathHash(bytes, 2, end));
    return [...this.table.hits.subarray(0, count)];
  }

  has(path: string, cnxnId: number, type: number): boolean {
    const bytes = encodeUtf8(path);
    return this.table.has(bytes, 0, bytes.length, cnxnId, modesOfWatcherType(type));
  }

  remove(path: string, cnxnId: number, type: number): boolean {
    const bytes = encodeUtf8(path);
    return this.table.remove(bytes, 0, bytes.length, cnxnId, modesOfWatcherType(type));
  }
}

test.each([nodeCreated, nodeDeleted, nodeDataChanged])(
  'a data watch is told of event type %i once, and is consumed',
  (type) => {
    const watches = new Watches();
    watches.add('/a', 1, data);
    expect(watches.trigger(type, '/a')).toEqual([1]);
    expect(watches.trigger(type, '/a')).toEqual([]);
    expect(watches.table.watchCount).toBe(0);
  },
);

test('a data watch is not told of changes among the children', () => {
  const watches = new Watches();
  watches.add('/a', 1, data);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([]);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([1]);
});

test('a child watch is told of changes among the children once, and is consumed', () => {
  const watches = new Watches();
  watches.add('/a', 1, children);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([1]);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([]);
});

test('a child watch is not fired by data, by a child being changed, or by grandchildren', () => {
  const watches = new Watches();
  watches.add('/a', 1, children);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([]);
  expect(watches.trigger(nodeCreated, '/a')).toEqual([]);
  expect(watches.trigger(nodeDataChanged, '/a/b')).toEqual([]);
  expect(watches.trigger(nodeChildrenChanged, '/a/b')).toEqual([]);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([1]);
});

test('a child watch alone is told of the deletion of its node, and is consumed by it', () => {
  const watches = new Watches();
  watches.add('/a', 1, children);
  expect(watches.trigger(nodeDeleted, '/a')).toEqual([1]);
  expect(watches.table.watchCount).toBe(0);
});

test('data and child watch of one connection give one event for a deletion', () => {
  const watches = new Watches();
  watches.add('/a', 1, data);
  watches.add('/a', 1, children);
  watches.add('/a', 2, children);
  expect(watches.table.watchCount).toBe(3);
  expect(watches.trigger(nodeDeleted, '/a')).toEqual([1, 2]);
  expect(watches.table.watchCount).toBe(0);
});

test('a child watch is silent at a deletion that a recursive watch above has announced', () => {
  const watches = new Watches();
  watches.add('/a', 1, recursive);
  watches.add('/a/b', 1, children);
  expect(watches.trigger(nodeDeleted, '/a/b')).toEqual([1]);
  expect(watches.has('/a/b', 1, 1)).toBe(false);
  expect(watches.has('/a', 1, 5)).toBe(true);
});

test('the same watch twice is one watch', () => {
  const watches = new Watches();
  expect(watches.add('/a', 1, data)).toBe(true);
  expect(watches.add('/a', 1, data)).toBe(false);
  expect(watches.table.watchCount).toBe(1);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([1]);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([]);
});

test('a persistent watch is told of everything on its path and survives deletion', () => {
  const watches = new Watches();
  watches.add('/a', 1, persistent);
  for (const type of [nodeDataChanged, nodeChildrenChanged, nodeDeleted, nodeCreated]) {
    expect(watches.trigger(type, '/a')).toEqual([1]);
    expect(watches.trigger(type, '/a')).toEqual([1]);
  }
  expect(watches.trigger(nodeDataChanged, '/a/b')).toEqual([]);
  expect(watches.table.watchCount).toBe(2);
});

test('a recursive watch is told of its node and all below, and never of children changed', () => {
  const watches = new Watches();
  watches.add('/a', 1, recursive);
  for (const path of ['/a', '/a/b', '/a/b/c']) {
    for (const type of [nodeCreated, nodeDataChanged, nodeDeleted]) {
      expect(watches.trigger(type, path)).toEqual([1]);
    }
    expect(watches.trigger(nodeChildrenChanged, path)).toEqual([]);
  }
  for (const path of ['/', '/b', '/ab', '/ab/c']) {
    expect(watches.trigger(nodeDataChanged, path)).toEqual([]);
  }
});

test('a recursive watch on the root is told of every node', () => {
  const watches = new Watches();
  watches.add('/', 1, recursive);
  for (const path of ['/', '/a', '/a/b/c/d']) {
    expect(watches.trigger(nodeDataChanged, path)).toEqual([1]);
  }
  expect(watches.trigger(nodeDataChanged, 'nopath')).toEqual([]);
});

test('a recursive watch goes on when another one beside it ends', () => {
  const watches = new Watches();
  watches.add('/a', 1, recursive);
  watches.add('/b', 2, recursive);
  watches.add('/a', 3, recursive);
  expect(watches.remove('/b', 2, 5)).toBe(true);
  watches.table.removeConnection(3);
  expect(watches.trigger(nodeCreated, '/a/x')).toEqual([1]);
});

test('a separate child watch still tells a recursive watcher of changed children', () => {
  const watches = new Watches();
  watches.add('/a', 1, recursive);
  watches.add('/a', 1, children);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([1]);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([]);
});

test('a connection gets one event, however many of its modes and levels match', () => {
  const watches = new Watches();
  for (const path of ['/', '/a', '/a/b']) {
    watches.add(path, 1, recursive);
    watches.add(path, 1, persistent);
    watches.add(path, 1, data);
  }
  watches.add('/a', 2, recursive);
  expect(watches.trigger(nodeDataChanged, '/a/b')).toEqual([1, 2]);
});

test('a standard and a persistent watch give one event, and only the standard is consumed', () => {
  const watches = new Watches();
  watches.add('/a', 1, data);
  watches.add('/a', 1, persistent);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([1]);
  expect(watches.has('/a', 1, 2)).toBe(false);
  expect(watches.has('/a', 1, 4)).toBe(true);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([1]);
});

test('a trigger above or below does not consume a standard watch', () => {
  const watches = new Watches();
  watches.add('/a', 1, data);
  watches.add('/a', 2, recursive);
  expect(watches.trigger(nodeDataChanged, '/a/b')).toEqual([2]);
  expect(watches.trigger(nodeDataChanged, '/')).toEqual([]);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([1, 2]);
});

test('watchers are told in the order in which they registered, those of ancestors last', () => {
  const watches = new Watches();
  watches.add('/', 3, recursive);
  watches.add('/a', 2, data);
  watches.add('/a', 1, data);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([2, 1, 3]);
});

test('registering on a connection that is not open is a no-op', () => {
  const watches = new Watches();
  expect(watches.add('/a', 9, data)).toBe(false);
  watches.table.removeConnection(1);
  expect(watches.add('/a', 1, data)).toBe(false);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([]);
  expect(watches.table.watchCount).toBe(0);
});

test('a removed connection takes its watches along and leaves those of others', () => {
  const watches = new Watches();
  for (const path of ['/a', '/b', '/c']) {
    watches.add(path, 1, data);
    watches.add(path, 2, children);
    watches.add(path, 1, recursive);
  }
  watches.table.removeConnection(1);
  watches.table.removeConnection(1);
  expect(watches.table.watchCount).toBe(3);
  expect(watches.trigger(nodeDataChanged, '/a/x')).toEqual([]);
  expect(watches.trigger(nodeDeleted, '/b')).toEqual([2]);
});

test('a connection opened after another was removed inherits nothing', () => {
  const watches = new Watches();
  watches.add('/a', 1, data);
  watches.trigger(nodeDataChanged, '/a');
  watches.table.removeConnection(1);
  watches.table.openConnection(4);
  watches.add('/a', 4, data);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([4]);
});

/** Path "/a", connection 1 with every kind of watch. */
function withAll(): Watches {
  const watches = new Watches();
  for (const mode of [data, children, persistent, recursive]) watches.add('/a', 1, mode);
  return watches;
}

test.each([
  ['children', 1, [2, 4, 5]],
  ['data', 2, [1, 4, 5]],
  ['any', 3, []],
  ['persistent', 4, [1, 2, 5]],
  ['recursive', 5, [1, 2, 4]],
] as const)('removing watches of type %s leaves the other types', (_name, type, left) => {
  const watches = withAll();
  expect(watches.has('/a', 1, type)).toBe(true);
  expect(watches.remove('/a', 1, type)).toBe(true);
  expect(watches.has('/a', 1, type)).toBe(false);
  expect(watches.remove('/a', 1, type)).toBe(false);
  expect([1, 2, 4, 5].filter((other) => watches.has('/a', 1, other))).toEqual(left);
});

test('removing data watches does not remove a persistent one', () => {
  const watches = new Watches();
  watches.add('/a', 1, persistent);
  expect(watches.has('/a', 1, 2)).toBe(false);
  expect(watches.remove('/a', 1, 2)).toBe(false);
  expect(watches.remove('/a', 1, 1)).toBe(false);
  expect(watches.has('/a', 1, 3)).toBe(true);
});

test('removing a persistent watch silences data and children events', () => {
  const watches = new Watches();
  watches.add('/a', 1, persistent);
  expect(watches.remove('/a', 1, 4)).toBe(true);
  expect(watches.trigger(nodeDataChanged, '/a')).toEqual([]);
  expect(watches.trigger(nodeChildrenChanged, '/a')).toEqual([]);
});

test('check and remove look at exactly this path and this connection', () => {
  const watches = withAll();
  for (const path of ['/', '/a/b', '/a/', 'a']) expect(watches.has(path, 1, 3)).toBe(false);
  expect(watches.has('/a', 2, 3)).toBe(false);
  expect(watches.remove('/a', 2, 3)).toBe(false);
  expect(watches.remove('/a', 9, 3)).toBe(false);
});

test('codes outside of the tables name no mode', () => {
  for (const type of [0, -1, 6, 1e9]) expect(modesOfWatcherType(type)).toBe(0);
  expect([0, 1, 2, -1].map(modeOfAddWatch)).toEqual([persistent, recursive, 0, 0]);
});

test('the watch count is of both tables, summary and dumps are of the data table', () => {
  const watches = new Watches();
  watches.add('/a', 1, data);
  watches.add('/a', 1, recursive);
  watches.add('/a', 2, persistent);
  watches.add('/b', 2, data);
  watches.add('/a', 3, children);
  watches.add('/c', 3, children);
  expect(watches.table.watchCount).toBe(3 + 3);
  expect(watches.table.summary()).toEqual({ connections: 2, paths: 2, watches: 3 });
  const byConnection = [...watches.table.byConnection()];
  for (const { paths } of byConnection) paths.sort();
  expect(byConnection).toEqual([
    { cnxnId: 1, paths: ['/a'] },
    { cnxnId: 2, paths: ['/a', '/b'] },
  ]);
  const byPath = [...watches.table.byPath()].sort((a, b) => a.path.localeCompare(b.path));
  expect(byPath).toEqual([
    { path: '/a', cnxnIds: [1, 2] },
    { path: '/b', cnxnIds: [2] },
  ]);
});
