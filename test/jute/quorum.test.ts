import { describe, expect, it } from 'vitest';
import { PacketReader } from '../../src/jute/packet-reader.ts';
import {
  beginPacket,
  endPacket,
  learnerInfo,
  PacketType,
  quorumProtocolVersion,
  writeBarePacket,
  writePacket,
} from '../../src/jute/quorum.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { SeededRandom } from '../support/random.ts';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const plain = (text: string) => text.replaceAll(' ', '');

interface Packet {
  readonly type: number;
  readonly hi: number;
  readonly lo: number;
  readonly data: Uint8Array | null;
  readonly authInfo: Uint8Array | null;
}

function written(write: (writer: JuteWriter) => void): Uint8Array {
  const writer = new JuteWriter(8);
  write(writer);
  return writer.finish().slice();
}

function packetOf(reader: PacketReader): Packet {
  const { type, zxidHi: hi, zxidLo: lo, bytes, dataStart, dataEnd, authEnd } = reader;
  return {
    ...{ type, hi, lo },
    data: reader.hasData ? bytes.slice(dataStart, dataEnd) : null,
    authInfo: reader.hasAuthInfo ? bytes.slice(dataEnd, authEnd) : null,
  };
}

const authInfo = written((writer) => {
  writer.writeInt(2);
  for (const text of ['ip', '127.0.0.1', 'digest', null]) writer.writeString(text);
});

/** Bytes as Apache's servers sent them. */
describe('a packet of Apache', () => {
  it('FOLLOWERINFO has these bytes', () => {
    const bytes = written((writer) => {
      const mark = beginPacket(writer, PacketType.followerInfo, 0, 0);
      const protocolVersion = quorumProtocolVersion;
      learnerInfo.write(writer, { serverid: 1n, protocolVersion, configVersion: 0n });
      endPacket(writer, mark, null);
    });
    const golden =
      '0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff';
    expect(hexOf(bytes)).toBe(plain(golden));
  });

  it('LEADERINFO, UPTODATE and ACK have these bytes', () => {
    const version = Uint8Array.from([0, 1, 0, 0]);
    const leaderInfo = written((writer) =>
      writePacket(writer, PacketType.leaderInfo, 1, 0, version),
    );
    expect(hexOf(leaderInfo)).toBe(plain('00000011 0000000100000000 00000004 00010000 ffffffff'));
    const upToDate = written((writer) => writeBarePacket(writer, PacketType.upToDate, -1, -1));
    expect(hexOf(upToDate)).toBe(plain('0000000c ffffffffffffffff ffffffff ffffffff'));
    const ack = written((writer) => writeBarePacket(writer, PacketType.ack, 1, 0));
    expect(hexOf(ack)).toBe(plain('00000003 0000000100000000 ffffffff ffffffff'));
  });
});

function randomPacket(random: SeededRandom): Packet {
  const isLong = random.below(20) === 0;
  return {
    type: 1 + random.below(19),
    hi: random.below(2 ** 32) | 0,
    lo: random.below(2 ** 32) | 0,
    data: random.below(3) === 0 ? null : random.bytes(random.below(isLong ? 300_000 : 60)),
    authInfo: random.below(3) === 0 ? authInfo : null,
  };
}

function writeRandom(writer: JuteWriter, packet: Packet): void {
  const { type, hi, lo, data } = packet;
  if (data === null && packet.authInfo === null) {
    writeBarePacket(writer, type, hi, lo);
    return;
  }
  const mark = beginPacket(writer, type, hi, lo);
  writer.writeRaw(data ?? new Uint8Array(0));
  endPacket(writer, mark, packet.authInfo);
  if (data === null) writer.view.setInt32(mark + 12, -1);
}

function textOf({ type, hi, lo, data, authInfo }: Packet): string {
  const texts = [data, authInfo].map((bytes) => (bytes === null ? 'null' : hexOf(bytes)));
  return `${type} (${hi},${lo}) ${texts.join(' ')}`;
}

function readAll(bytes: Uint8Array, random: SeededRandom, pieceMax: number): Packet[] {
  const reader = new PacketReader(1 << 20);
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = Math.min(bytes.byteLength, at + 1 + random.below(pieceMax));
    // A piece is lent for the call: it is overwritten behind it.
    const piece = bytes.slice(at, end);
    reader.feed(piece, 0, piece.byteLength);
    while (reader.next()) packets.push(packetOf(reader));
    piece.fill(0xee);
    at = end;
  }
  expect(reader.pendingBytes).toBe(0);
  return packets;
}

describe('a reader of packets', () => {
  it('finds the same packets however the stream is cut', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed);
      const packets = Array.from({ length: 1 + random.below(30) }, () => randomPacket(random));
      const stream = written((writer) => {
        for (const packet of packets) writeRandom(writer, packet);
      });
      const pieceMax = stream.byteLength < 20_000 ? random.pick([1, 7, 40]) : 5000;
      const wanted = packets.map(textOf);
      expect(readAll(stream, random, pieceMax).map(textOf)).toEqual(wanted);
      expect(readAll(stream, random, 1 << 20).map(textOf)).toEqual(wanted);
    }
  });

  it('lets raw bytes be taken out between packets', () => {
    const stream = written((writer) => {
      writeBarePacket(writer, PacketType.snap, 1, 5);
      writer.writeRaw(Uint8Array.from([1, 2, 3, 4, 5]));
      writeBarePacket(writer, PacketType.ping, 1, 6);
    });
    const reader = new PacketReader(100);
    reader.feed(stream, 0, 22);
    expect(reader.next()).toBe(true);
    expect(reader.pendingBytes).toBe(2);
    reader.skip(2);
    expect(reader.next()).toBe(false);
    reader.feed(stream, 22, stream.byteLength);
    reader.skip(3);
    expect(reader.next()).toBe(true);
    expect(packetOf(reader)).toMatchObject({ type: PacketType.ping, lo: 6 });
  });

  it('refuses lengths that cannot be', () => {
    const bare = written((writer) => writeBarePacket(writer, PacketType.ping, 0, 0));
    const spoiled = (at: number, value: number) => {
      const bytes = bare.slice();
      new DataView(bytes.buffer).setInt32(at, value);
      return bytes;
    };
    for (const bytes of [spoiled(12, -2), spoiled(12, 101), spoiled(16, -2), spoiled(16, 5000)]) {
      const reader = new PacketReader(100);
      reader.feed(bytes, 0, bytes.byteLength);
      expect(() => reader.next()).toThrow(/unreasonable/);
    }
  });

  it('says nothing but JuteError to garbage, and keeps little of it', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const random = new SeededRandom(seed);
      const reader = new PacketReader(4096);
      const garbage = random.bytes(300).map((byte) => (random.below(3) === 0 ? 0 : byte));
      try {
        reader.feed(garbage, 0, garbage.byteLength);
        while (reader.next());
        expect(reader.pendingBytes).toBeLessThanOrEqual(300);
      } catch (error) {
        expect((error as Error).name).toBe('JuteError');
      }
    }
  });
});
