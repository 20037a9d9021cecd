import { describe, expect, it } from 'vitest';
import { snapshotSignature } from '../../src/jute/quorum.ts';
import { SnapshotScanner } from '../../src/jute/snapshot-scanner.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { SeededRandom } from '../support/random.ts';

const lengthMax = 1000;
const statBytes = 60;

/** A snapshot as a leader sends it, of random shape; paths and data may look like its end. */
function randomSnapshot(random: SeededRandom): Uint8Array {
  const out = new JuteWriter();
  const sessions = random.below(4);
  out.writeInt(sessions);
  out.writeRaw(random.bytes(12 * sessions));
  const acls = random.below(3);
  out.writeInt(acls);
  for (let i = 0; i < acls; i++) writeAcl(out, random);
  const nodes = random.below(6);
  for (let i = 0; i < nodes; i++) {
    out.writeString(random.pick(['', 'x', '/a', '/zookeeper/config']));
    out.writeBuffer(random.pick([null, new Uint8Array(0), random.bytes(random.below(200))]));
    out.writeRaw(random.bytes(8 + statBytes));
  }
  out.writeString('/');
  return out.finish().slice();
}

function writeAcl(out: JuteWriter, random: SeededRandom): void {
  out.writeRaw(random.bytes(8));
  const entries = random.below(4) - 1;
  out.writeInt(entries);
  for (let i = 0; i < entries; i++) {
    out.writeInt(31);
    out.writeString(random.pick(['world', '', null]));
    out.writeString(random.pick(['anyone', '/', null]));
  }
}

function scanned(stream: Uint8Array, pieceMax: number, random: SeededRandom) {
  const scanner = new SnapshotScanner(lengthMax);
  const snapshot: number[] = [];
  let at = 0;
  while (at < stream.byteLength && !scanner.done) {
    const end = Math.min(stream.byteLength, at + 1 + random.below(pieceMax));
    while (at < end && !scanner.done) {
      const isSignature = scanner.inSignature;
      const stop = scanner.scan(stream, at, end);
      if (!isSignature) snapshot.push(...stream.subarray(at, stop));
      at = stop;
    }
  }
  return { isDone: scanner.done, snapshot: Uint8Array.from(snapshot), at };
}

describe('a scanner of snapshots', () => {
  it('finds the end wherever the stream is cut, and takes nothing behind it', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = new SeededRandom(seed);
      const snapshot = randomSnapshot(random);
      const out = new JuteWriter();
      out.writeRaw(snapshot);
      out.writeString(snapshotSignature);
      const end = out.offset;
      out.writeRaw(random.bytes(9));
      const result = scanned(out.finish(), random.pick([1, 5, 1000]), random);
      expect(result.isDone).toBe(true);
      expect(result.at).toBe(end);
      expect(Buffer.from(result.snapshot).equals(snapshot)).toBe(true);
    }
  });

  it('is not done at any beginning of a snapshot', () => {
    const random = new SeededRandom(3);
    const out = new JuteWriter();
    out.writeRaw(randomSnapshot(random));
    out.writeString(snapshotSignature);
    for (let length = 0; length < out.offset; length++) {
      expect(scanned(out.bytes.subarray(0, length), 50, random).isDone).toBe(false);
    }
  });

  it('refuses another signature and lengths that cannot be', () => {
    const refusal = (write: (out: JuteWriter) => void) => {
      const out = new JuteWriter();
      write(out);
      return () => scanned(out.finish(), 100, new SeededRandom(1));
    };
    const empty = (out: JuteWriter) => {
      out.writeInt(0);
      out.writeInt(0);
    };
    expect(refusal((out) => out.writeInt(-2))).toThrow(/unreasonable count/);
    expect(
      refusal((out) => {
        empty(out);
        out.writeInt(lengthMax + 1);
      }),
    ).toThrow(/unreasonable length/);
    for (const signature of ['BenWasHerf', 'BenWasHer', 'BenWasHere!']) {
      const wrong = refusal((out) => {
        empty(out);
        out.writeString('/');
        out.writeString(signature);
      });
      expect(wrong).toThrow(/signature/);
    }
  });
});
