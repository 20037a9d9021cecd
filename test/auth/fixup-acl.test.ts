import { expect, test } from 'vitest';
import { fixupAcl, skipAcl } from '../../src/auth/fixup-acl.ts';
import { Identities } from '../../src/auth/identity.ts';
import { maskAcl } from '../../src/auth/mask-acl.ts';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { JuteError } from '../../src/jute/jute-error.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { aclBytes, type Entry, entriesOf, table } from './auth-fixtures.ts';

const own = Identities.of([
  { scheme: 'ip', id: '127.0.0.1' },
  { scheme: 'super', id: '' },
  { scheme: 'digest', id: 'bob:hash' },
  { scheme: 'digest', id: 'eve:hash' },
]);

function fixup(acl: Uint8Array, identities = own, schemes = table()) {
  const writer = new JuteWriter(8);
  writer.writeInt(77);
  const err = fixupAcl(new JuteReader(acl), identities, schemes, writer);
  const written = writer.finish().slice(4);
  if (err !== ErrorCode.ok) expect(written).toHaveLength(0);
  return err === ErrorCode.ok ? entriesOf(written) : err;
}

test.each<[string, Entry]>([
  ['world:anyone with all permissions', [31, 'world', 'anyone']],
  ['permissions that mean nothing', [255, 'world', 'anyone']],
  ['no permissions', [0, 'world', 'anyone']],
  ['a digest id', [1, 'digest', 'a:b']],
  ['a digest id with an empty user', [1, 'digest', ':b']],
  ['a digest id with colons at its end', [1, 'digest', 'a:b::']],
  ['an address', [1, 'ip', '10.0.0.1']],
  ['a network', [1, 'ip', '10.0.0.0/8']],
  ['an IPv6 network', [1, 'ip', '2001:db8::/32']],
])('%s is stored as it is', (_what, entry) => {
  expect(fixup(aclBytes(entry))).toEqual([entry]);
  expect(fixup(aclBytes(entry, [1, 'ip', '9.9.9.9']))).toEqual([entry, [1, 'ip', '9.9.9.9']]);
});

test.each<[string, Entry[]]>([
  ['an empty list', []],
  ['a null scheme', [[1, null, 'x']]],
  ['world with another id', [[1, 'world', 'foo']]],
  ['an unknown scheme', [[1, 'ldap', 'x']]],
  ['an unknown scheme with a null id', [[1, 'ldap', null]]],
  ['the super pseudo scheme', [[1, 'super', '']]],
  ['a digest id of one part', [[1, 'digest', 'a']]],
  ['a digest id with an empty hash', [[1, 'digest', 'a:']]],
  ['a digest id of three parts', [[1, 'digest', 'a:b:c']]],
  ['a digest id of colons', [[1, 'digest', ':::']]],
  ['an address out of range', [[1, 'ip', '10.0.0.256']]],
  ['a mask out of range', [[1, 'ip', '10.0.0.0/33']]],
  ['sasl without a provider', [[1, 'sasl', 'alice']]],
  ['x509 without a provider', [[1, 'x509', 'CN=alice']]],
  [
    'a bad entry behind a good one',
    [
      [31, 'world', 'anyone'],
      [1, 'ip', 'x'],
    ],
  ],
])('%s is refused as an invalid ACL', (_what, entries) => {
  expect(fixup(aclBytes(...entries))).toBe(ErrorCode.invalidAcl);
});

test('a null list is refused as an invalid ACL, and so is one of negative length', () => {
  expect(fixup(Uint8Array.of(255, 255, 255, 255))).toBe(ErrorCode.invalidAcl);
  expect(fixup(Uint8Array.of(255, 255, 255, 251))).toBe(ErrorCode.invalidAcl);
});

test('a null id with a scheme that exists is a marshalling error', () => {
  for (const scheme of ['world', 'digest', 'ip']) {
    expect(fixup(aclBytes([1, scheme, null]))).toBe(ErrorCode.marshallingError);
  }
});

test('exact duplicates are dropped and the first one is kept', () => {
  const a: Entry = [1, 'ip', '10.0.0.1'];
  const b: Entry = [2, 'ip', '10.0.0.1'];
  expect(fixup(aclBytes(a, b, a, [31, 'world', 'anyone'], b))).toEqual([
    a,
    b,
    [31, 'world', 'anyone'],
  ]);
});

test('auth becomes one entry for each authenticated identity, whatever its id text', () => {
  for (const id of ['', 'ignored', null]) {
    expect(fixup(aclBytes([5, 'auth', id]))).toEqual([
      [5, 'digest', 'bob:hash'],
      [5, 'digest', 'eve:hash'],
    ]);
  }
});

test('auth of a connection that is not authenticated is an invalid ACL', () => {
  const address = Identities.of([
    { scheme: 'ip', id: '127.0.0.1' },
    { scheme: 'super', id: '' },
  ]);
  expect(fixup(aclBytes([5, 'auth', '']), address)).toBe(ErrorCode.invalidAcl);
  expect(fixup(aclBytes([5, 'auth', '']), own, table({ digest: null }))).toBe(ErrorCode.invalidAcl);
});

test('a list that auth would blow up beyond a frame is refused', () => {
  const many = Identities.of(
    Array.from({ length: 100 }, (_, i) => ({ scheme: 'digest', id: `user${i}:${'h'.repeat(50)}` })),
  );
  const entries = Array.from({ length: 200 }, (_, perms): Entry => [perms, 'auth', '']);
  expect(fixup(aclBytes(...entries.slice(0, 100)), many)).toHaveLength(10_000);
  expect(fixup(aclBytes(...entries), many)).toBe(ErrorCode.invalidAcl);
});

test('configured providers make sasl and x509 entries valid', () => {
  const schemes = table({ sasl: { letAnySaslUserDoX: null }, x509: { superUser: null } });
  const valid: Entry[] = [
    [1, 'sasl', 'alice'],
    [1, 'sasl', 'zk/host@REALM'],
    [1, 'x509', 'CN=alice,OU="a, b"+UID=7,DC=x\\,y'],
    [1, 'x509', '1.2.840.113549.1.9.1=#1603'],
  ];
  expect(fixup(aclBytes(...valid), own, schemes)).toEqual(valid);
  for (const bad of ['a/b/c@R', 'a@b@c']) {
    expect(fixup(aclBytes([1, 'sasl', bad]), own, schemes)).toBe(ErrorCode.invalidAcl);
  }
  for (const bad of ['alice', 'CN', 'NOPE=x', 'CN="open', 'CN=a,']) {
    expect(fixup(aclBytes([1, 'x509', bad]), own, schemes)).toBe(ErrorCode.invalidAcl);
  }
});

test('names made to be slow are refused in no time', () => {
  const schemes = table({ sasl: { letAnySaslUserDoX: null }, x509: { superUser: null } });
  const many = 500_000;
  for (const entry of [
    [1, 'digest', `${':'.repeat(many)}x`],
    [1, 'x509', `CN=${' '.repeat(many)}<`],
    [1, 'ip', `${':'.repeat(many)}`],
    [1, 'ip', `1.1.1.1/${'9'.repeat(many)}`],
    [1, 'sasl', `${'/'.repeat(many)}@`],
  ] as const) {
    expect(fixup(aclBytes(entry), own, schemes)).toBe(ErrorCode.invalidAcl);
  }
});

test('truncated bytes are a jute error', () => {
  const one = aclBytes([31, 'world', 'anyone']);
  const two = aclBytes([31, 'world', 'anyone'], [1, 'ip', '1.1.1.1']);
  for (const acl of [one, two]) {
    for (let length = 0; length < acl.length; length++) {
      expect(() => fixup(acl.slice(0, length))).toThrow(JuteError);
      expect(() => skipAcl(new JuteReader(acl.slice(0, length)))).toThrow(JuteError);
    }
  }
});

test('the reader stands behind the list afterwards, skipped or fixed up', () => {
  for (const acl of [aclBytes([31, 'world', 'anyone']), aclBytes([1, 'ip', '1.1.1.1'])]) {
    const request = Uint8Array.of(...acl, 0, 0, 0, 6);
    for (const read of [
      skipAcl,
      (reader: JuteReader) => fixupAcl(reader, own, table(), new JuteWriter()),
    ]) {
      const reader = new JuteReader(request);
      read(reader);
      expect(reader.readInt()).toBe(6);
    }
  }
});

test('a masked list shows of digest ids the user alone and leaves the rest', () => {
  const acl = aclBytes(
    [31, 'digest', 'bob:hash'],
    [1, 'digest', 'nocolon'],
    [1, 'digest', ':a:b'],
    [2, 'ip', '1:2'],
    [3, 'world', 'anyone'],
  );
  const writer = new JuteWriter(4);
  expect(maskAcl(acl, 0, acl.length, writer)).toBe(true);
  expect(entriesOf(writer.finish())).toEqual([
    [31, 'digest', 'bob:x'],
    [1, 'digest', 'nocolon'],
    [1, 'digest', ':x'],
    [2, 'ip', '1:2'],
    [3, 'world', 'anyone'],
  ]);
});

test('masking bytes that are no ACL writes nothing', () => {
  const acl = aclBytes([31, 'digest', 'bob:hash'], [31, 'world', 'anyone']);
  for (let length = 0; length < acl.length; length++) {
    const writer = new JuteWriter();
    writer.writeInt(5);
    expect(maskAcl(acl, 0, length, writer)).toBe(false);
    expect(writer.offset).toBe(4);
  }
});
