import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/jute/utf8.ts';
import {
  formatQuota,
  isPoisonousLimitsPath,
  isStatsPath,
  parseQuota,
  Quotas,
} from '../../src/tree/quota.ts';
import { createTreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeWriter } from '../../src/tree/tree-writer.ts';

/** A tree with its quotas, changed as apply does it: first the tree, then the quotas. */
class Server {
  readonly tree = new TreeWriter(createTreeMemory({ bytesMax: 4 * 1024 * 1024 }));
  readonly reported: string[] = [];
  quotas = new Quotas(this.tree, (message) => this.reported.push(message));

  constructor() {
    this.tree.createSystemNodes();
    this.tree.openSection();
  }

  create(path: string, data: string | null = ''): void {
    const bytes = encodeUtf8(path);
    const content = data === null ? null : encodeUtf8(data);
    const length = content?.length ?? -1;
    const parent = this.ref(path.slice(0, path.lastIndexOf('/')));
    this.tree.create(parent, bytes, 0, bytes.length, content, 0, length, -1, 0, 0);
    this.quotas.onCreate(bytes, 0, bytes.length, length);
  }

  createAll(path: string, data: string | null = ''): void {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '' && this.ref(parent) === 0) this.createAll(parent);
    this.create(path, data);
  }

  remove(path: string): void {
    const bytes = encodeUtf8(path);
    const length = this.tree.dataLength(this.ref(path));
    this.tree.remove(this.ref(path));
    this.quotas.onDelete(bytes, 0, bytes.length, length);
  }

  set(path: string, data: string | null): void {
    const bytes = encodeUtf8(path);
    const content = data === null ? null : encodeUtf8(data);
    const before = Math.max(this.tree.dataLength(this.ref(path)), 0);
    this.tree.setData(this.ref(path), content, 0, content?.length ?? -1, 1);
    this.quotas.onSetData(bytes, 0, bytes.length, (content?.length ?? 0) - before);
  }

  quota(path: string, limits: string): void {
    this.createAll(`/zookeeper/quota${path}/zookeeper_limits`, limits);
    this.create(`/zookeeper/quota${path}/zookeeper_stats`, 'count=0,bytes=0');
  }

  data(path: string): string {
    const out = new Uint8Array(Math.max(this.tree.dataLength(this.ref(path)), 0));
    this.tree.writeData(this.ref(path), out, 0);
    return decodeUtf8(out, 0, out.length);
  }

  usage(path: string): string {
    return this.data(`/zookeeper/quota${path}/zookeeper_stats`);
  }

  ref(path: string): number {
    const bytes = encodeUtf8(path);
    return this.tree.find(bytes, 0, bytes.length);
  }

  check(path: string, nodesMore: number, bytesMore: number) {
    const bytes = encodeUtf8(`!${path}!`);
    return this.quotas.check(bytes, 1, bytes.length - 1, nodesMore, bytesMore);
  }
}

const parse = (text: string) => {
  const bytes = encodeUtf8(`?${text}?`);
  const quota = parseQuota(bytes, 1, bytes.length - 1);
  return quota && { count: quota.count, bytes: quota.bytes, ...Object.fromEntries(quota.extra) };
};

test.each([
  ['', { count: -1, bytes: -1 }],
  ['count=5,bytes=7', { count: 5, bytes: 7 }],
  ['bytes=7;count=5', { count: 5, bytes: 7 }],
  ['bytes=-1=;byteHardLimit=9;a=3', { count: -1, bytes: -1, byteHardLimit: 9, a: 3 }],
  ['count==5,,;bytes=7=8,;', { count: -1, bytes: 7 }],
  ['count=+5,bytes=007', { count: 5, bytes: 7 }],
  ['count=1,count=2', { count: 2, bytes: -1 }],
  [',', { count: -1, bytes: -1 }],
  ['count=9223372036854775807', { count: Number.MAX_SAFE_INTEGER, bytes: -1 }],
])('quota text "%s" is understood', (text, expected) => {
  expect(parse(text)).toEqual(expected);
});

test.each([
  ...['garbage', 'count=', 'count=x', 'count=1.5', 'count= 5', ',count=5', '=', ' '],
  ...['count=9223372036854775808', 'count=5,bytes', `count=${'0'.repeat(5000)}`],
])('quota text "%s" is refused as in Apache', (text) => {
  expect(parse(text)).toBeNull();
});

test('quota text is written with count and bytes first and further keys sorted behind =', () => {
  const text = (extra: Record<string, number>) =>
    decodeUtf8(formatQuota({ count: 4, bytes: 5, extra: new Map(Object.entries(extra)) }), 0, 99);
  expect(text({})).toBe('count=4,bytes=5');
  const hard = text({ countHardLimit: 10, byteHardLimit: -1 });
  expect(hard).toBe('count=4,bytes=5=;byteHardLimit=-1;countHardLimit=10');
});

test('what is written is read back, whatever the numbers', () => {
  const aNumber = fc.maxSafeInteger();
  const property = fc.property(aNumber, aNumber, fc.option(aNumber), (count, bytes, hard) => {
    const extra = new Map(hard === null ? [] : [['byteHardLimit', hard]]);
    const text = formatQuota({ count, bytes, extra });
    expect(parseQuota(text, 0, text.length)).toEqual({ count, bytes, extra });
  });
  fc.assert(property);
});

test('a stats node shows the subtree, the node itself included, as soon as it is created', () => {
  const server = new Server();
  server.create('/a', 'abc');
  server.create('/a/b', 'de');
  server.create('/a/b/c', null);
  server.create('/ab', 'not below');
  server.quota('/a', 'count=10,bytes=100');
  expect(server.usage('/a')).toBe('count=3,bytes=5');
});

test('create, delete and setData below a quota change its usage, on its own path, too', () => {
  const server = new Server();
  server.create('/a', 'abc');
  server.quota('/a', 'count=10,bytes=100');
  server.create('/a/b', 'defg');
  expect(server.usage('/a')).toBe('count=2,bytes=7');
  server.set('/a/b', 'd');
  expect(server.usage('/a')).toBe('count=2,bytes=4');
  server.set('/a', null);
  expect(server.usage('/a')).toBe('count=2,bytes=1');
  server.create('/a/b/c', null);
  server.remove('/a/b/c');
  server.remove('/a/b');
  expect(server.usage('/a')).toBe('count=1,bytes=0');
  server.create('/ab', 'elsewhere');
  expect(server.usage('/a')).toBe('count=1,bytes=0');
});

test('only the deepest enclosing quota is charged', () => {
  const server = new Server();
  server.createAll('/a/b/c');
  server.quota('/a', 'count=10');
  server.quota('/a/b', 'count=10');
  server.create('/a/b/c/d', 'xyz');
  server.create('/a/e', 'x');
  expect(server.usage('/a')).toBe('count=4,bytes=1');
  expect(server.usage('/a/b')).toBe('count=3,bytes=3');
});

test('usage updates change no version, no mzxid and no mtime of the stats node', () => {
  const server = new Server();
  server.tree.beginTxn(0, 1, 0, 1000);
  server.create('/a');
  server.quota('/a', 'count=10');
  server.tree.beginTxn(0, 2, 0, 2000);
  server.create('/a/b', 'x');
  const ref = server.ref('/zookeeper/quota/a/zookeeper_stats');
  expect(server.data('/zookeeper/quota/a/zookeeper_stats')).toBe('count=2,bytes=1');
  expect(server.tree.version(ref)).toBe(0);
  expect(server.tree.mzxidLo(ref)).toBe(1);
  expect(server.tree.mtimeLo(ref)).toBe(1000);
});

test('a quota lives as long as its limits node', () => {
  const server = new Server();
  server.create('/a');
  expect(server.quotas.count).toBe(0);
  server.quota('/a', 'count=10');
  expect(server.quotas.count).toBe(1);
  server.remove('/zookeeper/quota/a/zookeeper_limits');
  expect(server.quotas.count).toBe(0);
  server.create('/a/b', 'x');
  expect(server.usage('/a')).toBe('count=1,bytes=0');
});

test('the quota of a path outlives the one of its child, and the other way round', () => {
  const server = new Server();
  server.createAll('/a/b');
  server.quota('/a', 'count=10');
  server.quota('/a/b', 'count=10');
  server.remove('/zookeeper/quota/a/b/zookeeper_limits');
  server.create('/a/b/c');
  expect(server.usage('/a')).toBe('count=3,bytes=0');
  expect(server.usage('/a/b')).toBe('count=1,bytes=0');
});

test('nodes that are only named like limits activate nothing', () => {
  const server = new Server();
  server.create('/zookeeper_limits');
  server.createAll('/a/zookeeper_limits', 'count=0');
  server.createAll('/zookeeper/quotas/a/zookeeper_limits', 'count=0');
  server.createAll('/zookeeper/quota/a/my_zookeeper_limits', 'count=0');
  expect(server.quotas.count).toBe(0);
});

test('a quota on the root is ignored', () => {
  const server = new Server();
  server.create('/zookeeper/quota/zookeeper_limits', 'count=0=;countHardLimit=0');
  server.create('/zookeeper/quota/zookeeper_stats', 'mine');
  expect(server.quotas.count).toBe(0);
  server.create('/a', 'x');
  expect(server.usage('')).toBe('mine');
  expect(server.check('/b', 1, 1)).toBeNull();
  server.remove('/zookeeper/quota/zookeeper_limits');
  server.quotas.reload();
  expect(server.quotas.count).toBe(0);
});

test('a missing stats node is reported once and ignored', () => {
  const server = new Server();
  server.create('/a');
  server.createAll('/zookeeper/quota/a/zookeeper_limits', 'count=0=;countHardLimit=0');
  server.create('/a/b');
  server.create('/a/c');
  expect(server.reported).toEqual(['missing stats node /zookeeper/quota/a/zookeeper_stats']);
  expect(server.check('/a/d', 1, 0)).toBeNull();
});

test.each([['garbage'], [null]])('stats data %s counts as unset and hurts nobody', (bad) => {
  const server = new Server();
  server.create('/a');
  server.quota('/a', 'count=10');
  server.set('/zookeeper/quota/a/zookeeper_stats', bad);
  server.create('/a/b', 'xyz');
  expect(server.usage('/a')).toBe('count=0,bytes=2');
  expect(server.reported).toEqual(['unreadable stats node /zookeeper/quota/a/zookeeper_stats']);
});

test('usage that somebody has overwritten is what the next write is added to', () => {
  const server = new Server();
  server.create('/a');
  server.quota('/a', 'count=10');
  server.create('/a/b', 'x');
  for (const text of ['count=7,bytes=3', 'count=50,bytes=60=;mine=1']) {
    server.set('/zookeeper/quota/a/zookeeper_stats', text);
    server.set('/a', `${server.data('/a')}y`);
  }
  expect(server.usage('/a')).toBe('count=50,bytes=61=;mine=1');
  server.set('/zookeeper/quota/a/zookeeper_stats', 'count=50,bytes=71=;mine=2');
  server.create('/a/c');
  expect(server.usage('/a')).toBe('count=51,bytes=71=;mine=2');
});

test('a quota on a path that does not exist yet counts from nothing', () => {
  const server = new Server();
  server.quota('/a', 'count=10');
  expect(server.usage('/a')).toBe('count=0,bytes=0');
  server.create('/a', 'xy');
  expect(server.usage('/a')).toBe('count=1,bytes=2');
});

test('after a snapshot all quotas are active again and counted anew', () => {
  const server = new Server();
  server.createAll('/a/b', 'xyz');
  server.create('/é', 'x');
  for (const path of ['/a', '/a/b', '/é']) server.quota(path, 'count=10');
  const stale = encodeUtf8('count=99,bytes=99');
  const stats = server.ref('/zookeeper/quota/a/zookeeper_stats');
  server.tree.setQuotaData(stats, stale, 0, stale.length);
  server.quotas = new Quotas(server.tree);
  server.quotas.reload();
  expect(server.quotas.count).toBe(3);
  expect(server.usage('/a')).toBe('count=2,bytes=3');
  expect(server.usage('/a/b')).toBe('count=1,bytes=3');
  expect(server.usage('/é')).toBe('count=1,bytes=1');
  server.quotas.reload();
  expect(server.quotas.count).toBe(3);
  server.create('/é/x');
  expect(server.usage('/é')).toBe('count=2,bytes=1');
});

test('usage kept by every change is the usage that a recount finds', () => {
  const paths = ['/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f'];
  const aStep = fc.tuple(fc.constantFrom(...paths), fc.nat(9), fc.boolean());
  const property = fc.property(fc.array(aStep, { maxLength: 40, size: 'max' }), (steps) => {
    const server = new Server();
    for (const path of ['/a', '/e']) server.quota(path, 'count=10');
    for (const [path, length, isRemoval] of steps) {
      const ref = server.ref(path);
      const parent = server.ref(path.slice(0, path.lastIndexOf('/')));
      if (ref === 0 && parent !== 0) server.create(path, 'x'.repeat(length));
      else if (ref !== 0 && !isRemoval) server.set(path, 'x'.repeat(length));
      else if (ref !== 0 && server.tree.firstChild(ref) === 0) server.remove(path);
    }
    const kept = ['/a', '/e'].map((path) => server.usage(path));
    server.quotas.reload();
    expect(['/a', '/e'].map((path) => server.usage(path))).toEqual(kept);
  });
  fc.assert(property, { numRuns: 60 });
});

/** `/a` with 2 nodes and 4 bytes in use. */
function withLimits(limits: string): Server {
  const server = new Server();
  server.createAll('/a/b', 'abcd');
  server.quota('/a', limits);
  return server;
}

test('a hard limit may be reached and not exceeded', () => {
  const server = withLimits('count=-1,bytes=-1=;byteHardLimit=6;countHardLimit=3');
  expect(server.check('/a/c', 1, 2)).toBeNull();
  const refused = (log: string) => ({ err: ErrorCode.quotaExceeded, log: [log], namespace: 'a' });
  const bytes = 'Quota exceeded: /a [current bytes=7, hardByteLimit=6]';
  expect(server.check('/a/c', 1, 3)).toEqual(refused(bytes));
  expect(server.check('/a/b', 0, 3)).toEqual(refused(bytes));
  server.create('/a/c');
  const count = 'Quota exceeded: /a [current count=4, hardCountLimit=3]';
  expect(server.check('/a/d', 1, 0)).toEqual(refused(count));
});

test('soft limits are logged and refuse nothing', () => {
  const server = withLimits('count=2,bytes=4');
  const count = 'Quota exceeded: /a [current count=3, softCountLimit=2]';
  const bytes = 'Quota exceeded: /a [current bytes=6, softByteLimit=4]';
  const verdict = { err: ErrorCode.ok, log: [count, bytes], namespace: 'a' };
  expect(server.check('/a/c', 1, 2)).toEqual(verdict);
});

test('a soft limit is not consulted where a hard one is set, and -1 is no limit', () => {
  const server = withLimits('count=1,bytes=1=;byteHardLimit=100;countHardLimit=100');
  expect(server.check('/a/c', 1, 2)).toBeNull();
  expect(withLimits('count=-1,bytes=-1').check('/a/c', 1, 9)).toBeNull();
});

test('only what changes is checked', () => {
  const server = withLimits('count=0,bytes=0=;byteHardLimit=0;countHardLimit=0');
  expect(server.check('/a/b', 0, 0)).toBeNull();
  expect(server.check('/a/c', 1, 0)?.log).toEqual([
    'Quota exceeded: /a [current count=3, hardCountLimit=0]',
  ]);
});

test('a setData that shrinks and still exceeds the hard limit is refused', () => {
  const server = withLimits('count=-1,bytes=-1=;byteHardLimit=2');
  expect(server.check('/a/b', 0, -1)?.err).toBe(ErrorCode.quotaExceeded);
  expect(server.check('/a/b', 0, -2)).toBeNull();
});

test.each(['garbage', null])('limits or stats of %s make the checked write a -5', (bad) => {
  const server = withLimits('countHardLimit=100');
  server.set('/zookeeper/quota/a/zookeeper_stats', bad);
  expect(server.check('/a/c', 1, 0)?.err).toBe(ErrorCode.marshallingError);
  server.set('/zookeeper/quota/a/zookeeper_limits', bad);
  expect(server.check('/a/c', 1, 0)?.err).toBe(ErrorCode.marshallingError);
  expect(server.check('/b', 1, 0)).toBeNull();
});

test('quotas name their namespace, the limits that count, and their usage', () => {
  const server = withLimits('count=5,bytes=7=;byteHardLimit=6');
  server.createAll('/e/f/g', 'x');
  server.quota('/e/f', '');
  expect([...server.quotas.entries()]).toEqual([
    { namespace: 'a', limits: { count: 5, bytes: 6 }, usage: { count: 2, bytes: 4 } },
    { namespace: 'e', limits: { count: -1, bytes: -1 }, usage: { count: 2, bytes: 1 } },
  ]);
});

const onPath = (is: typeof isStatsPath, path: string) => {
  const bytes = encodeUtf8(`/x${path}`);
  return is(bytes, 2, bytes.length);
};

test.each(['/quota', '', '/foo', 'ééééé'])('limits below /zookeeper%s kill Apache', (parent) => {
  expect(onPath(isPoisonousLimitsPath, `/zookeeper${parent}/zookeeper_limits`)).toBe(true);
});

test.each([
  ...['/zookeeper/quota/a/zookeeper_limits', '/zookeeper/config/zookeeper_limits'],
  ...['/zookeeper/quota/zookeeper_stats', '/zookeeper/a_zookeeper_limits'],
  ...['/zookeeper_limits', '/a/zookeeper_limits'],
])('creating %s does no harm', (path) => {
  expect(onPath(isPoisonousLimitsPath, path)).toBe(false);
});

test('a stats node is one of that name below /zookeeper/quota', () => {
  for (const quota of ['/a', '/a/b']) {
    expect(onPath(isStatsPath, `/zookeeper/quota${quota}/zookeeper_stats`)).toBe(true);
    expect(onPath(isStatsPath, `/zookeeper/quota${quota}/zookeeper_limits`)).toBe(false);
    expect(onPath(isStatsPath, `/zookeeper/quota${quota}/my_zookeeper_stats`)).toBe(false);
    expect(onPath(isStatsPath, `/zookeeper/quotas${quota}/zookeeper_stats`)).toBe(false);
    expect(onPath(isStatsPath, `${quota}/zookeeper_stats`)).toBe(false);
  }
});
