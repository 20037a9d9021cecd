/**
 * Streams that go through something completely: every odd path with every op, every body cut at
 * every byte, every user with every ACL and permission. Chance would take long to find them all.
 */
import { CreateFlag, OpCode } from '../../../src/jute/proto.ts';
import { encodeUtf8 } from '../../../src/jute/utf8.ts';
import { superAuth } from './differential-runner.ts';
import * as steps from './differential-steps.ts';
import { ask, type PathLike, type Request, type Step } from './differential-steps.ts';
import * as values from './differential-values.ts';

export interface Catalogue {
  readonly name: string;
  readonly steps: () => Step[];
}

export const catalogues: readonly Catalogue[] = [
  { name: 'every odd path with every op', steps: oddPathStream },
  { name: 'every odd ACL', steps: oddAclStream },
  { name: 'every flag with every TTL', steps: flagStream },
  { name: 'every request cut at every byte', steps: cutStream },
  { name: 'lists of every length', steps: countStream },
  { name: 'every user with every ACL and permission', steps: aclMatrix },
  { name: 'every kind of auth packet', steps: authStream },
  { name: 'every kind of watch with every kind of change', steps: watchMatrix },
  { name: 'requests as large as they may be, and larger', steps: largeStream },
  { name: 'every op number', steps: opStream },
  { name: 'limits that are no limits', steps: quotaStream },
];

const empty = new Uint8Array(0);
const creates = [OpCode.create, OpCode.create2, OpCode.createContainer] as const;
const reads = [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2] as const;

function alone(requests: readonly Request[]): Step[] {
  return requests.map((request) => ask(0, request));
}

/** One of every op on a path, but for those which end the session. */
function allOn(path: PathLike): Request[] {
  const echoed = values.isChangedByEcho(path) ? '/nowhere' : path;
  const writes = [
    ...creates.map((type) => steps.create(type, path)),
    steps.create(OpCode.create, path, { flags: CreateFlag.persistentSequential }),
    steps.create(OpCode.createTTL, path, { flags: CreateFlag.persistentWithTtl, ttl: 3_600_000n }),
    steps.setData(path, encodeUtf8('set')),
    steps.check(path),
    steps.remove(path),
  ];
  return [
    ...reads.map((type) => steps.read(type, path, path === echoed)),
    ...writes.filter(({ type }) => type !== OpCode.check),
    steps.setAcl(path, steps.openAcl),
    steps.ofPath(OpCode.getACL, path),
    steps.ofPath(OpCode.sync, echoed),
    steps.ofPath(OpCode.getEphemerals, path),
    steps.ofPath(OpCode.getAllChildrenNumber, path),
    ...[0, 1].map((mode) => steps.ofWatch(OpCode.addWatch, echoed ?? '/nowhere', mode)),
    ...[1, 2, 3, 4, 5].map((mode) => steps.ofWatch(OpCode.checkWatches, echoed, mode)),
    ...[1, 2, 4, 5].map((mode) => steps.ofWatch(OpCode.removeWatches, echoed, mode)),
    ...writes.map((write) => steps.multi(OpCode.multi, [write])),
    steps.multi(OpCode.multiRead, [steps.read(OpCode.getData, path)]),
    steps.setWatches(OpCode.setWatches2, 0n, [[echoed], [echoed], [echoed], [], []]),
  ];
}

function oddPathStream(): Step[] {
  // Watches on no path and on the empty one are a matter of their own.
  const paths = values.oddPaths.filter((path) => path !== null);
  const before = alone([steps.create(OpCode.create, '/a')]);
  return [...before, ...alone([null, ...paths].flatMap(allOn))].filter(
    (step) => !watchesNull(step),
  );
}

function watchesNull(step: Step): boolean {
  if (step.kind !== 'request') return false;
  return /^(addWatch|checkWatches|removeWatches) null/.test(step.request.text);
}

function oddAclStream(): Step[] {
  const requests = [...values.oddAcls, ...values.acls].flatMap((acl, i) => {
    const create = steps.create(OpCode.create, `/acl${i}`, { acl });
    return [
      create,
      steps.create(OpCode.create2, '/nowhere/x', { acl }),
      steps.setAcl('/target', acl),
      steps.ofPath(OpCode.getACL, '/target'),
      steps.setAcl('/nowhere', acl),
      steps.multi(OpCode.multi, [steps.create(OpCode.create, `/multi${i}`, { acl })]),
    ];
  });
  const user = { ...steps.auth('digest', values.users[0].auth), xid: -4 };
  const target = steps.create(OpCode.create, '/target');
  return alone([target, ...requests, user, ...requests, { ...user }]);
}

function flagStream(): Step[] {
  const requests: Request[] = [];
  const ttls = [1n, 3_600_000n, (1n << 40n) - 1n, 1n << 40n, 1n << 62n, 0n, -1n, -(1n << 63n)];
  for (const flags of [0, 1, 2, 3, 4, 5, 6, 7, -1, 0x7fffffff]) {
    for (const type of creates) requests.push(steps.create(type, `/f${flags}-${type}`, { flags }));
    const isTtl = flags === 5 || flags === 6;
    for (const ttl of ttls) {
      const request = steps.create(OpCode.createTTL, `/t${flags}-${ttl}`, { flags, ttl });
      // With another flag and a negative TTL it stops an Apache server (hazard H1).
      if (isTtl || ttl >= 0n) requests.push(request);
    }
  }
  const again = requests.map((request) => steps.multi(OpCode.multi, [request]));
  return alone([...requests, ...again]);
}

function cutStream(): Step[] {
  const whole = [
    ...allOn('/cut'),
    steps.multi(OpCode.multi, [steps.create(OpCode.create, '/cut/x'), steps.check('/cut', 5)]),
    steps.setWatches(OpCode.setWatches2, 0n, [['/a'], ['/b'], ['/c'], ['/d'], ['/e']]),
    steps.bare(OpCode.reconfig, new steps.Body().path('a').path(null).path('b').long(-1n).done()),
    steps.bare(OpCode.sasl, new steps.Body().buffer(encodeUtf8('ab')).done()),
    steps.bare(OpCode.whoAmI),
    steps.bare(OpCode.ping),
  ];
  const node = steps.create(OpCode.create, '/cut');
  const requests = whole.flatMap((request) => {
    const length = steps.bodyOf(request).byteLength;
    // A token that cannot be read costs the connection; enough of them.
    const step = request.type === OpCode.sasl ? 2 : 1;
    const cuts = Array.from({ length: Math.ceil(length / step) }, (_, i) => 1 + i * step);
    return cuts.map((cut) => steps.damaged(request, cut, empty));
  });
  return alone([node, ...requests]);
}

function countStream(): Step[] {
  const counts = [-1, -2, -5, 1, 2, 1000, 0x7fffffff, -0x80000000];
  const body = () => new steps.Body();
  const requests = counts.flatMap((count) => [
    steps.bare(OpCode.create, body().path('/n').buffer(empty).int(count).int(0).done()),
    steps.bare(OpCode.setACL, body().path('/').int(count).int(-1).done()),
    steps.bare(OpCode.create, body().int(count).raw(encodeUtf8('/n')).done()),
    steps.bare(OpCode.create, body().path('/n').int(count).acl(steps.openAcl).int(0).done()),
    steps.bare(OpCode.setData, body().path('/').int(count).int(-1).done()),
    steps.bare(OpCode.getData, body().int(count).bool(true).done()),
    steps.bare(OpCode.sync, body().int(count).done()),
    steps.bare(OpCode.getEphemerals, body().int(count).done()),
    steps.bare(OpCode.setWatches, body().long(0n).int(count).int(0).int(0).done()),
    steps.bare(OpCode.setWatches, body().long(0n).int(0).int(0).int(count).done()),
    steps.bare(OpCode.setWatches2, body().long(0n).int(0).int(0).int(0).int(count).int(0).done()),
    steps.bare(OpCode.multi, body().int(count).bool(false).int(-1).done()),
    steps.bare(OpCode.multi, body().int(count).bool(true).int(-1).done()),
    steps.bare(OpCode.multiRead, body().int(count).bool(false).int(-1).done()),
    steps.bare(OpCode.reconfig, body().int(count).int(count).int(count).long(-1n).done()),
  ]);
  return alone(requests);
}

/** Client 0 is super, 1 nobody, 2 and 3 users, 4 both of them. */
function aclMatrix(): Step[] {
  const [alice, bob] = [values.users[0].auth, values.users[1].auth];
  const logins: [number, string][] = [
    ...([
      [0, superAuth],
      [2, alice],
      [3, bob],
      [4, alice],
      [4, bob],
    ] as [number, string][]),
  ];
  const stream: Step[] = logins.map(([client, auth]) => {
    return ask(client, { ...steps.auth('digest', auth), xid: -4 });
  });
  const kinds: [string, string][] = [
    ['world', 'anyone'],
    ['digest', values.users[0].id],
    ['digest', values.users[1].id],
    ['ip', '127.0.0.1'],
    ['ip', '127.1.0.0/8'],
    ['ip', '10.0.0.0/8'],
  ];
  for (const [scheme, id] of kinds) {
    for (const perms of [0, 1, 2, 4, 8, 16, 30, 15, 31]) {
      const own = [{ perms, id: { scheme, id } }];
      const acl =
        perms === 15 ? [...own, { perms: 16, id: { scheme: 'world', id: 'anyone' } }] : own;
      stream.push(ask(0, steps.create(OpCode.create, '/m', { acl })));
      stream.push(ask(0, steps.create(OpCode.create, '/m/gone')));
      for (const client of [1, 2, 3, 4, 0]) {
        stream.push({ kind: 'burst', client, requests: matrixRequests(client) });
      }
      stream.push(ask(0, steps.remove('/m/gone')), ask(0, steps.remove('/m')));
    }
  }
  return stream;
}

function matrixRequests(client: number): Request[] {
  const child = `/m/${client}`;
  return [
    ...reads.map((type) => steps.read(type, '/m', true)),
    steps.ofPath(OpCode.getACL, '/m'),
    steps.ofPath(OpCode.getAllChildrenNumber, '/m'),
    steps.setData('/m', encodeUtf8('new')),
    steps.multi(OpCode.multi, [steps.check('/m')]),
    steps.multi(OpCode.multi, [steps.create(OpCode.create2, child), steps.remove(child)]),
    steps.multi(OpCode.multiRead, [
      steps.read(OpCode.getData, '/m'),
      steps.read(OpCode.getChildren, '/m'),
    ]),
    steps.create(OpCode.create, child, { flags: CreateFlag.ephemeral }),
    steps.create(OpCode.create, '/m/gone'),
    steps.remove('/m/gone', 7),
    steps.remove(child),
  ];
}

function authStream(): Step[] {
  const packets: Request[] = [];
  for (const scheme of ['digest', 'ip', 'world', 'auth', 'super', 'sasl', 'x509', 'no', '', null]) {
    for (const data of ['', 'a', 'a:b', ':', 'a:b:c', 'ü:ß', null, Uint8Array.of(0xff, 0x3a)]) {
      packets.push(steps.auth(scheme, data));
    }
  }
  const who = steps.bare(OpCode.whoAmI);
  const acl = steps.create(OpCode.create, '/n', {
    acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }],
    flags: CreateFlag.persistentSequential,
  });
  return alone([
    ...packets.flatMap((packet) => [packet, who, acl]),
    steps.auth('digest', superAuth),
    who,
    acl,
  ]);
}

/** Client 0 changes, 1 has one kind of watch, 2 has all of them. */
function watchMatrix(): Step[] {
  const kinds: Request[] = [
    ...reads.map((type) => steps.read(type, '/w', true)),
    ...[0, 1].map((mode) => steps.ofWatch(OpCode.addWatch, '/w', mode)),
    ...[0, 1].map((mode) => steps.ofWatch(OpCode.addWatch, '/', mode)),
    steps.read(OpCode.exists, '/w/x', true),
    steps.read(OpCode.getChildren, '/', true),
    steps.read(OpCode.getChildren, '', true),
    steps.read(OpCode.exists, '', true),
    steps.ofWatch(OpCode.addWatch, '', 1),
    steps.ofWatch(OpCode.addWatch, '/w/', 1),
  ];
  const { create2, multi } = OpCode;
  const changes: Request[] = [
    steps.create(create2, '/w'),
    steps.setData('/w', encodeUtf8('1')),
    steps.setAcl('/w', steps.openAcl),
    steps.create(create2, '/w/x', { flags: CreateFlag.ephemeral }),
    steps.setData('/w/x', null),
    steps.create(create2, '/w/x'),
    steps.setData('/', encodeUtf8('root')),
    steps.remove('/w/x'),
    steps.remove('/w', 9),
    steps.remove('/w'),
    steps.multi(multi, [
      ...[steps.create(create2, '/w'), steps.create(create2, '/w/x'), steps.setData('/w', null)],
      ...[steps.remove('/w/x'), steps.remove('/w'), steps.create(create2, '/w')],
    ]),
    steps.multi(multi, [steps.setData('/w', null), steps.check('/w', 77)]),
    steps.remove('/w'),
    steps.create(create2, '/w', { flags: CreateFlag.ephemeral }),
    steps.bare(OpCode.closeSession),
  ];
  const look = steps.bare(OpCode.ping);
  return kinds.flatMap((kind) =>
    changes.flatMap((change) => [
      ask(1, kind),
      ...kinds.map((each) => ask(2, each)),
      ask(0, change),
      ask(1, look),
      ask(2, look),
    ]),
  );
}

function largeStream(): Step[] {
  const frameMax = 1_048_575;
  const node = steps.create(OpCode.create, '/big');
  const overhead = 8 + steps.bodyOf(steps.setData('/big', empty)).byteLength;
  const fitting = new Uint8Array(frameMax - overhead).fill(1);
  const over = new Uint8Array(frameMax - overhead + 1);
  const name = 'n'.repeat(200);
  const deep = Array.from({ length: 60 }, (_, i) => `/d${'/d'.repeat(i)}`);
  const many = Array.from({ length: 3000 }, (_, i) =>
    steps.create(OpCode.create2, `/big/${i}`, { data: encodeUtf8(`${i}`) }),
  );
  return alone([
    node,
    steps.setData('/big', fitting),
    steps.read(OpCode.getData, '/big', true),
    steps.setData('/big', over),
    steps.read(OpCode.getData, '/big'),
    steps.setData('/big', null),
    steps.multi(OpCode.multi, many),
    steps.multi(OpCode.multi, [...many, steps.check('/big', 77)]),
    steps.read(OpCode.getChildren2, '/big'),
    steps.ofPath(OpCode.getAllChildrenNumber, '/big'),
    steps.multi(
      OpCode.multiRead,
      many.map((_, i) => steps.read(OpCode.getData, `/big/${i}`)),
    ),
    steps.multi(
      OpCode.multi,
      many.map((_, i) => steps.remove(`/big/${i}`)),
    ),
    steps.create(OpCode.create, `/${name.repeat(500)}`),
    ...deep.map((path) => steps.create(OpCode.create2, path)),
    steps.ofPath(OpCode.getAllChildrenNumber, '/d'),
    steps.create(OpCode.create, `/${'x/'.repeat(1000)}y`),
    steps.bare(OpCode.multi, new Uint8Array(frameMax - 8)),
  ]);
}

/** Every small op number with no body and with a path; not those of hazards H3 and H4. */
function opStream(): Step[] {
  const types = Array.from({ length: 128 }, (_, i) => i - 16);
  const left = types.filter((type) => type !== OpCode.deleteContainer && type !== -10);
  return left.flatMap((type) =>
    type === OpCode.closeSession
      ? []
      : alone([
          steps.bare(type),
          steps.bare(type, new steps.Body().path('/op').int(0).int(0).long(0n).done()),
        ]),
  );
}

function quotaStream(): Step[] {
  const limits = '/zookeeper/quota/q/zookeeper_limits';
  const stats = '/zookeeper/quota/q/zookeeper_stats';
  const make = (path: string) => steps.create(OpCode.create2, path);
  const use = [
    steps.create(OpCode.create2, '/q/x', { data: encodeUtf8('12345') }),
    steps.setData('/q/x', encodeUtf8('123456789')),
    steps.setData('/q/x', encodeUtf8('1')),
    steps.setData('/q', encodeUtf8('123')),
    steps.multi(OpCode.multi, [make('/q/y'), make('/q/z'), steps.check('/q')]),
    steps.read(OpCode.getData, stats),
    steps.remove('/q/x'),
    steps.remove('/q/y'),
    steps.remove('/q/z'),
    steps.read(OpCode.getData, stats),
  ];
  const texts = [
    ...['', 'garbage', 'count', 'count=', 'count=1', 'count=1,bytes=2', 'bytes=2,count=1', 'a=b'],
    ...['count=1,bytes=2,', ',count=1', ';;', '=', 'count=1=2', 'count=+1', 'count= 1', 'count=1 '],
    ...['count=99999999999999999999', 'countHardLimit=2', 'byteHardLimit=4;countHardLimit=2'],
    ...['count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=-1', 'countHardLimit=0', 'COUNT=1'],
    ...['count=1,count=2', 'countHardLimit=', 'x=1;countHardLimit=3', 'countHardLimit=-2'],
  ];
  const requests = [null, ...texts].flatMap((text) => [
    steps.create(OpCode.create, limits, { data: text === null ? null : encodeUtf8(text) }),
    steps.create(OpCode.create2, stats, { data: encodeUtf8('count=7,bytes=7') }),
    ...use,
    steps.remove(stats),
    ...use,
    steps.create(OpCode.create, stats, { data: null }),
    ...use,
    steps.setData(limits, encodeUtf8('count=-1,bytes=-1=;countHardLimit=2')),
    ...use,
    steps.remove(limits),
    ...use,
    steps.remove(stats),
  ]);
  return alone([make('/q'), make('/zookeeper/quota/q'), ...requests]);
}
