/**
 * Broadcast at the leader (ZAB paper, phase 3): proposals go to its log and to every follower, acks
 * come back, and what a quorum has is committed, in the order of the zxids. Observers get each txn
 * when it is committed. A packet is encoded once, however many learners there are.
 */
import { outstandingMax, zxidCounterMax } from '../base/limits.ts';
import { compareHalves, highHalf, lowHalf } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { PacketReader } from '../jute/packet-reader.ts';
import { OpCode } from '../jute/proto.ts';
import {
  beginPacket,
  endPacket,
  PacketType,
  pingSessionBytes,
  requestDataBytes,
  writeBarePacket,
  writePacket,
} from '../jute/quorum.ts';
import { JuteWriter } from '../jute/writer.ts';
import { Broadcast } from './broadcast.ts';
import { LeaderSyncs } from './leader-syncs.ts';
import type { CommitPoint, LearnerLink } from './learner-link.ts';
import type { LinkId } from './peer-ports.ts';
import type { ServerId } from './quorum-verifier.ts';
import type { RoleParts } from './role-ports.ts';

/** A power of two above what can be outstanding. */
const proposalTimes = 2 * outstandingMax;

export class LeaderBroadcast implements CommitPoint {
  readonly syncs: LeaderSyncs;
  private readonly parts: RoleParts;
  private readonly learners: ReadonlyMap<LinkId, LearnerLink>;
  private readonly packet = new JuteWriter();
  /** When each proposal that is outstanding was made, by its counter. */
  private readonly proposedMs = new Float64Array(proposalTimes);
  /** Null until the leader is established: its history is all that will be committed then. */
  private acks: Broadcast | null = null;

  constructor(parts: RoleParts, learners: ReadonlyMap<LinkId, LearnerLink>) {
    this.parts = parts;
    this.learners = learners;
    this.syncs = new LeaderSyncs(parts, { [Symbol.iterator]: () => learners.values() }, this);
  }

  get committedHi(): number {
    return this.acks?.committedHi ?? this.parts.history.lastHi;
  }

  get committedLo(): number {
    return this.acks?.committedLo ?? this.parts.history.lastLo;
  }

  /**
   * No further zxid may be given out; another leader begins another epoch, and so the counter anew:
   * that of the epoch before, with which its history still ends, does not count.
   */
  get isExhausted(): boolean {
    const { history, durable } = this.parts;
    const isOfThisEpoch = this.acks !== null && history.lastHi === durable.currentEpoch;
    return isOfThisEpoch && history.lastLo >>> 0 >= zxidCounterMax;
  }

  /** The whole history is committed: what the tree lacks of it is delivered. */
  begin(): void {
    const { history, replica, view } = this.parts;
    const { lastHi, lastLo } = history;
    this.acks = new Broadcast(view.verifier, lastHi, lastLo);
    for (
      let i = history.indexAfter(history.deliveredHi, history.deliveredLo);
      i < history.count;
    ) {
      const { bytes, start, end } = history.at(i++);
      replica.deliver(bytes, start, end);
    }
    history.markDelivered(lastHi, lastLo);
  }

  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    const { packet } = this;
    this.parts.durable.append(payload, start, end, zxidHi, zxidLo);
    this.acks?.onPropose(zxidHi, zxidLo);
    this.proposedMs[zxidLo & (proposalTimes - 1)] = this.parts.now();
    this.parts.meter.count('proposal_count');
    packet.reset();
    writePacket(packet, PacketType.proposal, zxidHi, zxidLo, payload, start, end);
    for (const learner of this.learners.values()) {
      if (!learner.votes || !learner.isForwarding) continue;
      learner.link.out.writeRaw(packet.bytes, 0, packet.offset);
      learner.expectAck(zxidHi, zxidLo);
    }
  }

  onAck(learner: LearnerLink): void {
    if (learner.server === null || !learner.votes) return;
    this.onDurable(learner.server, learner.ackedHi, learner.ackedLo);
  }

  /** The leader's own ack. */
  onSynced(): void {
    const { durable, view } = this.parts;
    this.onDurable(view.self, durable.syncedHi, durable.syncedLo);
  }

  flush(): void {
    this.syncs.flush();
  }

  onLivePacket(learner: LearnerLink, packet: PacketReader): void {
    switch (packet.type) {
      case PacketType.request:
        this.onRequest(learner, packet);
        return;
      case PacketType.ping:
        this.onPong(learner, packet);
        return;
      case PacketType.revalidate:
        this.onRevalidate(learner, packet);
        return;
      default:
        this.parts.logger.warn({ type: packet.type }, 'A learner sent a packet that is not known');
    }
  }

  private onDurable(server: ServerId, zxidHi: number, zxidLo: number): void {
    const { acks } = this;
    if (acks === null) return;
    if (this.isOutstanding(zxidHi, zxidLo))
      this.parts.meter.onAck(server, this.sinceProposed(zxidLo));
    const beforeHi = acks.committedHi;
    const beforeLo = acks.committedLo;
    if (!acks.onAck(server, zxidHi, zxidLo)) return;
    this.announce(beforeHi, beforeLo, acks.committedHi, acks.committedLo);
  }

  /** Times are known of no others; a commit may have come before the ack. */
  private isOutstanding(zxidHi: number, zxidLo: number): boolean {
    return compareHalves(zxidHi, zxidLo, this.committedHi, this.committedLo) > 0;
  }

  private sinceProposed(zxidLo: number): number {
    return this.parts.now() - (this.proposedMs[zxidLo & (proposalTimes - 1)] as number);
  }

  /** COMMIT to followers and INFORM to observers, a packet a txn. */
  private announce(fromHi: number, fromLo: number, toHi: number, toLo: number): void {
    const { history, replica, meter } = this.parts;
    const { packet } = this;
    const end = history.indexAfter(toHi, toLo);
    for (let i = history.indexAfter(fromHi, fromLo); i < end; i++) {
      const txn = history.at(i);
      meter.count('commit_count');
      meter.onQuorumAck(this.sinceProposed(txn.zxidLo));
      packet.reset();
      writeBarePacket(packet, PacketType.commit, txn.zxidHi, txn.zxidLo);
      const commitEnd = packet.offset;
      let informEnd = commitEnd;
      for (const learner of this.learners.values()) {
        if (!learner.isForwarding) continue;
        if (learner.votes) {
          learner.link.out.writeRaw(packet.bytes, 0, commitEnd);
          continue;
        }
        if (informEnd === commitEnd) {
          const { zxidHi, zxidLo, bytes, start, end } = txn;
          writePacket(packet, PacketType.inform, zxidHi, zxidLo, bytes, start, end);
          informEnd = packet.offset;
        }
        learner.link.out.writeRaw(packet.bytes, commitEnd, informEnd);
      }
    }
    replica.commit(toHi, toLo);
    history.markDelivered(toHi, toLo);
  }

  private onRequest(learner: LearnerLink, packet: PacketReader): void {
    const data = packet.data();
    if (data.remaining() < requestDataBytes) throw new JuteError('a request without a header');
    const session = data.readLong();
    const cxid = data.readInt();
    const type = data.readInt();
    if (type === OpCode.sync) {
      this.syncs.add(learner);
      return;
    }
    const { bytes, dataEnd, authEnd, hasAuthInfo } = packet;
    this.parts.replica.onLearnerRequest(learner.link.id, {
      sessionIdHi: highHalf(session),
      sessionIdLo: lowHalf(session),
      cxid,
      type,
      bytes,
      start: data.offset,
      end: dataEnd,
      authInfo: hasAuthInfo ? bytes.subarray(dataEnd, authEnd) : null,
    });
  }

  private onPong(learner: LearnerLink, packet: PacketReader): void {
    learner.pongs++;
    this.syncs.onPong();
    const data = packet.data();
    while (data.remaining() >= pingSessionBytes) {
      const session = data.readLong();
      this.parts.replica.onTouch(highHalf(session), lowHalf(session), data.readInt());
    }
  }

  private onRevalidate(learner: LearnerLink, packet: PacketReader): void {
    const data = packet.data();
    const session = data.readLong();
    const timeoutMs = data.readInt();
    const { replica, meter } = this.parts;
    meter.count('revalidate_count');
    const { id, out } = learner.link;
    const valid = replica.onRevalidate(id, highHalf(session), lowHalf(session), timeoutMs);
    const mark = beginPacket(out, PacketType.revalidate, -1, -1);
    out.writeLong(session);
    out.writeBool(valid);
    endPacket(out, mark, null);
  }
}
