/**
 * Bugs that ensembles have had, planted one at a time: the world must find each. A search that
 * finds nothing says something only when it would have found these.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { highHalf, lowHalf, type Zxid } from '../../src/base/zxid.ts';
import { EpochNegotiation } from '../../src/zab/discovery.ts';
import type { DurableState } from '../../src/zab/durable-state.ts';
import { Leader } from '../../src/zab/leader.ts';
import { LeaderBroadcast } from '../../src/zab/leader-broadcast.ts';
import { Learner } from '../../src/zab/learner.ts';
import { LearnerLink } from '../../src/zab/learner-link.ts';
import { LearnerLog } from '../../src/zab/learner-log.ts';
import type { DiskAsk, DiskOutcome } from '../../src/zab/peer-ports.ts';
import { majorityOf, type ServerId } from '../../src/zab/quorum-verifier.ts';
import { type Method, Replacements } from '../support/replacements.ts';
import { findViolation, seeds } from './world/chaos.ts';
import type { PeerWorld, WorldOptions } from './world/peer-world.ts';
import {
  crashBehindTheEpoch,
  crashBehindThePromise,
  deposedLeader,
  oneEpochForTwo,
} from './world/scenarios.ts';
import { isAfter, type WorldTxn } from './world/txns.ts';
import { type CrashKeeps, WorldDisk } from './world/world-disk.ts';
import { WorldReplica } from './world/world-replica.ts';

type Then = (outcome: DiskOutcome) => void;
type Broken = Partial<WorldOptions>;

const seedsMax = 1000;
/** A leader looks around seldom enough to be behind the times for a while. */
const slowTicks = { tickTimeMs: 400, initLimitTicks: 5, syncLimitTicks: 2 };
const code = new Replacements();

afterEach(() => code.repair());

/** Answers some asks before they are durable. */
function hastyDisk(isHasty: (ask: DiskAsk) => boolean): Broken {
  class HastyDisk extends WorldDisk {
    override ask(ask: DiskAsk, then: Then): void {
      super.ask(ask, isHasty(ask) ? () => {} : then);
      if (isHasty(ask)) this.host.after(1, () => this.host.hear(() => then('done')));
    }
  }
  return { newDisk: (image, host) => new HastyDisk(image, host) };
}

/** Reports appends before they are durable. */
function hastySynced(): Broken {
  class HastyDisk extends WorldDisk {
    override append(bytes: Uint8Array, start: number, end: number, hi: number, lo: number): void {
      super.append(bytes, start, end, hi, lo);
      this.host.after(1, () => this.host.hear(() => this.host.onSynced(hi, lo)));
    }
  }
  return { newDisk: (image, host) => new HastyDisk(image, host) };
}

/** Writes the current epoch at once, while what it is claimed for waits. */
function epochFirst(): Broken {
  class EpochFirstDisk extends WorldDisk {
    override ask(ask: DiskAsk, then: Then): void {
      if (ask.kind === 'currentEpoch') this.image.currentEpoch = ask.epoch;
      super.ask(ask, then);
    }
  }
  return { newDisk: (image, host) => new EpochFirstDisk(image, host) };
}

/** A cut of the log that is not synced: a crash brings back what was there. */
function forgottenCut(): Broken {
  class ForgetfulDisk extends WorldDisk {
    private before: WorldTxn[] | null = null;
    protected override truncate(zxid: Zxid): DiskOutcome {
      const { log } = this.image;
      const outcome = super.truncate(zxid);
      if (outcome === 'done') this.before = log;
      return outcome;
    }
    override crash(keeps?: CrashKeeps): void {
      super.crash(keeps);
      if (this.before !== null) this.image.log = this.before;
    }
  }
  return { newDisk: (image, host) => new ForgetfulDisk(image, host) };
}

/** The log is cut, and the tree keeps what it had. */
function treeKept(): Broken {
  class KeepingReplica extends WorldReplica {
    override reload(): Zxid {
      const kept = this.applied;
      const last = super.reload();
      const isCut = kept.length > this.applied.length && this.applied.length > 0;
      const isShorter = isCut && isAfter(kept.at(-1) as WorldTxn, highHalf(last), lowHalf(last));
      if (isShorter) this.applied = [...kept.slice(0, this.applied.length - 1), kept.at(-1)!];
      return last;
    }
  }
  return { newReplica: (parts) => new KeepingReplica(parts) };
}

/** Half of the servers, and one less if they are odd. */
function halfQuorum(): Broken {
  return {
    quorumOf: (voters) => ({
      ...majorityOf(voters),
      isQuorum: (has) => voters.filter(has).length * 2 >= voters.length - 1,
    }),
  };
}

function blindLeader(): Broken {
  code.replace(EpochNegotiation.prototype, 'isAhead', () => () => false);
  return {};
}

function usedEpoch(): Broken {
  const make = (old: Method) =>
    function (this: EpochNegotiation, ...args: unknown[]) {
      const isQuorum = old.apply(this, args);
      if (isQuorum && (this.epoch as number) > 1) (this.epoch as number)--;
      return isQuorum;
    };
  code.replace(EpochNegotiation.prototype, 'onPromise', make);
  return {};
}

function promiseToAll(): Broken {
  const make = (old: Method) =>
    function (this: Learner) {
      old.call(this, true);
    };
  code.replace(Learner.prototype, 'writeAckEpoch', make);
  return {};
}

function shownTooEarly(): Broken {
  code.replace(LearnerLog.prototype, 'isTreeCommitted', () => () => true);
  return {};
}

function diffForAll(): Broken {
  code.replace(LearnerLink.prototype, 'plan', () => () => ({ kind: 'diff' }));
  return {};
}

function unappliedHistory(): Broken {
  const make = (old: Method) =>
    function (this: LeaderBroadcast) {
      const { replica } = (this as unknown as { parts: { replica: WorldReplica } }).parts;
      const { deliver } = replica;
      replica.deliver = () => {};
      old.call(this);
      replica.deliver = deliver;
    };
  code.replace(LeaderBroadcast.prototype, 'begin', make);
  return {};
}

function promisesForAcks(): Broken {
  const make = (old: Method) =>
    function (this: Leader, ...args: unknown[]) {
      const [learner] = args as [LearnerLink];
      old.apply(this, args);
      const { newLeaderAcks } = this as unknown as { newLeaderAcks: Set<ServerId> };
      newLeaderAcks.add(learner.server as ServerId);
    };
  code.replace(Leader.prototype, 'onAckEpoch', make);
  return {};
}

const ownCommit = (): Broken => {
  const make = (old: Method) =>
    function (this: LeaderBroadcast, ...args: unknown[]) {
      old.apply(this, args);
      const { parts } = this as unknown as { parts: { durable: DurableState } };
      parts.durable.onSynced(args[3] as number, args[4] as number);
      this.onSynced();
    };
  code.replace(LeaderBroadcast.prototype, 'propose', make);
  return {};
};

interface Bug {
  readonly plant: () => Broken;
  /** Where it shows; a life of chaos when nothing is said. */
  readonly live?: (world: PeerWorld) => void;
}

const epochsAndFlushes = (ask: DiskAsk) => ask.kind === 'currentEpoch' || ask.kind === 'flush';
const promises = (ask: DiskAsk) => ask.kind === 'acceptedEpoch';
const longInitLimit = { settings: { initLimitTicks: 1000 } };

const bugs: Readonly<Record<string, Bug>> = {
  'NEWLEADER is acknowledged before the history is durable (ZOOKEEPER-3911, 4646)': {
    plant: () => hastyDisk(epochsAndFlushes),
  },
  'the epoch is durable before its history (ZOOKEEPER-4643)': {
    plant: epochFirst,
    live: crashBehindTheEpoch,
  },
  'a promise is given before it is durable': {
    plant: () => ({ ...hastyDisk(promises), ...longInitLimit }),
    live: crashBehindThePromise,
  },
  'a server acknowledges one epoch to two leaders': {
    plant: () => ({ ...promiseToAll(), ...longInitLimit }),
    live: oneEpochForTwo,
  },
  'a leader answers a sync without asking whether it still leads': {
    plant: () => ({ settings: { ...slowTicks, quorumSync: false } }),
    live: deposedLeader,
  },
  'a txn is acknowledged before it is durable': { plant: hastySynced },
  'a leader counts its own txns before they are durable': { plant: ownCommit },
  'a cut of the log is undone by a crash': { plant: forgottenCut },
  'the tree keeps what was cut off the log (ZOOKEEPER-2845)': { plant: treeKept },
  'half of the servers are a quorum': { plant: halfQuorum },
  'a leader goes on although a follower is ahead of it': { plant: blindLeader },
  'a leader takes an epoch that was promised before': { plant: usedEpoch },
  'a restarted follower shows what is not committed yet': { plant: shownTooEarly },
  'a server of another branch gets a DIFF (ZOOKEEPER-2418)': { plant: diffForAll },
  'a leader serves before it has applied its history': { plant: unappliedHistory },
  'a leader is established by promises, without acks of NEWLEADER': { plant: promisesForAcks },
};

function optionsFrom(seed: number, broken: Broken, isChaos: boolean): WorldOptions {
  return { seed, voters: isChaos ? 3 + 2 * (seed % 2) : 3, observers: 0, ...broken };
}

describe('the world finds it when', () => {
  it.each(Object.keys(bugs))('%s', { timeout: 120_000 }, (name) => {
    const { plant, live } = bugs[name] as Bug;
    const broken = plant();
    const from = (seed: number) => optionsFrom(seed, broken, live === undefined);
    const violation = findViolation(seeds(seedsMax), from, live);
    if (process.env['WORLD_LOG']) console.error(violation?.seed, violation?.what);
    expect(violation).not.toBeNull();
  });
});

describe('without a bug nothing is wrong', () => {
  const scenarios = { crashBehindTheEpoch, crashBehindThePromise, oneEpochForTwo, deposedLeader };
  it.each(Object.entries(scenarios))('in %s', { timeout: 120_000 }, (name, live) => {
    const settings = name === 'deposedLeader' ? slowTicks : longInitLimit.settings;
    const from = (seed: number) => optionsFrom(seed, { settings }, false);
    expect(findViolation(seeds(50), from, live)?.text ?? '').toBe('');
  });
});
