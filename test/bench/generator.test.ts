/** The parts of the load generator that decide: what is sent when, and what came back. */
import { describe, expect, it } from 'vitest';
import { keyChoice, operationChoice, randomOf } from '../../native-free-bench/load/choice.ts';
import { frameBuilder, slotsFor } from '../../native-free-bench/load/frames.ts';
import { ClosedLoop, OpenLoop } from '../../native-free-bench/load/pace.ts';
import { ReplyFrames } from '../../native-free-bench/load/reply-frames.ts';
import { isValue, valueOfKey, wordOf } from '../../native-free-bench/load/values.ts';
import type { LoadSpec } from '../../native-free-bench/load/workload.ts';

const spec: LoadSpec = {
  ...{ servers: [], mix: { get: 90, set: 10 }, connections: 4, depth: 2, keys: 100 },
  ...{ dataBytes: 10, warmupSeconds: 0, seconds: 1, seed: 7 },
};

describe('an open loop', () => {
  const options = { ratePerSecond: 2000, connections: 2, requestsMax: Number.POSITIVE_INFINITY };

  it('grants each connection its share of what is due, and no more', () => {
    const pace = new OpenLoop(options);
    pace.advance(3, 1003);
    expect(pace.due).toBe(6);
    expect([pace.grant(0, 0, 100), pace.grant(1, 0, 100)]).toEqual([3, 3]);
    expect(pace.grant(0, 3, 100)).toBe(0);
    expect(pace.grant(1, 1, 1)).toBe(1);
  });

  it('counts a late request from the tick at which it was due', () => {
    const pace = new OpenLoop(options);
    pace.advance(50, 1050);
    // Requests 0 to 3 belong to the first two ticks: two connections, two requests a tick.
    expect([pace.startMs(0, 0), pace.startMs(1, 0), pace.startMs(0, 1)]).toEqual([
      1001, 1001, 1002,
    ]);
    expect(pace.startMs(0, 49)).toBe(1050);
  });

  it('ends after as many requests as it was told, or when it is told', () => {
    const pace = new OpenLoop({ ...options, requestsMax: 5 });
    pace.advance(2, 2);
    expect(pace.hasEnded).toBe(false);
    pace.advance(100, 100);
    expect([pace.due, pace.hasEnded]).toEqual([5, true]);
    pace.end();
    expect(pace.grant(0, 0, 10)).toBe(0);
  });
});

describe('a closed loop', () => {
  it('grants what is wanted until its requests are used up', () => {
    const pace = new ClosedLoop(5);
    expect([pace.grant(0, 0, 3), pace.grant(1, 0, 3), pace.hasEnded]).toEqual([3, 2, true]);
    expect(pace.startMs(0, 0, 42)).toBe(42);
  });
});

describe('choices', () => {
  it('follow from the seed and the connection alone', () => {
    const bytesOf = (of: LoadSpec, connection: number) =>
      Buffer.from(frameBuilder(of, slotsFor(of, 4))(connection, '/p').bytes).toString('hex');
    expect(bytesOf(spec, 1)).toBe(bytesOf(spec, 1));
    expect(bytesOf(spec, 1)).not.toBe(bytesOf(spec, 2));
    expect(bytesOf(spec, 1)).not.toBe(bytesOf({ ...spec, seed: 8 }, 1));
  });

  it('keep the weights of a mix', () => {
    const next = operationChoice({ get: 90, set: 10 });
    const random = randomOf(1, 0);
    const sets = Array.from({ length: 10_000 }, () => next(random)).filter(
      (name) => name === 'set',
    );
    expect(sets.length).toBeGreaterThan(800);
    expect(sets.length).toBeLessThan(1200);
  });

  it('of keys by Zipf take the first one most, and all of them sometimes', () => {
    const next = keyChoice(50, 'zipf');
    const random = randomOf(1, 0);
    const counts = new Array<number>(50).fill(0);
    for (let i = 0; i < 50_000; i++) counts[next(random)]!++;
    expect(counts[0]! / counts[9]!).toBeGreaterThan(6);
    expect(counts[0]! / counts[9]!).toBeLessThan(16);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('need an operation', () => {
    expect(() => operationChoice({})).toThrow('no operation');
  });
});

describe('frames of a connection', () => {
  it('are as many as the depth at least, and few when many connections share a process', () => {
    expect(slotsFor(spec, 4)).toBe(256);
    expect(slotsFor({ ...spec, depth: 500 }, 4)).toBe(1000);
    expect(slotsFor({ ...spec, dataBytes: 1_000_000, depth: 7 }, 64)).toBe(8);
    expect(slotsFor(spec, 1_000_000)).toBe(2);
  });
});

describe('values', () => {
  it.each([0, 1, 3, 4, 10, 1000])('of %i bytes are told from those of another key', (length) => {
    const at = 3;
    const bytes = new Uint8Array(at + length);
    bytes.set(valueOfKey(5, length), at);
    const view = new DataView(bytes.buffer);
    for (const sequence of [0, 1]) {
      expect(isValue(view, at, { length, word: wordOf(5), sequence })).toBe(true);
      const other = { length, word: wordOf(6), sequence };
      expect(isValue(view, at, other)).toBe(length === 0);
    }
  });

  it('are compared byte by byte now and then', () => {
    const bytes = valueOfKey(5, 100);
    bytes[50]! ^= 1;
    const view = new DataView(bytes.buffer);
    expect(isValue(view, 0, { length: 100, word: wordOf(5), sequence: 64 })).toBe(false);
  });
});

describe('reply frames', () => {
  const lengths = [1, 20, 4, 300, 7];
  const stream = Buffer.concat(
    lengths.map((length, i) => {
      const frame = Buffer.alloc(4 + length, i + 1);
      frame.writeInt32BE(length);
      return frame;
    }),
  );

  it.each([1, 3, 5, 64, 1000])('are whole when they arrive %i bytes at a time', (piece) => {
    const found: [length: number, first: number, last: number][] = [];
    const frames = new ReplyFrames((view, at, length) => {
      found.push([length - 4, view.getUint8(at + 4), view.getUint8(at + length - 1)]);
    });
    for (let at = 0; at < stream.byteLength; at += piece) {
      const part = stream.subarray(at, at + piece);
      ReplyFrames.readBuffer.set(part);
      frames.push(part.byteLength);
    }
    expect(found).toEqual(lengths.map((length, i) => [length, i + 1, i + 1]));
  });

  it('that cannot be are refused', () => {
    const frames = new ReplyFrames(() => {});
    ReplyFrames.readBuffer.set([0xff, 0xff, 0xff, 0xff]);
    expect(() => frames.push(4)).toThrow('a frame of -1 bytes');
  });
});
