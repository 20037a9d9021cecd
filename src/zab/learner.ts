/**
 * A follower or an observer: the learner's end of the link to its leader (Apache `Learner`,
 * `Follower`, `Observer`), from the first dial to the end of the role.
 *
 * ```
 * dialing ─ leaderInfo ─ accepting ─ mode ─┬────────────────────────┬─ syncing ─ entering ─ acked ─ live
 *                                          ├─ truncating ───────────┤
 *                                          └─ snapshot ─ installing ┘
 * ```
 *
 * Nothing is delivered before UPTODATE. While the disk is awaited (accepting, truncating,
 * installing), the stream stays unread.
 */
import { assert } from '../base/assert.ts';
import { linkBacklogHighWater, linkUnreadBytesMax } from '../base/limits.ts';
import { compareHalves, type Epoch, hex64, joinHalves } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { PacketReader } from '../jute/packet-reader.ts';
import { designatedLeaderBytes, PacketType, writeBarePacket } from '../jute/quorum.ts';
import { judgeProposedEpoch, writeAckEpoch, writeLearnerInfo } from './discovery.ts';
import { Forwarding } from './forwarding.ts';
import { LeaderDial } from './leader-dial.ts';
import { LearnerLog } from './learner-log.ts';
import { PacketLink } from './packet-link.ts';
import type { DiskOutcome, LearnerRequest, LinkId, SyncRequest } from './peer-ports.ts';
import type { ServerId } from './quorum-verifier.ts';
import type { Role, RoleParts } from './role-ports.ts';
import { SnapshotIntake } from './snapshot-intake.ts';

type Phase =
  | 'dialing'
  | 'leaderInfo'
  | 'accepting'
  | 'mode'
  | 'truncating'
  | 'snapshot'
  | 'installing'
  | 'syncing'
  | 'entering'
  | 'acked'
  | 'live';

const unread: readonly Phase[] = ['accepting', 'truncating', 'installing'];

export class Learner implements Role {
  private readonly parts: RoleParts;
  private readonly votes: boolean;
  private readonly dial: LeaderDial;
  private phase: Phase = 'dialing';
  private link: PacketLink | null = null;
  private log: LearnerLog | null = null;
  /** Once it is live. */
  private forwarding: Forwarding | null = null;
  private isServing = false;
  private intake: SnapshotIntake | null = null;
  private epoch = 0 as Epoch;
  private heardMs: number;
  private readonly startedMs: number;
  private isOver = false;

  constructor(parts: RoleParts, leader: ServerId) {
    this.parts = parts;
    const self = parts.view.members.get(parts.view.self);
    const member = parts.view.members.get(leader);
    assert(self !== undefined && member !== undefined, 'only members are voted for');
    this.votes = self.role === 'participant';
    this.dial = new LeaderDial(parts, member);
    this.heardMs = this.startedMs = parts.now();
  }

  start(): void {
    if (!this.dial.next()) this.leave('The leader has no address');
  }

  counts(): null {
    return null;
  }

  get ready(): boolean {
    return this.isServing && (this.link?.backlogBytes ?? 0) < linkBacklogHighWater;
  }

  tick(nowMs: number): void {
    if (nowMs >= this.dial.nextDeadlineMs()) this.tryNext();
    else if (nowMs >= this.nextDeadlineMs()) this.leave('The leader was not heard of in time');
  }

  nextDeadlineMs(): number {
    if (this.isOver || unread.includes(this.phase)) return Number.POSITIVE_INFINITY;
    if (this.phase === 'dialing') return this.dial.nextDeadlineMs();
    const { tickTimeMs, initLimitTicks, syncLimitTicks } = this.parts.settings;
    const isSynced = this.phase === 'acked' || this.phase === 'live';
    return this.heardMs + tickTimeMs * (isSynced ? syncLimitTicks : initLimitTicks);
  }

  /** Only a leader listens. */
  onListenFailed(): void {}

  onAccepted(link: LinkId): void {
    this.parts.links.close(link);
  }

  onDialed(id: LinkId): void {
    if (id !== this.dial.link) return;
    const { parts } = this;
    this.link = new PacketLink(id, parts.links, parts.settings.packetBytesMax);
    this.heardMs = parts.now();
    this.phase = 'leaderInfo';
    writeLearnerInfo(this.link.out, parts.view, this.votes, parts.durable.acceptedEpoch);
  }

  onBytes(id: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const { link } = this;
    if (link === null || link.id !== id) return;
    this.heardMs = this.parts.now();
    link.reader.feed(bytes, start, end);
    this.read(link.reader);
  }

  onSent(id: LinkId, bytes: number): void {
    if (this.link?.id === id) this.link.onSent(bytes);
  }

  onClosed(id: LinkId): void {
    if (this.link?.id === id) {
      this.link.onClosed();
      this.leave('The leader closed the connection');
    } else if (this.dial.link === id && this.phase === 'dialing') {
      this.dial.onFailed();
    }
  }

  onSynced(): void {
    const isAcking = this.phase === 'acked' || this.phase === 'live';
    if (isAcking && this.votes && this.link !== null) this.log?.acknowledge(this.link.out);
  }

  flush(): void {
    this.link?.flush();
    if (this.link?.isOverloaded) this.leave('The leader takes no requests');
  }

  propose(): void {
    assert(false, 'a learner proposes nothing');
  }

  forward(request: LearnerRequest): void {
    this.forwarding?.forward(request);
  }

  sync(sessionIdHi: number, sessionIdLo: number, cxid: number, request: SyncRequest): void {
    this.forwarding?.sync(sessionIdHi, sessionIdLo, cxid, request);
  }

  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    this.forwarding?.revalidate(sessionIdHi, sessionIdLo, timeoutMs);
  }

  close(): void {
    this.isOver = true;
    if (this.phase === 'snapshot') this.parts.durable.abandonSnapshot();
    if (this.link !== null) this.link.close();
    else if (this.dial.link !== null) this.parts.links.close(this.dial.link);
  }

  private leave(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.parts.leave(reason);
  }

  private tryNext(): void {
    if (!this.dial.next()) this.leave('The leader cannot be reached');
  }

  /** Takes packets out of the stream while they may be read. */
  private read(reader: PacketReader): void {
    try {
      while (!this.isOver && this.readOne(reader)) {
        // Each turn takes one packet, or what there is of a snapshot.
      }
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.leave(`The leader sent a malformed packet: ${error.message}`);
    }
    reader.keep();
  }

  private readOne(reader: PacketReader): boolean {
    if (unread.includes(this.phase)) {
      if (reader.pendingBytes > linkUnreadBytesMax) this.leave('The disk is behind the leader');
      return false;
    }
    if (this.intake !== null) return this.readSnapshot(reader, this.intake);
    if (!reader.next()) return false;
    this.onPacket(reader);
    return true;
  }

  /** The disk has answered: the stream goes on in this phase. */
  private resume(phase: Phase): void {
    if (this.isOver || this.link === null) return;
    this.phase = phase;
    this.heardMs = this.parts.now();
    this.read(this.link.reader);
  }

  private onPacket(packet: PacketReader): void {
    switch (this.phase) {
      case 'leaderInfo':
        this.onLeaderInfo(packet);
        return;
      case 'mode':
        this.onMode(packet);
        return;
      case 'live':
        this.onLivePacket(packet);
        return;
      default:
        this.onSyncPacket(packet);
    }
  }

  private onLeaderInfo(packet: PacketReader): void {
    if (packet.type !== PacketType.leaderInfo) throw new JuteError('LEADERINFO was awaited');
    const version = packet.data().readInt();
    const { durable } = this.parts;
    this.epoch = packet.zxidHi as Epoch;
    const verdict = judgeProposedEpoch(durable.acceptedEpoch, this.epoch);
    if (verdict === 'refuse') {
      this.leave(`Epoch ${this.epoch} cannot follow the promised ${durable.acceptedEpoch}`);
      return;
    }
    this.parts.logger.debug({ epoch: this.epoch, version }, 'The leader proposes an epoch');
    if (verdict === 'repeat') {
      this.phase = 'mode';
      this.writeAckEpoch(false);
      return;
    }
    this.phase = 'accepting';
    durable.accept(this.epoch, () => {
      if (this.isOver) return;
      this.writeAckEpoch(true);
      this.resume('mode');
    });
  }

  /** A server whose history is of no use says so by naming none; a snapshot is the answer. */
  private writeAckEpoch(isFirst: boolean): void {
    const { durable, history } = this.parts;
    const out = this.link?.out;
    if (out === undefined) return;
    if (durable.snapshotNeeded) writeAckEpoch(out, null, 0, 0);
    else {
      const currentEpoch = isFirst ? durable.currentEpoch : null;
      writeAckEpoch(out, currentEpoch, history.lastHi, history.lastLo);
    }
  }

  private onMode(packet: PacketReader): void {
    const { zxidHi, zxidLo } = packet;
    const { logger, durable, settings } = this.parts;
    const zxid = hex64(joinHalves(zxidHi, zxidLo));
    if (zxidHi < 0) throw new JuteError(`no history ends with ${zxid}`);
    if (packet.type === PacketType.snap) {
      logger.info({ zxid }, `Getting a snapshot from leader ${zxid}`);
      this.intake = new SnapshotIntake(durable, settings.packetBytesMax, zxidHi, zxidLo);
      this.phase = 'snapshot';
      return;
    }
    if (durable.snapshotNeeded) throw new JuteError('a snapshot was asked for');
    if (packet.type === PacketType.diff) {
      logger.info({ zxid }, `Getting a diff from the leader ${zxid}`);
      this.beginLog(zxidHi, zxidLo);
    } else if (packet.type === PacketType.trunc && this.isInLog(zxidHi, zxidLo)) {
      logger.warn({ zxid }, `Truncating log to get in sync with the leader ${zxid}`);
      this.phase = 'truncating';
      durable.truncate(zxidHi, zxidLo, (outcome) => this.onReplaced(outcome));
    } else {
      throw new JuteError(
        `a packet ${packet.type} with ${zxid} where DIFF, TRUNC or SNAP was awaited`,
      );
    }
  }

  private isInLog(zxidHi: number, zxidLo: number): boolean {
    const { lastHi, lastLo } = this.parts.history;
    return compareHalves(zxidHi, zxidLo, lastHi, lastLo) <= 0;
  }

  private readSnapshot(reader: PacketReader, intake: SnapshotIntake): boolean {
    if (!intake.take(reader)) return false;
    this.intake = null;
    this.phase = 'installing';
    this.parts.durable.install((outcome) => this.onReplaced(outcome));
    return true;
  }

  /** The log was cut, or a snapshot has taken its place. */
  private onReplaced(outcome: DiskOutcome): void {
    if (this.isOver) return;
    if (outcome === 'refused') {
      this.leave('The disk cannot follow the leader without a snapshot');
      return;
    }
    const { lastHi, lastLo } = this.parts.history;
    this.beginLog(lastHi, lastLo);
    this.resume('syncing');
  }

  private beginLog(committedHi: number, committedLo: number): void {
    const { parts } = this;
    const isLogged = this.votes || parts.settings.syncEnabled;
    this.log = new LearnerLog({ ...parts, isLogged }, this.epoch);
    this.log.startFrom(committedHi, committedLo);
    this.phase = 'syncing';
  }

  /** What is not for this phase is passed over, as Apache's `syncWithLeader` does. */
  private onSyncPacket(packet: PacketReader): void {
    if (this.onTxnPacket(packet)) return;
    if (packet.type === PacketType.newLeader && this.phase === 'syncing') {
      if (packet.zxidHi !== this.epoch) throw new JuteError('NEWLEADER of another epoch');
      this.phase = 'entering';
      this.log?.onNewLeader(() => this.acknowledgeNewLeader());
    } else if (packet.type === PacketType.upToDate) {
      if (this.phase !== 'acked')
        throw new JuteError('UPTODATE before the history was acknowledged');
      this.becomeLive();
    }
  }

  private acknowledgeNewLeader(): void {
    if (this.isOver || this.link === null) return;
    this.phase = 'acked';
    this.heardMs = this.parts.now();
    writeBarePacket(this.link.out, PacketType.ack, this.epoch, 0);
    this.onSynced();
  }

  private becomeLive(): void {
    const { parts, link } = this;
    assert(link !== null, 'UPTODATE came over the link');
    this.phase = 'live';
    this.forwarding = new Forwarding(link, parts.replica);
    this.log?.onUpToDate();
    this.log?.deliver();
    const syncMs = parts.now() - this.startedMs;
    parts.meter.add(this.votes ? 'follower_sync_time' : 'observer_sync_time', syncMs);
    parts.onEstablished(this.epoch);
    this.maybeServe();
  }

  private maybeServe(): void {
    if (this.isServing || !this.log?.isTreeCommitted) return;
    this.isServing = true;
    this.parts.replica.follow();
  }

  /** Proposals and commits, whenever they come. */
  private onTxnPacket(packet: PacketReader): boolean {
    const { log } = this;
    assert(log !== null, 'a learner that is synchronized has a log');
    const { type, zxidHi, zxidLo } = packet;
    switch (type) {
      case PacketType.proposal:
        if (this.votes || this.phase !== 'live') {
          this.parts.meter.count('learner_proposal_received_count');
          log.onProposal(zxidHi, zxidLo, packet.data());
        }
        return true;
      case PacketType.commit:
      case PacketType.commitAndActivate:
        if (this.votes || this.phase !== 'live') log.onCommit(zxidHi, zxidLo);
        break;
      case PacketType.inform:
        log.onProposal(zxidHi, zxidLo, packet.data());
        log.onCommit(zxidHi, zxidLo);
        break;
      case PacketType.informAndActivate:
        log.onProposal(zxidHi, zxidLo, packet.data(designatedLeaderBytes));
        log.onCommit(zxidHi, zxidLo);
        break;
      default:
        return false;
    }
    if (this.phase === 'live') {
      this.parts.meter.count('learner_commit_received_count');
      log.deliver();
      this.maybeServe();
    }
    return true;
  }

  private onLivePacket(packet: PacketReader): void {
    if (this.onTxnPacket(packet) || this.forwarding?.onPacket(packet)) return;
    this.parts.logger.warn({ type: packet.type }, 'The leader sent a packet of no use');
  }
}
