/** Txns that wait for their commit keep their bytes, whatever comes and goes around them. */
import { describe, expect, it } from 'vitest';
import { type Proposal, Proposals } from '../../src/processor/proposals.ts';

function propose(proposals: Proposals, fill: number, length: number): void {
  const proposal = proposals.take();
  proposal.xid = fill;
  proposal.txn.writeRaw(new Uint8Array(length).fill(fill));
  proposals.push(proposal);
}

function bytesOf({ txn, start, end }: Proposal): Uint8Array {
  return txn.bytes.subarray(start, end);
}

function oldestOf(proposals: Proposals): Proposal {
  const { oldest } = proposals;
  if (oldest === null) throw new Error('there is one');
  return oldest;
}

describe('proposals', () => {
  it('keep the bytes of many txns, which leave in their order', () => {
    const proposals = new Proposals();
    const lengths: number[] = [];
    let [next, taken, bytes] = [0, 0, 0];
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 40 + (round % 7); i++, next++) {
        // Some alone are longer than what the others share.
        const length = next % 97 === 0 ? 200_000 : 32 + (next % 400);
        lengths.push(length);
        bytes += length;
        propose(proposals, next & 0xff, length);
      }
      expect(proposals.bytes).toBe(bytes);
      for (let i = 0; i < 43 && proposals.oldest !== null; i++, taken++) {
        const length = lengths[taken] as number;
        const { oldest } = proposals;
        expect(oldest.xid).toBe(taken & 0xff);
        const txn = bytesOf(oldest);
        expect(txn.byteLength).toBe(length);
        expect(txn.every((byte) => byte === (taken & 0xff))).toBe(true);
        bytes -= length;
        proposals.shift();
      }
    }
    expect(proposals.count).toBe(next - taken);
  });

  it('take the memory of those that have left', () => {
    const proposals = new Proposals();
    propose(proposals, 1, 100);
    const first = oldestOf(proposals).txn;
    for (let i = 0; i < 10_000; i++) {
      propose(proposals, 2, 100);
      proposals.shift();
      if (i % 100 !== 99) continue;
      proposals.shift();
      propose(proposals, 3, 100);
      propose(proposals, 3, 100);
      proposals.shift();
    }
    while (proposals.oldest !== null) proposals.shift();
    expect(proposals.bytes).toBe(0);
    propose(proposals, 4, 100);
    expect(oldestOf(proposals).start).toBe(0);
    expect(first.bytes.byteLength).toBeLessThan(1024 * 1024);
  });
});
