import { describe, expect, it } from 'vitest';
import { TxnHistory } from '../../src/zab/txn-history.ts';

const payloadOf = (hi: number, lo: number) => new Uint8Array([hi, lo, 7]);

function historyOf(zxids: readonly (readonly [number, number])[], countMin = 100): TxnHistory {
  const history = new TxnHistory(countMin);
  for (const [hi, lo] of zxids) history.append(payloadOf(hi, lo), 0, 3, hi, lo);
  return history;
}

function zxidsOf(history: TxnHistory): number[][] {
  return Array.from({ length: history.count }, (_, index) => {
    const { zxidHi, zxidLo, bytes, start, end } = history.at(index);
    expect(bytes.subarray(start, end)).toEqual(payloadOf(zxidHi, zxidLo));
    return [zxidHi, zxidLo];
  });
}

describe('a history of txns', () => {
  it('has a place for each zxid and tells which ones are on its branch', () => {
    const history = historyOf([[1, 1], [1, 2], [3, 1], [3, 2]]); // biome-ignore format: zxids
    expect(history.indexAfter(0, 0)).toBe(0);
    expect(history.indexAfter(1, 1)).toBe(1);
    expect(history.indexAfter(2, 9)).toBe(2);
    expect(history.indexAfter(3, 2)).toBe(4);
    expect(history.contains(0, 0)).toBe(true);
    expect(history.contains(1, 2)).toBe(true);
    expect(history.contains(1, 3)).toBe(false);
    expect(history.contains(2, 1)).toBe(false);
  });

  it('takes the next counter or the begin of a later epoch, and nothing else', () => {
    const history = historyOf([[1, 1]]);
    expect(history.follows(1, 2)).toBe(true);
    expect(history.follows(4, 1)).toBe(true);
    for (const [hi, lo] of [
      [1, 1],
      [1, 3],
      [0, 2],
      [2, 0],
      [2, 2],
    ] as const) {
      expect(history.follows(hi, lo)).toBe(false);
      expect(() => history.append(payloadOf(hi, lo), 0, 3, hi, lo)).toThrow(/follows/);
    }
  });

  it('compares counters without a sign', () => {
    const history = new TxnHistory(10);
    history.reset(1, 0x7fffffff);
    history.append(payloadOf(1, 0), 0, 3, 1, 0x80000000 | 0);
    history.append(payloadOf(1, 0), 0, 3, 1, 0x80000001 | 0);
    expect(history.indexAfter(1, 0x80000000 | 0)).toBe(1);
  });

  it('forgets the oldest txns when more than enough are delivered, and never others', () => {
    const history = new TxnHistory(3);
    for (let lo = 1; lo <= 10; lo++) history.append(payloadOf(1, lo), 0, 3, 1, lo);
    expect(history.count).toBe(10);
    history.markDelivered(1, 2);
    expect([history.baseHi, history.baseLo]).toEqual([1, 2]);
    history.markDelivered(1, 9);
    expect(zxidsOf(history)).toEqual([[1, 8], [1, 9], [1, 10]]); // biome-ignore format: zxids
    expect(history.contains(1, 7)).toBe(true);
    expect(history.contains(1, 6)).toBe(false);
  });

  it('forgets txns that are too long to be kept', () => {
    const history = new TxnHistory(100);
    const long = new Uint8Array(16 << 20);
    for (let lo = 1; lo <= 6; lo++) {
      history.append(long, 0, long.byteLength, 1, lo);
      history.markDelivered(1, lo);
    }
    expect(history.count).toBe(4);
  });

  it('stays right over many txns', () => {
    const history = new TxnHistory(5);
    for (let lo = 1; lo <= 5000; lo++) {
      history.append(payloadOf(1, lo & 0xff), 0, 3, 1, lo);
      history.markDelivered(1, lo);
    }
    expect(history.count).toBe(5);
    expect(history.at(0).zxidLo).toBe(4996);
    expect(history.at(4).bytes[history.at(4).start + 1]).toBe(5000 & 0xff);
  });

  it('is cut behind one of its txns', () => {
    const history = historyOf([[1, 1], [1, 2], [1, 3], [2, 1]]); // biome-ignore format: zxids
    history.markDelivered(1, 3);
    expect(() => history.truncate(1, 9)).toThrow(/cut behind/);
    history.truncate(1, 2);
    expect(zxidsOf(history)).toEqual([[1, 1], [1, 2]]); // biome-ignore format: zxids
    expect([history.lastHi, history.lastLo]).toEqual([1, 2]);
    expect([history.deliveredHi, history.deliveredLo]).toEqual([1, 2]);
    history.truncate(0, 0);
    expect(history.count).toBe(0);
  });
});
