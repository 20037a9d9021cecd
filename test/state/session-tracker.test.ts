import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { SessionIndex } from '../../src/state/session-index.ts';
import { createSessionTable, SessionTable } from '../../src/state/session-table.ts';
import { SessionTracker } from '../../src/state/session-tracker.ts';

const tick = 2000;

function create(sessionsMax = 64, nowMs = 0, tickMs = tick) {
  const table = new SessionTable(createSessionTable({ sessionsMax, nowMs }));
  return { table, tracker: new SessionTracker(table, tickMs) };
}

const lows = (sessions: readonly { lo: number }[]) => sessions.map(({ lo }) => lo).sort();

test('a session expires at the end of the tick in which its timeout ends, not a ms earlier', () => {
  for (const [openedMs, timeoutMs, expiryMs] of [
    [0, 4000, 6000],
    [1, 4000, 6000],
    [1999, 4000, 6000],
    [2000, 4000, 8000],
    [1500, 4500, 8000],
    [1500, 4499, 6000],
  ] as const) {
    const { tracker } = create();
    tracker.open(0, 1, timeoutMs, openedMs);
    expect(tracker.nextDeadlineMs()).toBe(expiryMs);
    expect(tracker.takeExpired(expiryMs - 1)).toEqual([]);
    expect(tracker.takeExpired(expiryMs)).toEqual([{ hi: 0, lo: 1 }]);
  }
});

test('expiry lies within (timeout, timeout + tick] of the last touch', () => {
  const property = fc.property(
    fc.nat(100_000),
    fc.integer({ min: 1, max: 60_000 }),
    fc.integer({ min: 1, max: 5000 }),
    (openedMs, timeoutMs, tickMs) => {
      const { tracker } = create(1, 0, tickMs);
      tracker.open(0, 1, timeoutMs, openedMs);
      const idleMs = tracker.nextDeadlineMs() - openedMs;
      expect(idleMs).toBeGreaterThan(timeoutMs);
      expect(idleMs).toBeLessThanOrEqual(timeoutMs + tickMs);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('a touch in the shared table alone keeps the session alive', () => {
  const { table, tracker } = create();
  const slot = tracker.open(0, 1, 4000, 0);
  table.touch(slot, 3900);
  expect(tracker.takeExpired(6000)).toEqual([]);
  expect(tracker.nextDeadlineMs()).toBe(8000);
  expect(tracker.takeExpired(8000)).toHaveLength(1);
});

test('a touch after the deadline but before the tracker has looked still counts', () => {
  const { table, tracker } = create();
  const slot = tracker.open(0, 1, 4000, 0);
  table.touch(slot, 6500);
  expect(tracker.takeExpired(7000)).toEqual([]);
});

test('all sessions of a due bucket expire together, earlier buckets first', () => {
  const { tracker } = create();
  tracker.open(0, 1, 6000, 0);
  tracker.open(0, 2, 4000, 0);
  tracker.open(0, 3, 4000, 1000);
  tracker.open(0, 4, 60_000, 0);
  const expired = tracker.takeExpired(9000);
  expect(lows(expired.slice(0, 2))).toEqual([2, 3]);
  expect(lows(expired)).toEqual([1, 2, 3]);
});

test('an expired session is closing, is not named twice, and cannot be touched', () => {
  const { table, tracker } = create();
  const slot = tracker.open(0, 1, 4000, 0);
  tracker.takeExpired(6000);
  expect(tracker.isClosing(slot)).toBe(true);
  expect(table.isOpenFor(0, slot, 0, 1)).toBe(false);
  expect(tracker.touch(0, 1, 4000, 6001)).toBe(false);
  expect(tracker.takeExpired(60_000)).toEqual([]);
  expect(tracker.find(0, 1)).toBe(slot);
});

test('a session that is being closed does not expire', () => {
  const { tracker } = create();
  const slot = tracker.open(0, 1, 4000, 0);
  tracker.markClosing(slot);
  expect(tracker.takeExpired(60_000)).toEqual([]);
  tracker.remove(slot);
  expect(tracker.find(0, 1)).toBe(-1);
  expect(tracker.count).toBe(0);
});

test('touching a session that is not there is refused', () => {
  const { tracker } = create();
  expect(tracker.touch(0, 1, 4000, 0)).toBe(false);
});

test('a reopen changes the timeout at once, and the persisted one never', () => {
  const { table, tracker } = create();
  const slot = tracker.open(0, 1, 40_000, 0);
  expect(tracker.touch(0, 1, 4000, 100)).toBe(true);
  expect(table.timeoutMs(slot)).toBe(4000);
  expect([...tracker.entries()][0]).toMatchObject({ timeoutMs: 4000, persistedTimeoutMs: 40_000 });
  expect(tracker.takeExpired(6000)).toHaveLength(1);
});

test('a shorter timeout applies from the last touch on, and a longer one, too', () => {
  const { tracker } = create();
  const slot = tracker.open(0, 1, 40_000, 100);
  tracker.setSessionTimeout(slot, 4000);
  expect(tracker.nextDeadlineMs()).toBe(6000);
  tracker.setSessionTimeout(slot, 10_000);
  expect(tracker.takeExpired(10_000)).toEqual([]);
  expect(tracker.takeExpired(12_000)).toHaveLength(1);
});

test('opening a session that is there touches it and takes over both timeouts', () => {
  const { tracker } = create();
  const slot = tracker.open(0, 1, 4000, 0);
  expect(tracker.open(0, 1, 8000, 1000)).toBe(slot);
  expect(tracker.count).toBe(1);
  expect([...tracker.entries()][0]).toMatchObject({ timeoutMs: 8000, persistedTimeoutMs: 8000 });
  expect(tracker.takeExpired(9000)).toEqual([]);
});

test('a full table opens no more sessions until one is removed', () => {
  const { tracker } = create(2);
  const slot = tracker.open(0, 1, 4000, 0);
  tracker.open(0, 2, 4000, 0);
  expect(tracker.open(0, 3, 4000, 0)).toBe(-1);
  expect(tracker.find(0, 3)).toBe(-1);
  tracker.remove(slot);
  expect(tracker.open(0, 3, 4000, 0)).toBe(slot);
  expect(tracker.find(0, 1)).toBe(-1);
});

test('nothing to expire means no deadline', () => {
  expect(create().tracker.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
});

test('the first who asks owns a session, and for others it has moved', () => {
  const { tracker } = create();
  const slot = tracker.open(0, 1, 4000, 0);
  expect(tracker.checkOwner(0, 2, 7)).toBe(ErrorCode.unknownSession);
  expect(tracker.checkOwner(0, 1, 7)).toBe(ErrorCode.ok);
  expect(tracker.checkOwner(0, 1, 7)).toBe(ErrorCode.ok);
  expect(tracker.checkOwner(0, 1, 8)).toBe(ErrorCode.sessionMoved);
  tracker.setOwner(slot, 8);
  expect(tracker.checkOwner(0, 1, 8)).toBe(ErrorCode.ok);
  tracker.markClosing(slot);
  expect(tracker.checkOwner(0, 1, 8)).toBe(ErrorCode.sessionExpired);
});

test('a slot that is used again has no owner from before', () => {
  const { tracker } = create(1);
  const slot = tracker.open(0, 1, 4000, 0);
  tracker.setOwner(slot, 7);
  tracker.remove(slot);
  tracker.open(0, 2, 4000, 0);
  expect(tracker.checkOwner(0, 2, 8)).toBe(ErrorCode.ok);
});

test('who becomes the expirer gives every session its full persisted timeout', () => {
  const { tracker } = create();
  const slot = tracker.open(0, 1, 40_000, 0);
  tracker.open(0, 2, 4000, 0);
  tracker.touch(0, 1, 4000, 0);
  tracker.setOwner(slot, 7);
  tracker.markClosing(slot);
  tracker.becomeExpirer(100_000);
  expect(tracker.checkOwner(0, 1, 9)).toBe(ErrorCode.ok);
  expect(lows(tracker.takeExpired(139_999))).toEqual([2]);
  expect(lows(tracker.takeExpired(142_000))).toEqual([1]);
});

test('a learner expires its local sessions and no global ones', () => {
  const { tracker } = create();
  tracker.open(0, 1, 4000, 0);
  tracker.openLocal(0, 2, 4000, 0);
  tracker.becomeLearner();
  tracker.open(0, 3, 4000, 0);
  tracker.openLocal(0, 4, 4000, 0);
  expect(lows(tracker.takeExpired(60_000))).toEqual([2, 4]);
  expect(tracker.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
});

test('a local session is in no snapshot until it becomes global', () => {
  const { table, tracker } = create();
  tracker.openLocal(0, 1, 4000, 0);
  const walked: number[] = [];
  table.walk((_hi, lo) => walked.push(lo));
  expect(walked).toEqual([]);
  expect([...tracker.entries()][0]?.isLocal).toBe(true);
  tracker.open(0, 1, 6000, 100);
  table.walk((_hi, lo, timeoutMs) => walked.push(lo, timeoutMs));
  expect(walked).toEqual([1, 6000]);
  expect(tracker.count).toBe(1);
});

test('touched sessions are reported once a touch, open global ones only', () => {
  const { table, tracker } = create();
  const slots = [1, 2, 3, 4].map((lo) => tracker.open(0, lo, 4000 + lo, 0));
  const local = tracker.openLocal(0, 5, 4000, 0);
  tracker.markClosing(slots[2] as number);
  const report = () => {
    const touched: number[][] = [];
    tracker.takeTouched((hi, lo, timeoutMs) => touched.push([hi, lo, timeoutMs]));
    return touched;
  };
  expect(report()).toEqual([]);
  for (const slot of [slots[1], slots[2], local]) table.touch(slot as number, 500);
  expect(report()).toEqual([[0, 2, 4002]]);
  expect(report()).toEqual([]);
});

test('the dump shows true expiry times, also of touches that nobody has looked at', () => {
  const { table, tracker } = create();
  tracker.open(0, 1, 4000, 0);
  const slot = tracker.open(0, 2, 4000, 0);
  tracker.open(0, 3, 8000, 3000);
  tracker.openLocal(0, 4, 4000, 0);
  table.touch(slot, 6100);
  expect(tracker.expiryTimes('global')).toEqual([
    { expiryMs: 6000, sessions: [{ hi: 0, lo: 1 }] },
    {
      expiryMs: 12_000,
      sessions: [
        { hi: 0, lo: 2 },
        { hi: 0, lo: 3 },
      ],
    },
  ]);
  expect(tracker.expiryTimes('local')).toHaveLength(1);
});

test('a session with a timeout of weeks lives that long and no longer', () => {
  const { table, tracker } = create();
  const timeoutMs = 2 ** 31 - 1;
  const slot = tracker.open(0, 1, timeoutMs, 0);
  table.touch(slot, 1000);
  const expiryMs = (Math.floor((1000 + timeoutMs) / tick) + 1) * tick;
  // The runner calls whenever the tracker wants to be called.
  let nowMs = tracker.nextDeadlineMs();
  while (nowMs < expiryMs) {
    expect(tracker.takeExpired(nowMs)).toEqual([]);
    nowMs = tracker.nextDeadlineMs();
  }
  expect(nowMs).toBe(expiryMs);
  expect(tracker.takeExpired(nowMs)).toHaveLength(1);
});

/** Apache's queue: a session moves to its bucket at every touch. */
class NaiveQueue {
  readonly sessions = new Map<number, { expiryMs: number; timeoutMs: number; touchMs: number }>();

  touch(lo: number, timeoutMs: number, touchMs: number): void {
    const expiryMs = (Math.floor((touchMs + timeoutMs) / tick) + 1) * tick;
    this.sessions.set(lo, { expiryMs, timeoutMs, touchMs });
  }

  takeExpired(nowMs: number): number[] {
    const due = [...this.sessions].filter(([, { expiryMs }]) => expiryMs <= nowMs);
    for (const [lo] of due) this.sessions.delete(lo);
    return due.map(([lo]) => lo).sort();
  }
}

const aStep = fc.record({
  do: fc.constantFrom('open', 'touch', 'touch', 'touch', 'timeout', 'reopen', 'remove', 'look'),
  lo: fc.integer({ min: 1, max: 8 }),
  timeoutMs: fc.integer({ min: 1, max: 30_000 }),
  passMs: fc.oneof(fc.nat(3000), fc.constantFrom(0, 1, 1999, 2000, 2001), fc.nat(60_000)),
});

test('sessions expire at the very moments at which the naive queue lets them', () => {
  // Just before the word for the touch time wraps into its sign, and round to zero.
  const anEpoch = fc.constantFrom(0, 1234, 2 ** 31 - 50_000, 2 ** 32 - 50_000, 2 ** 33 + 7);
  const property = fc.property(
    anEpoch,
    fc.array(aStep, { maxLength: 80, size: 'max' }),
    (startMs, steps) => {
      const { table, tracker } = create(16, 0);
      const naive = new NaiveQueue();
      let nowMs = startMs;
      const look = () => {
        const expired = tracker.takeExpired(nowMs);
        expect(lows(expired)).toEqual(naive.takeExpired(nowMs));
        for (const { hi, lo } of expired) tracker.remove(tracker.find(hi, lo));
        expect(tracker.nextDeadlineMs()).toBeGreaterThan(nowMs);
      };
      for (const { do: what, lo, timeoutMs, passMs } of steps) {
        nowMs += passMs;
        const slot = tracker.find(0, lo);
        const known = naive.sessions.get(lo);
        expect(slot >= 0).toBe(known !== undefined);
        if (what === 'look') look();
        else if (what === 'open') {
          tracker.open(0, lo, timeoutMs, nowMs + 0.25);
          naive.touch(lo, timeoutMs, nowMs);
        } else if (known === undefined) continue;
        else if (what === 'touch') {
          table.touch(slot, nowMs + 0.75);
          naive.touch(lo, known.timeoutMs, nowMs);
        } else if (what === 'reopen') {
          expect(tracker.touch(0, lo, timeoutMs, nowMs)).toBe(true);
          naive.touch(lo, timeoutMs, nowMs);
        } else if (what === 'timeout') {
          tracker.setSessionTimeout(slot, timeoutMs);
          naive.touch(lo, timeoutMs, known.touchMs);
        } else {
          tracker.remove(slot);
          naive.sessions.delete(lo);
        }
        const dump = tracker
          .expiryTimes('global')
          .map(({ expiryMs, sessions }) => [expiryMs, lows(sessions)]);
        const times = [...new Set([...naive.sessions.values()].map(({ expiryMs }) => expiryMs))];
        expect(dump.map(([expiryMs]) => expiryMs)).toEqual(times.sort((a, b) => a - b));
      }
      for (nowMs = Math.ceil(nowMs / tick) * tick; naive.sessions.size > 0; nowMs += tick) look();
      expect(tracker.count).toBe(0);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('the index finds what a map of bigints finds, through growth and removal', () => {
  const anId = fc.tuple(fc.constantFrom(0, 1, -1, 0x0100_0000), fc.integer({ min: -3, max: 60 }));
  const property = fc.property(
    fc.array(fc.tuple(anId, fc.boolean()), { maxLength: 400, size: 'max' }),
    (ops) => {
      const index = new SessionIndex();
      const naive = new Map<string, number>();
      for (const [i, [[hi, lo], isAdd]] of ops.entries()) {
        const key = `${hi} ${lo}`;
        expect(index.find(hi, lo)).toBe(naive.get(key) ?? -1);
        if (isAdd && !naive.has(key)) {
          index.add(hi, lo, i);
          naive.set(key, i);
        } else if (!isAdd && naive.delete(key)) index.remove(hi, lo);
      }
      for (const [key, slot] of naive) {
        const [hi, lo] = key.split(' ').map(Number) as [number, number];
        expect(index.find(hi, lo)).toBe(slot);
      }
      expect(index.count).toBe(naive.size);
    },
  );
  fc.assert(property, { numRuns: 200 });
});
