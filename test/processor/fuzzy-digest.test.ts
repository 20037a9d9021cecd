/** Digests of txns behind a snapshot that may hold later effects. */
import { describe, expect, it } from 'vitest';
import { History, type MadeTxn } from '../storage/history.ts';
import { Harness } from './harness.ts';

function deliver({ core }: Harness, { payload }: MadeTxn, isRight: boolean): number {
  const bytes = payload.slice();
  // The digest is what a txn ends with.
  if (!isRight) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  core.deliver(bytes, 0, bytes.length);
  return core.query('gauges').digestMismatches;
}

describe('a member that has loaded its state', () => {
  it('counts no wrong digest before the first right one, and each behind it', () => {
    const harness = new Harness({ role: 'rest' });
    const history = new History();
    expect(deliver(harness, history.next(), false)).toBe(0);
    expect(deliver(harness, history.next(), false)).toBe(0);
    expect(deliver(harness, history.next(), true)).toBe(0);
    expect(deliver(harness, history.next(), false)).toBe(1);
    harness.core.onLoaded();
    expect(deliver(harness, history.next(), false)).toBe(1);
  });
});
