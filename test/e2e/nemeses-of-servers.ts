/** What can happen to servers and to their disks. */
import { expect } from 'vitest';
import { ExitCode } from '../../src/cli/exit-codes.ts';
import { answersBetween, type Nemeses, others, type Scene } from './nemesis.ts';

/** Longer than the timeouts of most sessions, and than any limit between servers. */
const longPauseMs = 30_000;
const powerCuts = 3;
/** Shorter than a log is after a few txns; files of epochs are shorter. */
const fullDiskBytes = 16 * 1024;

async function killed(scene: Scene, id: number): Promise<void> {
  await scene.ensemble.kill(id);
  await scene.answers(answersBetween);
  await scene.ensemble.start(id);
}

/**
 * The log cannot be written any further, as on a full disk: its server ends and says why, and comes
 * back when there is room.
 */
async function fullDisk(scene: Scene, id: number): Promise<void> {
  const { ensemble } = scene;
  const member = ensemble.member(id);
  member.limitFileBytes(fullDiskBytes);
  expect(await member.exited).toBe(ExitCode.logWriteFailed);
  expect(member.log).toMatch(/ringkeeper: .*version-2\/log\..*\n.*exit 20, the transaction log/);
  await ensemble.leader(others(scene, id));
  await scene.answers(answersBetween);
  await ensemble.start(id);
}

export const nemesesOfServers: Nemeses = {
  async 'a leader that is killed'(scene) {
    await killed(scene, await scene.ensemble.leader());
  },
  async 'a follower that is killed'(scene) {
    await killed(scene, await scene.ensemble.anyOf('follower'));
  },
  async 'a leader whose disk is full'(scene) {
    await fullDisk(scene, await scene.ensemble.leader());
  },
  async 'a follower whose disk is full'(scene) {
    await fullDisk(scene, await scene.ensemble.anyOf('follower'));
  },
  async 'a leader that stands still'(scene) {
    const { ensemble } = scene;
    const leader = await ensemble.leader();
    ensemble.pause(leader);
    await ensemble.leader(others(scene, leader));
    await scene.answers(answersBetween);
    ensemble.resume(leader);
  },
  async 'a follower that stands still'({ ensemble, answers }) {
    const follower = await ensemble.anyOf('follower');
    ensemble.pause(follower);
    await answers(answersBetween);
    ensemble.resume(follower);
  },
  async 'a follower that has lost its disk'({ ensemble, answers }) {
    const follower = await ensemble.anyOf('follower');
    await ensemble.kill(follower);
    ensemble.wipe(follower);
    await answers(answersBetween);
    await ensemble.start(follower);
  },
  async 'a majority that is lost'(scene) {
    const { ensemble } = scene;
    const leader = await ensemble.leader();
    await ensemble.kill(...others(scene, leader));
    await ensemble.waitFor('nobody served', async () =>
      (await ensemble.modeOf(leader)) === null ? true : null,
    );
    await ensemble.startAll();
  },
  /** What the disks had not synced is there all the same: the simulator takes that away, too. */
  async 'power that fails for all at once, again and again'({ ensemble, answers }) {
    for (let cuts = 0; cuts < powerCuts; cuts++) {
      await ensemble.kill(...ensemble.ids);
      await ensemble.startAll();
      await answers(answersBetween / powerCuts);
    }
  },
};

/** The last one: so much is written meanwhile that all comparisons behind it would take longer. */
export const longNemeses: Nemeses = {
  async 'a leader that stands still for 30 s'(scene) {
    const { ensemble } = scene;
    const leader = await ensemble.leader();
    const untilMs = performance.now() + longPauseMs;
    ensemble.pause(leader);
    await ensemble.leader(others(scene, leader));
    // The pause itself is what happens; the others are asked all the time.
    while (performance.now() < untilMs) await scene.answers(answersBetween);
    ensemble.resume(leader);
  },
};
