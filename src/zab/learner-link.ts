/**
 * The leader's end of the link to one learner (Apache `LearnerHandler`): which packet may come
 * when, how the learner is synchronized, and whether it still keeps up. What a packet means for the
 * ensemble is the leader's to decide.
 *
 * ```
 * info ─ promised ─ ackEpoch ─ acknowledged ─┬────────────┬─ newLeader ─ acked ─ live
 *                                            └─ snapshot ─┘
 * ```
 */
import { assert, unreachable } from '../base/assert.ts';
import { linkBacklogHighWater } from '../base/limits.ts';
import { compareHalves, type Epoch, type Zxid, zxidOf } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { PacketReader } from '../jute/packet-reader.ts';
import {
  beginPacket,
  endPacket,
  learnerInfo,
  learnerInfoBytes,
  PacketType,
  quorumProtocolVersion,
  snapshotSignature,
  writeBarePacket,
  writePacket,
} from '../jute/quorum.ts';
import { PacketLink } from './packet-link.ts';
import type { LinkId, SnapshotStreamOutput } from './peer-ports.ts';
import type { ServerId } from './quorum-verifier.ts';
import type { RoleParts } from './role-ports.ts';
import { planSync, type SyncPlan, writeCommitted, writeOutstanding } from './synchronization.ts';
import type { HistoryHold } from './txn-history.ts';

/** promised and acknowledged wait for a quorum, acked for the leader to be established. */
export type LearnerPhase =
  | 'info'
  | 'promised'
  | 'ackEpoch'
  | 'acknowledged'
  | 'snapshot'
  | 'newLeader'
  | 'acked'
  | 'live';

/** What the leader hears of a learner. Called from inside `onBytes`. */
export interface LearnerListener {
  /** FOLLOWERINFO or OBSERVERINFO of the member `server`. */
  onInfo(learner: LearnerLink, acceptedEpoch: number): void;
  /** `currentEpoch` -1: it had promised the epoch before. */
  onAckEpoch(learner: LearnerLink, currentEpoch: number, lastZxid: Zxid): void;
  onNewLeaderAck(learner: LearnerLink): void;
  onAck(learner: LearnerLink, zxidHi: number, zxidLo: number): void;
  /** From a learner that is live: REQUEST, REVALIDATE, PING, or anything else. */
  onLivePacket(learner: LearnerLink, packet: PacketReader): void;
  /** The link has to be closed. */
  onFault(learner: LearnerLink, reason: string): void;
}

/** How far the leader's history is committed. */
export interface CommitPoint {
  readonly committedHi: number;
  readonly committedLo: number;
}

const signature = Uint8Array.from(snapshotSignature, (letter) => letter.charCodeAt(0));
/** A snapshot leaves in writes of about this length. */
const snapshotWriteBytes = 256 * 1024;

export class LearnerLink {
  readonly link: PacketLink;
  phase: LearnerPhase = 'info';
  server: ServerId | null = null;
  /** It counts in quorums; otherwise it is an observer. */
  votes = false;
  /** How it is being synchronized. */
  sync: SyncPlan['kind'] | null = null;
  /** Last zxid of its log, as ACKEPOCH said. */
  lastHi = 0;
  lastLo = 0;
  /** Its log is durable up to here, once it has acknowledged NEWLEADER. */
  ackedHi = 0;
  ackedLo = 0;
  /** PINGs that it must answer, and answers; both since UPTODATE. */
  pings = 0;
  pongs = 0;
  /** When the oldest proposal without its ack has to be acknowledged. */
  ackDueMs = Number.POSITIVE_INFINITY;
  private ackDueHi = 0;
  private ackDueLo = 0;
  private readonly parts: RoleParts;
  private readonly listener: LearnerListener;
  private progressMs: number;
  private epoch = 0 as Epoch;
  private hold: HistoryHold | null = null;

  constructor(id: LinkId, parts: RoleParts, listener: LearnerListener) {
    this.link = new PacketLink(id, parts.links, parts.settings.packetBytesMax);
    this.parts = parts;
    this.listener = listener;
    this.progressMs = parts.now();
  }

  /** It takes part in the broadcast: what is proposed is sent to it. */
  get isForwarding(): boolean {
    return this.phase === 'newLeader' || this.phase === 'acked' || this.phase === 'live';
  }

  onBytes(bytes: Uint8Array, start: number, end: number): void {
    const { reader } = this.link;
    this.progressMs = this.parts.now();
    reader.feed(bytes, start, end);
    try {
      while (this.link.isOpen && reader.next()) this.onPacket(reader);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.listener.onFault(this, `malformed packet: ${error.message}`);
    }
    reader.keep();
  }

  onSent(bytes: number): void {
    this.link.onSent(bytes);
    // A long snapshot may take its time as long as it moves.
    if (this.phase !== 'live') this.progressMs = this.parts.now();
  }

  /** Infinity while it is the leader that others wait for. */
  nextDeadlineMs(): number {
    const { tickTimeMs, initLimitTicks, syncLimitTicks } = this.parts.settings;
    if (this.phase === 'promised' || this.phase === 'acknowledged' || this.phase === 'acked') {
      return Number.POSITIVE_INFINITY;
    }
    if (this.phase !== 'live') return this.progressMs + initLimitTicks * tickTimeMs;
    return Math.min(this.progressMs + syncLimitTicks * tickTimeMs, this.ackDueMs);
  }

  proposeEpoch(epoch: Epoch): void {
    assert(this.phase === 'promised', 'an epoch is proposed to who has promised');
    this.epoch = epoch;
    this.phase = 'ackEpoch';
    this.progressMs = this.parts.now();
    const { out } = this.link;
    const mark = beginPacket(out, PacketType.leaderInfo, epoch, 0);
    out.writeInt(quorumProtocolVersion);
    endPacket(out, mark, null);
  }

  /** How `synchronize` would begin. */
  plan(): SyncPlan {
    return planSync(this.parts.history, this.lastHi, this.lastLo);
  }

  /** Makes its history equal to the leader's; NEWLEADER stands at the end of it. */
  synchronize(plan: SyncPlan, commit: CommitPoint): void {
    assert(this.phase === 'acknowledged', 'it is synchronized when the epoch is acknowledged');
    this.progressMs = this.parts.now();
    this.sync = plan.kind;
    const { out } = this.link;
    switch (plan.kind) {
      case 'snap':
        this.sendSnapshot(commit);
        return;
      case 'diff':
        writeBarePacket(out, PacketType.diff, commit.committedHi, commit.committedLo);
        this.finishSync(this.lastHi, this.lastLo, commit);
        return;
      case 'trunc':
        writeBarePacket(out, PacketType.trunc, plan.zxidHi, plan.zxidLo);
        this.finishSync(plan.zxidHi, plan.zxidLo, commit);
        return;
      default:
        unreachable(plan);
    }
  }

  becomeLive(): void {
    assert(this.phase === 'acked', 'UPTODATE follows the ack of NEWLEADER');
    this.phase = 'live';
    this.progressMs = this.parts.now();
    this.sync = null;
    this.expectAckAnew();
    writeBarePacket(this.link.out, PacketType.upToDate, -1, -1);
  }

  /** PING; its zxid comes back. */
  ping(zxidHi: number, zxidLo: number): void {
    if (!this.isForwarding) return;
    if (this.phase === 'live') this.pings++;
    writeBarePacket(this.link.out, PacketType.ping, zxidHi, zxidLo);
  }

  /** A proposal was written to it, which it has to acknowledge in time. */
  expectAck(zxidHi: number, zxidLo: number): void {
    if (this.ackDueMs !== Number.POSITIVE_INFINITY) return;
    const { tickTimeMs, syncLimitTicks } = this.parts.settings;
    this.ackDueMs = this.parts.now() + syncLimitTicks * tickTimeMs;
    this.ackDueHi = zxidHi;
    this.ackDueLo = zxidLo;
  }

  private expectAckAnew(): void {
    const { lastHi, lastLo } = this.parts.history;
    this.ackDueMs = Number.POSITIVE_INFINITY;
    const isBehind = compareHalves(this.ackedHi, this.ackedLo, lastHi, lastLo) < 0;
    if (this.votes && isBehind) this.expectAck(lastHi, lastLo);
  }

  /** It is closed: nothing is held for it any more. */
  release(): void {
    if (this.hold !== null) this.parts.history.release(this.hold);
    this.hold = null;
  }

  private onPacket(packet: PacketReader): void {
    switch (this.phase) {
      case 'info':
        this.onInfo(packet);
        return;
      case 'ackEpoch':
        this.onAckEpoch(packet);
        return;
      case 'newLeader':
        this.onFirstAck(packet);
        return;
      case 'acked':
      case 'live':
        if (packet.type === PacketType.ack) this.onAck(packet.zxidHi, packet.zxidLo);
        else if (this.phase === 'live') this.listener.onLivePacket(this, packet);
        return;
      default:
        throw new JuteError(`packet ${packet.type} before its time`);
    }
  }

  /** Who it is, and whether it is who the configuration says it is. */
  private onInfo(packet: PacketReader): void {
    const isObserver = packet.type === PacketType.observerInfo;
    if (!isObserver && packet.type !== PacketType.followerInfo) {
      throw new JuteError(`FOLLOWERINFO or OBSERVERINFO was awaited, not ${packet.type}`);
    }
    if (packet.dataEnd - packet.dataStart !== learnerInfoBytes) {
      throw new JuteError('a learner of an older version');
    }
    const info = learnerInfo.read(packet.data());
    const { view } = this.parts;
    const server = Number(info.serverid) as ServerId;
    const member = view.members.get(server);
    if (member === undefined || server === view.self)
      throw new JuteError(`unknown server ${server}`);
    if ((member.role === 'observer') !== isObserver) {
      throw new JuteError(`server ${server} is configured as ${member.role}`);
    }
    if (info.configVersion > view.version) throw new JuteError('a newer configuration');
    this.server = server;
    this.votes = !isObserver;
    this.phase = 'promised';
    this.listener.onInfo(this, packet.zxidHi);
  }

  private onAckEpoch(packet: PacketReader): void {
    if (packet.type !== PacketType.ackEpoch) throw new JuteError('ACKEPOCH was awaited');
    this.lastHi = packet.zxidHi;
    this.lastLo = packet.zxidLo;
    this.phase = 'acknowledged';
    const currentEpoch = packet.data().readInt();
    this.listener.onAckEpoch(this, currentEpoch, zxidOf(this.lastHi, this.lastLo));
  }

  /**
   * Acks of proposals may come before that of NEWLEADER from Apache's older followers; they count
   * when that one has come (ZOOKEEPER-4685).
   */
  private onFirstAck(packet: PacketReader): void {
    if (packet.type !== PacketType.ack) throw new JuteError('the ack of NEWLEADER was awaited');
    if (packet.zxidHi !== this.epoch || packet.zxidLo !== 0) {
      this.raiseAcked(packet.zxidHi, packet.zxidLo);
      return;
    }
    this.phase = 'acked';
    this.progressMs = this.parts.now();
    this.listener.onNewLeaderAck(this);
  }

  private onAck(zxidHi: number, zxidLo: number): void {
    // The ack of UPTODATE says nothing new.
    if (zxidLo === 0) return;
    this.raiseAcked(zxidHi, zxidLo);
    this.listener.onAck(this, zxidHi, zxidLo);
  }

  private raiseAcked(zxidHi: number, zxidLo: number): void {
    const { lastHi, lastLo } = this.parts.history;
    if (compareHalves(zxidHi, zxidLo, lastHi, lastLo) > 0) {
      throw new JuteError('an ack of what was not proposed');
    }
    if (compareHalves(zxidHi, zxidLo, this.ackedHi, this.ackedLo) <= 0) return;
    this.ackedHi = zxidHi;
    this.ackedLo = zxidLo;
    if (compareHalves(zxidHi, zxidLo, this.ackDueHi, this.ackDueLo) >= 0) this.expectAckAnew();
  }

  private sendSnapshot(commit: CommitPoint): void {
    const { history, replica } = this.parts;
    const { deliveredHi, deliveredLo } = history;
    this.phase = 'snapshot';
    this.hold = history.hold(deliveredHi, deliveredLo);
    writeBarePacket(this.link.out, PacketType.snap, deliveredHi, deliveredLo);
    const output: SnapshotStreamOutput = {
      write: (bytes, start, end) => {
        this.link.out.writeRaw(bytes, start, end);
        if (this.link.out.offset >= snapshotWriteBytes) this.link.flush();
      },
      done: () => {
        this.link.out.writeBuffer(signature);
        this.finishSync(deliveredHi, deliveredLo, commit);
      },
      next: () => {
        if (!this.link.isOpen) return 'stop';
        return this.link.backlogBytes > linkBacklogHighWater ? 'wait' : 'go';
      },
    };
    replica.streamSnapshot(output);
  }

  /**
   * The learner has the history up to `from`: what is committed behind it, NEWLEADER, and then
   * what is proposed. In the other order Apache's followers before 3.9.3 break at a commit that
   * comes before UPTODATE (ZOOKEEPER-4394).
   */
  private finishSync(fromHi: number, fromLo: number, commit: CommitPoint): void {
    if (!this.link.isOpen) return;
    const { history, view } = this.parts;
    const { committedHi, committedLo } = commit;
    const { out } = this.link;
    this.release();
    if (!history.contains(fromHi, fromLo)) {
      this.listener.onFault(this, 'the history went on while the snapshot was sent');
      return;
    }
    const from = { hi: fromHi, lo: fromLo };
    writeCommitted(out, history, from, { hi: committedHi, lo: committedLo });
    writePacket(out, PacketType.newLeader, this.epoch, 0, view.text);
    this.phase = 'newLeader';
    const isBehind = compareHalves(fromHi, fromLo, committedHi, committedLo) < 0;
    this.ackedHi = isBehind ? committedHi : fromHi;
    this.ackedLo = isBehind ? committedLo : fromLo;
    if (this.votes) writeOutstanding(out, history, this.ackedHi, this.ackedLo);
  }
}
