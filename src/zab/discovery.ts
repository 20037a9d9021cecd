/**
 * Discovery (ZAB paper, phase 1; Apache `Leader.getEpochToPropose`, `waitForEpochAck`,
 * `Learner.registerWithLeader`): the leader hears the promises of a quorum, proposes an epoch above
 * all of them, and learns of the quorum's histories that none is ahead of its own.
 *
 * ```
 * learner  FOLLOWERINFO(acceptedEpoch) ─┐                        ┌─ ACKEPOCH(currentEpoch, zxid)
 * leader                    of a quorum └─ epoch := max + 1 ─ LEADERINFO(epoch)
 * ```
 */
import { assert } from '../base/assert.ts';
import type { Epoch, Zxid } from '../base/zxid.ts';
import {
  beginPacket,
  endPacket,
  epochPromisedBefore,
  learnerInfo,
  PacketType,
  quorumProtocolVersion,
} from '../jute/quorum.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { EnsembleView } from './ensemble-view.ts';
import type { QuorumVerifier, ServerId } from './quorum-verifier.ts';

/**
 * Who claims a later epoch than this is not believed: epochs are the positive half of an int32,
 * and an ensemble whose members promised the last one could elect nobody any more.
 */
export const epochMax = 0x7fff0000;

/** How far a server's history reaches: ordered by epoch, then zxid. */
export interface HistorySummary {
  readonly currentEpoch: number;
  readonly lastZxid: Zxid;
}

/** The leader's half. Only voters count; the leader itself is one. */
export class EpochNegotiation {
  /** The epoch once a quorum has been heard. */
  epoch: Epoch | null = null;
  /** A quorum has promised the epoch, and nobody in it is ahead. */
  isAcknowledged = false;
  private readonly verifier: QuorumVerifier;
  private readonly own: HistorySummary;
  private readonly heard = new Set<ServerId>();
  private readonly acknowledged = new Set<ServerId>();
  private acceptedEpochMax: number;

  /** `acceptedEpoch`: the highest one that is known to be promised. */
  constructor(verifier: QuorumVerifier, acceptedEpoch: number, own: HistorySummary) {
    this.verifier = verifier;
    this.own = own;
    this.acceptedEpochMax = acceptedEpoch;
  }

  /** A voter has told what it promised. True when that completes the quorum. */
  onPromise(voter: ServerId, acceptedEpoch: number): boolean {
    if (this.epoch !== null) return false;
    assert(acceptedEpoch <= epochMax, 'there are epochs left');
    this.acceptedEpochMax = Math.max(this.acceptedEpochMax, acceptedEpoch);
    this.heard.add(voter);
    if (!this.verifier.isQuorum((server) => this.heard.has(server))) return false;
    this.epoch = (this.acceptedEpochMax + 1) as Epoch;
    return true;
  }

  /** Who is ahead of the leader may have committed txns that the leader lacks. */
  isAhead(summary: HistorySummary): boolean {
    const { currentEpoch, lastZxid } = this.own;
    if (summary.currentEpoch !== currentEpoch) return summary.currentEpoch > currentEpoch;
    return summary.lastZxid > lastZxid;
  }

  /** A voter that is not ahead has promised the epoch. True when that completes the quorum. */
  onAcknowledge(voter: ServerId): boolean {
    assert(this.epoch !== null, 'an epoch is proposed before it is acknowledged');
    if (this.isAcknowledged) return false;
    this.acknowledged.add(voter);
    this.isAcknowledged = this.verifier.isQuorum((server) => this.acknowledged.has(server));
    return this.isAcknowledged;
  }
}

/**
 * The learner's half: what to do with a leader's LEADERINFO. promise: the epoch is new; repeat: it
 * was promised already, and must not be counted twice; refuse: a later one was promised.
 */
export function judgeProposedEpoch(
  acceptedEpoch: Epoch,
  proposed: number,
): 'promise' | 'repeat' | 'refuse' {
  if (proposed > acceptedEpoch && proposed <= epochMax) return 'promise';
  return proposed === acceptedEpoch ? 'repeat' : 'refuse';
}

/** The first packet: who asks, and which epoch it has promised. */
export function writeLearnerInfo(
  out: JuteWriter,
  view: EnsembleView,
  votes: boolean,
  acceptedEpoch: Epoch,
): void {
  const type = votes ? PacketType.followerInfo : PacketType.observerInfo;
  const mark = beginPacket(out, type, acceptedEpoch, 0);
  learnerInfo.write(out, {
    serverid: BigInt(view.self),
    protocolVersion: quorumProtocolVersion,
    configVersion: view.version,
  });
  endPacket(out, mark, null);
}

/** `currentEpoch` null: the epoch was promised before, do not count this server. */
export function writeAckEpoch(
  out: JuteWriter,
  currentEpoch: Epoch | null,
  lastHi: number,
  lastLo: number,
): void {
  const mark = beginPacket(out, PacketType.ackEpoch, lastHi, lastLo);
  out.writeInt(currentEpoch ?? epochPromisedBefore);
  endPacket(out, mark, null);
}
