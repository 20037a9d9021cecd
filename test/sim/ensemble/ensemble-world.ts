/**
 * A simulated ensemble: machines on a network, clients that use them, and the oracle that holds
 * every step against what must be true. Nothing in it waits: the timeline says what is next.
 */
import { stateAtBeginning } from './beginning.ts';
import { counterSlack, limitCounters } from './counter-limit.ts';
import { EnsembleClient } from './ensemble-client.ts';
import type { EnsemblePlan } from './ensemble-plan.ts';
import { memberConfiguration } from './ensemble-settings.ts';
import { strike } from './faults.ts';
import { Member } from './member.ts';
import { Broken, check, hex } from './oracle/broken.ts';
import { Durability, type Machine } from './oracle/durability.ts';
import { Oracle } from './oracle/oracle.ts';
import { durableOf } from './oracle/probe.ts';
import { SimNet } from './sim-net.ts';
import { Timeline } from './timeline.ts';

export interface EnsembleResult {
  readonly txns: number;
  readonly acknowledged: number;
  readonly epochs: number;
  readonly lives: number;
  /** Writes to the log by the thread of the ensemble. */
  readonly loneWrites: number;
  readonly happenings: number;
  readonly simulatedMs: number;
  /** Of the state at the end and all that clients were told. */
  readonly digest: string;
}

/** Between two looks at the state of all members, in things that happen. */
const lookEvery = 2000;
/** Between two looks at all disks, in such looks. */
const disksEvery = 10;
const second = 1_000_000;
/** More than any run needs: agents that wake each other for ever. */
const happeningsMax = 3_000_000;

export class EnsembleWorld {
  readonly plan: EnsemblePlan;
  readonly timeline = new Timeline();
  readonly net: SimNet;
  readonly oracle: Oracle;
  readonly durability: Durability;
  readonly members: Member[];
  readonly clients: EnsembleClient[];
  private isTrouble = true;
  private nextLook = lookEvery;
  private looks = 0;

  constructor(plan: EnsemblePlan) {
    const { seed, network, diskUs, agentUs, voters, observers } = plan;
    this.plan = plan;
    this.net = new SimNet(this.timeline, seed, network);
    const { net, timeline } = this;
    const { beginning = null, counterMax = null } = plan;
    limitCounters(counterMax);
    const oracle = new Oracle({
      nowMs: () => timeline.nowUs / 1000,
      beginning: stateAtBeginning(beginning),
      ...(counterMax === null ? {} : { counterMax: counterMax + counterSlack }),
    });
    const machines: Machine[] = [];
    const durability = new Durability(oracle, machines);
    const witnesses = { oracle, durability };
    this.oracle = oracle;
    this.durability = durability;
    this.members = Array.from({ length: voters + observers }, (_, index) => {
      const configuration = memberConfiguration(plan, index);
      return new Member({
        ...{ index, seed, configuration, net, witnesses, diskUs, agentUs, beginning },
      });
    });
    for (const member of this.members) {
      machines.push({
        votes: this.isVoter(member),
        get disk() {
          return member.disk;
        },
      });
      member.onDeath = (forMs) => this.bootLater(member, this.isTrouble ? forMs : 1);
    }
    const doors = this.members;
    this.clients = plan.clients.map((client, index) => {
      return new EnsembleClient({ plan: client, index, seed, timeline, doors, oracle });
    });
  }

  /** Throws `Broken`, or what an agent throws. */
  run(): EnsembleResult {
    const { plan, timeline } = this;
    for (const member of this.members) this.bootLater(member, 10 * member.index);
    for (const fault of plan.faults) timeline.at(fault.atMs * 1000, () => strike(this, fault));
    this.runUntil(plan.troubleMs * 1000);
    this.endTrouble();
    this.mustBecomeWell('after all trouble');
    for (const member of this.members) member.powerOff('lose-all');
    for (const member of this.members) member.boot();
    for (const client of this.clients) client.wantMore();
    this.mustBecomeWell('after a power cut of all');
    return this.result();
  }

  bootLater(member: Member, forMs: number): void {
    this.timeline.after(forMs * 1000, () => {
      member.powerOn();
      member.boot();
    });
  }

  /**
   * All others hold all that is committed and have promised no less, and are there: one disk more is
   * not needed. A server that forgets what it has promised could help a second leader into an epoch.
   */
  isHeldByAllBut(member: Member): boolean {
    const others = this.members.filter((other) => other !== member && this.isVoter(other));
    if (others.length * 2 <= this.plan.voters) return false;
    const promised = durableOf(member.disk).acceptedEpoch;
    return others.every(({ process, disk }) => {
      const { zxid, acceptedEpoch } = durableOf(disk);
      return process !== null && this.oracle.holdsAll(zxid) && acceptedEpoch >= promised;
    });
  }

  private isVoter(member: Member): boolean {
    return member.index < this.plan.voters;
  }

  private runUntil(untilUs: number, isOver: () => boolean = () => false): void {
    this.timeline.run(untilUs, () => {
      if (this.timeline.count >= this.nextLook) this.look();
      check(this.timeline.count < happeningsMax, 'X1', () => 'too much happens');
      return isOver();
    });
  }

  /** Holds every member that serves against the model, and the disks against what is committed. */
  private look(): void {
    this.nextLook = this.timeline.count + lookEvery;
    for (const { process, index } of this.members) {
      if (process?.isServing) this.oracle.checkState(index, process.picture());
    }
    if (this.looks++ % disksEvery === 0) this.durability.mustHoldAll('D4');
  }

  private endTrouble(): void {
    this.isTrouble = false;
    this.net.healAll();
    for (const member of this.members) {
      const { disk } = member;
      disk.failures.clear();
      disk.crashAt = null;
      member.stallUs = 0;
      if (member.isPaused) member.goOn();
      member.powerOn();
      member.boot();
    }
    for (const client of this.clients) client.wantMore();
  }

  /** Liveness: one leads, all serve the same, and every client gets its answers. */
  private mustBecomeWell(when: string): void {
    const { initLimit, syncLimit, tickTime } = memberConfiguration(this.plan, 0).settings;
    const patienceUs = ((initLimit + syncLimit) * tickTime * 8 + 60_000) * 1000;
    this.runUntil(this.timeline.nowUs + patienceUs, () => this.isWell());
    if (!this.isWell()) throw new Broken('L1', `${when}: ${this.complaints().join('; ')}`);
    // What is on its way to those that serve arrives.
    this.runUntil(this.timeline.nowUs + 5 * second, () => this.isEven());
    if (!this.isEven()) throw new Broken('L2', `${when}: ${this.complaints().join('; ')}`);
    this.look();
    this.durability.mustHoldAll('D4');
  }

  private isWell(): boolean {
    return (
      this.members.every(({ process }) => process?.isServing) &&
      this.members.filter(({ process }) => process?.leads).length === 1 &&
      this.clients.every((client) => client.isContent)
    );
  }

  private isEven(): boolean {
    const { lastCommitted } = this.oracle;
    return this.members.every(({ index }) => this.oracle.appliedOf(index) === lastCommitted);
  }

  private complaints(): string[] {
    return [
      ...this.members.map(({ index, process }) => {
        const applied = hex(this.oracle.appliedOf(index));
        return `member ${index}: ${process?.state ?? 'no process'}, has ${applied}`;
      }),
      ...this.clients.filter(({ isContent }) => !isContent).map(({ trouble }) => trouble),
      `committed ${hex(this.oracle.lastCommitted)}`,
    ];
  }

  private result(): EnsembleResult {
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    return {
      txns: this.oracle.committed.length,
      acknowledged: sum(this.clients.map((client) => client.acknowledgedWrites)),
      epochs: this.oracle.epochs,
      lives: sum(this.members.map(({ lives }) => lives)),
      loneWrites: sum(this.members.map(({ loneWrites }) => loneWrites)),
      happenings: this.timeline.count,
      simulatedMs: Math.round(this.timeline.nowUs / 1000),
      digest: this.oracle.digest(),
    };
  }
}
