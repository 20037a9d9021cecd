import { expect, test } from 'vitest';
import { Ephemerals } from '../../src/state/ephemerals.ts';

test('a session lists its ephemerals in the order of their creation', () => {
  const ephemerals = new Ephemerals();
  for (const ref of [9, 3, 7, 1]) ephemerals.add(1, 2, ref);
  ephemerals.remove(1, 2, 3);
  ephemerals.add(1, 2, 3);
  expect([...ephemerals.refsOf(1, 2)]).toEqual([9, 7, 1, 3]);
  expect(ephemerals.countOf(1, 2)).toBe(4);
});

test('sessions that share half of their id are kept apart', () => {
  const ephemerals = new Ephemerals();
  ephemerals.add(1, 2, 5);
  ephemerals.add(1, -2, 6);
  ephemerals.add(2, 2, 7);
  expect([...ephemerals.refsOf(1, -2)]).toEqual([6]);
  expect([...ephemerals.sessions()]).toEqual([
    { hi: 1, lo: 2 },
    { hi: 1, lo: -2 },
    { hi: 2, lo: 2 },
  ]);
  expect(ephemerals.count).toBe(3);
});

test('adding twice and removing what is not there change nothing', () => {
  const ephemerals = new Ephemerals();
  ephemerals.add(1, 2, 5);
  ephemerals.add(1, 2, 5);
  ephemerals.remove(1, 2, 6);
  ephemerals.remove(9, 9, 5);
  expect(ephemerals.count).toBe(1);
  expect([...ephemerals.refsOf(9, 9)]).toEqual([]);
  expect(ephemerals.countOf(9, 9)).toBe(0);
});

test('a session without ephemerals is not listed any more', () => {
  const ephemerals = new Ephemerals();
  ephemerals.add(1, 2, 5);
  ephemerals.add(1, 3, 6);
  ephemerals.remove(1, 2, 5);
  expect([...ephemerals.sessions()]).toEqual([{ hi: 1, lo: 3 }]);
  ephemerals.clear();
  expect([...ephemerals.sessions()]).toEqual([]);
  expect(ephemerals.count).toBe(0);
});
