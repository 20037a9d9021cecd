/** Random requests on few paths, so that they meet. */
import fc from 'fast-check';
import type { Acl } from '../../src/jute/data.ts';
import { aclOf, digestOf } from './harness.ts';
import type { ReadOp, WriteOp } from './model.ts';

const name = fc.constantFrom('a', 'b', 'c');
const deep = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const odd = fc.constantFrom('/', '', 'a', '/a/', '//', '/a/..', '/zookeeper', '/zookeeper/config');
const sequence = fc
  .tuple(deep, fc.integer({ min: 0, max: 3 }))
  .map(([path, n]) => `${path}/000000000${n}`);
const path = fc.oneof(
  { weight: 12, arbitrary: deep },
  { weight: 1, arbitrary: odd },
  { weight: 2, arbitrary: sequence },
);
const version = fc.oneof(
  { weight: 4, arbitrary: fc.constant(-1) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(-2, 2147483647) },
);
const data = fc.constantFrom(null, '', 'x', 'some longer data', 'ü');
const entries: Acl[] = [
  aclOf(31, 'world', 'anyone'),
  aclOf(31, 'digest', digestOf('bob:pw')),
  aclOf(1, 'world', 'anyone'),
  aclOf(31, 'auth', ''),
  aclOf(16, 'digest', digestOf('eve:pw')),
];
const acl: fc.Arbitrary<Acl[]> = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Acl[]>([entries[0] as Acl]) },
  { weight: 3, arbitrary: fc.subarray(entries.slice(1), { minLength: 1 }).map(distinct) },
  { weight: 1, arbitrary: fc.constant<Acl[]>([aclOf(31, 'world', 'foo')]) },
);

/** The model keeps duplicates, which `auth` beside `digest` could make. */
function distinct(list: Acl[]): Acl[] {
  return list.some(({ id }) => id.scheme === 'auth')
    ? list.filter(({ id }) => id.scheme !== 'digest')
    : list;
}

const create = (flags: fc.Arbitrary<number>, inMulti: boolean): fc.Arbitrary<WriteOp> =>
  fc
    .record({
      kind: fc.constant('create' as const),
      type: fc.constantFrom(1 as const, 1 as const, 15 as const, 19 as const, 21 as const),
      path: fc.oneof({ weight: 5, arbitrary: path }, { weight: 1, arbitrary: fc.constant('/a/') }),
      data,
      acl,
      flags,
      ttl: fc.constantFrom(1n, 99n, (1n << 40n) - 1n, 0n),
    })
    .filter((op) => !inMulti || isPlainInMulti(op.type, op.flags));

/** Elsewhere a multi takes the op for another one, or fails whole: tests of their own. */
function isPlainInMulti(type: number, flags: number): boolean {
  if (type === 21) return flags === 5 || flags === 6;
  return flags < 4 || (type === 19 && flags === 4);
}

const anyFlags = fc.constantFrom(0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7);
const others = fc.oneof(
  fc.record({ kind: fc.constant('delete' as const), path, version }),
  fc.record({ kind: fc.constant('setData' as const), path, data, version }),
);
const setAcl = fc.record({ kind: fc.constant('setACL' as const), path, acl, version });
const check = fc.record({ kind: fc.constant('check' as const), path, version });

export const write: fc.Arbitrary<WriteOp> = fc.oneof(
  { weight: 5, arbitrary: create(anyFlags, false) },
  { weight: 5, arbitrary: others },
  { weight: 3, arbitrary: setAcl },
);
export const inMulti: fc.Arbitrary<WriteOp> = fc.oneof(
  { weight: 4, arbitrary: create(anyFlags, true) },
  { weight: 4, arbitrary: others },
  { weight: 1, arbitrary: check },
);
export const read: fc.Arbitrary<ReadOp> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('exists', 'getData', 'getChildren', 'getACL', 'count'),
    path,
  }),
  fc.constant({ kind: 'ephemerals' as const }),
);
