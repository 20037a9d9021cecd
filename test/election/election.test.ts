/** Elections on a simulated network: who is elected, how fast, and that it always ends. */
import { describe, expect, it } from 'vitest';
import { asZxid, type Epoch } from '../../src/base/zxid.ts';
import { hierarchyOf } from '../../src/zab/quorum-verifier.ts';
import { SeededRandom } from '../support/random.ts';
import { ElectionWorld, type Electorate, hostOf } from './election-world.ts';

const settleMs = 10_000;

function bootAll(electorate: Electorate, seed = 1): ElectionWorld {
  const world = new ElectionWorld(electorate, seed);
  for (const server of world.servers) server.boot();
  return world;
}

function settle(world: ElectionWorld): number {
  return world.runUntil(() => world.leader !== null, settleMs);
}

function isolate(world: ElectionWorld, id: number): void {
  for (const { id: other } of world.servers) {
    if (other === id) continue;
    world.net.cut(hostOf(id), hostOf(other));
    world.net.cut(hostOf(other), hostOf(id));
  }
}

describe('servers that start together', () => {
  it('elect the one with the greatest epoch, then zxid, then id, whoever is connected first', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed);
      const world = new ElectionWorld(
        { voters: 1 + random.below(7), observers: random.below(3) },
        seed,
      );
      for (const server of world.servers) {
        const currentEpoch = random.below(3) as Epoch;
        const lastZxid = asZxid((BigInt(currentEpoch) << 32n) | BigInt(random.below(3)));
        server.standing = { lastZxid, currentEpoch };
      }
      const best = world.servers.slice(0, world.electorate.voters).reduce((a, b) => {
        const [x, y] = [a.standing, b.standing];
        if (x.currentEpoch !== y.currentEpoch) return x.currentEpoch > y.currentEpoch ? a : b;
        return x.lastZxid > y.lastZxid ? a : b;
      });
      for (const server of world.servers) server.boot();
      const took = settle(world);
      expect(world.leader, `seed ${seed}`).toBe(best.id);
      for (const { process } of world.servers) expect(process?.decisions).toBe(1);
      // All agree, and so nobody waits for better news.
      expect(took).toBeLessThan(200);
    }
  });

  it('elect nobody without weight', () => {
    const world = bootAll({
      voters: 3,
      verifierOf: (voters) =>
        hierarchyOf({ voters, groups: new Map([[1, voters]]), weights: new Map([[3, 0]]) }),
    });
    settle(world);
    expect(world.leader).toBe(2);
  });
});

describe('a server alone', () => {
  it('is elected at once when it is the only voter', () => {
    const world = bootAll({ voters: 1 });
    expect(world.leader).toBe(1);
  });

  it('decides nothing, however long it waits, and finds the others when they come', () => {
    const world = new ElectionWorld({ voters: 3 }, 4);
    world.server(3).boot();
    world.run(200_000);
    expect(world.server(3).leader).toBe(null);
    world.server(1).boot();
    expect(settle(world)).toBeLessThan(500);
    expect(world.leader).toBe(3);
  });

  it('whose database has still to be found neither votes nor is voted for', () => {
    const world = new ElectionWorld({ voters: 3 }, 5);
    world.server(3).standing = { lastZxid: asZxid(-1n), currentEpoch: 0 as Epoch };
    world.server(1).boot();
    world.server(3).boot();
    world.run(5000);
    expect([world.server(1).leader, world.server(3).leader]).toEqual([null, null]);
    world.server(2).boot();
    settle(world);
    expect(world.leader).toBe(2);
  });
});

describe('a server that comes later', () => {
  it('joins the leader that is there, though its own vote is better', () => {
    const world = new ElectionWorld({ voters: 3, observers: 1 }, 2);
    world.server(1).boot();
    world.server(2).boot();
    settle(world);
    world.server(3).standing = { lastZxid: asZxid(0x900000000n), currentEpoch: 9 as Epoch };
    world.server(3).boot();
    world.server(4).boot();
    expect(settle(world)).toBeLessThan(100);
    expect(world.leader).toBe(2);
    expect(world.server(2).process?.decisions).toBe(1);
  });

  it('is heard by observers and voters alike when it was away for long', () => {
    const world = bootAll({ voters: 3, observers: 2 }, 3);
    settle(world);
    for (const id of [1, 4]) {
      world.server(id).crash('no power');
      world.run(100_000);
      world.server(id).boot();
      expect(settle(world)).toBeLessThan(200);
    }
  });
});

describe('when the leader dies', () => {
  it('the others agree without a pause if its host refuses connections', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = bootAll({ voters: 5 }, seed);
      settle(world);
      world.run(1000);
      world.server(5).crash('no process');
      // Here a learner notices after 400 ms, give or take a look around.
      expect(settle(world)).toBeLessThan(400 + 20 + 60);
      expect(world.leader).toBe(4);
    }
  });

  it('the others wait for it as long as Apache does if its host is silent', () => {
    const world = bootAll({ voters: 3 }, 6);
    settle(world);
    world.run(1000);
    world.server(3).crash('no power');
    const took = settle(world);
    expect(took).toBeGreaterThan(600);
    expect(took).toBeLessThan(900);
    expect(world.leader).toBe(2);
  });
});

describe('a partition', () => {
  it('leaves the smaller side without a leader, and is over when it heals', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = bootAll({ voters: 3 }, seed);
      settle(world);
      isolate(world, 3);
      world.runUntil(() => world.server(1).leader === 2 && world.server(2).leader === 2, settleMs);
      world.run(100_000);
      expect(world.server(3).leader).toBe(null);
      world.net.healAll();
      // The longest pause before it dials again, and a round.
      expect(settle(world)).toBeLessThan(2000 + 500);
      expect(world.leader).toBe(2);
    }
  });

  it('in which only one pair cannot talk does not keep the others from a leader', () => {
    const world = new ElectionWorld({ voters: 3 }, 8);
    world.net.cut(hostOf(1), hostOf(3));
    world.net.cut(hostOf(3), hostOf(1));
    for (const server of world.servers) server.boot();
    world.runUntil(() => world.servers.some((server) => server.hasQuorum()), settleMs);
  });
});

describe('whatever happens', () => {
  it('a quorum that can talk has one leader soon, and keeps it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const world = new ElectionWorld(
        { voters: 3 + random.below(5), observers: random.below(3) },
        seed,
        {
          latencyMaxUs: random.pick([500, 5000, 60_000]),
        },
      );
      for (const server of world.servers) server.boot();
      for (let step = 0; step < 40; step++) {
        disturb(world, random);
        world.run(random.below(800));
      }
      world.net.healAll();
      for (const server of world.servers) server.boot();
      world.runUntil(() => world.leader !== null, 30_000);
      const { leader } = world;
      const decisions = () => world.servers.map(({ process }) => process?.decisions);
      const before = decisions();
      world.run(20_000);
      expect(world.leader, `seed ${seed}`).toBe(leader);
      expect(decisions(), `seed ${seed}`).toEqual(before);
    }
  });

  function disturb(world: ElectionWorld, random: SeededRandom): void {
    const server = random.pick(world.servers);
    const other = random.pick(world.servers);
    switch (random.below(8)) {
      case 0:
        server.crash(random.pick(['no process', 'no power']));
        return;
      case 1:
        isolate(world, server.id);
        return;
      case 2:
      case 3:
        world.net.cut(hostOf(server.id), hostOf(other.id));
        return;
      case 4:
        world.net.healAll();
        return;
      default:
        for (const each of world.servers) if (random.below(3) > 0) each.boot();
    }
  }
});
