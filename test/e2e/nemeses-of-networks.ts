/** What can happen to the network between three servers. */
import type { PeerRelays } from '../support/peer-relays.ts';
import { answersBetween, type Nemeses, others, type Scene } from './nemesis.ts';

/** A network that can be cut without anybody being told. */
export interface CuttableNetwork {
  /** Nothing that `from` says reaches `to` any more; the other direction works on. */
  cut(from: number, to: number): void;
  /** Nobody hears `member`, and it hears nobody. */
  isolate(member: number): void;
  /** Everything flows again. */
  heal(): void;
}

/** In one direction, in both, around one or between two. */
export function partitions(network: CuttableNetwork): Nemeses {
  /** The others find a new leader. */
  async function leaderCut(scene: Scene, cut: (leader: number, other: number) => void) {
    const { ensemble } = scene;
    const leader = await ensemble.leader();
    for (const id of others(scene, leader)) cut(leader, id);
    await ensemble.leader(others(scene, leader));
    await scene.answers(answersBetween);
    network.heal();
  }

  async function followerCut(scene: Scene, cut: (follower: number, other: number) => void) {
    const follower = await scene.ensemble.anyOf('follower');
    for (const id of others(scene, follower)) cut(follower, id);
    await scene.answers(answersBetween);
    network.heal();
  }

  return {
    'a leader that nobody hears': (scene) =>
      leaderCut(scene, (leader, other) => network.cut(leader, other)),
    'a leader that hears nobody': (scene) =>
      leaderCut(scene, (leader, other) => network.cut(other, leader)),
    'a leader that is cut off': (scene) => leaderCut(scene, (leader) => network.isolate(leader)),
    'a follower that nobody hears': (scene) =>
      followerCut(scene, (follower, other) => network.cut(follower, other)),
    'a follower that hears nobody': (scene) =>
      followerCut(scene, (follower, other) => network.cut(other, follower)),
    async 'a follower that is cut off'({ ensemble, answers }) {
      const follower = await ensemble.anyOf('follower');
      network.isolate(follower);
      await ensemble.waitFor('nobody served by it', async () =>
        (await ensemble.modeOf(follower)) === null ? true : null,
      );
      await answers(answersBetween);
      network.heal();
    },
    async 'two that do not hear each other'({ ensemble, answers }) {
      const leader = await ensemble.leader();
      const follower = await ensemble.anyOf('follower');
      network.cut(leader, follower);
      network.cut(follower, leader);
      await answers(answersBetween);
      network.heal();
    },
  };
}

/** What a network does that is there, but is not good. */
export function badLines(relays: PeerRelays): Nemeses {
  return {
    async 'a network that is slow'({ answers }) {
      relays.slowDown(30);
      await answers(answersBetween);
      relays.heal();
    },
    async 'a network that breaks everything into pieces'({ answers }) {
      relays.split(7);
      await answers(answersBetween);
      relays.heal();
    },
    async 'a leader that is far away, behind a bad line'({ ensemble, answers }) {
      const leader = await ensemble.leader();
      relays.slowDown(30, leader);
      relays.split(100, leader);
      await answers(answersBetween);
      relays.heal();
    },
    async 'connections that are reset'({ ensemble, answers }) {
      for (let i = 0; i < 3; i++) {
        relays.reset();
        await ensemble.allServe();
        await answers(answersBetween / 3);
      }
    },
  };
}
