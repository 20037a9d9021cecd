/**
 * The values that streams of differential tests are made of: paths good and bad, ACLs good and
 * bad, data, users. Whatever stops an Apache server (hazards H1, H3, H4, H9) cannot be made of
 * them. Plain data; nothing here is random.
 */
import type { Acl } from '../../../src/jute/data.ts';
import { encodeUtf8 } from '../../../src/jute/utf8.ts';
import { type AclLike, openAcl, type PathLike, type Step } from './differential-steps.ts';

/**
 * Does Apache's server write another UTF-8 than it read? Malformed bytes become U+FFFD, and what is
 * beyond U+FFFF two surrogates; ours echoes bytes.
 */
export function isChangedByEcho(path: PathLike): boolean {
  return path !== null && (typeof path !== 'string' || /[\ud800-\udfff]/.test(path));
}

/** A tree so small that random ops meet each other in it. */
export const paths: readonly string[] = [
  '/a',
  '/b',
  '/a/x',
  '/a/y',
  '/a/x/1',
  '/a/x/1/2',
  '/e',
  '/e/1',
  '/größe',
  '/a/s-',
  '/a/s-0000000000',
  '/a/s-0000000001',
  '/a/0000000002',
];

export const systemPaths: readonly string[] = ['/', '/zookeeper', '/zookeeper/config', ''];

export const quotaPaths: readonly string[] = [
  '/zookeeper/quota',
  '/zookeeper/quota/a',
  '/zookeeper/quota/a/zookeeper_limits',
  '/zookeeper/quota/a/zookeeper_stats',
  '/zookeeper/quota/a/x',
  '/zookeeper/quota/a/x/zookeeper_limits',
  '/zookeeper/quota/a/x/zookeeper_stats',
];

/** Every class of character that paths may not have, its borders, and every bad shape. */
export const oddPaths: readonly PathLike[] = [
  null,
  'a',
  'a/b',
  '/a/',
  '/nowhere/',
  '//',
  '//a',
  '/a//x',
  '/.',
  '/..',
  '/...',
  '/.a',
  '/a.',
  '/a/.',
  '/a/..',
  '/a/./x',
  '/a/../b',
  '/a ',
  '/ ',
  ' ',
  '/\0',
  '/a\0b',
  '/a\0/b',
  '/\u0001',
  '/\u001f',
  '/\u0020',
  '/\u007e',
  '/\u007f',
  '/\u0080',
  '/\u009f',
  '/\u00a0',
  '/\u00ad',
  '/\u200b',
  '/\ufeff',
  '/\u3000',
  '/\ud7ff',
  '/\ue000',
  '/\uefff',
  '/\uf000',
  '/\uf8ff',
  '/\uf900',
  '/\uffef',
  '/\ufff0',
  '/\ufffd',
  '/\uffff',
  '/\u{10000}',
  '/\u{1f600}',
  '/\u{10ffff}',
  '/zookeeper/',
  '/zookeeper/./config',
  '/zookeeper/config/x',
  // A surrogate on its own, an overlong '/', a lead byte without its rest, and one that is none.
  Uint8Array.of(0x2f, 0xed, 0xa0, 0x80),
  Uint8Array.of(0x2f, 0xc0, 0xaf),
  Uint8Array.of(0x2f, 0x61, 0xe2, 0x82),
  Uint8Array.of(0x2f, 0xff),
  Uint8Array.of(0x2f, 0xc3, 0x28),
  Uint8Array.of(0x2f, 0xf5, 0x80, 0x80, 0x80),
];

export const data: readonly (Uint8Array | null)[] = [
  null,
  new Uint8Array(0),
  encodeUtf8('1'),
  encodeUtf8('twelve bytes'),
  new Uint8Array(300).fill(0xfe),
];

/** What may stand in a node of a quota. Other text stops an Apache server. */
export const quotaData: readonly Uint8Array[] = [
  'count=3,bytes=20',
  'count=-1,bytes=-1',
  'count=2,bytes=10=;byteHardLimit=12;countHardLimit=3',
  'count=-1,bytes=-1=;countHardLimit=1',
  'count=-1,bytes=-1=;byteHardLimit=0',
  'bytes=5',
].map(encodeUtf8);

/** Data for a node at this path. */
export function dataFor(path: PathLike): readonly (Uint8Array | null)[] {
  const isOfQuota = typeof path === 'string' && /zookeeper_(limits|stats)/.test(path);
  return isOfQuota ? quotaData : data;
}

/** Auth data of the users, and their ids in ACLs. */
export const users = [
  { auth: 'alice:secret', id: 'alice:aYXlLOpEooaV1cRAvUL1fp9Qt7E=' },
  { auth: 'bob:pw', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' },
  { auth: 'nocolon', id: '' },
] as const;

function entry(perms: number, scheme: string | null, id: string | null): Acl {
  return { perms, id: { scheme, id } };
}

const alice = users[0].id;
const bob = users[1].id;

export const acls: readonly AclLike[] = [
  openAcl,
  [entry(31, 'auth', '')],
  [entry(1, 'world', 'anyone'), entry(30, 'auth', 'whatever')],
  [entry(31, 'digest', alice)],
  [entry(31, 'digest', alice), entry(3, 'digest', bob), entry(16, 'world', 'anyone')],
  [entry(1, 'world', 'anyone')],
  [entry(30, 'world', 'anyone')],
  [entry(15, 'world', 'anyone')],
  [entry(31, 'ip', '127.0.0.1')],
  [entry(31, 'ip', '127.0.0.0/8'), entry(1, 'digest', bob)],
  [entry(31, 'ip', '10.0.0.1/32')],
  [entry(0, 'world', 'anyone')],
  [entry(255, 'world', 'anyone')],
  [entry(-1, 'world', 'anyone')],
  [entry(1, 'world', 'anyone'), entry(1, 'world', 'anyone'), entry(3, 'world', 'anyone')],
];

export const oddAcls: readonly AclLike[] = [
  [],
  null,
  -5,
  [entry(31, 'world', 'somebody')],
  [entry(31, 'world', '')],
  [entry(31, 'WORLD', 'anyone')],
  [entry(31, 'super', '')],
  [entry(31, 'super', 'admin')],
  [entry(31, 'nothing', 'x')],
  [entry(31, '', '')],
  [entry(31, null, 'anyone')],
  [entry(31, 'world', null)],
  [entry(31, 'digest', null)],
  [entry(31, 'ip', null)],
  [entry(31, 'auth', null)],
  [entry(31, null, null)],
  [entry(31, 'world', 'anyone'), entry(31, null, null)],
  [entry(31, 'world', 'anyone'), entry(1, 'world', 'anyone'), entry(31, 'nothing', '')],
  [entry(31, 'sasl', 'someone')],
  [entry(31, 'x509', 'CN=someone')],
  ...['', ':', 'a', 'a:', ':b', 'a:b', 'a:b:', 'a:b::', 'a:b:c', '::', ' : '].map((id) => [
    entry(31, 'digest', id),
  ]),
  ...[
    '',
    '127.0.0.1/',
    '127.0.0.1/0',
    '127.0.0.1/32',
    '127.0.0.1/33',
    '127.0.0.1/-1',
    '127.0.0.1/ 8',
    '127.0.0.1/+8',
    '127.0.0.1/08',
    '127.0.0.1/x',
    '127.0.0.1/8/8',
    '/8',
    '127.0.0',
    '127.0.0.1.1',
    '127.0.0.256',
    '127.0.0.-1',
    '127.0.0.+1',
    '127.0.0.01',
    '127.0.0.1 ',
    '127.0.0.1.',
    '.127.0.0.1',
    '127..0.1',
    'localhost',
    '::1',
    '::1/128',
    '::1/129',
    '0:0:0:0:0:0:0:1',
    '::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '12345::',
    'g::',
    '::ffff:127.0.0.1',
    '::ffff:127.0.0.1/96',
    '2001:db8::/32',
    '2001:DB8::1',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    ':1:2:3:4:5:6:7',
    'fe80::1%lo',
    '[::1]',
  ].map((id) => [entry(31, 'ip', id)]),
];

/** Frames that are none, and requests without a whole header: each costs its connection. */
export function wildBytes(client: number): readonly Step[] {
  const kind = 'bytes' as const;
  return [
    { kind, client, text: 'a frame of nothing', bytes: Uint8Array.of(0, 0, 0, 0) },
    { kind, client, text: 'half a header', bytes: Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 9) },
    {
      kind,
      client,
      text: 'a header less a byte',
      bytes: Uint8Array.of(0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0),
    },
    { kind, client, text: 'a negative length', bytes: Uint8Array.of(0xff, 0xff, 0xff, 0xff) },
    { kind, client, text: 'a byte too many', bytes: Uint8Array.of(0, 0x10, 0, 0) },
    { kind, client, text: 'srvr, too late', bytes: Uint8Array.of(0x73, 0x72, 0x76, 0x72) },
  ];
}
