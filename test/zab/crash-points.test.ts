/**
 * One short life of an ensemble, in which a follower falls behind and comes back and a leader is
 * replaced; and then the same life with one crash, for each server and each moment of it, where the
 * disk keeps all or nothing of what it was not asked to wait for.
 */
import { describe, expect, it } from 'vitest';
import { recover } from './world/chaos.ts';
import { PeerWorld } from './world/peer-world.ts';
import type { CrashKeeps } from './world/world-disk.ts';

const lifeMs = 1700;
/** Every so many moments, from the first on; 1 tries them all. */
const stride = Number(process.env['CRASH_STRIDE'] ?? 3);

function begin(): PeerWorld {
  const world = new PeerWorld({
    seed: 11,
    voters: 3,
    observers: 0,
    settings: { commitLogCount: 8 },
  });
  world.wrongOnceIn = 1_000_000;
  const [a, b, c] = world.servers;
  const write = (count: number) => {
    const leader = world.servers.find(({ process }) => process?.replica.serving === 'as leader');
    for (let i = 0; i < count; i++) leader?.process?.hear(() => leader.process?.replica.write());
  };
  const plan: readonly (readonly [number, () => void])[] = [
    ...([0, 1, 2].map((id) => [0, () => world.servers[id]?.boot()]) as [number, () => void][]),
    [500, () => write(4)],
    [520, () => a?.crash('no process', 'everything')],
    [540, () => write(12)],
    [560, () => a?.boot()],
    [800, () => write(3)],
    [806, () => c?.crash('no process', 'nothing')],
    [1300, () => c?.boot()],
    [1500, () => write(3)],
    [1530, () => b?.snapshot()],
  ];
  for (const [ms, happening] of plan) world.timeline.at(ms * 1000, happening);
  return world;
}

function crashAt(moment: number, server: number, keeps: CrashKeeps): void {
  const world = begin();
  for (let step = 0; step < moment; step++) world.timeline.step(lifeMs * 1000);
  world.servers[server]?.crash('no power', keeps);
  world.run(300);
  world.servers[server]?.boot();
  world.run(lifeMs);
  recover(world);
}

describe('an ensemble', () => {
  const whole = begin();
  whole.run(lifeMs);
  const moments = whole.timeline.count;

  it('lives through its life', () => {
    expect(moments).toBeGreaterThan(300);
    expect(whole.checks.chain.length).toBeGreaterThan(20);
    const texts = ['diff', 'snapshot'].map((kind) => `Getting a ${kind}`);
    for (const text of texts) expect(whole.log.some((line) => line.includes(text))).toBe(true);
  });

  for (const keeps of ['nothing', 'everything'] as const) {
    it.each([0, 1, 2])(
      `loses nothing when a disk keeps ${keeps}, server %i`,
      (server) => {
        for (let moment = server; moment < moments; moment += stride) {
          expect(() => crashAt(moment, server, keeps), `moment ${moment}`).not.toThrow();
        }
      },
      600_000,
    );
  }
});
