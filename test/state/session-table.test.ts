import { expect, test } from 'vitest';
import { AssertionError } from '../../src/base/assert.ts';
import { createSessionTable, SessionState, SessionTable } from '../../src/state/session-table.ts';

function walkOf(table: SessionTable): number[][] {
  const seen: number[][] = [];
  const count = table.walk((hi, lo, timeoutMs) => seen.push([hi, lo, timeoutMs]));
  expect(count).toBe(seen.length);
  return seen;
}

function create(sessionsMax = 8, nowMs = 1000) {
  const memory = createSessionTable({ sessionsMax, nowMs });
  return { memory, keeper: new SessionTable(memory), other: new SessionTable(memory) };
}

test('what the keeper fills in is open for every thread that holds the memory', () => {
  const { keeper, other } = create();
  keeper.fill(3, 7, -9, 4000);
  expect(other.isOpenFor(0, 3, 7, -9)).toBe(true);
  expect(other.timeoutMs(3)).toBe(4000);
  expect(other.isOpenFor(0, 3, 7, 9)).toBe(false);
  expect(other.isOpenFor(0, 3, 8, -9)).toBe(false);
  expect(other.isOpenFor(0, 2, 0, 0)).toBe(false);
});

test('a closing session is not open, and a freed slot neither', () => {
  const { keeper, other } = create();
  keeper.fill(0, 1, 1, 4000);
  keeper.setState(0, SessionState.closing);
  expect(other.isOpenFor(0, 0, 1, 1)).toBe(false);
  keeper.free(0);
  expect(other.isOpenFor(0, 0, 1, 1)).toBe(false);
  expect(() => keeper.free(0)).toThrow(AssertionError);
});

test('a touch is seen by the keeper as ms since the epoch, whole ones', () => {
  const { keeper, other } = create(8, 1000.9);
  keeper.fill(0, 1, 1, 4000);
  other.touch(0, 1250.7);
  expect(keeper.touchWord(0)).toBe(250);
});

test('touch times wrap and keep their differences', () => {
  const { keeper, other } = create(8, 0);
  keeper.fill(0, 1, 1, 4000);
  other.touch(0, 2 ** 31 - 1);
  const before = keeper.touchWord(0);
  other.touch(0, 2 ** 31 + 4);
  expect((keeper.touchWord(0) - before) | 0).toBe(5);
});

test('a slot in use is not filled again, and a slot outside of the table never', () => {
  const { keeper } = create(2);
  keeper.fill(1, 1, 1, 4000);
  expect(() => keeper.fill(1, 2, 2, 4000)).toThrow(AssertionError);
  expect(() => keeper.fill(2, 2, 2, 4000)).toThrow(AssertionError);
});

test('a walk finds persisted sessions alone, closing ones too, with the persisted timeout', () => {
  const { keeper, other } = create();
  for (let slot = 0; slot < 4; slot++) keeper.fill(slot, slot, -slot, 4000);
  for (const slot of [0, 2, 3]) keeper.persist(slot, 5000 + slot);
  keeper.setSessionTimeout(2, 9999);
  keeper.setState(2, SessionState.closing);
  keeper.free(3);
  expect(walkOf(other)).toEqual([
    [0, 0, 5000],
    [2, -2, 5002],
  ]);
});

test('a walk that meets a half-written slot leaves that one out', () => {
  const { memory, keeper, other } = create(4);
  for (const slot of [0, 1, 2]) {
    keeper.fill(slot, 100 + slot, 200 + slot, 4000);
    keeper.persist(slot, 4000);
  }
  const words = new Int32Array(memory.buffer);
  const slot = 2 * 8;
  // Id, persisted timeout and check word: each may be old while the others are new.
  for (const word of [1, 2, 5, 6]) {
    const good = words[slot + word] as number;
    words[slot + word] = good + 2;
    expect(walkOf(other).map(([hi]) => hi)).toEqual([100, 102]);
    words[slot + word] = good;
  }
  expect(walkOf(other)).toHaveLength(3);
});

test('the last slot of the table is as good as the first', () => {
  const { keeper, other } = create(3);
  keeper.fill(2, 5, 6, 4000);
  keeper.persist(2, 4000);
  expect(walkOf(other)).toEqual([[5, 6, 4000]]);
});
