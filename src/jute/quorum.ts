/**
 * Packets between the servers of an ensemble: types, bodies and how they are written. A packet is
 * a bare jute record without a length around it (Apache `QuorumPacket`):
 *
 * ```
 * int type │ long zxid │ buffer data │ vector<Id> authinfo
 * ```
 *
 * Null data (-1) and empty data (0) are different things to Apache's servers.
 */
import { int, long, record } from './schema.ts';
import type { JuteWriter } from './writer.ts';

/** Apache `Leader`'s constants. */
export const PacketType = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const;

/** Data of FOLLOWERINFO and OBSERVERINFO. */
export const learnerInfo = record({ serverid: long, protocolVersion: int, configVersion: long });
export const learnerInfoBytes = 20;
/** The protocol in which the leader proposes an epoch before it says NEWLEADER. */
export const quorumProtocolVersion = 0x10000;
/** ACKEPOCH of a server that has promised this epoch already: it does not count again. */
export const epochPromisedBefore = -1;
/** Data of REQUEST: session id, cxid, op code; the request's body follows. */
export const requestDataBytes = 16;
/** One of the sessions in the data of a PING's answer: session id, timeout in ms. */
export const pingSessionBytes = 12;
/** Designated leader, in front of a txn in INFORMANDACTIVATE. */
export const designatedLeaderBytes = 8;
/** The string that ends a snapshot on the wire (Apache `LearnerHandler`). */
export const snapshotSignature = 'BenWasHere';
/** type, zxid, length of the data. */
export const packetHeaderBytes = 16;

/** A packet with null data and null authinfo: 20 bytes. */
export function writeBarePacket(writer: JuteWriter, type: number, hi: number, lo: number): void {
  const at = writer.reserve(packetHeaderBytes + 4);
  const { view } = writer;
  view.setInt32(at, type);
  view.setInt32(at + 4, hi);
  view.setInt32(at + 8, lo);
  view.setInt32(at + 12, -1);
  view.setInt32(at + 16, -1);
}

/** A packet with `data[start..end)` and null authinfo. */
export function writePacket(
  writer: JuteWriter,
  type: number,
  hi: number,
  lo: number,
  data: Uint8Array,
  start = 0,
  end: number = data.byteLength,
): void {
  const mark = beginPacket(writer, type, hi, lo);
  writer.writeRaw(data, start, end);
  endPacket(writer, mark, null);
}

/** Begins a packet whose data is written next. Returns what `endPacket` wants to know. */
export function beginPacket(writer: JuteWriter, type: number, hi: number, lo: number): number {
  const at = writer.reserve(packetHeaderBytes);
  const { view } = writer;
  view.setInt32(at, type);
  view.setInt32(at + 4, hi);
  view.setInt32(at + 8, lo);
  return at;
}

/** `authInfo`: a jute vec<Id>, count first. */
export function endPacket(writer: JuteWriter, mark: number, authInfo: Uint8Array | null): void {
  writer.view.setInt32(mark + 12, writer.offset - mark - packetHeaderBytes);
  if (authInfo === null) writer.writeInt(-1);
  else writer.writeRaw(authInfo);
}
