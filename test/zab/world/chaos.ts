/**
 * A life of a simulated ensemble: first everything goes wrong for a while, then nothing does, and
 * the ensemble has to come together and go on.
 */
import { hostOf, PeerWorld, type WorldOptions, type WorldServer } from './peer-world.ts';

const steps = 60;
const settleMs = 20_000;

/** Throws `WorldViolation` when something is lost, out of order, or stands still. */
export function liveThrough(world: PeerWorld): void {
  for (const server of world.servers) server.boot();
  for (let step = 0; step < steps; step++) {
    disturb(world);
    for (let tries = world.random.below(6); tries > 0; tries--) {
      use(world);
      world.run(world.random.below(80));
    }
    world.run(world.random.below(300));
  }
  recover(world);
}

export function* seeds(count: number): Iterable<number> {
  for (let seed = 1; seed <= count; seed++) yield seed;
}

/** The first seed whose world is not as it should be, and why; null when all are. */
export function findViolation(
  seeds: Iterable<number>,
  from: (seed: number) => WorldOptions,
  live: (world: PeerWorld) => void = liveThrough,
) {
  for (const seed of seeds) {
    const world = new PeerWorld(from(seed));
    try {
      live(world);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const lately = world.log.slice(-40).join('\n');
      return { seed, what: error.message, text: `seed ${seed}: ${error.stack}\n${lately}` };
    }
  }
  return null;
}

function disturb(world: PeerWorld): void {
  const { random, net } = world;
  const server = random.pick(world.servers);
  const other = random.pick(world.servers);
  switch (random.below(13)) {
    case 0:
    case 1:
      server.crash(random.below(2) === 0 ? 'no process' : 'no power');
      return;
    case 2:
      for (const each of world.servers) if (random.below(2) === 0) each.crash('no power');
      return;
    case 3:
    case 4:
    case 5:
      for (const each of world.servers) if (random.below(2) === 0) each.boot();
      return;
    case 6:
      net.cut(hostOf(server.id), hostOf(other.id));
      return;
    case 7:
      for (const { id } of world.servers) {
        net.cut(hostOf(server.id), hostOf(id));
        net.cut(hostOf(id), hostOf(server.id));
      }
      return;
    case 8:
      net.healAll();
      return;
    case 9:
      server.snapshot();
      return;
    case 11:
      server.process?.pause(world.random.below(1500));
      return;
    case 10:
      world.syncUsMax = random.pick([500, 4000, 30_000, 200_000]);
      return;
    default:
      server.boot();
  }
}

function use(world: PeerWorld): void {
  const process = world.random.pick(world.servers).process;
  if (process === null) return;
  const writes = 1 + world.random.below(4);
  process.hear(() => {
    for (let i = 0; i < writes; i++) process.replica.write();
    if (world.random.below(4) === 0) process.replica.sync();
  });
}

/** Nothing fails any more: all have to come together and go on. */
export function recover(world: PeerWorld): void {
  world.net.healAll();
  world.wrongOnceIn = 1_000_000;
  world.syncUsMax = 2000;
  for (const server of world.servers) server.boot();
  waitFor(world, 'all serve', (server) => server.process?.replica.serving !== 'nobody');
  const before = world.checks.chain.length;
  waitFor(world, 'all have what was written', ({ process }) => {
    // What was written to a leader that was over already is lost: clients try again.
    if (world.random.below(10) === 0) process?.hear(() => process.replica.write());
    return (process?.replica.applied.length ?? 0) > before;
  });
  const syncs = world.servers.map(({ process }) => process?.replica.synced ?? 0);
  waitFor(world, 'all syncs are answered', ({ id, process }) => {
    if (world.random.below(10) === 0) process?.hear(() => process.replica.sync());
    return (process?.replica.synced ?? 0) > (syncs[id - 1] as number);
  });
}

/** Until each of them is so at one moment. */
function waitFor(world: PeerWorld, what: string, is: (server: WorldServer) => boolean): void {
  for (let waitedMs = 0; waitedMs < settleMs; waitedMs += 50) {
    const are = world.servers.filter(is);
    if (are.length === world.servers.length) return;
    world.run(50);
  }
  world.checks.require(false, `not within ${settleMs} ms: ${what}`);
}
