/**
 * Lives in which one thing happens at the worst moment: for bugs so deep that chance seldom gets
 * there. Each throws `WorldViolation` if something is wrong, and does nothing if all is well.
 */
import { hostOf, type PeerWorld, type WorldServer } from './peer-world.ts';

const patienceMs = 5000;

/** Lets time pass until something is so; a scenario that does not get there shows nothing. */
function until(world: PeerWorld, is: () => boolean): boolean {
  for (let waitedMs = 0; !is() && waitedMs < patienceMs; waitedMs++) world.run(1);
  return is();
}

function write(server: WorldServer, count: number): void {
  const { process } = server;
  for (let i = 0; i < count; i++) process?.hear(() => process.replica.write());
}

function servesAs(server: WorldServer, serving: 'as leader' | 'as learner'): boolean {
  return server.process?.replica.serving === serving;
}

function three(world: PeerWorld): [WorldServer, WorldServer, WorldServer] {
  const [a, b, c] = world.servers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three are needed');
  world.wrongOnceIn = 1_000_000;
  return [a, b, c];
}

/** Followers `follow` this server whatever they think; it decides for itself. */
function force(world: PeerWorld, leader: WorldServer, ...followers: WorldServer[]): void {
  for (const { id } of [leader, ...followers]) world.forced.set(id, leader.id);
}

/**
 * The leader can hear its followers, and they do not hear it: they elect another one, and clients
 * write there while others sync here.
 */
export function deposedLeader(world: PeerWorld): void {
  const [a, b, c] = three(world);
  force(world, a, b, c);
  for (const server of [a, b, c]) server.boot();
  const areLearners = () => servesAs(b, 'as learner') && servesAs(c, 'as learner');
  if (!until(world, () => servesAs(a, 'as leader') && areLearners())) return;
  force(world, b, c);
  for (const { id } of [b, c]) world.net.cut(hostOf(a.id), hostOf(id));
  for (let step = 0; step < 400; step++) {
    if (servesAs(b, 'as leader')) write(b, 1);
    const { process } = a;
    process?.hear(() => process.replica.sync());
    world.run(5);
  }
}

/**
 * A server that lags gets a new leader's history and loses its power when its epoch file is
 * written; then it meets the one that has more, and was not there (ZOOKEEPER-4643).
 */
export function crashBehindTheEpoch(world: PeerWorld): void {
  const [a, b, c] = three(world);
  force(world, a, b, c);
  for (const server of [a, b, c]) server.boot();
  if (!until(world, () => servesAs(a, 'as leader') && servesAs(c, 'as learner'))) return;
  write(a, 5);
  world.run(200);
  c.crash('no power');
  write(a, 5);
  world.run(200);
  b.crash('no power');
  if (!until(world, () => !servesAs(a, 'as leader'))) return;
  world.syncUsMax = 100_000;
  const before = c.image.currentEpoch;
  c.boot();
  if (!until(world, () => c.image.currentEpoch > before)) return;
  for (const server of [c, a]) server.crash('no power');
  world.syncUsMax = 1000;
  world.forced.clear();
  for (const server of [b, c]) server.boot();
  world.run(3000);
}

/** A server promises an epoch, loses its power, and forgets or keeps that: it leads with it. */
export function crashBehindThePromise(world: PeerWorld): void {
  const [a, b, c] = three(world);
  force(world, a, b);
  a.boot();
  world.run(500);
  world.syncUsMax = 100_000;
  b.boot();
  if (!until(world, () => world.log.some((line) => line.includes('Synchronizing')))) return;
  b.crash('no power');
  world.syncUsMax = 1000;
  force(world, b, c);
  for (const server of [b, c]) server.boot();
  if (!until(world, () => servesAs(b, 'as leader'))) return;
  b.crash('no power');
  force(world, a, c);
  world.run(patienceMs);
}

/** Two candidates choose the same epoch, and one server gives its promise to both. */
export function oneEpochForTwo(world: PeerWorld): void {
  const [a, b, c] = three(world);
  const crashWhen = (is: () => boolean) => {
    if (!until(world, is)) return false;
    b.crash('no process');
    return true;
  };
  const follow = (leader: WorldServer, syncUsMax: number) => {
    force(world, leader, b);
    world.syncUsMax = syncUsMax;
    b.boot();
  };
  force(world, a);
  force(world, c);
  for (const server of [a, c]) server.boot();
  world.run(500);
  const synchronized = (leader: WorldServer) => () =>
    world.log.some((line) => line.includes(` ${leader.id}: Synchronizing`));
  // The one that promises is gone before it has: its epoch is proposed to nobody.
  follow(c, 100_000);
  if (!crashWhen(() => c.image.acceptedEpoch > 0)) return;
  // It gives its promise to the other candidate of that epoch, and then to the first.
  follow(a, 100_000);
  if (!crashWhen(synchronized(a))) return;
  follow(c, 100_000);
  if (!crashWhen(synchronized(c))) return;
  for (const leader of [a, c]) {
    follow(leader, 1000);
    if (!crashWhen(() => servesAs(leader, 'as leader'))) return;
  }
}
