/**
 * A world of servers that are peers and nothing else: real `Peer`s on a simulated network and on
 * disks that forget, with a replica that is a list. One seed repeats all that happens.
 */
import type { Logger } from '../../../src/base/ports.ts';
import type { Zxid } from '../../../src/base/zxid.ts';
import { ElectionPeer } from '../../../src/election/election-peer.ts';
import type { LinkListener } from '../../../src/net/peer-links.ts';
import type { Election, ElectionParts } from '../../../src/zab/election-ports.ts';
import type { EnsembleMember, EnsembleView, PeerSettings } from '../../../src/zab/ensemble-view.ts';
import { Peer } from '../../../src/zab/peer.ts';
import type { LinkId, ListenerName, PeerMeter } from '../../../src/zab/peer-ports.ts';
import {
  majorityOf,
  type QuorumVerifier,
  type ServerId,
} from '../../../src/zab/quorum-verifier.ts';
import { TxnHistory } from '../../../src/zab/txn-history.ts';
import { SimNet, type SimProcessNet } from '../../sim/ensemble/sim-net.ts';
import { Timeline } from '../../sim/ensemble/timeline.ts';
import { SeededRandom } from '../../support/random.ts';
import { type Candidate, ChanceElection } from './chance-election.ts';
import { type CheckedServer, WorldChecks } from './world-checks.ts';
import {
  type CrashKeeps,
  type DiskHost,
  type DurableImage,
  emptyImage,
  WorldDisk,
} from './world-disk.ts';
import { type ReplicaParts, WorldReplica } from './world-replica.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly voters: number;
  readonly observers: number;
  readonly settings?: Partial<PeerSettings>;
  /** One decision of the election in so many is for anybody. */
  readonly wrongOnceIn?: number;
  /** Servers elect as in production; otherwise chance does. */
  readonly elects?: boolean;
  /** Other parts, to break a rule with. */
  readonly newDisk?: (image: DurableImage, host: DiskHost) => WorldDisk;
  readonly newReplica?: (parts: ReplicaParts) => WorldReplica;
  readonly quorumOf?: (voters: readonly ServerId[]) => QuorumVerifier;
}

const settingsDefault: PeerSettings = {
  ...{
    tickTimeMs: 100,
    initLimitTicks: 20,
    syncLimitTicks: 8,
    connectToLearnerMasterLimitTicks: 0,
  },
  ...{ leaderServes: true, listenOnAllIps: false, multiAddressEnabled: false },
  ...{
    minNotificationIntervalMs: 20,
    maxNotificationIntervalMs: 500,
    electionConnectTimeoutMs: 500,
    electionBindTries: 0,
    electionHandshakeTimeoutMs: 800,
  },
  ...{ leaderConnectRetryMs: 20, observerReconnectDelayMs: 0, observerElectionDelayMs: 20 },
  ...{ maxConcurrentSnapSyncs: 10, maxConcurrentDiffSyncs: 100, syncEnabled: true },
  ...{ commitLogCount: 20, packetBytesMax: 1 << 20, quorumSync: true },
};

const quorumPort = 2888;
const noMeter: PeerMeter = { count() {}, add() {}, onQuorumAck() {}, onAck() {} };

export class PeerWorld {
  readonly timeline = new Timeline();
  readonly random: SeededRandom;
  readonly net: SimNet;
  readonly servers: WorldServer[] = [];
  readonly checks: WorldChecks;
  readonly settings: PeerSettings;
  readonly options: WorldOptions;
  readonly log: string[] = [];
  /** One decision of the election in so many is for anybody. */
  wrongOnceIn: number;
  syncUsMax = 4000;
  /** Whom a server elects, whatever it thinks. */
  readonly forced = new Map<ServerId, ServerId>();
  private txns = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.wrongOnceIn = options.wrongOnceIn ?? 8;
    this.random = new SeededRandom(options.seed);
    this.settings = { ...settingsDefault, ...options.settings };
    this.net = new SimNet(this.timeline, options.seed, {
      ...{ latencyMinUs: 100, latencyMaxUs: 2000 },
      ...{ pieceBytesMax: 3000, windowBytes: 20_000 },
    });
    this.checks = new WorldChecks(this.servers);
    const count = options.voters + options.observers;
    for (let id = 1; id <= count; id++) {
      this.servers.push(new WorldServer(this, id as ServerId, this.viewOf(id as ServerId, count)));
    }
  }

  run(ms: number): void {
    this.timeline.run(this.timeline.nowUs + ms * 1000);
  }

  nextTxnId(): number {
    return ++this.txns;
  }

  reachable(from: ServerId): Candidate[] {
    return this.servers
      .filter(({ id, process }) => process !== null && this.isConnected(from, id))
      .map((server) => server.candidate());
  }

  private isConnected(a: number, b: number): boolean {
    const { net } = this;
    return !net.isCut(hostOf(a), hostOf(b)) && !net.isCut(hostOf(b), hostOf(a));
  }

  private viewOf(self: ServerId, count: number): EnsembleView {
    const members = new Map<ServerId, EnsembleMember>();
    for (let id = 1; id <= count; id++) {
      members.set(id as ServerId, {
        id: id as ServerId,
        role: id <= this.options.voters ? 'participant' : 'observer',
        quorum: [{ host: hostOf(id), port: quorumPort }],
        election: [{ host: hostOf(id), port: 3888 }],
      });
    }
    const voters = [...members.keys()].filter((id) => members.get(id)?.role === 'participant');
    const verifier = (this.options.quorumOf ?? majorityOf)(voters);
    const text = new TextEncoder().encode('version=0');
    return { self, members, verifier, version: 0n as Zxid, text };
  }
}

export function hostOf(id: number): string {
  return `host${id}`;
}

/** A machine: its disk stays, its processes come and go. */
export class WorldServer implements CheckedServer {
  readonly id: ServerId;
  readonly votes: boolean;
  readonly image = emptyImage();
  readonly world: PeerWorld;
  readonly view: EnsembleView;
  process: WorldProcess | null = null;

  constructor(world: PeerWorld, id: ServerId, view: EnsembleView) {
    this.world = world;
    this.id = id;
    this.view = view;
    this.votes = view.members.get(id)?.role === 'participant';
  }

  boot(): void {
    if (this.process === null) this.process = new WorldProcess(this);
  }

  /** The process dies; the disk keeps what was durable, and a part of the rest. */
  crash(how: 'no process' | 'no power', keeps?: CrashKeeps): void {
    this.process?.die(how, keeps);
    this.process = null;
  }

  /** A snapshot of what is committed, and the log before it is purged. */
  snapshot(): void {
    const { process, image } = this;
    if (process === null || process.replica.serving === 'nobody') return;
    const { applied } = process.replica;
    const count = Math.min(applied.length, image.snapshot.length + image.log.length);
    if (count <= image.snapshot.length) return;
    const txns = applied.slice(0, count);
    const last = txns[count - 1] as { hi: number; lo: number };
    image.log = image.log.slice(count - image.snapshot.length);
    image.snapshot = txns;
    image.snapshotZxid = ((BigInt(last.hi) << 32n) | BigInt(last.lo)) as Zxid;
  }

  candidate(): Candidate {
    const { id, votes, process } = this;
    const role = process?.replica.role;
    return {
      ...{ id, votes, standing: process?.election?.standing ?? null },
      role: role === 'leading' || role === 'looking' ? role : 'other',
    };
  }
}

export class WorldProcess implements LinkListener {
  readonly replica: WorldReplica;
  readonly peer: Peer;
  election: ChanceElection | null = null;
  private readonly server: WorldServer;
  private readonly disk: WorldDisk;
  private readonly net: SimProcessNet;
  private isAlive = true;
  private plannedMs = Number.POSITIVE_INFINITY;
  private pausedUs = 0;

  constructor(server: WorldServer) {
    this.server = server;
    const { world, image, view } = server;
    const { random, settings } = world;
    const history = new TxnHistory(settings.commitLogCount);
    this.net = world.net.boot(hostOf(server.id), this);
    this.disk = (world.options.newDisk ?? newDisk)(image, this.diskHost());
    this.replica = (world.options.newReplica ?? newReplica)({
      ...{ id: server.id, image, history, checks: world.checks },
      nextTxnId: () => world.nextTxnId(),
      later: (happening) => this.after(500, happening),
    });
    const output = { links: this.net, disk: this.disk, replica: this.replica };
    const logger = this.logger();
    const next32 = () => random.below(2 ** 32);
    this.peer = new Peer(
      { view, settings, output, history, logger, random: { next32 }, meter: noMeter },
      (parts) => this.newElection(parts),
    );
    this.replica.peer = this.peer;
    this.replica.reload();
    this.hear(() => this.peer.start(this.nowMs(), image));
  }

  /** A duty cycle in which something happens. */
  hear(happening: () => void): void {
    const { timeline } = this.server.world;
    if (!this.isAlive) return;
    if (timeline.nowUs < this.pausedUs) {
      timeline.at(this.pausedUs, () => this.hear(happening));
      return;
    }
    this.peer.tick(this.nowMs());
    happening();
    this.peer.flush();
    this.plan();
  }

  /** The process gets no time; what comes waits. */
  pause(ms: number): void {
    this.pausedUs = this.server.world.timeline.nowUs + 1000 * ms;
  }

  die(how: 'no process' | 'no power', keeps?: CrashKeeps): void {
    this.isAlive = false;
    this.net.die(how);
    this.disk.crash(keeps);
  }

  onListening(name: ListenerName, port: number): void {
    this.hear(() => this.peer.onListening(name, port));
  }

  onListenFailed(name: ListenerName, reason: string): void {
    this.hear(() => this.peer.onListenFailed(name, reason));
  }

  onAccepted(name: ListenerName, link: LinkId): void {
    this.hear(() => this.peer.onAccepted(name, link));
  }

  onDialed(link: LinkId): void {
    this.hear(() => this.peer.onDialed(link));
  }

  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    this.hear(() => {
      this.peer.onBytes(link, bytes, start, end);
      // Bytes are lent for the call only.
      bytes.fill(0xa5, start, end);
    });
  }

  onSent(link: LinkId, bytes: number): void {
    this.hear(() => this.peer.onSent(link, bytes));
  }

  onClosed(link: LinkId): void {
    this.hear(() => this.peer.onClosed(link));
  }

  private newElection(parts: ElectionParts): Election {
    if (this.server.world.options.elects) return new ElectionPeer(parts);
    this.election = new ChanceElection(parts, this.server.world);
    return this.election;
  }

  private diskHost() {
    const { world } = this.server;
    return {
      random: world.random,
      syncUsMax: () => world.syncUsMax,
      after: (delayUs: number, happening: () => void) => world.timeline.after(delayUs, happening),
      hear: (happening: () => void) => this.hear(happening),
      onSynced: (hi: number, lo: number) => this.peer.onSynced(hi, lo),
    };
  }

  private nowMs(): number {
    return Math.floor(this.server.world.timeline.nowUs / 1000);
  }

  private after(delayUs: number, happening: () => void): void {
    this.server.world.timeline.after(delayUs, () => this.hear(happening));
  }

  /** Wakes up at the next deadline of the peer. */
  private plan(): void {
    const deadlineMs = Math.max(this.peer.nextDeadlineMs(), this.nowMs() + 1);
    if (deadlineMs >= this.plannedMs || deadlineMs === Number.POSITIVE_INFINITY) return;
    this.plannedMs = deadlineMs;
    this.server.world.timeline.at(deadlineMs * 1000, () => {
      if (this.plannedMs !== deadlineMs) return;
      this.plannedMs = Number.POSITIVE_INFINITY;
      this.hear(() => {});
    });
  }

  private logger(): Logger {
    const { world, id } = this.server;
    const write = (fields: object, message: string) => {
      const time = (world.timeline.nowUs / 1000).toFixed(1);
      world.log.push(`${time} ${id}: ${message} ${JSON.stringify(fields)}`);
    };
    const logger = {
      trace: write,
      debug: write,
      info: write,
      warn: write,
      error: write,
      fatal: write,
    };
    return { ...logger, child: () => this.logger() };
  }
}

function newDisk(image: DurableImage, host: DiskHost): WorldDisk {
  return new WorldDisk(image, host);
}

function newReplica(parts: ReplicaParts): WorldReplica {
  return new WorldReplica(parts);
}
