import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkAcl } from '../../src/auth/check-acl.ts';
import { Identities } from '../../src/auth/identity.ts';
import type { SchemeTable } from '../../src/auth/schemes.ts';
import { Perms } from '../../src/jute/data.ts';
import { aclBytes, type Entry, entriesOf, table } from './auth-fixtures.ts';

const local = { scheme: 'ip', id: '127.0.0.1' };
const bob = { scheme: 'digest', id: 'bob:hash' };
const nobody = Identities.of([local]);

function check(acl: Uint8Array, perm: number, identities = nobody, schemes: SchemeTable = table()) {
  return checkAcl(acl, 0, acl.length, perm, identities, schemes);
}

test('an empty list and a null list allow everything to everybody', () => {
  for (const acl of [aclBytes(), Uint8Array.of(255, 255, 255, 255)]) {
    expect(check(acl, Perms.delete)).toBe(true);
  }
});

test('world:anyone passes for the permissions of its entry alone', () => {
  const acl = aclBytes([Perms.read | Perms.write, 'world', 'anyone']);
  expect(check(acl, Perms.read)).toBe(true);
  expect(check(acl, Perms.create)).toBe(false);
});

test('one of several wanted permissions suffices', () => {
  const acl = aclBytes([Perms.admin, 'world', 'anyone']);
  expect(check(acl, Perms.read | Perms.admin)).toBe(true);
  expect(check(acl, Perms.read)).toBe(false);
});

test('world with another id is nobody', () => {
  expect(check(aclBytes([31, 'world', 'anybody']), Perms.read)).toBe(false);
  expect(check(aclBytes([31, 'World', 'anyone']), Perms.read)).toBe(false);
});

test('a super identity passes every check', () => {
  const identities = Identities.of([local, { scheme: 'super', id: '' }]);
  expect(check(aclBytes([0, 'digest', 'eve:hash']), Perms.admin, identities)).toBe(true);
});

test('skipACL passes every check', () => {
  const acl = aclBytes([31, 'digest', 'eve:hash']);
  expect(check(acl, Perms.write, nobody, table({ skipAcl: true }))).toBe(true);
});

test('a digest entry matches the connection that holds exactly this id', () => {
  const acl = aclBytes([31, 'digest', 'bob:hash']);
  expect(check(acl, Perms.write, Identities.of([local, bob]))).toBe(true);
  expect(check(acl, Perms.write, nobody)).toBe(false);
  expect(check(aclBytes([31, 'digest', 'bob:hasx']), Perms.write, Identities.of([bob]))).toBe(
    false,
  );
});

test('an id matches within its own scheme alone', () => {
  const identities = Identities.of([{ scheme: 'x509', id: 'bob:hash' }]);
  const schemes = table({ x509: { superUser: null } });
  expect(check(aclBytes([31, 'digest', 'bob:hash']), Perms.read, identities, schemes)).toBe(false);
  expect(check(aclBytes([31, 'x509', 'bob:hash']), Perms.read, identities, schemes)).toBe(true);
});

test('an entry whose scheme has no provider matches nobody', () => {
  const acl = aclBytes([31, 'digest', 'bob:hash']);
  expect(check(acl, Perms.read, Identities.of([bob]), table({ digest: null }))).toBe(false);
});

test('a later entry may allow what an earlier one does not', () => {
  const acl = aclBytes([1, 'digest', 'bob:hash'], [2, 'world', 'anyone'], [4, 'ip', '127.0.0.0/8']);
  expect(check(acl, Perms.read)).toBe(false);
  expect(check(acl, Perms.write)).toBe(true);
  expect(check(acl, Perms.create)).toBe(true);
});

test('an ip entry matches by its mask', () => {
  expect(check(aclBytes([31, 'ip', '127.0.0.2/30']), Perms.read)).toBe(true);
  expect(check(aclBytes([31, 'ip', '127.0.0.2/31']), Perms.read)).toBe(false);
});

test('a SASL user named super, and the wildcard entry, match any sasl entry', () => {
  const acl = aclBytes([31, 'sasl', 'alice']);
  const schemes = table({ sasl: { letAnySaslUserDoX: 'everyone' } });
  const user = (id: string) => Identities.of([{ scheme: 'sasl', id }]);
  expect(check(acl, Perms.read, user('alice'), schemes)).toBe(true);
  expect(check(acl, Perms.read, user('mallory'), schemes)).toBe(false);
  expect(check(acl, Perms.read, user('super'), schemes)).toBe(true);
  expect(check(aclBytes([31, 'sasl', 'everyone']), Perms.read, user('bob'), schemes)).toBe(true);
});

test('an ACL in the middle of other bytes is read between its bounds', () => {
  const acl = aclBytes([1, 'world', 'anyone']);
  const frame = new Uint8Array(acl.length + 20).fill(7);
  frame.set(acl, 9);
  expect(checkAcl(frame, 9, 9 + acl.length, Perms.read, nobody, table())).toBe(true);
});

const anEntry: fc.Arbitrary<Entry> = fc.tuple(
  fc.integer({ min: 0, max: 31 }),
  fc.constantFrom('world', 'ip', 'digest', 'unknown'),
  fc.constantFrom('anyone', '127.0.0.1', '127.0.0.0/24', '10.0.0.1', 'bob:hash', ''),
);

test('the answer on bytes is the one that the rule gives on strings', () => {
  const someone = fc.subarray([local, bob, { scheme: 'unknown', id: 'bob:hash' }]);
  const property = fc.property(
    fc.array(anEntry, { maxLength: 5 }),
    fc.integer({ min: 1, max: 31 }),
    someone,
    (entries, perm, ids) => {
      const naive =
        entries.length === 0 ||
        entries.some(([perms, scheme, id]) => {
          if ((perms & perm) === 0) return false;
          if (scheme === 'world') return id === 'anyone';
          if (!ids.some((own) => own.scheme === scheme)) return false;
          if (scheme === 'ip') return id === '127.0.0.1' || id === '127.0.0.0/24';
          return scheme === 'digest' && id === 'bob:hash';
        });
      expect(check(aclBytes(...entries), perm, Identities.of(ids))).toBe(naive);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test('bytes that are no ACL allow nothing that their whole entries do not, and never throw', () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 80 }),
    fc.array(anEntry, { minLength: 1, maxLength: 3 }),
    fc.nat(80),
    (noise, entries, cut) => {
      expect([true, false]).toContain(check(noise, Perms.all));
      const whole = aclBytes(...entries);
      const torn = whole.slice(0, Math.min(cut, whole.length - 1));
      const isAllowed = check(torn, Perms.read);
      if (isAllowed) expect(check(whole, Perms.read)).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 500 });
  expect(check(new Uint8Array(0), Perms.read)).toBe(false);
  expect(entriesOf(aclBytes([1, 'a', 'b']))).toEqual([[1, 'a', 'b']]);
});
