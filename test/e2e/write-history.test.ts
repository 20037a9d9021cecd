import { describe, expect, it } from 'vitest';
import { WriteHistory } from './write-history.ts';

function historyOf(acknowledged: number): WriteHistory {
  const history = new WriteHistory(['/a', '/b']);
  history.send({ changes: new Map([['/a', 'a1']]) });
  history.send({ changes: new Map([['/b', 'b1']]) });
  history.send({ changes: new Map([['/a', null]]) });
  history.send({
    changes: new Map([
      ['/a', 'a2'],
      ['/b', 'b2'],
    ]),
  });
  for (let i = 0; i < acknowledged; i++) history.acknowledge();
  return history;
}

function seen(a: string | null, b: string | null): Map<string, string | null> {
  return new Map([
    ['/a', a],
    ['/b', b],
  ]);
}

describe('a write history', () => {
  it('accepts the acknowledged writes and any number of those after them', () => {
    expect(historyOf(2).judge(seen('a1', 'b1')).isConsistent).toBe(true);
    expect(historyOf(2).judge(seen(null, 'b1')).isConsistent).toBe(true);
    expect(historyOf(2).judge(seen('a2', 'b2')).isConsistent).toBe(true);
  });

  it('rejects the loss of an acknowledged write', () => {
    const verdict = historyOf(2).judge(seen('a1', null));
    expect(verdict.isConsistent).toBe(false);
    expect(verdict.reason).toContain('/b');
  });

  it('rejects a node that was deleted and is back', () => {
    expect(historyOf(3).judge(seen('a1', 'b1')).isConsistent).toBe(false);
  });

  it('rejects a transaction that took effect by half', () => {
    expect(historyOf(2).judge(seen('a2', 'b1')).isConsistent).toBe(false);
  });

  it('rejects a later write without an earlier one', () => {
    expect(historyOf(0).judge(seen(null, 'b2')).isConsistent).toBe(false);
  });

  it('rejects what was never written', () => {
    expect(historyOf(0).judge(seen('other', null)).isConsistent).toBe(false);
  });

  it('begins anew from what is settled', () => {
    const history = historyOf(1);
    history.settle(seen('a1', 'b1'));
    expect(history.judge(seen('a1', 'b1')).isConsistent).toBe(true);
    expect(history.judge(seen('a2', 'b2')).isConsistent).toBe(false);
  });
});
