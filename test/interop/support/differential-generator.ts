/**
 * Makes streams from seeds: the same seed and profile, the same steps. Every op code is in them,
 * with arguments that are right, wrong, and no arguments at all; what stops an Apache server is
 * left out (see the table of deliberate differences).
 */
import { CreateFlag, OpCode } from '../../../src/jute/proto.ts';
import { SeededRandom } from '../../support/random.ts';
import { superAuth } from './differential-runner.ts';
import type { AclLike, PathLike, Request, Step } from './differential-steps.ts';
import * as steps from './differential-steps.ts';
import * as values from './differential-values.ts';

export interface Profile {
  readonly name: string;
  readonly clients: number;
  readonly length: number;
  /** Of a hundred paths, how many are of quotas. */
  readonly quotas: number;
  /** Of a hundred ACLs, how many are not open to all. */
  readonly closed: number;
  /** Of a hundred inputs, how many are wrong on purpose. */
  readonly odd: number;
  /** How often each kind of step comes, relative to the others. */
  readonly weights: Partial<Record<keyof typeof makers, number>>;
}

const usualWeights = {
  create: 22,
  remove: 8,
  setData: 8,
  read: 14,
  acl: 5,
  watch: 8,
  setWatches: 3,
  multi: 7,
  multiRead: 2,
  other: 6,
  auth: 1,
  burst: 3,
  session: 2,
  wild: 1,
};

export const profiles: readonly Profile[] = [
  { name: 'one client', clients: 1, length: 220, quotas: 4, closed: 10, odd: 12, weights: {} },
  {
    name: 'three clients',
    clients: 3,
    length: 260,
    quotas: 4,
    closed: 12,
    odd: 4,
    weights: { watch: 16, setWatches: 6, session: 8, read: 20 },
  },
  {
    name: 'users and ACLs',
    clients: 4,
    length: 240,
    quotas: 2,
    closed: 70,
    odd: 6,
    weights: { acl: 20, auth: 8, session: 3, setWatches: 4 },
  },
  {
    name: 'quotas',
    clients: 2,
    length: 220,
    quotas: 45,
    closed: 3,
    odd: 3,
    weights: { create: 30, setData: 20, multi: 12, remove: 12 },
  },
  {
    name: 'pipelines',
    clients: 2,
    length: 120,
    quotas: 3,
    closed: 10,
    odd: 5,
    weights: { burst: 70, session: 3 },
  },
];

export function makeStream(seed: number, profile: Profile): Step[] {
  const maker = new Maker(new SeededRandom(seed), profile);
  const stream: Step[] = [];
  while (stream.length < profile.length) stream.push(maker.step());
  return stream;
}

const readOps = [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2];
const createOps = [OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL];
/** Nothing that any server has an op for, and check, which lives only inside of multi. */
const unknownOps = [0, -1, 10, 13, 23, 99, 108, 1000, -2, -12, 0x7fffffff, -0x80000000];
const xids = [0, -2, -4, -8, 1, 1, 0x7fffffff, -0x80000000];
const longTtl = 3_600_000n;
const ttls = [longTtl, 1n << 39n, (1n << 40n) - 1n, 1n << 40n, 0n, -1n, -5n];

const makers = {
  create: (make: Maker) => make.create(),
  remove: (make: Maker) => steps.remove(make.path(), make.version()),
  setData: (make: Maker) => make.setData(),
  read: (make: Maker) => steps.read(make.pick(readOps), make.echoedPath(), make.chance(40)),
  acl: (make: Maker) =>
    make.chance(50)
      ? steps.ofPath(OpCode.getACL, make.path())
      : steps.setAcl(make.path(), make.acl(), make.version()),
  watch: (make: Maker) => make.watch(),
  setWatches: (make: Maker) => make.setWatches(),
  multi: (make: Maker) => make.multi(),
  multiRead: (make: Maker) => make.multiRead(),
  other: (make: Maker) => make.other(),
  auth: (make: Maker) => make.auth(),
  burst: (make: Maker) => make.burst(),
  session: (make: Maker) => make.session(),
  wild: (make: Maker) => make.wild(),
};

/** What one stream is made with. */
class Maker {
  private readonly random: SeededRandom;
  private readonly profile: Profile;
  private readonly kinds: (keyof typeof makers)[] = [];
  private client = 0;

  constructor(random: SeededRandom, profile: Profile) {
    this.random = random;
    this.profile = profile;
    for (const [name, weight] of Object.entries({ ...usualWeights, ...profile.weights })) {
      for (let i = 0; i < weight; i++) this.kinds.push(name as keyof typeof makers);
    }
  }

  step(): Step {
    this.client = this.random.below(this.profile.clients);
    const made = makers[this.pick(this.kinds)](this);
    return 'kind' in made ? made : steps.ask(this.client, this.maybeDamaged(made));
  }

  chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    return this.random.pick(items);
  }

  path(): PathLike {
    if (this.chance(this.profile.odd)) return this.pick(values.oddPaths);
    if (this.chance(this.profile.quotas)) return this.pick(values.quotaPaths);
    return this.pick(this.chance(10) ? values.systemPaths : values.paths);
  }

  /** For requests whose path comes back. */
  echoedPath(): PathLike {
    const path = this.path();
    return values.isChangedByEcho(path) ? '/nowhere' : path;
  }

  /** For requests that leave watches even where there can be nothing. */
  watchedPath(): PathLike {
    return this.echoedPath() ?? '/nowhere';
  }

  version(): number {
    return this.chance(65) ? -1 : this.pick([0, 0, 1, 1, 2, 3, -2, 0x7fffffff]);
  }

  acl(): AclLike {
    if (this.chance(this.profile.odd)) return this.pick(values.oddAcls);
    return this.chance(this.profile.closed) ? this.pick(values.acls) : steps.openAcl;
  }

  create(): Request {
    const type = this.chance(70) ? this.pick(createOps.slice(0, 2)) : this.pick(createOps);
    const path = this.path();
    let flags: number = this.pick([0, 0, 0, 1, 1, 2, 2, 3]);
    if (this.chance(15)) flags = this.pick([4, 5, 6, 7, -1]);
    // Such a container passes for an ephemeral until it is applied (hazard H7).
    if (type === OpCode.createContainer && (flags === 1 || flags === 3)) flags = 0;
    // A session's nodes end in the order of a hash set, and the end of a quota changes who counts.
    if (typeof path === 'string' && path.startsWith('/zookeeper/quota/')) flags &= ~1;
    let ttl: bigint | undefined;
    if (type === OpCode.createTTL) {
      flags = this.chance(90) ? this.pick([5, 6]) : flags;
      const isTtl = flags === CreateFlag.persistentWithTtl || flags === 6;
      // Without a TTL flag, a negative TTL would stop an Apache server (hazard H1).
      ttl = isTtl && !this.chance(70) ? this.pick(ttls) : longTtl;
    }
    const data = this.pick(values.dataFor(path));
    return steps.create(type, path, { data, flags, acl: this.acl(), ...(ttl && { ttl }) });
  }

  setData(): Request {
    const path = this.path();
    return steps.setData(path, this.pick(values.dataFor(path)), this.version());
  }

  watch(): Request {
    const type = this.pick([OpCode.addWatch, OpCode.checkWatches, OpCode.removeWatches]);
    const isAdd = type === OpCode.addWatch;
    let mode = isAdd ? this.pick([0, 1]) : this.pick([1, 2, 3, 4, 5]);
    if (this.chance(5)) mode = this.pick([-1, 0, 2, 6, 7]);
    return steps.ofWatch(type, this.watchedPath(), mode);
  }

  setWatches(): Request {
    const type = this.pick([OpCode.setWatches, OpCode.setWatches2]);
    const lists = Array.from({ length: type === OpCode.setWatches ? 3 : 5 }, () =>
      this.chance(2) ? null : Array.from({ length: this.random.below(4) }, () => this.echoedPath()),
    ).map((list, i) => (i < 3 ? list : (list?.map((path) => path ?? '/nowhere') ?? null)));
    return steps.setWatches(type, BigInt(this.pick([0, 0, 3, 10, 40, 1000])), lists);
  }

  multi(): Request {
    const parts = Array.from({ length: this.random.below(6) }, () => this.write());
    if (this.chance(5)) parts.push(this.pick([makers.read, makers.acl])(this));
    const odd = this.chance(5) ? this.pick([{ open: true }, { endType: 1 }, { endType: 14 }]) : {};
    return steps.multi(OpCode.multi, parts, odd);
  }

  multiRead(): Request {
    const ops = [OpCode.getData, OpCode.getChildren];
    const parts = Array.from({ length: this.random.below(5) }, () =>
      steps.read(this.pick(ops), this.path(), this.chance(20)),
    );
    if (this.chance(15)) parts.push(this.chance(50) ? this.write() : makers.read(this));
    return steps.multi(OpCode.multiRead, parts);
  }

  other(): Request {
    const pathOps = [OpCode.sync, OpCode.getEphemerals, OpCode.getAllChildrenNumber];
    if (this.chance(70)) return steps.ofPath(this.pick(pathOps), this.echoedPath());
    if (this.chance(30)) return this.reconfig();
    if (this.chance(20)) {
      return steps.bare(OpCode.sasl, new steps.Body().buffer(new Uint8Array(0)).done());
    }
    return steps.bare(this.pick([OpCode.whoAmI, OpCode.ping]));
  }

  auth(): Step {
    const { random } = this;
    const user = random.pick(values.users).auth;
    let request = steps.auth('digest', this.chance(20) ? superAuth : user);
    if (this.chance(this.profile.odd)) {
      request = random.pick([
        steps.auth('ip', ''),
        steps.auth('world', 'anyone'),
        steps.auth('nothing', 'x'),
        steps.auth('super', ''),
        steps.auth(null, 'x'),
        steps.auth('digest', null),
        steps.auth('digest', ''),
        steps.auth('digest', 'a:b:c'),
        steps.auth('digest', Uint8Array.of(0xff, 0x3a, 0xfe)),
        steps.auth('sasl', 'x'),
      ]);
    }
    return steps.ask(this.client, { ...request, xid: -4 });
  }

  /** Pipelined. Not setACL, whose effect on what follows is a matter of time (hazard H6). */
  burst(): Step {
    const kinds = ['create', 'remove', 'setData', 'read', 'watch', 'multi', 'multiRead'] as const;
    const requests = Array.from({ length: 2 + this.random.below(10) }, () =>
      this.maybeDamaged(makers[this.pick(kinds)](this)),
    );
    if (this.chance(5)) requests.push(steps.bare(OpCode.closeSession));
    return { kind: 'burst', client: this.client, requests };
  }

  session(): Step {
    const { client } = this;
    if (this.chance(25)) return steps.ask(client, steps.bare(OpCode.closeSession));
    if (this.chance(15)) return { kind: 'abandon', client };
    if (this.chance(15)) return { kind: 'take-over', client };
    const how = this.pick([
      'new',
      'reopen',
      'reopen',
      'wrong',
      'short',
      'null',
      'unknown',
    ] as const);
    const timeoutMs = this.pick([60_000, 7_250_000, 0, -1, 1, 0x7fffffff]);
    const readOnly = this.pick([false, true, 'absent'] as const);
    const step = { kind: 'connect', client, how, timeoutMs, readOnly } as const;
    return this.chance(20) ? { ...step, zxidAhead: this.pick([-3n, 0n, 1n, 1000n]) } : step;
  }

  wild(): Step {
    if (this.chance(50)) return steps.ask(this.client, steps.bare(this.pick(unknownOps)));
    return this.pick(values.wildBytes(this.client));
  }

  private write(): Request {
    const roll = this.random.below(100);
    if (roll < 45) return this.create();
    if (roll < 60) return makers.remove(this);
    if (roll < 80) return this.setData();
    return steps.check(this.path(), this.version());
  }

  private reconfig(): Request {
    const joining = this.pick([null, '', 'server.1=127.0.0.1:1:2;3']);
    const body = new steps.Body()
      .path(joining)
      .path(this.pick([null, '2']))
      .path(null)
      .long(-1n);
    return steps.bare(OpCode.reconfig, body.done());
  }

  private maybeDamaged(request: Request): Request {
    if (!this.chance(this.profile.odd)) return request;
    const roll = this.random.below(3);
    if (roll === 0) return { ...request, xid: this.pick(xids) };
    const body = steps.bodyOf(request);
    if (roll === 1) return steps.damaged(request, 0, this.random.bytes(1 + this.random.below(9)));
    return steps.damaged(request, 1 + this.random.below(body.byteLength + 1), new Uint8Array(0));
  }
}
