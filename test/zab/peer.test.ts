import { describe, expect, it } from 'vitest';
import { findViolation, seeds } from './world/chaos.ts';
import { PeerWorld, type WorldOptions } from './world/peer-world.ts';

/** `WORLD_SEED=7` repeats one, `WORLD_SEEDS=5000` tries many. */
const onlySeed = process.env['WORLD_SEED'];
const seedCount = Number(process.env['WORLD_SEEDS'] ?? 300);

const optionsOf = (seed: number): WorldOptions => ({
  ...{ seed, voters: seed % 4 < 2 ? 3 : 5, observers: seed % 3 === 0 ? 1 : 0 },
  elects: seed % 2 === 0,
  settings: {
    commitLogCount: seed % 5 === 0 ? 500 : 20,
    ...(seed % 7 === 0 ? { tickTimeMs: 400, initLimitTicks: 5, syncLimitTicks: 2 } : {}),
  },
});

describe('peers', () => {
  it('find a leader, commit what is written anywhere, and answer syncs', () => {
    const world = new PeerWorld({ seed: 1, voters: 3, observers: 1 });
    world.wrongOnceIn = 1e9;
    for (const server of world.servers) server.boot();
    world.run(3000);
    for (const { process } of world.servers) process?.hear(() => process.replica.write());
    world.run(500);
    for (const { process } of world.servers) process?.hear(() => process.replica.sync());
    world.run(500);
    const replicas = world.servers.map(({ process }) => process?.replica);
    expect(replicas.map((replica) => replica?.applied.length)).toEqual([4, 4, 4, 4]);
    expect(replicas.map((replica) => replica?.synced)).toEqual([1, 1, 1, 1]);
  });

  it('lose nothing and come together again, whatever happened', { timeout: 600_000 }, () => {
    const violation = findViolation(
      onlySeed === undefined ? seeds(seedCount) : [Number(onlySeed)],
      optionsOf,
    );
    expect(violation?.text ?? '').toBe('');
  });
});
