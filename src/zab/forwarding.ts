/**
 * What a learner that serves clients asks of its leader, and what it hears back: requests, syncs,
 * sessions that have moved here, and PINGs, whose answers tell which sessions live (Apache
 * `LearnerZooKeeperServer`). Syncs are answered in their order; nothing else says which one it is.
 */
import { highHalf, lowHalf } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import type { PacketReader } from '../jute/packet-reader.ts';
import { OpCode } from '../jute/proto.ts';
import { beginPacket, endPacket, PacketType } from '../jute/quorum.ts';
import type { PacketLink } from './packet-link.ts';
import type { LearnerRequest, Replica, SyncRequest } from './peer-ports.ts';

export class Forwarding {
  private readonly link: PacketLink;
  private readonly replica: Replica;
  /** Syncs that the leader has not answered yet. */
  private syncs = 0;

  constructor(link: PacketLink, replica: Replica) {
    this.link = link;
    this.replica = replica;
  }

  forward(request: LearnerRequest): void {
    const { out } = this.link;
    const mark = beginPacket(out, PacketType.request, -1, -1);
    out.writeHalves(request.sessionIdHi, request.sessionIdLo);
    out.writeInt(request.cxid);
    out.writeInt(request.type);
    out.writeRaw(request.bytes, request.start, request.end);
    endPacket(out, mark, request.authInfo);
  }

  sync(sessionIdHi: number, sessionIdLo: number, cxid: number, request: SyncRequest): void {
    this.syncs++;
    this.forward({ ...request, sessionIdHi, sessionIdLo, cxid, type: OpCode.sync });
  }

  revalidate(sessionIdHi: number, sessionIdLo: number, timeoutMs: number): void {
    const { out } = this.link;
    const mark = beginPacket(out, PacketType.revalidate, -1, -1);
    out.writeHalves(sessionIdHi, sessionIdLo);
    out.writeInt(timeoutMs);
    endPacket(out, mark, null);
  }

  /** An answer, or a PING. False: none of these. */
  onPacket(packet: PacketReader): boolean {
    switch (packet.type) {
      case PacketType.ping:
        this.answerPing(packet.zxidHi, packet.zxidLo);
        return true;
      case PacketType.revalidate:
        this.onRevalidated(packet);
        return true;
      case PacketType.sync:
        if (this.syncs === 0) throw new JuteError('SYNC that nobody asked for');
        this.syncs--;
        this.replica.onSync();
        return true;
      default:
        return false;
    }
  }

  private answerPing(zxidHi: number, zxidLo: number): void {
    const { out } = this.link;
    const mark = beginPacket(out, PacketType.ping, zxidHi, zxidLo);
    this.replica.takeTouched((idHi, idLo, timeoutMs) => {
      out.writeHalves(idHi, idLo);
      out.writeInt(timeoutMs);
    });
    endPacket(out, mark, null);
  }

  private onRevalidated(packet: PacketReader): void {
    const data = packet.data();
    const session = data.readLong();
    this.replica.onRevalidated(highHalf(session), lowHalf(session), data.readBool());
  }
}
