/**
 * The world as a simulated server sees it: a clock that moves only when it is told to, random
 * numbers that follow from a seed, a logger that keeps warnings, the settings of a small server.
 * Nothing here looks at the real clock or at any other source of chance.
 */
import type { LoneWrites } from '../../src/agents/lone-writes.ts';
import type { Clock, Disk, Random } from '../../src/base/ports.ts';
import type { Settings } from '../../src/config/settings.ts';
import { embeddedConfiguration, type SettingValues } from '../../src/embedded-options.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import type { Ports } from '../../src/thread/assemble.ts';
import { nodeHash } from '../../src/thread/node-hash.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';
import { counterRandom } from './sim-disk-image.ts';

export type { SettingValues };

const wallMsAtStart = 1_795_000_000_000;

export class SimClock implements Clock {
  private ms: number;

  constructor(ms = 1000) {
    this.ms = ms;
  }

  nowMs(): number {
    return wallMsAtStart + this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }

  pass(ms: number): void {
    this.ms += ms;
  }

  fork(): SimClock {
    return new SimClock(this.ms);
  }
}

/** The n-th number is a function of seed and n. */
export class SimRandom implements Random {
  readonly next32: () => number;

  constructor(seed: number) {
    this.next32 = counterRandom(seed);
  }

  /** A whole number from 0 up to, not including, `bound`. */
  below(bound: number): number {
    return this.next32() % bound;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** True in `part` of `of` cases. */
  chance(part: number, of: number): boolean {
    return this.below(of) < part;
  }
}

/** The thread of the ensemble writes about half of the txns that it may write, by lot. */
export class SimLoneWrites implements LoneWrites {
  /** How often it did so. */
  count = 0;
  private readonly random: SimRandom;
  private readonly onSend: () => void;

  constructor(seed: number, onSend: () => void = () => {}) {
    this.random = new SimRandom(seed);
    this.onSend = onSend;
  }

  isWorthIt(): boolean {
    return this.random.chance(1, 2);
  }

  sendPackets(): void {
    this.count++;
    this.onSend();
  }
}

const settingsBySaying = new Map<string, Settings>();

/** Small files and short intervals, so that a short run meets everything that is rare. */
export function simSettings(values: SettingValues = {}): Settings {
  const all: SettingValues = {
    dataDir: '/data',
    tickTime: 1000,
    preAllocSize: 8,
    snapCount: 1000,
    'ringkeeper.treeMemoryMb': 1,
    extendedTypesEnabled: true,
    'znode.container.checkIntervalMs': 1000,
    ...values,
  };
  const saying = JSON.stringify(all);
  const known = settingsBySaying.get(saying);
  if (known !== undefined) return known;
  const { settings } = embeddedConfiguration(all);
  settingsBySaying.set(saying, settings);
  return settings;
}

export function simPorts(disk: Disk, clock: Clock, seed: number): Ports {
  return {
    ...{ disk, clock },
    random: new SimRandom(seed),
    logger: new RecordingLogger(),
    compression: nodeCompression,
    hash: nodeHash,
  };
}
