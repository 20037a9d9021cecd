/**
 * A simulated machine: a disk, a clock, one server at a time, its jobs, and the history of all its
 * lives. It lets the other threads run wherever one of them waits for the disk, and holds the
 * server against the model after each change that somebody is told of.
 */

import { dataDirectoryOf } from '../../src/agents/storage-options.ts';
import type { Settings } from '../../src/config/settings.ts';
import { purgeDirectory } from '../../src/jobs/purge.ts';
import { type SnapshotResult, snapshotSlices } from '../../src/jobs/snapshot.ts';
import { listStorage } from '../../src/storage/data-directory.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { ModelHistory } from './model-history.ts';
import type { SimClient } from './sim-client.ts';
import { type CrashPolicy, type EffectMoment, SimDisk } from './sim-disk.ts';
import type { ConnectOptions } from './sim-front.ts';
import { createSimTree, type RingSizes } from './sim-memory.ts';
import { type SettingValues, SimClock, simSettings } from './sim-ports.ts';
import { type AgentName, agentNames, SimServer } from './sim-server.ts';
import { differenceOf } from './tree-picture.ts';
import { atWalkPoints } from './walk-points.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly settings?: SettingValues;
  readonly rings?: RingSizes;
}

type SnapshotSlices = ReturnType<typeof snapshotSlices>;

const retainCount = 3;

export class SimWorld {
  readonly seed: number;
  readonly settings: Settings;
  readonly clock = new SimClock();
  readonly history = new ModelHistory();
  disk: SimDisk;
  server: SimServer;
  /** Counts the lives of the server. */
  life = 0;
  /** Called at each moment at which the machine could stop, after the other threads have run. */
  onMoment: ((moment: EffectMoment) => void) | null = null;
  /** What goes on meanwhile, at each step of a snapshot. */
  background: (() => void) | null = null;
  /** Which of the other threads run where one waits for the disk. */
  runsMeanwhile: (agent: AgentName) => boolean = () => true;
  lastSnapshot: SnapshotResult | null = null;
  /** Writes to the log by the thread that decided on the txns, in earlier lives. */
  private loneWritesBefore = 0;
  /** An event did not find room at once. */
  gated = false;
  private readonly rings: RingSizes | undefined;
  private job: SnapshotSlices | null = null;
  private isInJob = false;
  private isInBackground = false;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.settings = simSettings(options.settings);
    this.rings = options.rings;
    this.disk = newMachine(options.seed);
    this.server = this.makeServer();
  }

  /** A state that a reader of the tree or a client can have seen so far. */
  get visible(): bigint {
    this.history.see(this.server.recovered === null ? 0n : this.server.lastZxid);
    return this.history.visible;
  }

  /** Writes to the log by the thread that decided on the txns. */
  get loneWrites(): number {
    return this.loneWritesBefore + this.server.loneWrites.count;
  }

  /** Brings the server up; the state it finds must be one that was, and not too old. */
  start(): void {
    this.life++;
    this.disk.onMoment = (moment) => this.reach(moment);
    const visible = this.history.visible;
    this.server.start();
    const { lastZxid } = this.server;
    if (lastZxid < visible) throw new Error(`seen was ${visible}, found is ${lastZxid}`);
    this.history.cutAfter(lastZxid);
    this.checkState();
  }

  connect(options: ConnectOptions = {}): SimClient {
    return this.server.front.connect(options);
  }

  /** A client with a session, which is there when this returns. */
  client(options: ConnectOptions = {}): SimClient {
    const client = this.connect(options);
    this.settle();
    return client;
  }

  settle(): void {
    this.server.settle();
  }

  pass(ms: number): void {
    this.clock.pass(ms);
    this.settle();
  }

  /** The process dies and another one takes over its disk, with all that was written to it. */
  kill(): void {
    this.restartOn(this.disk.killed());
  }

  /** The power fails. */
  crash(policy: CrashPolicy, seed: number): void {
    this.restartOn(this.disk.crash(policy, seed));
  }

  restartOn(disk: SimDisk): void {
    void this.visible;
    this.disk.onMoment = null;
    this.dropJob();
    this.disk = disk;
    this.clock.pass(10);
    this.loneWritesBefore = this.loneWrites;
    this.server = this.makeServer();
    this.start();
  }

  /** Begins a snapshot unless one is being written. */
  beginSnapshot(): void {
    if (this.job !== null) return;
    const { settings, server } = this;
    const task = {
      tree: server.shared.tree,
      sessions: server.shared.sessions,
      status: server.shared.status,
      directory: dataDirectoryOf(settings).snapshots,
      encoding: settings['snapshot.compression.method'] || 'plain',
      withDigest: settings['digest.enabled'],
      withLastProcessedZxid: settings['serializeLastProcessedZxid.enabled'],
    } as const;
    this.job = snapshotSlices(task, this.disk, nodeCompression);
  }

  /** One slice of it. Returns true when nothing is left to do. Throws `DiskError`. */
  continueSnapshot(): boolean {
    const { job } = this;
    if (job === null) return true;
    const slice = this.asJob(() => job.next());
    if (!slice.done) return false;
    this.lastSnapshot = slice.value;
    this.job = null;
    if (slice.value !== null) this.checkDurable(slice.value.path);
    return true;
  }

  /** A whole snapshot, with the background at each step of it. */
  snapshot(background: (() => void) | null = null): SnapshotResult {
    this.background = background;
    this.beginSnapshot();
    while (!this.continueSnapshot());
    this.background = null;
    this.settle();
    return this.lastSnapshot as SnapshotResult;
  }

  purge(): string[] {
    const directory = dataDirectoryOf(this.settings);
    const removed = this.asJob(() => {
      return purgeDirectory(
        { directory, lock: this.server.shared.historyLock, retainCount },
        this.disk,
        nodeCompression,
      );
    });
    if (removed.length > 0) this.checkKeptSnapshots();
    return removed;
  }

  /** The server's state is the model's state of its zxid. */
  checkState(): void {
    const found = this.server.picture();
    const expected = this.history.at(found.zxid);
    if (expected === undefined) throw new Error(`state ${found.zxid} was never proposed`);
    if (found.text === expected.text) return;
    throw new Error(`state ${found.zxid} is wrong:\n${differenceOf(found, expected)}`);
  }

  /** With any snapshot that was kept, and without the newer ones, all of the history is there. */
  private checkKeptSnapshots(): void {
    const { clock, seed, settings, history, visible } = this;
    const directory = dataDirectoryOf(settings);
    const { snapshots } = listStorage(this.disk, directory);
    for (const oldest of snapshots) {
      const disk = this.disk.killed();
      for (const { path, zxid } of snapshots) if (zxid > oldest.zxid) disk.remove(path);
      const server = new SimServer({ disk, clock, seed, settings, tree: createSimTree(seed) });
      server.start();
      const { zxid, text } = server.picture();
      if (zxid >= visible && text === history.at(zxid)?.text) continue;
      throw new Error(`with ${oldest.path} alone only ${zxid} of ${visible} is found`);
    }
  }

  /** A snapshot that is said to be there stays there. */
  private checkDurable(path: string): void {
    if (this.disk.crash('lose-all', 1).exists(path)) return;
    throw new Error(`${path} is published and would not outlive a power cut`);
  }

  private makeServer(): SimServer {
    const { disk, clock, seed, settings, rings, history } = this;
    const tree = createSimTree(seed);
    const taps = {
      onPropose: (txn: Uint8Array, zxid: bigint) => history.propose(txn, zxid),
      onReply: (zxid: bigint) => this.onReply(zxid),
      onNotify: (zxid: bigint, isAhead: boolean) => {
        if (!isAhead) throw new Error(`the event of ${zxid} is neither on the ring nor gated`);
        this.gated ||= this.server.status.readGateClosed;
        if (this.runsMeanwhile('front')) this.server.front.poll();
      },
    };
    const more = rings === undefined ? {} : { rings };
    return new SimServer({ disk, clock, seed, settings, tree, taps, ...more });
  }

  private onReply(zxid: bigint): void {
    this.history.see(zxid);
    if (zxid > this.server.lastZxid) throw new Error(`a reply shows ${zxid}, the tree does not`);
    this.checkState();
  }

  /** A thread waits for the disk: meanwhile the others go on. */
  private reach(moment: EffectMoment): void {
    this.meanwhile();
    for (const agent of agentNames) {
      if (this.runsMeanwhile(agent)) this.server.cycle(agent);
    }
    const { isInBackground } = this;
    this.isInBackground = true;
    this.onMoment?.(moment);
    this.isInBackground = isInBackground;
  }

  private asJob<T>(run: () => T): T {
    this.isInJob = true;
    atWalkPoints(() => this.meanwhile());
    try {
      return run();
    } catch (error) {
      this.dropJob();
      throw error;
    } finally {
      this.isInJob = false;
      atWalkPoints(null);
    }
  }

  private meanwhile(): void {
    if (!this.isInJob || this.isInBackground) return;
    this.isInBackground = true;
    this.background?.();
    this.isInBackground = false;
  }

  private dropJob(): void {
    this.job = null;
  }
}

function newMachine(seed: number): SimDisk {
  const disk = new SimDisk(seed);
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}
