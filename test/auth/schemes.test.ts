import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { enforcedSchemes, isAuthEnough } from '../../src/auth/enforce-auth.ts';
import { Identities } from '../../src/auth/identity.ts';
import {
  authenticate,
  identitiesOfAddress,
  type SchemeTable,
  whoAmI,
  withCertificate,
  withSaslUser,
} from '../../src/auth/schemes.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { settings, superDigest, table } from './auth-fixtures.ts';

const local = identitiesOfAddress('127.0.0.1');

function auth(scheme: string | null, text: string | null, schemes: SchemeTable = table()) {
  const bytes = text === null ? null : encodeUtf8(text);
  const result = authenticate(scheme, bytes, local, schemes);
  if (result.kind !== 'ok') return result.kind;
  return result.identities.list.map(({ scheme, id }) => `${scheme}:${id}`);
}

test.each([
  ['super:admin', 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs='],
  ['bob:pw:x', 'bob:1T1pmOxZmutVa2Qd3gcB6N84LGU='],
])('digest %s gives the id %s', (text, id) => {
  expect(auth('digest', text)).toEqual(['ip:127.0.0.1', `digest:${id}`]);
});

test('digest without a colon is accepted, and the whole text is the user', () => {
  const hash = createHash('sha1').update('foo').digest('base64');
  expect(auth('digest', 'foo')).toEqual(['ip:127.0.0.1', `digest:foo:${hash}`]);
});

test('the super digest gives two identities, super first', () => {
  expect(auth('digest', 'super:test')).toEqual(['ip:127.0.0.1', 'super:', `digest:${superDigest}`]);
  const plain = table({ digest: { hash: () => 'h', superDigest: null } });
  expect(auth('digest', 'super:test', plain)).toEqual(['ip:127.0.0.1', 'digest:super:h']);
});

test('the hash port decides the algorithm of all digest ids', () => {
  const hash = (text: string) => createHash('sha256').update(text).digest('base64');
  const schemes = table({ digest: { hash, superDigest: null } });
  expect(auth('digest', 'bob:pw', schemes)?.[1]).toBe(`digest:bob:${hash('bob:pw')}`);
});

test('digest fails without data, and when it is switched off', () => {
  expect(auth('digest', null)).toBe('failed');
  expect(auth('digest', 'bob:pw', table({ digest: null }))).toBe('failed');
});

test('an unknown scheme fails, and so do a null one and the pseudo schemes', () => {
  for (const scheme of ['ldap', null, 'world', 'auth', 'super', 'sasl', 'x509', 'ensemble']) {
    expect(auth(scheme, 'x')).toBe('failed');
  }
});

test('ip succeeds and adds nothing new', () => {
  expect(auth('ip', null)).toEqual(['ip:127.0.0.1']);
});

test('sasl in an auth packet fails even with a provider', () => {
  expect(auth('sasl', 'x', table({ sasl: { letAnySaslUserDoX: null } }))).toBe('failed');
});

test('x509 in an auth packet needs a certificate', () => {
  const schemes = table({ x509: { superUser: null } });
  expect(auth('x509', '', schemes)).toBe('failed');
  const identities = withCertificate(local, 'CN=a', null);
  expect(authenticate('x509', null, identities, schemes)).toEqual({ kind: 'ok', identities });
});

test('an ensemble name that is not expected closes the connection', () => {
  const schemes = table({ ensemble: { names: ['prod', 'prod-2'] } });
  expect(auth('ensemble', 'prod', schemes)).toEqual(['ip:127.0.0.1']);
  expect(auth('ensemble', '', schemes)).toEqual(['ip:127.0.0.1']);
  expect(auth('ensemble', null, schemes)).toEqual(['ip:127.0.0.1']);
  expect(auth('ensemble', 'test', schemes)).toBe('close');
  expect(auth('ensemble', 'test', table({ ensemble: { names: [] } }))).toEqual(['ip:127.0.0.1']);
});

test('authenticating again as the same user changes nothing', () => {
  const first = authenticate('digest', encodeUtf8('bob:pw'), local, table());
  if (first.kind !== 'ok') throw new Error('refused');
  const second = authenticate('digest', encodeUtf8('bob:pw'), first.identities, table());
  expect(second).toEqual(first);
});

test('a connection may gather many identities but not any number', () => {
  let identities = local;
  const schemes = table({ digest: { hash: () => 'h', superDigest: null } });
  for (let i = 0; i < 255; i++) {
    const result = authenticate('digest', encodeUtf8(`u${i}:p`), identities, schemes);
    if (result.kind !== 'ok') throw new Error(`refused at ${i}`);
    identities = result.identities;
  }
  const again = authenticate('digest', encodeUtf8('u0:p'), identities, schemes);
  expect(again.kind).toBe('ok');
  expect(authenticate('digest', encodeUtf8('one:more'), identities, schemes).kind).toBe('failed');
});

test('the subject of a certificate is an id, and super when it is the configured one', () => {
  const names = (identities: Identities) => identities.list.map(({ scheme, id }) => [scheme, id]);
  expect(names(withCertificate(Identities.none, 'CN=a', 'CN=b'))).toEqual([['x509', 'CN=a']]);
  const admin = withCertificate(Identities.none, 'CN=b', 'CN=b');
  expect(names(admin)).toEqual([
    ['super', 'CN=b'],
    ['x509', 'CN=b'],
  ]);
});

test('a SASL user is super when a superUser setting names it', () => {
  expect(withSaslUser(local, 'alice', ['root', 'alice']).isSuper).toBe(true);
  expect(withSaslUser(local, 'bob', ['root', 'alice']).isSuper).toBe(false);
  // The literal name matches sasl entries only; it is not the super identity.
  expect(withSaslUser(local, 'super', []).isSuper).toBe(false);
});

test('whoAmI lists every identity, with the user of a digest and nothing for super', () => {
  const identities = Identities.of([
    { scheme: 'ip', id: '127.0.0.1' },
    { scheme: 'super', id: '' },
    { scheme: 'digest', id: 'bob:hash' },
    { scheme: 'x509', id: 'CN=a' },
  ]);
  expect(whoAmI(identities, table({ x509: { superUser: null } }))).toEqual([
    { scheme: 'ip', id: '127.0.0.1' },
    { scheme: 'super', id: '' },
    { scheme: 'digest', id: 'bob' },
    { scheme: 'x509', id: 'CN=a' },
  ]);
});

const enforce = { enabled: true, schemes: 'digest, ip', sessionRequireClientSaslAuth: false };

test('enforced schemes are a list of known ones, split at commas', () => {
  expect(enforcedSchemes(enforce, table())).toEqual(['digest', 'ip']);
  expect(enforcedSchemes({ ...enforce, enabled: false }, table())).toEqual([]);
});

test('enforcing nothing, an empty list or an unknown scheme is a startup failure', () => {
  for (const schemes of [null, '', 'digest,', 'digest,ldap', 'sasl']) {
    expect(() => enforcedSchemes({ ...enforce, schemes }, table())).toThrow(/enforce\.auth/);
  }
});

test('sessionRequireClientSASLAuth enforces sasl and nothing else', () => {
  const sasl = { ...enforce, enabled: false, sessionRequireClientSaslAuth: true };
  const schemes = table({ sasl: { letAnySaslUserDoX: null } });
  expect(enforcedSchemes(sasl, schemes)).toEqual(['sasl']);
  expect(() => enforcedSchemes(sasl, table())).toThrow(/sasl/);
});

test('a connection is enough authenticated with any one of the enforced schemes', () => {
  expect(isAuthEnough([], Identities.none)).toBe(true);
  expect(isAuthEnough(['digest'], local)).toBe(false);
  expect(isAuthEnough(['digest', 'ip'], local)).toBe(true);
  expect(settings.digest?.superDigest).toBe(superDigest);
});
