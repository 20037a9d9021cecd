/** What a peer may rely on when it drives the keeper of its server. */
import { describe, expect, it } from 'vitest';
import { dataDirectoryOf } from '../../src/agents/storage-options.ts';
import { type Epoch, zxidOf } from '../../src/base/zxid.ts';
import { type SnapshotResult, type SnapshotTask, snapshotSlices } from '../../src/jobs/snapshot.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { createTxn, txnHeader } from '../../src/jute/txn.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/jute/utf8.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { Serving } from '../../src/state/shared-status.ts';
import { adler32, adler32Seed } from '../../src/storage/adler32.ts';
import { EpochFiles } from '../../src/storage/epoch-files.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { memorySource } from '../../src/storage/snapshot-compression.ts';
import { snapshotMagic, snapshotVersion } from '../../src/storage/snapshot-format.ts';
import { readSnapshot } from '../../src/storage/snapshot-reader.ts';
import { truncateHistory } from '../../src/storage/txn-log-history.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import { TreeWalker, WalkStep } from '../../src/tree/tree-walker.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';
import { openAcl } from '../processor/harness.ts';
import { simSettings } from '../sim/sim-ports.ts';
import { differenceOf, pictureOf } from '../sim/tree-picture.ts';
import { NaiveState } from '../storage/naive-state.ts';
import { Member, Received } from './member.ts';

const directory = dataDirectoryOf(simSettings());

const filesOf = (member: Member) => [...member.disk.list(directory.logs)].sort();

/** Data and version of the node that shows the configuration. */
function configOf({ view }: Member): [text: string, version: number] {
  const path = encodeUtf8('/zookeeper/config');
  const ref = view.find(path, 0, path.byteLength);
  const data = new Uint8Array(view.dataLength(ref));
  view.writeData(ref, data, 0);
  return [decodeUtf8(data, 0, data.byteLength), view.version(ref)];
}

/** A leader of epoch 1 with a client, and as many nodes as are wanted. */
function leader(nodes = 0, dataBytes = 4) {
  const member = new Member();
  member.lead(1);
  const client = member.connect();
  for (let i = 0; i < nodes; i++) client.create(`/n${i}`, { data: 'x'.repeat(dataBytes) });
  member.commit();
  return { member, client };
}

describe('a role', () => {
  it('is what clients are served by, and what the status words tell', () => {
    const member = new Member();
    const { status } = member;
    expect([status.serving, status.role, status.stateIsCommitted]).toEqual([
      ...[Serving.looking, 'looking', false],
    ]);
    const early = member.front.connect();
    member.settle();
    expect(early.state).toBe('closed');
    member.lead(1);
    expect([status.serving, status.role, status.epoch, status.leader]).toEqual([
      ...[Serving.serving, 'leading', 1, 1],
    ]);
    expect(status.stateIsCommitted).toBe(true);
    expect(status.readGateClosed).toBe(false);
    expect(member.view.lastZxidHi).toBe(1);
    expect([member.keeper.appliedHi, member.keeper.appliedLo]).toEqual([0, 0]);
    const client = member.connect();
    expect(client.state).toBe('open');
    expect(member.proposals.map(({ hi, lo }) => [hi, lo])).toEqual([[1, 1]]);
    expect([member.keeper.appliedHi, member.keeper.appliedLo]).toEqual([1, 1]);
  });

  it('ends with all connections; sessions and their nodes stay, with a whole timeout', () => {
    const { member, client } = leader();
    client.create('/e', { flags: 1 });
    client.create('/lost');
    member.settle();
    member.keeper.commit(1, 2);
    member.rest();
    expect(member.status.readGateClosed).toBe(true);
    expect(member.status.serving).toBe(Serving.looking);
    member.settle();
    expect(client.state).toBe('closed');
    expect(member.status.readGateClosed).toBe(true);
    member.clock.pass(60_000);
    member.lead(2);
    expect(member.proposals.length).toBe(3);
    const text = member.picture().text;
    expect(text).toContain('/e ');
    expect(text).not.toContain('/lost ');
    member.clock.pass(5000);
    member.settle();
    expect(member.proposals.length).toBe(3);
    const again = member.front.connect({ session: client.session });
    member.settle();
    expect(again.session.id).toBe(client.session.id);
    member.clock.pass(10_000);
    member.commit();
    expect(member.proposals.slice(3).map(({ hi, lo }) => [hi, lo])).toEqual([[2, 1]]);
    expect(member.picture().text).not.toContain('/e ');
  });

  it('of a leader takes no clients where it is told not to, and leads all the same', () => {
    const member = new Member(undefined, { leaderServes: 'no' });
    member.lead(1);
    expect(member.status.serving).toBe(Serving.looking);
    expect(member.status.stateIsCommitted).toBe(true);
    expect(member.keeper.onRevalidate(-1 as LinkId, 0, 1, 6000)).toBe(false);
    member.rest();
    member.follow(2, 2);
    expect(member.status.serving).toBe(Serving.serving);
  });

  it('of a learner sends writes, syncs and sessions to the leader, and brings touches', () => {
    const { member: other, client: owner } = leader();
    const epochs = new EpochFiles(other.disk, directory);
    epochs.writeAcceptedEpoch(1 as Epoch);
    epochs.writeCurrentEpoch(1 as Epoch);
    const member = new Member(other.disk);
    expect(member.keeper.appliedLo).toBe(1);
    member.follow(1, 2);
    expect(member.status.role).toBe('following');
    const client = member.front.connect({ session: owner.session });
    member.settle();
    expect(member.revalidated).toEqual([owner.session.id]);
    const id = owner.session.id;
    member.keeper.onRevalidated(Number(id >> 32n), Number(BigInt.asIntN(32, id)), true);
    member.settle();
    expect(client.state).toBe('open');
    client.create('/a');
    member.settle();
    expect(member.forwarded.map(({ type }) => type)).toEqual([1]);
    member.clock.pass(10);
    client.getData('/a');
    member.settle();
    const touched: number[] = [];
    member.keeper.takeTouched((_hi, _lo, timeoutMs) => touched.push(timeoutMs));
    expect(touched).toEqual([6000]);
    expect(member.proposals).toEqual([]);
  });

  it('ends sessions that own nodes and do not exist, by a txn that all members apply', () => {
    const { member } = leader();
    const stray = new JuteWriter();
    const clientId = 77n;
    txnHeader.write(stray, {
      clientId,
      cxid: 1,
      zxid: zxidOf(1, 2),
      time: 1n,
      type: OpCode.create,
    });
    const node = { path: '/stray', data: null, acl: openAcl, ephemeral: true, parentCVersion: 1 };
    createTxn.write(stray, node);
    member.propose(stray.bytes, 0, stray.offset, 1, 2);
    member.rest();
    member.keeper.reload();
    expect(member.picture().ephemerals).toBe('77 /stray');
    member.lead(2);
    expect(member.proposals.at(-1)).toMatchObject({ hi: 2, lo: 1 });
    member.commit();
    expect(member.picture().ephemerals).toBe('');
  });
});

describe('a reload', () => {
  it('brings back what is on disk and nothing else, history included', () => {
    const { member, client } = leader(20);
    const wanted = member.picture();
    for (let i = 0; i < 5; i++) client.create(`/more${i}`, { flags: 1 });
    member.connect();
    expect(member.proposals.length).toBe(27);
    member.rest();
    truncateHistory(member.disk, directory, zxidOf(1, 21));
    member.log.restartAfter(zxidOf(1, 21));
    const files = filesOf(member);
    expect(member.keeper.reload()).toBe(zxidOf(1, 21));
    expect(member.picture()).toEqual(wanted);
    expect(configOf(member)).toEqual(['version=0', -1]);
    expect(filesOf(member)).toEqual(files);
    expect([member.history.lastHi, member.history.lastLo]).toEqual([1, 21]);
    expect(member.history.count).toBe(21);
    expect(member.history.at(20).end - member.history.at(20).start).toBeGreaterThan(0);
    expect([member.keeper.appliedHi, member.keeper.appliedLo]).toEqual([1, 21]);
    member.lead(2);
    const queryId = member.front.query('dump');
    member.settle();
    const { sessionCount, ephemerals } = member.front.answerOf(queryId, 'dump');
    expect([sessionCount, ephemerals]).toEqual([1, []]);
    const again = member.connect();
    again.create('/after');
    member.commit();
    expect(again.lastReply.err).toBe(0);
  });

  it('is not seen by readers and walkers before it is whole', () => {
    const { member } = leader(50);
    const before = member.picture();
    member.rest();
    const reader = new TreeView(member.shared.tree);
    const walker = new TreeWalker(member.shared.tree);
    expect(walker.step()).toBe(WalkStep.node);
    const { openRead } = member.disk;
    let looks = 0;
    member.disk.openRead = (path) => {
      looks++;
      expect(reader.beginRead()).toBe(-1);
      expect(member.status.readGateClosed).toBe(true);
      expect(member.status.stateIsCommitted).toBe(false);
      return openRead.call(member.disk, path);
    };
    member.keeper.reload();
    expect(looks).toBeGreaterThan(1);
    expect(walker.step()).toBe(WalkStep.abandoned);
    walker.close();
    expect(reader.beginRead()).toBeGreaterThanOrEqual(0);
    expect(member.picture()).toEqual(before);
  });

  it('costs no memory, however often it happens', () => {
    const { member, client } = leader(50);
    client.create('/e', { flags: 1 });
    member.commit();
    member.rest();
    member.keeper.reload();
    const free = member.view.memoryBytesFree;
    for (let i = 0; i < 50; i++) member.keeper.reload();
    expect(member.view.memoryBytesFree).toBe(free);
    expect(new Set(member.history.count.toString())).toEqual(new Set('52'));
  });

  it('changes nothing on disk, and refuses what would have to be repaired', () => {
    const { member } = leader(3);
    member.rest();
    const unfinished = `${directory.snapshots}/snapshot.5.tmp`;
    member.disk.create(unfinished).write(Uint8Array.of(1), 0, 1, 0);
    member.disk.create(`${directory.logs}/log.100000009`);
    const files = filesOf(member);
    member.keeper.reload();
    expect(filesOf(member)).toEqual(files);
    const log = member.disk.openWrite(`${directory.logs}/log.100000001`);
    log.write(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9), 0, 8, log.size());
    expect(() => member.keeper.reload()).toThrow(/log.100000001/);
  });
});

/** The state that the ordinary reader finds in a stream, when it is put between header and seal. */
function stateIn(content: Uint8Array): NaiveState {
  const file = new JuteWriter();
  file.writeInt(snapshotMagic);
  file.writeInt(snapshotVersion);
  file.writeLong(-1n);
  file.writeRaw(content, 0, content.byteLength);
  const checksum = adler32(file.bytes, 0, file.offset, adler32Seed);
  file.writeHalves(0, checksum | 0);
  file.writeBuffer(Uint8Array.of(0x2f));
  const state = new NaiveState();
  readSnapshot(memorySource(file.finish().slice()), state);
  return state;
}

describe('a snapshot stream', () => {
  it('and the txns behind it make the state of the leader, while writes go on', () => {
    const { member, client } = leader(400, 900);
    const received = new Received();
    const from = member.proposals.length;
    member.keeper.streamSnapshot(received);
    for (let i = 0; !received.isDone; i++) {
      client.create(`/during${i}`, { flags: i % 2 });
      client.setData(`/n${399 - 7 * i}`, 'changed');
      client.delete(`/n${i}`);
      if (i % 3 === 0) member.front.connect();
      member.front.cycle(member.clock.monotonicMs());
      member.keeper.dutyCycle(member.clock.monotonicMs());
      const last = member.proposals.at(-1);
      if (last !== undefined) member.keeper.commit(last.hi, last.lo);
    }
    expect(received.pieces.length).toBeGreaterThan(1);
    member.commit();
    const state = stateIn(received.bytes);
    for (const { payload } of member.proposals.slice(from)) {
      state.applyTxn(payload, 0, payload.byteLength);
    }
    const found = pictureOf(state.lastZxid, state.nodes, state.sessions);
    expect(differenceOf(found, member.picture())).toBe('');
    expect(found).toEqual(member.picture());
    expect(state.ignored.length).toBeGreaterThan(0);
  });

  it('stands still while its receiver is slow, and ends when it is told to', () => {
    const { member } = leader(900);
    const slow = new Received();
    slow.says = 'wait';
    const gone = new Received();
    member.keeper.streamSnapshot(slow);
    member.keeper.streamSnapshot(gone);
    expect(member.keeper.dutyCycle(0)).toBe(1);
    gone.says = 'stop';
    expect(member.keeper.dutyCycle(0)).toBe(0);
    expect(slow.pieces).toEqual([]);
    slow.says = 'go';
    member.settle();
    expect(slow.isDone).toBe(true);
    expect(gone.isDone).toBe(false);
    expect(stateIn(slow.bytes).nodes.size).toBe(904);
  });

  it('waits for others when there are many, and ends with the role', () => {
    const { member } = leader(10);
    const all = Array.from({ length: 20 }, () => new Received());
    for (const received of all) {
      received.says = 'wait';
      member.keeper.streamSnapshot(received);
    }
    for (const received of all.slice(0, 12)) received.says = 'go';
    member.settle();
    expect(all.filter(({ isDone }) => isDone).length).toBe(12);
    member.rest();
    for (const received of all) received.says = 'go';
    member.settle();
    expect(all.filter(({ isDone }) => isDone).length).toBe(12);
    member.keeper.reload();
    member.lead(2);
    const late = new Received();
    member.keeper.streamSnapshot(late);
    member.settle();
    expect(stateIn(late.bytes).nodes.size).toBe(14);
  });
});

describe('a snapshot that is stored', () => {
  const taskOf = (member: Member): SnapshotTask => ({
    ...member.shared,
    directory: directory.snapshots,
    ...{ encoding: 'plain', withDigest: true, withLastProcessedZxid: true },
  });

  function take(member: Member): SnapshotResult | null {
    const slices = snapshotSlices(taskOf(member), member.disk, nodeCompression);
    for (let slice = slices.next(); ; slice = slices.next()) if (slice.done) return slice.value;
  }

  it('is none before a leader has confirmed the state, and none of two states', () => {
    const { member } = leader(3);
    const files = filesOf(member);
    member.rest();
    member.keeper.reload();
    expect(take(member)).toBeNull();
    member.lead(2);
    expect(take(member)).toMatchObject({ written: true, zxid: zxidOf(2, 0), nodes: 7 });
    const names = [...files, 'snapshot.200000000'].sort();
    expect(filesOf(member)).toEqual(names);
    const { exists } = member.disk;
    const client = member.connect();
    client.create('/uncommitted');
    member.settle();
    member.disk.exists = (path) => {
      // Between the look at the zxid and the walk, all of it at once.
      member.disk.exists = exists;
      member.rest();
      member.keeper.reload();
      member.lead(3);
      return exists.call(member.disk, path);
    };
    expect(take(member)).toBeNull();
    expect(filesOf(member).filter((name) => name.startsWith('snap'))).toEqual(
      names.filter((name) => name.startsWith('snap')),
    );
  });
});
