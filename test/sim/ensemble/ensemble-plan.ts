/**
 * A plan of an ensemble's run is plain JSON: its shape, its network, its clients, what breaks and
 * when. A seed only makes the plan; the plan is what runs, so that one can be kept, made smaller
 * and replayed. Whatever else is random follows from the plan's seed and the place where it is
 * needed, so that taking one fault away does not change all the rest.
 */
import { zxidCounterMax } from '../../../src/base/limits.ts';
import { type CrashPolicy, crashPolicies } from '../sim-disk.ts';
import { type SettingValues, SimRandom } from '../sim-ports.ts';
import type { Beginning } from './beginning.ts';
import type { NetQuality } from './sim-net.ts';

/** Instead of a member: whoever leads then. */
export const whoLeads = -1;

/** Members are named by their place, from 0. */
export type Fault =
  /** The process dies, and another one starts later. */
  | {
      readonly kind: 'kill';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
    }
  /** The machine loses power, and with it what its disk has not synced. */
  | {
      readonly kind: 'power';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
      readonly policy: CrashPolicy;
    }
  | { readonly kind: 'power of all'; readonly atMs: number; readonly policy: CrashPolicy }
  /** As `power`, in the middle of something that the disk does, so many effects from then. */
  | {
      readonly kind: 'crash in effect';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
      readonly after: number;
      readonly moment: 'before' | 'middle';
      readonly policy: CrashPolicy;
    }
  /** One thing that the disk does fails, and so the process. */
  | {
      readonly kind: 'disk fails';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
      readonly after: number;
      readonly code: 'EIO' | 'ENOSPC';
    }
  /** The disk takes long. */
  | {
      readonly kind: 'disk stalls';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
    }
  /** The process stands still. */
  | {
      readonly kind: 'pause';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
    }
  /** Bytes of one member do not reach another. */
  | {
      readonly kind: 'cut';
      readonly atMs: number;
      readonly from: number;
      readonly to: number;
      readonly forMs: number;
    }
  /** A member reaches nobody, or nobody reaches it, or both. */
  | {
      readonly kind: 'isolate';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
      readonly way: 'out' | 'in' | 'both';
    }
  /** The member leaves in good order and starts again. */
  | {
      readonly kind: 'stop';
      readonly atMs: number;
      readonly member: number;
      readonly forMs: number;
    }
  /** Its disk is replaced by an empty one, if all the others hold everything. */
  | { readonly kind: 'wipe'; readonly atMs: number; readonly member: number }
  /** The wall clock of a member jumps. */
  | {
      readonly kind: 'clock';
      readonly atMs: number;
      readonly member: number;
      readonly byMs: number;
    };

export interface ClientPlan {
  /** How many requests it sends before it is content. */
  readonly requests: number;
  /** Longest pause before the next one. */
  readonly thinkMs: number;
  /** At most so many without an answer. */
  readonly depth: number;
  /** Once in so many looks around it goes to another server; 0 or absent: only when it must. */
  readonly restlessness?: number;
}

export interface EnsemblePlan {
  readonly seed: number;
  readonly voters: number;
  readonly observers: number;
  /** Ids from here on; above 127 those of their sessions are negative. Absent in old plans. */
  readonly firstServerId?: number;
  /** Null or absent: with empty disks. */
  readonly beginning?: Beginning | null;
  /** The counter at which a leader steps down; null or absent: as in production. */
  readonly counterMax?: number | null;
  readonly settings: SettingValues;
  readonly network: NetQuality;
  /** What the disk takes for a batch, at most. */
  readonly diskUs: number;
  /** What an agent takes before it runs again, at most. */
  readonly agentUs: number;
  readonly clients: readonly ClientPlan[];
  readonly faults: readonly Fault[];
  /** How long faults go on; what is well after it must become well again. */
  readonly troubleMs: number;
}

const faultKinds = [
  ...(['kill', 'power', 'power of all', 'crash in effect', 'disk fails', 'disk stalls'] as const),
  ...(['pause', 'cut', 'isolate', 'stop', 'wipe', 'clock'] as const),
];

export function makeEnsemblePlan(seed: number): EnsemblePlan {
  const random = new SimRandom(seed);
  const voters = random.pick([3, 3, 3, 3, 5, 1, 2, 4]);
  const observers = random.pick([0, 0, 0, 1, 2]);
  const troubleMs = 4000 + random.below(20_000);
  const maker = new FaultMaker(random, voters + observers, troubleMs);
  return {
    ...{ seed, voters, observers, troubleMs },
    ...makeEdges(seed),
    settings: makeSettings(random, voters + observers),
    network: {
      latencyMinUs: random.pick([50, 50, 1000]),
      latencyMaxUs: random.pick([200, 3000, 40_000]) + 1000,
      pieceBytesMax: random.pick([7, 50, 1000, 65_536, 65_536]),
      windowBytes: random.pick([256, 65_536, 65_536, 1_000_000]),
    },
    diskUs: random.pick([100, 2000, 2000, 50_000]),
    agentUs: random.pick([20, 200, 5000]),
    clients: Array.from({ length: 1 + random.below(4) }, (_, index) => ({
      requests: 10 + random.below(60),
      thinkMs: random.pick([1, 50, 400]),
      depth: random.pick([1, 1, 4, 16]),
      restlessness: makeRestlessness(seed, index),
    })),
    faults: Array.from({ length: random.below(12) }, () => maker.next()),
  };
}

function makeRestlessness(seed: number, index: number): number {
  return new SimRandom((seed * 17 + index) >>> 0).pick([0, 0, 10, 60]);
}

/** Where numbers are about to reach their ends; of every plan, some or none. */
function makeEdges(seed: number): Pick<EnsemblePlan, 'firstServerId' | 'beginning' | 'counterMax'> {
  const random = new SimRandom((seed ^ 0x5ed6e) >>> 0);
  const firstServerId = random.pick([1, 1, 1, 126, 200]);
  const counterMax = random.pick([null, null, null, null, 20, 60]);
  if (random.chance(1, 2)) return { firstServerId, counterMax, beginning: null };
  const epoch = random.pick([1, 7, 2 ** 21, 0x7ffe0000]);
  const counter = random.pick([1, 0x7fffffff, zxidCounterMax]);
  const sequence = random.pick([0, 2 ** 31 - 1 - random.below(8), -(2 ** 31)]);
  const version = random.pick([0, 2 ** 31 - 1 - random.below(4), -3]);
  return { firstServerId, counterMax, beginning: { epoch, counter, sequence, version } };
}

function makeSettings(random: SimRandom, members: number): SettingValues {
  return {
    tickTime: random.pick([200, 500, 1000]),
    initLimit: random.pick([5, 10]),
    syncLimit: random.pick([3, 5]),
    snapCount: random.pick([5, 20, 1000]),
    commitLogCount: random.pick([2, 5, 20, 500]),
    preAllocSize: random.pick([0, 8, 64]),
    txnLogSizeLimitInKb: random.pick([-1, -1, 1, 4]),
    'serializeLastProcessedZxid.enabled': random.chance(1, 2),
    // Alone, a leader that serves nobody would leave all clients without an answer.
    leaderServes: random.chance(1, 4) && members > 1 ? 'no' : 'yes',
  };
}

/** Each run knows only some of the things that can happen, so that rare ones meet often. */
class FaultMaker {
  private readonly random: SimRandom;
  private readonly members: number;
  private readonly troubleMs: number;
  private readonly kinds: readonly Fault['kind'][];
  private readonly longestMs: number;

  constructor(random: SimRandom, members: number, troubleMs: number) {
    this.random = random;
    this.members = members;
    this.troubleMs = troubleMs;
    const kinds = faultKinds.filter(() => random.chance(1, 2));
    this.kinds = kinds.length === 0 ? ['kill'] : kinds;
    this.longestMs = random.pick([300, 3000, 10_000]);
  }

  next(): Fault {
    const { random, members } = this;
    const kind = random.pick(this.kinds);
    const atMs = random.below(this.troubleMs);
    const member = random.chance(1, 3) ? whoLeads : random.below(members);
    const forMs = 1 + random.below(this.longestMs);
    const policy = random.pick(crashPolicies);
    const after = random.below(30);
    switch (kind) {
      case 'power':
        return { kind, atMs, member, forMs, policy };
      case 'power of all':
        return { kind, atMs, policy };
      case 'crash in effect': {
        const moment = random.pick(['before', 'middle'] as const);
        return { kind, atMs, member, forMs, after, moment, policy };
      }
      case 'disk fails':
        return { kind, atMs, member, forMs, after, code: random.pick(['EIO', 'ENOSPC'] as const) };
      case 'cut':
        return { kind, atMs, from: member, to: random.below(members), forMs };
      case 'isolate':
        return { kind, atMs, member, forMs, way: random.pick(['out', 'in', 'both'] as const) };
      case 'wipe':
        return { kind, atMs, member };
      case 'clock':
        return { kind, atMs, member, byMs: random.pick([-3_600_000, -500, 500, 3_600_000]) };
      default:
        return { kind, atMs, member, forMs };
    }
  }
}
