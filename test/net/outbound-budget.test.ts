import { describe, expect, it } from 'vitest';
import {
  outboundBytesHighWater,
  outboundBytesLowWater,
  outboundBytesPerConnectionMax,
  outboundBytesTotalMax,
} from '../../src/base/limits.ts';
import { OutboundBudget } from '../../src/net/outbound-budget.ts';

describe('the budget for what clients do not read', () => {
  it('is shared by those who are slow', () => {
    const budget = new OutboundBudget();
    expect(budget.mark).toBe(outboundBytesHighWater);
    const slow = 1000;
    for (let i = 0; i < slow; i++) budget.count(0, 1000);
    expect(budget.mark).toBe(outboundBytesTotalMax / 2 / slow);
    for (let i = 0; i < 100 * slow; i++) budget.count(0, 1000);
    expect(budget.mark).toBe(outboundBytesLowWater);
    for (let i = 0; i < 101 * slow; i++) budget.count(1000, 0);
    expect(budget.mark).toBe(outboundBytesHighWater);
  });

  it('ends those who hold more than twice their share when it is spent', () => {
    const budget = new OutboundBudget();
    const each = outboundBytesTotalMax / 128;
    for (let i = 0; i < 128; i++) budget.count(0, each);
    expect(budget.limit).toBe(outboundBytesPerConnectionMax);
    budget.count(each, each + 1);
    expect(budget.limit).toBe(2 * each);
    budget.count(each + 1, 0);
    expect(budget.limit).toBe(outboundBytesPerConnectionMax);
  });
});
