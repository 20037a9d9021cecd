/** When a thread had better write to the log by itself. */
import { beforeEach, describe, expect, it } from 'vitest';
import { LoneWritePolicy } from '../../src/agents/lone-writes.ts';
import { loneSyncMsMax, loneTxnsMax } from '../../src/base/limits.ts';
import { SimClock } from '../sim/sim-ports.ts';

const syncMs = 0.1;

let clock: SimClock;
let arrivals: number;
let policy: LoneWritePolicy;

beforeEach(() => {
  clock = new SimClock();
  arrivals = 0;
  policy = new LoneWritePolicy(clock, { arrivals: () => arrivals, sendPackets: () => {} });
});

/** The last of several decisions, `everyMs` apart, with so many requests before each. */
function decide(everyMs: number, requests: number, txns = 1, ms = syncMs): boolean {
  let last = false;
  for (let i = 0; i < 20; i++) {
    clock.pass(everyMs);
    arrivals += requests;
    last = policy.isWorthIt(txns, ms);
  }
  return last;
}

describe('to write here is worth it', () => {
  it('for a client that waits for each answer', () => {
    expect(decide(0.12, 1)).toBe(true);
  });

  it('for several that all wait', () => {
    expect(decide(0.2, 6, 6)).toBe(true);
  });

  it('for a write now and then', () => {
    expect(decide(1000, 1)).toBe(true);
  });
});

describe('to write here is not worth it', () => {
  it('while others read', () => {
    expect(decide(0.12, 6)).toBe(false);
    expect(decide(10, 500)).toBe(false);
  });

  it('while more writes come in than are in hand', () => {
    expect(decide(0.05, 1)).toBe(false);
    expect(decide(0.05, 0, 1)).toBe(false);
  });

  it('for many at once, which may be synced while more come in', () => {
    expect(decide(10, loneTxnsMax, loneTxnsMax)).toBe(true);
    expect(decide(10, loneTxnsMax + 1, loneTxnsMax + 1)).toBe(false);
  });

  it('where the disk is slow', () => {
    expect(decide(1000, 1, 1, loneSyncMsMax)).toBe(true);
    expect(decide(1000, 1, 1, loneSyncMsMax + 0.1)).toBe(false);
  });
});

it('counters that were set back count nothing', () => {
  arrivals = 1000;
  decide(1000, 0);
  arrivals = 0;
  expect(policy.isWorthIt(1, syncMs)).toBe(false);
  expect(decide(1000, 1)).toBe(true);
});
