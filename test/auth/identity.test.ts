import { expect, test } from 'vitest';
import { decodeIdentities, Identities } from '../../src/auth/identity.ts';
import { JuteError } from '../../src/jute/jute-error.ts';
import { JuteReader } from '../../src/jute/reader.ts';

const ip = { scheme: 'ip', id: '127.0.0.1' };
const bob = { scheme: 'digest', id: 'bob:hash' };

test('adding an identity makes a new list and leaves the old one as it was', () => {
  const before = Identities.of([ip]);
  const after = before.with(bob);
  expect(before.list).toHaveLength(1);
  expect(after.list.map(({ scheme }) => scheme)).toEqual(['ip', 'digest']);
});

test('adding an identity that is there already gives the same list', () => {
  const identities = Identities.of([ip, bob]);
  expect(identities.with({ ...bob })).toBe(identities);
});

test('several identities of one scheme accumulate', () => {
  const identities = Identities.of([bob, { scheme: 'digest', id: 'eve:hash' }]);
  expect(identities.list).toHaveLength(2);
});

test('a list with a super identity knows that it is super, whatever its id', () => {
  expect(Identities.of([ip, bob]).isSuper).toBe(false);
  expect(Identities.of([ip, { scheme: 'super', id: 'CN=admin' }]).isSuper).toBe(true);
  expect(Identities.of([{ scheme: 'digest', id: 'super' }]).isSuper).toBe(false);
});

test('the encoded form is a jute vec<Id> and comes back equal', () => {
  const identities = Identities.of([ip, { scheme: 'super', id: '' }]);
  expect(Buffer.from(Identities.of([ip]).encoded).toString('hex')).toBe(
    '00000001000000026970000000093132372e302e302e31',
  );
  const again = decodeIdentities(new JuteReader(identities.encoded));
  expect(again.encoded).toEqual(identities.encoded);
  expect(again.list).toEqual(identities.list);
  expect(again.isSuper).toBe(true);
});

test('a truncated encoded form is a jute error', () => {
  const bytes = Identities.of([bob]).encoded.slice(0, -1);
  expect(() => decodeIdentities(new JuteReader(bytes))).toThrow(JuteError);
});
