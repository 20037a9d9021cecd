/**
 * A plan is a random run as plain JSON: what the clients ask, in which order the agents run, where
 * they wait, what breaks. A seed only makes the plan; the plan is what runs, so that one can be
 * kept, cut down by hand and replayed.
 */
import { type CrashPolicy, crashPolicies } from './sim-disk.ts';
import type { RingSizes } from './sim-memory.ts';
import { type SettingValues, SimRandom } from './sim-ports.ts';

export const clientsMax = 3;

export type PlanOp =
  | { readonly op: 'create'; readonly path: string; readonly flags: number; readonly bytes: number }
  | { readonly op: 'container' | 'ttl' | 'delete' | 'getData' | 'watch'; readonly path: string }
  | { readonly op: 'setData'; readonly path: string; readonly bytes: number }
  | { readonly op: 'setAcl'; readonly path: string; readonly perms: number }
  | { readonly op: 'multi'; readonly paths: readonly string[]; readonly fails: boolean }
  | { readonly op: 'sync' | 'closeSession' };

export type PlanStep =
  | { readonly kind: 'ask'; readonly client: number; readonly ops: readonly PlanOp[] }
  /** The same, and each is answered before the next is asked. */
  | { readonly kind: 'askInTurn'; readonly client: number; readonly ops: readonly PlanOp[] }
  | { readonly kind: 'cycle'; readonly agent: 'front' | 'keeper' | 'log' }
  | { readonly kind: 'settle' | 'purge' | 'kill' | 'stop' | 'heal' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'disconnect'; readonly client: number }
  /** A whole snapshot, with these things going on at steps of its walk. */
  | { readonly kind: 'snapshot'; readonly meanwhile: readonly PlanStep[] }
  | { readonly kind: 'crash'; readonly policy: CrashPolicy; readonly seed: number }
  /** The machine stops at an effect that is so many effects away. */
  | {
      readonly kind: 'crashAt';
      readonly after: number;
      readonly moment: 'before' | 'middle';
      readonly policy: CrashPolicy;
      readonly seed: number;
    }
  /** That effect fails; what ends because of it goes on after a restart as `next` says. */
  | {
      readonly kind: 'failAt';
      readonly after: number;
      readonly code: 'EIO' | 'ENOSPC';
      readonly next: CrashPolicy | 'kill';
      readonly seed: number;
    }
  /** The disk has room for so many bytes more. */
  | { readonly kind: 'space'; readonly bytes: number };

export interface Plan {
  readonly seed: number;
  readonly settings: SettingValues;
  readonly rings: RingSizes;
  /** Of eight times that a thread waits for the disk, in how many the others run. */
  readonly concurrency: number;
  readonly steps: readonly PlanStep[];
}

const paths = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/a/x/deep', '/seq'];
const agents = ['front', 'keeper', 'log'] as const;

export function makePlan(seed: number): Plan {
  const random = new SimRandom(seed);
  const swarm = new Swarm(random);
  const count = 30 + random.below(70);
  return {
    seed,
    settings: makeSettings(random),
    rings: {
      requests: 1024 << random.below(4),
      replies: 1024 << random.below(3),
      appends: 2048 << random.below(3),
      synced: 64 << random.below(3),
    },
    concurrency: random.below(9),
    steps: Array.from({ length: count }, () => swarm.step()),
  };
}

function makeSettings(random: SimRandom): SettingValues {
  return {
    snapCount: random.pick([5, 20, 1000]),
    preAllocSize: random.pick([0, 4, 8, 64]),
    txnLogSizeLimitInKb: random.pick([-1, -1, 1, 4]),
    'snapshot.compression.method': random.pick(['', '', 'gz', 'snappy']),
    'serializeLastProcessedZxid.enabled': random.chance(1, 2),
  };
}

/** Each run knows only some of the things that can happen, so that rare ones meet often. */
class Swarm {
  private readonly random: SimRandom;
  private readonly makers: (() => PlanStep)[];

  constructor(random: SimRandom) {
    this.random = random;
    const rare = [
      () => this.snapshot(),
      () => ({ kind: 'purge' }) as const,
      () => this.crash(),
      () => this.crashAt(),
      () => this.failAt(),
      () => ({ kind: 'space', bytes: random.below(3000) }) as const,
      () => ({ kind: random.pick(['kill', 'stop'] as const) }),
      () => ({ kind: 'disconnect', client: random.below(clientsMax) }) as const,
      () => ({ kind: 'pass', ms: 200 * (1 + random.below(20)) }) as const,
    ];
    const chosen = rare.filter(() => random.chance(1, 2));
    const ask = () => this.ask();
    const cycle = () => ({ kind: 'cycle', agent: random.pick(agents) }) as const;
    const settle = () => ({ kind: 'settle' }) as const;
    this.makers = [ask, ask, ask, ask, cycle, cycle, cycle, cycle, settle, ...chosen];
  }

  step(): PlanStep {
    return this.random.pick(this.makers)();
  }

  private ask(): PlanStep {
    const { random } = this;
    const ops = Array.from({ length: 1 + random.below(4) }, () => this.op());
    const kind = random.chance(1, 4) ? 'askInTurn' : 'ask';
    return { kind, client: random.below(clientsMax), ops };
  }

  private op(): PlanOp {
    const { random } = this;
    const path = random.pick(paths);
    const bytes = random.chance(1, 12) ? 350 : random.below(60);
    switch (random.below(16)) {
      case 0:
      case 1:
        return { op: 'setAcl', path, perms: random.pick([31, 31, 7, 3]) };
      case 2:
      case 3:
        return { op: 'delete', path };
      case 4:
      case 5:
      case 6:
        return { op: 'setData', path, bytes };
      case 7:
        return { op: random.pick(['container', 'ttl']), path };
      case 8:
        return { op: 'getData', path };
      case 9:
        return { op: 'watch', path };
      case 10:
      case 11:
        return { op: 'multi', paths: [path, random.pick(paths)], fails: random.chance(1, 3) };
      case 12:
        return { op: random.chance(1, 3) ? 'closeSession' : 'sync' };
      default:
        return { op: 'create', path, flags: random.pick([0, 0, 0, 1, 2, 3]), bytes };
    }
  }

  private snapshot(): PlanStep {
    const { random } = this;
    const meanwhile = Array.from({ length: random.below(12) }, (): PlanStep => {
      if (random.chance(1, 2)) return this.ask();
      return random.chance(1, 2)
        ? { kind: 'settle' }
        : { kind: 'cycle', agent: random.pick(agents) };
    });
    return { kind: 'snapshot', meanwhile };
  }

  private crash(): PlanStep {
    const { random } = this;
    return { kind: 'crash', policy: random.pick(crashPolicies), seed: random.below(1000) };
  }

  private crashAt(): PlanStep {
    const { random } = this;
    const moment = random.pick(['before', 'middle'] as const);
    const policy = random.pick(crashPolicies);
    return { kind: 'crashAt', after: random.below(24), moment, policy, seed: random.below(1000) };
  }

  private failAt(): PlanStep {
    const { random } = this;
    const code = random.pick(['EIO', 'ENOSPC'] as const);
    const next = random.pick([...crashPolicies, 'kill', 'kill'] as const);
    return { kind: 'failAt', after: random.below(16), code, next, seed: random.below(1000) };
  }
}
