/**
 * Short lives of a server, each about one thing. A scenario says what it does and what it expects
 * to be answered; what a crash may leave is the explorer's concern.
 */
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, OpCode } from '../../src/jute/proto.ts';
import { aclOf, digestOf } from '../processor/harness.ts';
import type { SimClient } from './sim-client.ts';
import type { SettingValues } from './sim-ports.ts';
import type { SimWorld } from './sim-world.ts';

export interface Scenario {
  readonly name: string;
  readonly settings?: SettingValues;
  readonly run: (world: SimWorld) => void;
}

const { ephemeral, ephemeralSequential, persistentSequential } = CreateFlag;

/** Error codes of all replies since the last call. */
function errors(client: SimClient): number[] {
  return client.replies.splice(0).map((reply) => reply.err);
}

function expectErrors(client: SimClient, ...expected: number[]): void {
  const found = errors(client);
  if (found.join() !== expected.join()) {
    throw new Error(`answered was ${found.join()}, expected ${expected.join()}`);
  }
}

function expectAllOk(client: SimClient): void {
  const found = errors(client);
  if (found.length === 0 || found.some((err) => err !== 0)) {
    throw new Error(`answered was ${found.join() || 'nothing'}`);
  }
}

function expectFile(world: SimWorld, pattern: RegExp, atLeast = 1): void {
  const names = world.disk.list('/data/version-2').filter((name) => pattern.test(name));
  if (names.length < atLeast) throw new Error(`${names.length} files are like ${pattern}`);
}

/** Changes of every kind, one a call, on nodes that the walk may stand on. */
function mixedChanges(world: SimWorld, client: SimClient, count: number): () => void {
  let done = 0;
  const others: SimClient[] = [];
  const changes = [
    (n: number) => client.create(`/f/new${n}`, { data: `n${n}` }),
    (n: number) => client.setData(`/f/a${n % 4}`, `changed ${n}`),
    (n: number) => client.create(`/f/e${n}`, { flags: ephemeral }),
    (n: number) => client.delete(`/f/b${n % 8}`),
    (n: number) => client.setAcl(`/f/a${n % 4}`, [aclOf(31, 'ip', `10.0.0.${n}`)]),
    (n: number) => {
      client.multi([
        { kind: 'setData', path: '/f/a0', data: `both ${n}` },
        { kind: 'create', path: `/f/a1/under${n}`, data: '' },
      ]);
    },
    (n: number) => client.create(`/f/b${n % 8}`, { data: 'again' }),
    () => others.push(world.connect()),
    () => others.shift()?.closeSession(),
  ];
  return () => {
    if (done >= count) return;
    changes[done % changes.length]?.(done);
    done++;
    world.settle();
  };
}

function fuzzySnapshot(world: SimWorld, changes: number): void {
  const client = world.client();
  client.create('/f');
  for (let i = 0; i < 4; i++) client.create(`/f/a${i}`, { data: `a${i}` });
  for (let i = 0; i < 8; i++) client.create(`/f/b${i}`, { data: `b${i}` });
  world.settle();
  expectAllOk(client);
  const before = world.server.lastZxid;
  const { written, zxid } = world.snapshot(mixedChanges(world, client, changes));
  if (!written || zxid !== before) throw new Error('the snapshot has the zxid of its beginning');
  if (world.server.lastZxid < before + BigInt(changes) / 2n) throw new Error('it is not fuzzy');
  client.setData('/f/a2', 'behind it');
  world.settle();
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'creates and sets come alone and in batches',
    run(world) {
      const client = world.client();
      for (let batch = 1; batch <= 4; batch++) {
        for (let i = 0; i < batch; i++) client.create(`/n${batch}-${i}`, { data: 'x'.repeat(40) });
        client.setData(`/n${batch}-0`, 'y'.repeat(150 * batch));
        world.settle();
      }
      client.delete('/n3-1');
      client.create('/null', { data: null });
      world.settle();
      expectAllOk(client);
    },
  },
  {
    name: 'values are longer than a page',
    run(world) {
      const client = world.client();
      client.create('/long', { data: 'l'.repeat(5000) });
      world.settle();
      client.setData('/long', 'm'.repeat(9000));
      client.setData('/long', 'short');
      world.settle();
      client.setData('/long', 'n'.repeat(3000));
      world.settle();
      expectAllOk(client);
    },
  },
  {
    name: 'multis succeed and fail',
    run(world) {
      const client = world.client();
      client.create('/m', { data: '0' });
      world.settle();
      client.multi([
        { kind: 'create', path: '/m/a', data: 'a' },
        { kind: 'setData', path: '/m', data: '1' },
        { kind: 'create', path: '/m/a/deep', data: 'd' },
        { kind: 'check', path: '/m', version: 1 },
      ]);
      world.settle();
      client.multi([
        { kind: 'create', path: '/m/b', data: 'b' },
        { kind: 'setData', path: '/m/a', data: 'never' },
        { kind: 'delete', path: '/m/missing', version: -1 },
      ]);
      client.create('/m/c');
      client.multi([
        { kind: 'delete', path: '/m/a/deep', version: 0 },
        { kind: 'delete', path: '/m/a', version: 0 },
        { kind: 'create', path: '/m/a', data: 'again' },
      ]);
      world.settle();
      expectAllOk(client);
      client.multi([{ kind: 'check', path: '/m', version: 7 }]);
      world.settle();
    },
  },
  {
    name: 'sequential nodes get numbers and lose some',
    run(world) {
      const client = world.client();
      client.create('/s');
      world.settle();
      for (let i = 0; i < 3; i++) client.create('/s/p-', { flags: persistentSequential });
      world.settle();
      client.delete('/s/p-0000000001');
      client.create('/s/e-', { flags: ephemeralSequential });
      client.create('/s/p-', { flags: persistentSequential });
      world.settle();
      client.delete('/s/p-0000000004');
      client.create('/s/p-', { flags: persistentSequential });
      world.settle();
      expectAllOk(client);
    },
  },
  {
    name: 'ephemerals end with their sessions, which are closed or expire',
    run(world) {
      const owner = world.client({ timeoutMs: 4000 });
      const lazy = world.client({ timeoutMs: 4000 });
      owner.create('/e');
      owner.create('/e/mine', { flags: ephemeral, data: 'm' });
      owner.create('/e/mine2', { flags: ephemeral });
      world.settle();
      lazy.create('/e/lazy', { flags: ephemeral });
      lazy.create('/e/lazy2', { flags: ephemeral });
      world.settle();
      expectAllOk(owner);
      world.pass(3000);
      owner.setData('/e/mine', 'alive');
      owner.create('/e/lazy/no');
      world.settle();
      world.pass(3000);
      expectErrors(owner, ErrorCode.ok, ErrorCode.noChildrenForEphemerals);
      owner.getData('/e/lazy');
      world.settle();
      expectErrors(owner, ErrorCode.noNode);
      owner.closeSession();
      world.settle();
      expectErrors(owner, ErrorCode.ok);
    },
  },
  {
    name: 'ACLs are set and forgotten',
    run(world) {
      const client = world.client();
      const user = [aclOf(31, 'digest', digestOf('ann:secret'))];
      client.authenticate('digest', digestOf('ann:secret'));
      client.create('/acl', { acl: user, data: 'closed' });
      client.create('/acl/auth', { acl: [aclOf(31, 'auth', '')] });
      world.settle();
      client.setAcl('/acl', [aclOf(1, 'world', 'anyone'), ...user]);
      world.settle();
      client.setAcl('/acl', [aclOf(31, 'ip', '127.0.0.1')]);
      client.delete('/acl/auth');
      client.create('/acl/again', { acl: user });
      world.settle();
      expectAllOk(client);
      const stranger = world.client();
      stranger.setData('/acl/again', 'not allowed');
      world.settle();
      expectErrors(stranger, ErrorCode.noAuth);
    },
  },
  {
    name: 'quotas count what is below them',
    settings: { enforceQuota: true },
    run(world) {
      const client = world.client();
      const quota = '/zookeeper/quota/q';
      client.create('/q', { data: '12345' });
      client.create(quota);
      client.create(`${quota}/zookeeper_limits`, { data: 'count=4,bytes=-1=;countHardLimit=4' });
      client.create(`${quota}/zookeeper_stats`, { data: 'count=0,bytes=0' });
      world.settle();
      client.create('/q/a', { data: '123' });
      client.setData('/q/a', '1234567');
      world.settle();
      client.create('/q/b');
      client.create('/q/c', { flags: ephemeral, data: 'e' });
      world.settle();
      expectAllOk(client);
      client.create('/q/d');
      client.delete('/q/b');
      world.settle();
      expectErrors(client, ErrorCode.quotaExceeded, ErrorCode.ok);
    },
  },
  {
    name: 'containers and TTL nodes are reaped',
    run(world) {
      const client = world.client({ timeoutMs: 20_000 });
      client.create('/box', { type: OpCode.createContainer, flags: CreateFlag.container });
      client.create('/box/in');
      client.create('/ttl', { flags: CreateFlag.persistentWithTtl, ttl: 1500n });
      client.create('/ttl2', { flags: CreateFlag.persistentWithTtl, ttl: 90_000n });
      world.settle();
      client.delete('/box/in');
      world.settle();
      expectAllOk(client);
      for (let i = 0; i < 6; i++) world.pass(1000);
      client.getData('/box');
      client.getData('/ttl');
      client.getData('/ttl2');
      world.settle();
      expectErrors(client, ErrorCode.noNode, ErrorCode.noNode, ErrorCode.ok);
    },
  },
  {
    name: 'a snapshot is written while everything changes',
    run: (world) => fuzzySnapshot(world, 14),
  },
  {
    name: 'a compressed snapshot is written while everything changes',
    settings: { 'snapshot.compression.method': 'gz' },
    run(world) {
      fuzzySnapshot(world, 5);
      expectFile(world, /^snapshot\.[0-9a-f]+\.gz$/);
    },
  },
  {
    name: 'logs are rolled by size',
    settings: { txnLogSizeLimitInKb: 1, preAllocSize: 0 },
    run(world) {
      const client = world.client();
      for (let i = 0; i < 7; i++) {
        client.create(`/r${i}`, { data: 'r'.repeat(100 + 90 * i) });
        if (i % 3 !== 1) world.settle();
      }
      world.settle();
      expectAllOk(client);
      expectFile(world, /^log\./, 3);
    },
  },
  {
    name: 'snapshots fall due and old files are purged',
    settings: { snapCount: 5 },
    run(world) {
      const client = world.client();
      let removed = 0;
      for (let i = 0; i < 17; i++) {
        client.create(`/p${i}`, { data: 'p' });
        world.settle();
        if (world.server.front.snapshotsDue === 0) continue;
        world.server.front.snapshotsDue = 0;
        world.snapshot();
        removed += world.purge().length;
      }
      expectAllOk(client);
      if (removed < 2) throw new Error(`only ${removed} files were purged`);
    },
  },
  {
    name: 'sessions are opened, moved to another connection and refused',
    run(world) {
      const first = world.client({ timeoutMs: 5000 });
      first.create('/kept', { flags: ephemeral });
      world.settle();
      const second = world.client({ session: first.session, timeoutMs: 9000 });
      if (second.state !== 'open' || first.state !== 'closed') throw new Error('not moved');
      second.create('/kept2', { flags: ephemeral });
      world.settle();
      const wrong = { id: first.session.id, passwd: new Uint8Array(16) };
      if (world.client({ session: wrong }).state !== 'refused') throw new Error('not refused');
      const others = [world.connect(), world.connect(), world.connect()];
      world.settle();
      others[1]?.closeSession();
      second.closeSession();
      world.settle();
      if (world.client({ session: first.session }).state !== 'refused')
        throw new Error('not ended');
    },
  },
  {
    name: 'the server is restarted in the middle',
    run(world) {
      const before = world.client({ timeoutMs: 20_000 });
      before.create('/one', { data: '1' });
      before.create('/mine', { flags: ephemeral });
      world.settle();
      world.kill();
      const after = world.client({ session: before.session, lastZxidSeen: before.lastZxid });
      after.create('/two');
      world.settle();
      world.snapshot();
      after.create('/three');
      after.setData('/one', 'unanswered');
      world.server.cycle('front');
      world.server.cycle('keeper');
      world.crash('lose-all', 3);
      const last = world.client({ session: before.session, lastZxidSeen: after.lastZxid });
      last.setData('/one', 'after all');
      world.settle();
      expectErrors(last, ErrorCode.ok);
      world.server.stop();
      world.kill();
      world.client().create('/four');
      world.settle();
    },
  },
  {
    name: 'requests fail and leave txns that change nothing',
    run(world) {
      const client = world.client();
      client.create('/x');
      client.create('/x');
      client.delete('/missing');
      world.settle();
      client.setData('/x', 'wrong version', 9);
      client.create('/no/parent');
      client.create('/x/y');
      client.delete('/x');
      world.settle();
      const { ok, nodeExists, noNode, badVersion, notEmpty } = ErrorCode;
      expectErrors(client, ok, nodeExists, noNode, badVersion, noNode, ok, notEmpty);
      client.setData('/x', 'right', 0);
      client.sync();
      world.settle();
      expectErrors(client, ok, ok);
    },
  },
];
