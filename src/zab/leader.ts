/**
 * The leader (Apache `Leader`): takes learners through discovery and synchronization, and once a
 * quorum has its history, broadcasts. Its own promises, history and acks count when its own disk
 * has them, like anybody's.
 *
 * ```
 * epoch ── promising ── ackEpoch ── entering ── newLeader ── broadcast
 *   a quorum's promises    a quorum's histories    a quorum has this history
 * ```
 */
import { assert } from '../base/assert.ts';
import { type Epoch, type Zxid, zxidNone, zxidOf } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { PacketReader } from '../jute/packet-reader.ts';
import { EpochNegotiation, epochMax } from './discovery.ts';
import { LeaderBroadcast } from './leader-broadcast.ts';
import { LearnerLink, type LearnerListener } from './learner-link.ts';
import type { LeaderCounts, LinkId } from './peer-ports.ts';
import type { ServerId } from './quorum-verifier.ts';
import type { Role, RoleParts } from './role-ports.ts';

type Phase = 'epoch' | 'promising' | 'ackEpoch' | 'entering' | 'newLeader' | 'broadcast';

export class Leader implements Role, LearnerListener {
  private readonly parts: RoleParts;
  private readonly learners = new Map<LinkId, LearnerLink>();
  private readonly negotiation: EpochNegotiation;
  private readonly broadcast: LeaderBroadcast;
  private readonly newLeaderAcks = new Set<ServerId>();
  private phase: Phase = 'epoch';
  private epoch = 0 as Epoch;
  private phaseDueMs: number;
  private pingMs: number;
  private quorumMs: number;
  private establishedMs = 0;
  private isOver = false;

  constructor(parts: RoleParts) {
    this.parts = parts;
    const { view, durable, history } = parts;
    const own = {
      currentEpoch: durable.currentEpoch,
      lastZxid: zxidOf(history.lastHi, history.lastLo),
    };
    const promised = Math.max(durable.acceptedEpoch, parts.laterEpoch());
    this.negotiation = new EpochNegotiation(view.verifier, promised, own);
    this.broadcast = new LeaderBroadcast(parts, this.learners);
    this.phaseDueMs = this.nextPhaseDueMs();
    this.pingMs = this.quorumMs = parts.now();
  }

  /** Followers knock at once: the port is bound before anything else is done. */
  start(): void {
    const { view, settings, links, durable } = this.parts;
    const addresses = view.members.get(view.self)?.quorum ?? [];
    const [first] = addresses;
    assert(first !== undefined, 'a leader has an address');
    const isAnyHost = settings.listenOnAllIps || addresses.length > 1;
    links.listen('quorum', isAnyHost ? null : first.host, first.port);
    this.promise(view.self, durable.acceptedEpoch);
  }

  counts(): LeaderCounts | null {
    if (this.phase !== 'broadcast') return null;
    const learners = [...this.learners.values()];
    const synced = learners.filter(({ isForwarding }) => isForwarding);
    const followers = synced.filter(({ votes }) => votes);
    return {
      learners: learners.length,
      syncedFollowers: followers.length,
      syncedObservers: synced.length - followers.length,
      pendingSyncs: this.broadcast.syncs.count,
      uptimeMs: this.parts.now() - this.establishedMs,
    };
  }

  get ready(): boolean {
    return this.phase === 'broadcast' && !this.isOver && !this.broadcast.isExhausted;
  }

  tick(nowMs: number): void {
    for (const learner of this.learners.values()) {
      if (nowMs >= learner.nextDeadlineMs()) this.onFault(learner, 'it does not keep up');
    }
    if (this.phase !== 'broadcast') {
      if (nowMs >= this.phaseDueMs) this.leave(`No quorum within initLimit (${this.phase})`);
    } else if (nowMs >= this.quorumMs) {
      this.quorumMs = nowMs + this.parts.settings.tickTimeMs;
      if (!this.hasQuorum()) this.leave('Less than a quorum follows');
    }
    if (nowMs >= this.pingMs && !this.isOver) {
      this.pingMs = nowMs + this.parts.settings.tickTimeMs / 2;
      this.broadcast.syncs.pingAll();
    }
  }

  nextDeadlineMs(): number {
    let next = this.phase === 'broadcast' ? this.quorumMs : this.phaseDueMs;
    if (this.learners.size > 0) next = Math.min(next, this.pingMs);
    for (const learner of this.learners.values()) next = Math.min(next, learner.nextDeadlineMs());
    return next;
  }

  onListenFailed(reason: string): void {
    this.leave(`Cannot listen for learners: ${reason}`);
  }

  onAccepted(id: LinkId): void {
    this.learners.set(id, new LearnerLink(id, this.parts, this));
  }

  /** A leader dials nobody. */
  onDialed(id: LinkId): void {
    this.parts.links.close(id);
  }

  onBytes(id: LinkId, bytes: Uint8Array, start: number, end: number): void {
    this.learners.get(id)?.onBytes(bytes, start, end);
  }

  onSent(id: LinkId, bytes: number): void {
    this.learners.get(id)?.onSent(bytes);
  }

  onClosed(id: LinkId): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    learner.link.onClosed();
    this.remove(learner);
  }

  onSynced(): void {
    this.broadcast.onSynced();
  }

  flush(): void {
    this.broadcast.flush();
    for (const learner of this.learners.values()) {
      learner.link.flush();
      if (learner.link.isOverloaded) this.onFault(learner, 'it is too slow');
    }
    if (this.broadcast.isExhausted) this.leave('The counter of zxids is used up');
  }

  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    assert(zxidHi === this.epoch, 'a leader proposes in its epoch');
    this.broadcast.propose(payload, start, end, zxidHi, zxidLo);
  }

  forward(): void {
    assert(false, 'a leader forwards nothing');
  }

  sync(): void {
    this.broadcast.syncs.add(null);
  }

  revalidate(): void {
    assert(false, 'a leader asks nobody for its sessions');
  }

  close(): void {
    this.isOver = true;
    this.parts.links.unlisten('quorum');
    for (const learner of this.learners.values()) {
      learner.link.close();
      learner.release();
    }
    this.learners.clear();
  }

  onInfo(learner: LearnerLink, acceptedEpoch: number): void {
    const { server } = learner;
    assert(server !== null, 'a learner has told its id');
    if (acceptedEpoch < 0 || acceptedEpoch > epochMax) throw new JuteError('no such epoch');
    this.replaceOlder(learner);
    this.parts.onLaterEpoch(acceptedEpoch);
    if (this.phase === 'broadcast' && acceptedEpoch > this.epoch) {
      // It has promised more to a leader that never came about, and can follow nobody in this
      // epoch; Apache's ensembles stay without such a server until the next election.
      this.leave(`Server ${server} has promised epoch ${acceptedEpoch}`);
      return;
    }
    if (this.negotiation.epoch === null) {
      if (learner.votes) this.promise(server, acceptedEpoch);
    } else if (this.phase !== 'promising') {
      learner.proposeEpoch(this.epoch);
    }
  }

  onAckEpoch(learner: LearnerLink, currentEpoch: number, lastZxid: Zxid): void {
    const { negotiation } = this;
    if (negotiation.isAcknowledged) {
      this.synchronize(learner);
      return;
    }
    // Who had promised this epoch before is not counted twice, and who has lost its data not at
    // all; they are synchronized with the others.
    if (currentEpoch < 0 || lastZxid === zxidNone) return;
    if (negotiation.isAhead({ currentEpoch, lastZxid })) {
      this.onFault(learner, 'its history is ahead of the leader');
    } else if (learner.votes) {
      assert(learner.server !== null, 'a learner has told its id');
      this.acknowledge(learner.server);
    }
  }

  onNewLeaderAck(learner: LearnerLink): void {
    const { server } = learner;
    assert(server !== null, 'a learner has told its id');
    if (this.phase === 'broadcast') {
      learner.becomeLive();
      this.broadcast.onAck(learner);
    } else if (learner.votes) {
      this.countNewLeaderAck(server);
    }
  }

  onAck(learner: LearnerLink): void {
    if (this.phase === 'broadcast') this.broadcast.onAck(learner);
  }

  onLivePacket(learner: LearnerLink, packet: PacketReader): void {
    this.broadcast.onLivePacket(learner, packet);
  }

  onFault(learner: LearnerLink, reason: string): void {
    this.parts.logger.warn(
      { server: learner.server, phase: learner.phase },
      `Closing the link of a learner: ${reason}`,
    );
    learner.link.close();
    this.remove(learner);
  }

  private remove(learner: LearnerLink): void {
    learner.release();
    this.learners.delete(learner.link.id);
    this.broadcast.syncs.onClosed(learner);
  }

  /** A server that connects again has lost its first connection, whether that is known or not. */
  private replaceOlder(learner: LearnerLink): void {
    for (const other of [...this.learners.values()]) {
      if (other !== learner && other.server === learner.server) {
        this.onFault(other, 'its server has connected again');
      }
    }
  }

  private promise(voter: ServerId, acceptedEpoch: number): void {
    if (!this.negotiation.onPromise(voter, acceptedEpoch)) return;
    const { epoch } = this.negotiation;
    assert(epoch !== null, 'a quorum has promised');
    this.phase = 'promising';
    this.epoch = epoch;
    this.parts.durable.accept(epoch, () => {
      if (!this.isOver) this.proposeEpoch();
    });
  }

  private proposeEpoch(): void {
    this.become('ackEpoch');
    for (const learner of this.learners.values()) {
      if (learner.phase === 'promised') learner.proposeEpoch(this.epoch);
    }
    this.acknowledge(this.parts.view.self);
  }

  private acknowledge(voter: ServerId): void {
    if (!this.negotiation.onAcknowledge(voter)) return;
    this.become('entering');
    for (const learner of [...this.learners.values()]) {
      if (learner.phase === 'acknowledged') this.synchronize(learner);
    }
    this.parts.durable.enter(this.epoch, () => {
      if (this.isOver) return;
      this.become('newLeader');
      this.countNewLeaderAck(this.parts.view.self);
    });
  }

  private synchronize(learner: LearnerLink): void {
    const plan = learner.plan();
    const { maxConcurrentSnapSyncs, maxConcurrentDiffSyncs } = this.parts.settings;
    const limit = plan.kind === 'snap' ? maxConcurrentSnapSyncs : maxConcurrentDiffSyncs;
    let others = 0;
    for (const { sync } of this.learners.values()) {
      if (sync !== null && (sync === 'snap') === (plan.kind === 'snap')) others++;
    }
    // Followers are never kept waiting (Apache `LearnerSyncThrottler`).
    if (!learner.votes && others >= limit) {
      this.onFault(learner, 'too many learners are being synchronized');
      return;
    }
    const { meter } = this.parts;
    const isSnap = plan.kind === 'snap';
    meter.add(isSnap ? 'inflight_snap_count' : 'inflight_diff_count', others + 1);
    meter.count(isSnap ? 'snap_count' : 'diff_count');
    this.parts.logger.info(
      { server: learner.server, lastZxid: zxidOf(learner.lastHi, learner.lastLo).toString(16) },
      `Synchronizing a learner with ${plan.kind.toUpperCase()}`,
    );
    learner.synchronize(plan, this.broadcast);
  }

  private countNewLeaderAck(voter: ServerId): void {
    this.newLeaderAcks.add(voter);
    // The leader's own ack comes last or not: without it, its history is not known to be durable.
    if (this.phase !== 'newLeader') return;
    const { verifier } = this.parts.view;
    if (verifier.isQuorum((server) => this.newLeaderAcks.has(server))) this.establish();
  }

  /** A quorum has the leader's history: it is committed, and the broadcast begins. */
  private establish(): void {
    this.become('broadcast');
    this.establishedMs = this.parts.now();
    this.quorumMs = this.parts.now() + this.parts.settings.tickTimeMs;
    this.broadcast.begin();
    this.parts.onEstablished(this.epoch);
    for (const learner of this.learners.values()) {
      if (learner.phase === 'acked') learner.becomeLive();
    }
    this.parts.replica.lead(this.epoch);
  }

  private become(phase: Phase): void {
    this.phase = phase;
    this.phaseDueMs = this.nextPhaseDueMs();
  }

  private nextPhaseDueMs(): number {
    const { initLimitTicks, tickTimeMs } = this.parts.settings;
    return this.parts.now() + initLimitTicks * tickTimeMs;
  }

  private hasQuorum(): boolean {
    const { view } = this.parts;
    const following = new Set<ServerId>([view.self]);
    for (const { server, votes } of this.learners.values()) {
      if (server !== null && votes) following.add(server);
    }
    return view.verifier.isQuorum((server) => following.has(server));
  }

  private leave(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.parts.leave(reason);
  }
}
