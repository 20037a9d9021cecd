/**
 * A world of servers that elect and do nothing else: real `ElectionPeer`s on a simulated network.
 * What a role would do is played: a learner gives up a leader that does not lead or cannot be
 * reached, a leader gives up when it has no quorum of learners, and else its epoch is established.
 */

import type { Logger } from '../../src/base/ports.ts';
import { asZxid, type Epoch } from '../../src/base/zxid.ts';
import { ElectionPeer } from '../../src/election/election-peer.ts';
import type { LinkListener } from '../../src/net/peer-links.ts';
import type { Standing } from '../../src/zab/election-ports.ts';
import type { EnsembleMember, EnsembleView, PeerSettings } from '../../src/zab/ensemble-view.ts';
import type { LinkId, ListenerName } from '../../src/zab/peer-ports.ts';
import { majorityOf, type QuorumVerifier, type ServerId } from '../../src/zab/quorum-verifier.ts';
import { type NetQuality, SimNet } from '../sim/ensemble/sim-net.ts';
import { Timeline } from '../sim/ensemble/timeline.ts';

export const electionPort = 3888;

export const electionSettings = {
  ...{ tickTimeMs: 2000, initLimitTicks: 10, syncLimitTicks: 5 },
  ...{ minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000 },
  ...{ electionConnectTimeoutMs: 5000, electionBindTries: 3 },
  ...{ electionHandshakeTimeoutMs: 10_000 },
  ...{ listenOnAllIps: false, multiAddressEnabled: false },
} as PeerSettings;

export const silentLogger: Logger = {
  ...{ trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} },
  child: () => silentLogger,
};

export function hostOf(id: number): string {
  return `host${id}`;
}

export interface Electorate {
  readonly voters: number;
  readonly observers?: number;
  readonly verifierOf?: (voters: readonly ServerId[]) => QuorumVerifier;
}

export function viewOf(
  self: number,
  { voters, observers = 0, verifierOf }: Electorate,
): EnsembleView {
  const members = new Map<ServerId, EnsembleMember>();
  for (let id = 1; id <= voters + observers; id++) {
    members.set(id as ServerId, {
      id: id as ServerId,
      role: id <= voters ? 'participant' : 'observer',
      quorum: [{ host: hostOf(id), port: 2888 }],
      election: [{ host: hostOf(id), port: electionPort }],
    });
  }
  const verifier = (verifierOf ?? majorityOf)([...members.keys()].slice(0, voters));
  const text = new TextEncoder().encode('version=0');
  return { self: self as ServerId, members, verifier, version: asZxid(0n), text };
}

export class ElectionWorld {
  readonly timeline = new Timeline();
  readonly net: SimNet;
  readonly servers: ElectionServer[] = [];
  readonly electorate: Electorate;

  constructor(electorate: Electorate, seed: number, quality: Partial<NetQuality> = {}) {
    this.electorate = electorate;
    this.net = new SimNet(this.timeline, seed, {
      ...{ latencyMinUs: 100, latencyMaxUs: 3000 },
      ...{ pieceBytesMax: 100, windowBytes: 20_000, ...quality },
    });
    for (let id = 1; id <= electorate.voters + (electorate.observers ?? 0); id++) {
      this.servers.push(new ElectionServer(this, id as ServerId));
    }
  }

  get nowMs(): number {
    return this.timeline.nowUs / 1000;
  }

  run(ms: number): void {
    this.timeline.run(this.timeline.nowUs + ms * 1000);
  }

  /** Runs until it is so; the ms that this took. */
  runUntil(isSo: () => boolean, msMax: number): number {
    const begin = this.nowMs;
    this.timeline.run(this.timeline.nowUs + msMax * 1000, isSo);
    if (!isSo()) throw new Error(`not so after ${msMax} ms:\n${this.picture()}`);
    return this.nowMs - begin;
  }

  server(id: number): ElectionServer {
    return this.servers[id - 1] as ElectionServer;
  }

  get alive(): ElectionServer[] {
    return this.servers.filter(({ process }) => process !== null);
  }

  /** Whom every living server follows, if that one leads with a quorum. */
  get leader(): ServerId | null {
    const leaders = new Set(this.alive.map((server) => server.leader));
    const [only] = [...leaders];
    if (leaders.size !== 1 || only == null) return null;
    return this.server(only).hasQuorum() ? only : null;
  }

  isConnected(a: number, b: number): boolean {
    const { net } = this;
    return !net.isCut(hostOf(a), hostOf(b)) && !net.isCut(hostOf(b), hostOf(a));
  }

  picture(): string {
    return this.servers
      .map(({ id, process, leader }) => `${id}: ${process === null ? 'dead' : `for ${leader}`}`)
      .join('\n');
  }
}

/** A machine: what its vote rests on stays, its processes come and go. */
export class ElectionServer {
  readonly id: ServerId;
  readonly world: ElectionWorld;
  standing: Standing = { lastZxid: asZxid(0n), currentEpoch: 0 as Epoch };
  process: ElectionProcess | null = null;

  constructor(world: ElectionWorld, id: ServerId) {
    this.world = world;
    this.id = id;
  }

  boot(): this {
    this.process ??= new ElectionProcess(this);
    return this;
  }

  crash(how: 'no process' | 'no power' = 'no process'): void {
    this.process?.die(how);
    this.process = null;
  }

  get leader(): ServerId | null {
    return this.process?.leader ?? null;
  }

  hasQuorum(): boolean {
    const { world, id, leader } = this;
    if (leader !== id) return false;
    return viewOf(id, world.electorate).verifier.isQuorum(
      (voter) => world.server(voter).leader === id && world.isConnected(voter, id),
    );
  }
}

const patienceMs = 400;
const lookAroundMs = 20;

export class ElectionProcess implements LinkListener {
  readonly peer: ElectionPeer;
  leader: ServerId | null = null;
  /** Of all its life. */
  decisions = 0;
  /** As the leader that it is. */
  isEstablished = false;
  private readonly server: ElectionServer;
  private readonly net;
  private isAlive = true;
  private links = 0;
  private plannedMs = Number.POSITIVE_INFINITY;
  /** Since when the role does not work. */
  private badSinceMs: number | null = null;

  constructor(server: ElectionServer) {
    const { world, id } = server;
    this.server = server;
    this.net = world.net.boot(hostOf(id), this);
    this.peer = new ElectionPeer({
      ...{ view: viewOf(id, world.electorate), settings: electionSettings, links: this.net },
      ...{ newLink: () => ++this.links as LinkId, logger: silentLogger },
      listener: {
        onDecided: (leader) => {
          this.leader = leader;
          this.decisions++;
          this.badSinceMs = null;
        },
        onLookingPeer: () => {},
      },
    });
    this.hear(() => {
      this.peer.open(this.nowMs());
      this.peer.look(this.nowMs(), server.standing);
    });
    this.lookAround();
  }

  /** What arrives, in a duty cycle of its own. */
  hear(happening: () => void): void {
    if (!this.isAlive) return;
    this.peer.tick(this.nowMs());
    happening();
    this.plan();
  }

  die(how: 'no process' | 'no power'): void {
    this.isAlive = false;
    this.net.die(how);
  }

  onListening(): void {}
  onListenFailed(_name: ListenerName, reason: string): void {
    this.hear(() => this.peer.onListenFailed(reason));
  }
  onAccepted(_name: ListenerName, link: LinkId): void {
    this.hear(() => this.peer.onAccepted(link));
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

  private nowMs(): number {
    return Math.floor(this.server.world.nowMs);
  }

  private lookAround(): void {
    if (!this.isAlive) return;
    if (this.leader !== null) this.hear(() => this.judgeRole(this.leader as ServerId));
    this.server.world.timeline.after(lookAroundMs * 1000, () => this.lookAround());
  }

  private judgeRole(leader: ServerId): void {
    const { world, id } = this.server;
    const there = world.server(leader);
    const isLed = there.leader === leader && world.isConnected(id, leader) && there.hasQuorum();
    if (isLed) {
      this.badSinceMs = null;
      this.establish(there);
      return;
    }
    this.badSinceMs ??= world.nowMs;
    if (world.nowMs - this.badSinceMs < patienceMs) return;
    this.leader = null;
    this.isEstablished = false;
    this.peer.leave();
    this.peer.look(this.nowMs(), this.server.standing);
  }

  /** Discovery and synchronization, in a moment. */
  private establish(leader: ElectionServer): void {
    const { server } = this;
    if (leader === server && !this.isEstablished) {
      const epochs = server.world.servers.map(({ standing }) => standing.currentEpoch);
      this.isEstablished = true;
      const currentEpoch = (Math.max(...epochs) + 1) as Epoch;
      server.standing = { lastZxid: asZxid(BigInt(currentEpoch) << 32n), currentEpoch };
    }
    if (leader.process?.isEstablished) {
      server.standing = leader.standing;
      this.peer.established(leader.standing.currentEpoch);
    }
  }

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
}
