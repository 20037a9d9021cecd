/**
 * Short lives of a server, each about one thing. A scenario says what it does and what it expects
 * to be answered; what a crash may leave is the explorer's concern.
 */
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, OpCode } from '../../src/jute/proto.ts';
import { aclOf, digestOf } from '../processor/harness.ts';
import { expectAllOk, expectErrors, expectFile, fuzzySnapshot, type Scenario } from './scenario.ts';
import { roomyRings } from './sim-memory.ts';

const { ephemeral, ephemeralSequential, persistentSequential } = CreateFlag;

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
    name: 'txns come one after the other, and two threads take turns to write them',
    settings: { snapCount: 40, preAllocSize: 12 },
    run(world) {
      const client = world.client();
      client.create('/turns');
      world.settle();
      // Long ones use up the zeros that lie ahead, and a file is rolled on the way.
      for (let i = 0; i < 50; i++) {
        client.setData('/turns', 't'.repeat(i % 10 === 9 ? 900 : i));
        world.settle();
      }
      expectAllOk(client);
      if (world.loneWrites < 20)
        throw new Error(`${world.loneWrites} were written by the keeper's`);
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
        // The snapshot ends in the middle of a log, which must outlive it.
        client.create(`/p${i}/late`);
        world.settle();
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
  {
    name: 'watchers are told of changes before they see them',
    run(world) {
      const [writer, watcher, other] = [world.client(), world.client(), world.client()];
      writer.create('/w');
      writer.create('/w/a');
      world.settle();
      watcher.addWatch('/w', 1);
      other.addWatch('/w/a', 0);
      world.settle();
      writer.multi([
        { kind: 'setData', path: '/w/a', data: '1' },
        { kind: 'create', path: '/w/b', data: '2' },
      ]);
      other.getData('/w', true);
      watcher.delete('/w/a');
      writer.setData('/w/b', '3');
      world.settle();
      writer.setData('/w', '4');
      world.settle();
      expectAllOk(writer);
      const told = [watcher, other].map((client) => client.events.length);
      if (told.join() !== '5,3') throw new Error(`they are told ${told.join()} times`);
    },
  },
  {
    name: 'events wait for room on the ring to the front',
    rings: { ...roomyRings, replies: 1 << 9 },
    run(world) {
      const watchers = [world.client(), world.client(), world.client()];
      const [writer = world.client()] = watchers;
      writer.create('/w');
      world.settle();
      for (const watcher of watchers) watcher.addWatch('/w', 0);
      world.settle();
      world.runsMeanwhile = () => false;
      for (let i = 0; i < 9; i++) writer.setData('/w', `${i}`);
      world.settle();
      expectAllOk(writer);
      if (!world.gated) throw new Error('all events have found room at once');
      for (const { events } of watchers) {
        if (events.length !== 9) throw new Error(`told is ${events.length} times`);
      }
    },
  },
];
