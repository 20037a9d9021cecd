/**
 * One machine of a simulated ensemble: its disk, its clock, and one process at a time. Its agents
 * run when they are woken, each after a delay of its own, so that they meet in every order in which
 * threads can meet. What ends a process in production ends it here, and it stays down until the
 * world starts it again.
 */
import {
  type CrashPolicy,
  type EffectMoment,
  isDiskFailure,
  SimCrash,
  SimDisk,
} from '../sim-disk.ts';
import type { SimFront } from '../sim-front.ts';
import { createSimTree } from '../sim-memory.ts';
import { SimRandom } from '../sim-ports.ts';
import { type Beginning, writeBeginning } from './beginning.ts';
import type { Door } from './ensemble-client.ts';
import { hostOf, type MemberConfiguration } from './ensemble-settings.ts';
import { MemberClock } from './member-clock.ts';
import { type AgentName, agentNames, MemberProcess } from './member-process.ts';
import type { Witnesses } from './oracle/taps.ts';
import type { SimNet } from './sim-net.ts';

export interface MemberOptions {
  readonly index: number;
  readonly seed: number;
  readonly configuration: MemberConfiguration;
  readonly net: SimNet;
  readonly witnesses: Witnesses;
  readonly beginning: Beginning | null;
  readonly diskUs: number;
  readonly agentUs: number;
}

/** What follows when the machine stops in the middle of something. */
interface PlannedEnd {
  readonly how: CrashPolicy | 'kill';
  readonly forMs: number;
}

/** An agent that found nothing to do looks again so many times, as others may have woken it. */
const idleLooks = 2;

export class Member implements Door {
  readonly index: number;
  readonly clock: MemberClock;
  disk: SimDisk;
  process: MemberProcess | null = null;
  isPaused = false;
  /** The disk takes this much longer. */
  stallUs = 0;
  lives = 0;
  diskDeaths = 0;
  /** In lives that are over. */
  private loneWritesBefore = 0;
  /** The process has ended by itself; the world decides when the next one starts. */
  onDeath: (forMs: number) => void = () => {};
  plannedEnd: PlannedEnd = { how: 'kill', forMs: 500 };
  private readonly options: MemberOptions;
  private readonly random: SimRandom;
  private readonly scheduled = new Set<AgentName>();
  private readonly looks = new Map<AgentName, number>();
  private deadlineUs = Number.POSITIVE_INFINITY;
  private isInEffect = false;
  private isInJob = false;

  constructor(options: MemberOptions) {
    const { index, seed, net } = options;
    this.options = options;
    this.index = index;
    this.random = new SimRandom((seed * 101 + index) >>> 0);
    this.clock = new MemberClock(net.timeline, 1000 + 777 * index);
    this.disk = emptyDisk(seed + index);
    if (options.beginning !== null) writeBeginning(this.disk, options.beginning);
  }

  get host(): string {
    return hostOf(this.index);
  }

  /** Writes to the log by the thread of the ensemble. */
  get loneWrites(): number {
    return this.loneWritesBefore + (this.process?.loneWrites.count ?? 0);
  }

  get isRunning(): boolean {
    return this.process !== null && !this.isPaused;
  }

  get front(): SimFront | null {
    return this.process?.front ?? null;
  }

  boot(): void {
    if (this.process !== null) return;
    const { configuration, net, witnesses, seed } = this.options;
    this.lives++;
    this.disk.onMoment = (moment) => this.onEffect(moment);
    const { disk, clock, index } = this;
    const tree = createSimTree(seed);
    const lifeSeed = (seed * 1009 + index * 31 + this.lives) >>> 0;
    const process = new MemberProcess({
      ...{ index, disk, clock, seed: lifeSeed, configuration, tree, net, witnesses },
      wake: () => this.wake('links'),
      meanwhile: () => this.meanwhile(),
    });
    this.process = process;
    this.guarded(() => process.start());
    this.wakeAll();
  }

  /** The process dies; what it wrote to the disk stays there. */
  kill(): void {
    this.leave('no process');
    this.disk = this.disk.killed();
  }

  powerOff(policy: CrashPolicy): void {
    this.leave('no power');
    this.disk = this.disk.crash(policy, this.random.next32());
  }

  /** Power comes back; the machine has no process yet. */
  powerOn(): void {
    if (this.process === null) this.options.net.setHost(this.host, 'no process');
  }

  /** In good order. */
  stop(): void {
    this.guarded(() => this.process?.stop());
    if (this.process !== null) this.kill();
  }

  /** The disk is replaced. */
  wipe(): void {
    this.kill();
    this.options.witnesses.durability.onWipe(this.index);
    this.disk = emptyDisk(this.random.next32());
  }

  pause(): void {
    this.isPaused = true;
  }

  goOn(): void {
    this.isPaused = false;
    this.wakeAll();
  }

  /** Something has arrived for this agent. */
  wake(agent: AgentName): void {
    this.looks.set(agent, idleLooks);
    this.schedule(agent);
  }

  private wakeAll(): void {
    for (const agent of agentNames) this.wake(agent);
  }

  /** What an idle agent has made visible rings the bells of the others. */
  private ring(): void {
    for (const agent of agentNames) {
      this.looks.set(agent, Math.max(this.looks.get(agent) ?? 0, 1));
      this.schedule(agent);
    }
  }

  private schedule(agent: AgentName): void {
    if (this.process === null || this.isPaused || this.scheduled.has(agent)) return;
    const { agentUs, diskUs, net } = this.options;
    this.scheduled.add(agent);
    const { lives } = this;
    const more = agent === 'log' ? this.random.below(diskUs) + this.stallUs : 0;
    net.timeline.after(1 + this.random.below(agentUs) + more, () => {
      if (lives !== this.lives || this.process === null) return;
      this.scheduled.delete(agent);
      if (!this.isPaused) this.guarded(() => this.cycle(agent));
    });
  }

  private cycle(agent: AgentName): void {
    const { process } = this;
    if (process === null) return;
    const { snapshotsDue } = process.front;
    if (process.cycle(agent) > 0) this.wakeAll();
    else {
      const left = (this.looks.get(agent) ?? 0) - 1;
      this.looks.set(agent, left);
      if (left > 0) this.schedule(agent);
      if (left === idleLooks - 1) this.ring();
    }
    if (process.front.snapshotsDue > snapshotsDue) this.continueJob();
    this.planDeadline(process);
  }

  /** One at a time: a snapshot that falls due meanwhile is not taken. */
  private continueJob(): void {
    if (this.isInJob) return;
    this.isInJob = true;
    const { lives } = this;
    const { agentUs, net } = this.options;
    net.timeline.after(1 + this.random.below(10 * agentUs), () => {
      if (lives !== this.lives || this.process === null) return;
      const { jobs } = this.process;
      this.isInJob = false;
      this.guarded(() => {
        if (!jobs.next()) this.continueJob();
      });
    });
  }

  private planDeadline(process: MemberProcess): void {
    const { timeline } = this.options.net;
    const deadlineMs = process.nextDeadlineMs();
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const dueUs = Math.max(timeline.nowUs + 1, this.clock.worldUsOf(deadlineMs));
    if (dueUs >= this.deadlineUs && this.deadlineUs > timeline.nowUs) return;
    this.deadlineUs = dueUs;
    const { lives } = this;
    timeline.at(dueUs, () => {
      if (lives === this.lives && dueUs === this.deadlineUs) this.wake('keeper');
    });
  }

  /** Another thread may run while one waits for the disk. */
  private onEffect(_moment: EffectMoment): void {
    this.meanwhile();
  }

  private meanwhile(): void {
    const { process } = this;
    if (process === null || this.isInEffect || !process.hasStarted) return;
    this.isInEffect = true;
    for (const agent of ['keeper', 'log', 'links'] as const) {
      if (this.random.chance(1, 2)) process.cycle(agent);
    }
    this.isInEffect = false;
  }

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (isDiskFailure(error)) this.diskDeaths++;
      else if (!(error instanceof SimCrash)) throw error;
      this.isInEffect = false;
      const { how, forMs } = this.plannedEnd;
      this.plannedEnd = { how: 'kill', forMs: 500 };
      if (how === 'kill') this.kill();
      else this.powerOff(how);
      this.onDeath(forMs);
    }
  }

  private leave(how: 'no process' | 'no power'): void {
    const { process } = this;
    if (process === null) {
      this.options.net.setHost(this.host, how);
      return;
    }
    this.loneWritesBefore = this.loneWrites;
    this.process = null;
    this.isPaused = false;
    this.scheduled.clear();
    this.isInJob = false;
    this.deadlineUs = Number.POSITIVE_INFINITY;
    this.disk.onMoment = null;
    process.die(how);
  }
}

function emptyDisk(seed: number): SimDisk {
  const disk = new SimDisk(seed >>> 0);
  // A directory whose first sync failed is lost for ever: no server can mend that.
  for (const path of ['/data', '/data/version-2']) disk.makeDirectory(path);
  for (const path of ['/', '/data']) disk.syncDirectory(path);
  return disk;
}
