/**
 * Three servers and everything that can happen to servers and to the network between them, while
 * clients work: what was promised to them is kept, all servers end with the same tree, and none
 * ends by itself. The network is made of proxies, so that it can be bad in one direction only.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apacheVersion } from '../../native-free-bench/apache/jars.ts';
import type { MemberKind } from '../support/ensemble-member.ts';
import { EnsembleProcesses } from '../support/ensemble-processes.ts';
import { digestMismatches, sameTreeOnAll } from '../support/ensemble-state.ts';
import type { PeerRelays } from '../support/peer-relays.ts';
import { targetName } from '../support/target-server.ts';
import type { Workload } from './workload.ts';
import { allWorkloads } from './workloads.ts';

const kind: MemberKind = targetName === 'apache' ? `apache ${apacheVersion}` : 'ringkeeper';
/** Answers between one thing that happens and the next. */
const answersBetween = 300;

let ensemble: EnsembleProcesses;
let relays: PeerRelays;
let workloads: Workload[];

/** Resolves when the workloads have got so many further answers. */
async function answers(count: number): Promise<void> {
  const total = (): number => workloads.reduce((sum, each) => sum + each.acknowledged, 0);
  const wanted = total() + count;
  await ensemble.waitFor(`${count} answers`, () => (total() >= wanted ? true : null));
}

function others(id: number): number[] {
  return ensemble.ids.filter((each) => each !== id);
}

/** Each leaves the ensemble as it found it: all run, and the network is good. */
const faults: Record<string, () => Promise<void>> = {
  async 'a leader that is killed'() {
    const leader = await ensemble.leader();
    await ensemble.kill(leader);
    await answers(answersBetween);
    await ensemble.start(leader);
  },
  async 'a follower that is killed'() {
    const follower = await ensemble.anyOf('follower');
    await ensemble.kill(follower);
    await answers(answersBetween);
    await ensemble.start(follower);
  },
  async 'a leader that stands still'() {
    const leader = await ensemble.leader();
    ensemble.pause(leader);
    await ensemble.leader(others(leader));
    await answers(answersBetween);
    ensemble.resume(leader);
  },
  async 'a follower that stands still'() {
    const follower = await ensemble.anyOf('follower');
    ensemble.pause(follower);
    await answers(answersBetween);
    ensemble.resume(follower);
  },
  async 'a leader that nobody hears'() {
    const leader = await ensemble.leader();
    const rest = others(leader);
    for (const id of rest) relays.cut(leader, id);
    await ensemble.leader(rest);
    await answers(answersBetween);
    relays.heal();
  },
  async 'a leader that hears nobody'() {
    const leader = await ensemble.leader();
    const rest = others(leader);
    for (const id of rest) relays.cut(id, leader);
    await ensemble.leader(rest);
    await answers(answersBetween);
    relays.heal();
  },
  async 'a leader that is cut off'() {
    const leader = await ensemble.leader();
    relays.isolate(leader);
    await ensemble.leader(others(leader));
    await answers(answersBetween);
    relays.heal();
  },
  async 'a follower that is cut off'() {
    const follower = await ensemble.anyOf('follower');
    relays.isolate(follower);
    await ensemble.waitFor('nobody served by it', async () =>
      (await ensemble.modeOf(follower)) === null ? true : null,
    );
    await answers(answersBetween);
    relays.heal();
  },
  async 'two that do not hear each other'() {
    const leader = await ensemble.leader();
    const follower = await ensemble.anyOf('follower');
    relays.cut(leader, follower);
    relays.cut(follower, leader);
    await answers(answersBetween);
    relays.heal();
  },
  async 'a network that is slow'() {
    relays.slowDown(30);
    await answers(answersBetween);
    relays.heal();
  },
  async 'a network that breaks everything into pieces'() {
    relays.split(7);
    await answers(answersBetween);
    relays.heal();
  },
  async 'connections that are reset'() {
    for (let i = 0; i < 3; i++) {
      relays.reset();
      await ensemble.allServe();
      await answers(answersBetween / 3);
    }
  },
  async 'a follower that has lost its disk'() {
    const follower = await ensemble.anyOf('follower');
    await ensemble.kill(follower);
    ensemble.wipe(follower);
    await answers(answersBetween);
    await ensemble.start(follower);
  },
  async 'a majority that is lost'() {
    const leader = await ensemble.leader();
    const [first, second] = others(leader);
    await ensemble.kill(first!, second!);
    await ensemble.waitFor('nobody served', async () =>
      (await ensemble.modeOf(leader)) === null ? true : null,
    );
    await ensemble.startAll();
  },
  async 'all that are killed at once'() {
    await ensemble.kill(...ensemble.ids);
    await ensemble.startAll();
  },
};

describe(`three servers of ${targetName}`, () => {
  beforeAll(async () => {
    // Small enough that logs roll and snapshots are written meanwhile.
    const settings = { snapCount: '1000', tickTime: '200', minSessionTimeout: '4000' };
    const voters = [kind, kind, kind];
    ensemble = await EnsembleProcesses.start({ voters, settings, hasRelays: true });
    relays = ensemble.relays as PeerRelays;
  });

  afterAll(() => ensemble?.close());

  it.each(Object.keys(faults))('keep their promises with %s', async (name) => {
    workloads = allWorkloads(ensemble.ports);
    const running = Promise.all(workloads.map((workload) => workload.run()));
    // Awaited in the end; whatever fails first is told then.
    running.catch(() => {});
    await answers(answersBetween);
    await faults[name]!();
    await ensemble.allServe();
    await answers(answersBetween);
    await Promise.all(workloads.map((workload) => workload.stop()));
    await running;

    expect(ensemble.runningIds).toEqual(ensemble.ids);
    const tree = await ensemble.waitFor('a tree without nodes of sessions', async () => {
      const seen = await sameTreeOnAll(ensemble);
      const owners = Object.values(seen).filter(({ stat }) => stat.ephemeralOwner !== 0n);
      return owners.length === 0 ? seen : null;
    });
    const verdicts = workloads.flatMap((each) => each.judge(tree).map((w) => `${each.name}: ${w}`));
    expect(verdicts).toEqual([]);
    const mismatches = await Promise.all(ensemble.members.map(digestMismatches));
    expect(mismatches).toEqual([0, 0, 0]);
  });
});
