/**
 * Looks at every crash state of a running world: at each moment at which the machine could stop,
 * what each policy of the disk would leave is recovered by the production code, and must be a
 * state that was, not older than what anybody has seen, whole, the same when it is recovered
 * again, and good to go on with.
 */
import { lowHalf } from '../../src/base/zxid.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { ModelHistory } from './model-history.ts';
import { type CrashPolicy, crashPolicies, type EffectMoment, type SimDisk } from './sim-disk.ts';
import { createSimTree } from './sim-memory.ts';
import type { SimClock } from './sim-ports.ts';
import { SimServer } from './sim-server.ts';
import { differenceOf, type StatePicture } from './tree-picture.ts';

export interface ExploredStates {
  /** Crash states looked at: each moment under each policy and seed, and killed. */
  states: number;
  /** Power cuts that left a disk unlike all before in this life; the others are not recovered. */
  distinct: number;
  moments: number;
}

/** What is looked at: a running world, or a disk that is being recovered. */
export interface Subject {
  readonly seed: number;
  readonly settings: Settings;
  readonly clock: SimClock;
  readonly history: ModelHistory;
  readonly disk: SimDisk;
  readonly life: number;
  /** The newest state that anybody can have seen. */
  readonly visible: bigint;
}

const seedsPerPolicy: Record<CrashPolicy, number> = {
  'lose-all': 1,
  'keep-all': 1,
  'random-subset': 3,
  'torn-512': 4,
  'torn-4096': 2,
  'metadata-ordered': 3,
  'posix-worst': 5,
};

export class ServerExplorer {
  readonly explored: ExploredStates = { states: 0, distinct: 0, moments: 0 };
  private readonly world: Subject;
  /** Memory of the servers that only look: one after another they empty it and fill it. */
  private readonly tree = createSimTree(1);
  /** Which zxid was recovered from a disk image in this life. */
  private readonly known = new Map<string, bigint>();
  private knownLife = 0;
  private recoveries = 0;

  constructor(world: Subject) {
    this.world = world;
  }

  /** At a moment of an effect, or between two. */
  readonly look = (moment: EffectMoment | null): void => {
    const { world, explored } = this;
    explored.moments++;
    const at =
      moment === null
        ? 'between effects'
        : `${moment.moment} effect ${moment.effect} (${moment.name} ${moment.path})`;
    for (const policy of crashPolicies) {
      for (let i = 0; i < seedsPerPolicy[policy]; i++) {
        const seed = (moment?.effect ?? world.disk.effects) * 31 + i;
        const place = `life ${world.life}, ${policy} seed ${seed} ${at}`;
        this.lookAt(world.disk.crash(policy, seed), place);
      }
    }
    // The process alone dies; the machine right after the next process has recovered.
    explored.states++;
    this.check(world.disk.killed(), `life ${world.life}, killed ${at}`);
  };

  /** Recovers the disk of the subject, and looks at every moment of that. */
  lookAtRecovery(): void {
    const { disk } = this.world;
    disk.onMoment = this.look;
    this.makeServer(disk, createSimTree(2)).start();
    disk.onMoment = null;
    this.look(null);
  }

  private lookAt(disk: SimDisk, place: string): void {
    const { world, explored, known } = this;
    explored.states++;
    if (this.knownLife !== world.life) known.clear();
    this.knownLife = world.life;
    const image = disk.image();
    const before = known.get(image);
    if (before !== undefined) {
      this.checkNotOlder(before, place);
      return;
    }
    explored.distinct++;
    known.set(image, this.check(disk, place));
  }

  private checkNotOlder(found: bigint, place: string): void {
    const { visible } = this.world;
    if (found < visible) throw new Error(`${place}: seen was ${visible}, found is ${found}`);
  }

  /** Returns the zxid of the state that was recovered. */
  private check(disk: SimDisk, place: string): bigint {
    try {
      const first = this.makeServer(disk);
      first.start();
      const found = this.checkRecovered(first);
      this.checkNotOlder(found.zxid, 'first recovery');
      const again = disk.crash('lose-all', 1);
      const second = this.makeServer(again);
      second.start();
      const same = second.picture();
      if (same.zxid !== found.zxid || same.text !== found.text) {
        throw new Error(`recovered again: ${same.zxid}\n${differenceOf(same, found)}`);
      }
      if (++this.recoveries % 4 === 0) this.goOn(second, again, found.zxid);
      return found.zxid;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${place}: ${message}`, { cause: error });
    }
  }

  private checkRecovered(server: SimServer): StatePicture {
    const found = server.picture();
    const expected = this.world.history.at(found.zxid);
    if (expected === undefined) throw new Error(`state ${found.zxid} was never proposed`);
    if (found.text !== expected.text) {
      throw new Error(`state ${found.zxid} never was:\n${differenceOf(found, expected)}`);
    }
    const { ephemerals, sessionCount } = server.ask('dump');
    const indexed = ephemerals.flatMap(({ session, paths }) =>
      paths.map((path) => `${BigInt.asIntN(64, BigInt(session))} ${path}`),
    );
    if (indexed.sort().join('\n') !== expected.ephemerals) {
      throw new Error(`state ${found.zxid} knows other ephemerals: ${indexed.join(', ')}`);
    }
    const sessions = expected.text.split('\n').filter((line) => line.startsWith('session '));
    if (sessions.length !== sessionCount) throw new Error(`${sessionCount} sessions are tracked`);
    return found;
  }

  /** What was recovered can be built on, and what is built on it lasts. */
  private goOn(server: SimServer, disk: SimDisk, zxid: bigint): void {
    const client = server.front.connect();
    server.settle();
    client.create(`/after-${lowHalf(zxid)}`);
    server.settle();
    const { err, zxid: created } = client.lastReply;
    if (err !== 0 || created !== zxid + 2n) throw new Error(`a write answers ${err} at ${created}`);
    const third = this.makeServer(disk.crash('lose-all', 2));
    third.start();
    if (third.lastZxid < created) throw new Error(`the write ${created} after it is lost`);
    server.stop();
  }

  private makeServer(disk: SimDisk, tree = this.tree): SimServer {
    const { seed, settings, clock } = this.world;
    const later = clock.fork();
    later.pass(10);
    return new SimServer({ disk, clock: later, seed, settings, tree });
  }
}
