/**
 * Ensembles of our servers and Apache's: each kind leads the other, brings it up to date in every
 * way there is, survives the other's death, and takes over its data directory.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { apacheVersion, apacheVersionDebian } from '../../native-free-bench/apache/jars.ts';
import { EnsembleClient } from '../support/ensemble-client.ts';
import type { EnsembleMember, MemberKind } from '../support/ensemble-member.ts';
import { type EnsembleOptions, EnsembleProcesses } from '../support/ensemble-processes.ts';
import {
  digestMismatches,
  missingFrom,
  sameTreeOnAll,
  sameZxidOnAll,
} from '../support/ensemble-state.ts';
import { EnsembleWriter } from '../support/ensemble-writer.ts';
import { appendUncommitted } from '../support/log-on-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import * as requests from '../support/raw-requests.ts';
import { targetName } from '../support/target-server.ts';

const apache: MemberKind = `apache ${apacheVersion}`;
const debian: MemberKind = `apache ${apacheVersionDebian}`;
const ours: MemberKind = targetName === 'apache' ? apache : 'ringkeeper';

const sync = {
  diff: /Getting a diff from the leader/,
  snapshot: /Getting a snapshot from leader/,
  truncate: /Truncating log to get in sync with the leader/,
};
/** Apache's leader remembers 500 txns at least, whatever it is told. */
const moreThanRemembered = 620;

let ensemble: EnsembleProcesses;

afterEach(() => ensemble.close());

/** The last voter has the highest number and therefore leads when all begin anew. */
async function start(options: EnsembleOptions): Promise<EnsembleProcesses> {
  // Without logs of the leader on disk: what it does not remember, it sends as a snapshot.
  const settings = { snapshotSizeFactor: '-1', ...options.settings };
  ensemble = await EnsembleProcesses.prepare({ ...options, settings });
  await startAndServe();
  return ensemble;
}

/** Starts the last voters first, so that the very last one leads if all have the same txns. */
async function startAndServe(): Promise<void> {
  const voters = ensemble.members.filter(({ place }) => place.role === 'participant');
  await Promise.all(voters.slice(-2).map((member) => member.start()));
  await ensemble.allServe();
  await ensemble.startAll();
}

async function createMany(member: EnsembleMember, root: string, count: number): Promise<string[]> {
  const client = await RawClient.connect({ port: member.port });
  const paths = [root, ...Array.from({ length: count }, (_, i) => `${root}/${i}`)];
  const created = await Promise.all(paths.map((path) => requests.create(client, path)));
  expect(created.filter(({ reply }) => reply.err !== 0)).toEqual([]);
  await client.close();
  return paths;
}

async function expectAllThere(paths: readonly string[]): Promise<void> {
  const tree = await sameTreeOnAll(ensemble);
  expect(missingFrom(tree, paths)).toEqual([]);
  // A snapshot is taken while the leader goes on: Apache counts what it meets of it as wrong.
  const compared = ensemble.members.filter(({ kind, log }) => {
    return kind === 'ringkeeper' || !sync.snapshot.test(log);
  });
  const counts = await Promise.all(compared.map(digestMismatches));
  expect(counts).toEqual(counts.map(() => 0));
}

async function expectNothingLost(writer: EnsembleWriter): Promise<void> {
  await writer.stop();
  expect(writer.wrongAnswers).toEqual([]);
  expect(writer.lostSessions).toBe(0);
  expect(writer.acknowledged.length).toBeGreaterThan(100);
  await expectAllThere(writer.acknowledged);
}

describe.each([
  { who: 'ours leads two of Apache', voters: [apache, debian, ours] },
  { who: 'Apache leads ours and Apache 3.8.0', voters: [ours, debian, apache] },
])('$who', ({ voters }) => {
  it('and brings the first member up to date in every way', async () => {
    await start({ voters });
    expect(await ensemble.leader()).toBe(3);
    const learner = ensemble.member(1);
    const paths: string[] = [];
    for (const member of ensemble.members) {
      paths.push(...(await createMany(member, `/through-${member.id}`, 50)));
    }
    await expectAllThere(paths);

    await learner.stop();
    paths.push(...(await createMany(ensemble.member(3), '/few', 20)));
    await learner.start();
    await expectAllThere(paths);
    expect(learner.log).toMatch(sync.diff);
    expect(learner.log).not.toMatch(sync.snapshot);

    await learner.stop();
    paths.push(...(await createMany(ensemble.member(2), '/many', moreThanRemembered)));
    await learner.start();
    await expectAllThere(paths);
    expect(learner.log).toMatch(sync.snapshot);

    // What is appended must come after everything that the others have.
    await sameZxidOnAll(ensemble);
    await ensemble.stopAll();
    appendUncommitted(learner.place.dataDir, ['/uncommitted-1', '/uncommitted-2']);
    await startAndServe();
    await expectAllThere(paths);
    expect(learner.log).toMatch(sync.truncate);
    expect(missingFrom(await sameTreeOnAll(ensemble), ['/uncommitted-1'])).toHaveLength(1);
  });
});

describe.each([
  { who: 'ours leads two of Apache', voters: [apache, debian, ours] },
  { who: 'Apache leads ours and Apache 3.8.0', voters: [ours, debian, apache] },
  { who: 'ours leads ours and Apache', voters: [apache, ours, ours] },
  { who: 'Apache leads two of ours', voters: [ours, ours, apache] },
])('$who', ({ voters }) => {
  it('and loses nothing when leader and follower are killed under load', async () => {
    await start({ voters });
    expect(await ensemble.leader()).toBe(3);
    const options = { ports: ensemble.ports, root: '/load', writesPerSecond: 200 };
    const writer = EnsembleWriter.start(options);
    await writer.wrote(100);
    for (const mode of ['leader', 'follower'] as const) {
      const victim = await ensemble.anyOf(mode);
      await ensemble.kill(victim);
      await writer.wrote(50);
      await ensemble.start(victim);
      await ensemble.allServe();
      await writer.wrote(50);
    }
    await expectNothingLost(writer);
  });
});

describe.each([
  { who: 'ours observes Apache', voters: [apache, apache], observers: [ours] },
  { who: 'Apache observes ours', voters: [ours, ours], observers: [apache] },
])('$who', ({ voters, observers }) => {
  it('and shows, forwards and remembers all writes', async () => {
    await start({ voters, observers });
    const observer = ensemble.member(3);
    expect(await observer.mode()).toBe('observer');
    const paths = await createMany(observer, '/through-observer', 50);
    paths.push(...(await createMany(ensemble.member(1), '/through-voter', 50)));
    await expectAllThere(paths);
    await observer.kill();
    paths.push(...(await createMany(ensemble.member(2), '/later', 20)));
    await observer.start();
    await expectAllThere(paths);
  });
});

describe.each([
  { who: 'ours leads two of Apache', voters: [apache, debian, ours] },
  { who: 'Apache leads two of ours', voters: [ours, ours, apache] },
])('$who', ({ voters }) => {
  it('and takes no clients when it is told so', async () => {
    const settings = { leaderServes: 'no' };
    ensemble = await EnsembleProcesses.prepare({ voters, settings });
    await Promise.all([2, 3].map((id) => ensemble.member(id).start()));
    expect(await ensemble.servers(1)).toEqual([2]);
    await ensemble.member(1).start();
    expect(await ensemble.servers(2)).toEqual([1, 2]);
    await expect(RawClient.connect({ port: ensemble.portOf(3) })).rejects.toThrow();
    const paths = [];
    for (const id of [1, 2]) {
      paths.push(...(await createMany(ensemble.member(id), `/through-${id}`, 50)));
    }
    await ensemble.member(3).kill();
    // One of the two leads now, and serves nobody any more.
    const client = new EnsembleClient({ ports: ensemble.ports });
    for (const path of paths) {
      const answer = await ensemble.waitFor('an answer', () =>
        client.attempt((raw) => requests.getData(raw, path)),
      );
      expect(answer.stat).not.toBeNull();
    }
    expect(await ensemble.servers(1)).toHaveLength(1);
    await client.close();
  });
});

describe('an ensemble of Apache', () => {
  it('moves to ours and back, one member after the other, and loses nothing', async () => {
    await start({ voters: [apache, debian, apache] });
    const before = ensemble.members.map(({ kind }) => kind);
    const options = { ports: ensemble.ports, root: '/load', writesPerSecond: 200 };
    const writer = EnsembleWriter.start(options);
    for (const kinds of [before.map(() => ours), before]) {
      for (const [i, member] of ensemble.members.entries()) {
        await writer.wrote(50);
        await member.stop();
        member.kind = kinds[i]!;
        await member.start();
        await ensemble.allServe();
      }
    }
    await writer.wrote(50);
    await expectNothingLost(writer);
  });
});
