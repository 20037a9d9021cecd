/** CRC-32 and node digests against the definition and against values that Apache printed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  crc32,
  crcBegin,
  crcBytes,
  crcEnd,
  crcView,
  isOutsideDigest,
  statDigest,
} from '../../src/tree/digest.ts';
import { bitwiseCrc32 } from './support/model-tree.ts';
import { bytesOf } from './support/tree-hand.ts';

const zeroStat = {
  czxidHi: 0,
  czxidLo: 0,
  mzxidHi: 0,
  mzxidLo: 0,
  pzxidHi: 0,
  pzxidLo: 0,
  ctimeHi: 0,
  ctimeLo: 0,
  mtimeHi: 0,
  mtimeLo: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ownerHi: 0,
  ownerLo: 0,
};

describe('CRC-32', () => {
  test('of the check string is the one in the standard', () => {
    expect(crc32(bytesOf('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  test('equals the bit-by-bit definition for any bytes, in any pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        const whole = bitwiseCrc32([bytes]);
        const front = crcBytes(crcBegin, bytes, 0, middle);
        expect(crcEnd(crcBytes(front, bytes, middle, bytes.length))).toBe(whole);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        expect(crcEnd(crcView(front, view, middle, bytes.length))).toBe(whole);
        expect(crc32(bytes)).toBe(whole);
      }),
    );
  });
});

describe('the digest of a node', () => {
  test('without data and with a zero Stat is what Apache computes for / and /zookeeper', () => {
    expect(statDigest(crcBegin, zeroStat)).toBe(68323592);
    const path = bytesOf('/zookeeper');
    const state = crcBytes(crcBegin, path, 0, path.length);
    expect(statDigest(state, zeroStat)).toBe(1303661912);
    expect(68323592 + 1303661912).toBe(1371985504);
  });

  test('covers the root and /app after the first create of a real log', () => {
    const root = { ...zeroStat, pzxidLo: 3, cversion: 1 };
    expect(statDigest(crcBegin, root)).toBe(2212851693);
    const app = { ...zeroStat, czxidLo: 3, mzxidLo: 3, pzxidLo: 3 };
    const time = { ctimeHi: 0x1a2, ctimeLo: 0x00585b01, mtimeHi: 0x1a2, mtimeLo: 0x00585b01 };
    const state = crcBytes(crcBegin, bytesOf('/apphello'), 0, 9);
    expect(statDigest(state, { ...app, ...time })).toBe(1008881791);
    expect(2212851693 + 1303661912 + 1008881791).toBe(4525395396);
  });

  test.each([
    ['/zookeeper', false],
    ['/zookeeper/', true],
    ['/zookeeper/quota/a', true],
    ['/zookeeperx/quota', false],
    ['/a/zookeeper/b', false],
    ['', false],
  ])('of %s is left out: %s', (path, isOutside) => {
    const bytes = bytesOf(`.${path}`);
    expect(isOutsideDigest(bytes, 1, bytes.length)).toBe(isOutside);
  });
});
