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

interface Load {
  /** Time between two decisions. */
  readonly everyMs: number;
  /** Requests that come in between. */
  readonly requests?: number;
  /** Of them, txns in hand. */
  readonly txns?: number;
  /** Of so many sessions in turn; each hand is one session's. */
  readonly sessions?: number;
  readonly isMixed?: boolean;
  readonly syncMs?: number;
}

/** How many of the last decisions of a hundred were to write here. */
function decide(load: Load): number {
  const { everyMs, txns = 1, requests = txns, sessions = 1, isMixed = false } = load;
  let here = 0;
  for (let i = 0; i < 100; i++) {
    clock.pass(everyMs);
    arrivals += requests;
    const session = isMixed ? 0 : 1 + (i % sessions);
    const isHere = policy.isWorthIt({ txns, session }, load.syncMs ?? syncMs);
    if (i >= 50 && isHere) here++;
  }
  return here;
}

describe('to write here is worth it', () => {
  it('for a client that waits for each answer', () => {
    expect(decide({ everyMs: 0.12 })).toBe(50);
    expect(decide({ everyMs: 1.1, syncMs: 1 })).toBe(50);
  });

  it('for a client that sends a few at a time', () => {
    expect(decide({ everyMs: 0.2, txns: 6 })).toBe(50);
  });

  it('for writes now and then, whoever sends them', () => {
    expect(decide({ everyMs: 1, sessions: 7 })).toBe(50);
    expect(decide({ everyMs: 10, txns: 3, isMixed: true })).toBe(50);
  });
});

describe('to write here is not worth it', () => {
  it('while others read', () => {
    expect(decide({ everyMs: 0.12, requests: 6 })).toBe(0);
    expect(decide({ everyMs: 10, requests: 500 })).toBe(0);
  });

  it('while others write', () => {
    expect(decide({ everyMs: 0.12, sessions: 2 })).toBe(0);
    expect(decide({ everyMs: 0.2, txns: 5, isMixed: true })).toBe(0);
  });

  it('while others wait longer than it saves, be they few', () => {
    expect(decide({ everyMs: 1, requests: 2 })).toBe(50);
    expect(decide({ everyMs: 1, requests: 2, syncMs: 0.9 })).toBe(0);
  });

  it('for many at once, which may be synced while more come in', () => {
    expect(decide({ everyMs: 10, txns: loneTxnsMax })).toBe(50);
    expect(decide({ everyMs: 10, txns: loneTxnsMax + 1 })).toBe(0);
  });

  it('where the disk is slow', () => {
    expect(decide({ everyMs: 1000, syncMs: loneSyncMsMax })).toBe(50);
    expect(decide({ everyMs: 1000, syncMs: loneSyncMsMax + 0.1 })).toBe(0);
  });
});

it('counters that were set back count nothing', () => {
  decide({ everyMs: 1, requests: 1000 });
  arrivals = 0;
  expect(decide({ everyMs: 1000 })).toBe(50);
});
