/** What a bell does to its word, and what rings and bells cost in atomic operations. */
import { describe, expect, it } from 'vitest';
import type { AtomicsLike } from '../../src/ring/atomics.ts';
import { Bell, createBell } from '../../src/ring/bell.ts';
import { bellStateWord } from '../../src/ring/layout.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';

/** The real operations, written down; `wait` returns at once instead of blocking the test. */
function recorded(journal: string[]): AtomicsLike {
  const note =
    <A extends unknown[], R>(name: string, operation: (...args: A) => R) =>
    (...args: A) => {
      journal.push(name);
      return operation(...args);
    };
  return {
    load: note('load', (words, index) => Atomics.load(words, index)),
    store: note('store', (words, index, value) => Atomics.store(words, index, value)),
    exchange: note('exchange', (words, index, value) => Atomics.exchange(words, index, value)),
    compareExchange: note('compareExchange', (words, index, expected, value) =>
      Atomics.compareExchange(words, index, expected, value),
    ),
    wait: note('wait', () => 'ok'),
    waitAsync: note('waitAsync', (words, index, expected) =>
      Atomics.waitAsync(words, index, expected),
    ),
    notify: note('notify', (words, index, count) => Atomics.notify(words, index, count)),
  };
}

describe('a bell', () => {
  it('does not let its owner sleep when it was rung before', () => {
    const journal: string[] = [];
    const bell = new Bell(createBell(), recorded(journal));
    bell.ring();
    bell.sleep(1000);
    expect(journal).not.toContain('wait');
    bell.sleep(1000);
    expect(journal).toContain('wait');
  });

  it('costs one load while an earlier ring waits, and notifies a sleeper only', () => {
    const journal: string[] = [];
    const memory = createBell();
    const bell = new Bell(memory, recorded(journal));
    bell.ring();
    expect(journal.splice(0)).toEqual(['load', 'exchange']);
    bell.ring();
    expect(journal.splice(0)).toEqual(['load']);
    new Int32Array(memory.buffer)[bellStateWord] = 1;
    bell.ring();
    expect(journal).toEqual(['load', 'exchange', 'notify']);
  });

  it('returns from a sleep when the time is over', () => {
    const bell = new Bell(createBell());
    bell.sleep(0);
    bell.sleep(1);
    expect(() => bell.sleep(-1)).toThrow('a sleep has an end');
    expect(() => bell.sleep(Number.NaN)).toThrow('a sleep has an end');
  });

  it('calls a sleeper of the main thread when it is rung', async () => {
    const bell = new Bell(createBell());
    await new Promise<void>((resolve) => {
      expect(bell.sleepAsync(resolve)).toBe(true);
      bell.ring();
    });
    bell.disarm();
    expect(bell.sleepAsync(() => {})).toBe(true);
  });

  it('refuses a sleep of the main thread when it was rung before, once', () => {
    const bell = new Bell(createBell());
    bell.ring();
    expect(bell.sleepAsync(() => {})).toBe(false);
    expect(bell.sleepAsync(() => {})).toBe(true);
  });

  it('has one pending wait at the most, whoever woke its owner in between', () => {
    const journal: string[] = [];
    const bell = new Bell(createBell(), recorded(journal));
    for (let i = 0; i < 5; i++) {
      expect(bell.sleepAsync(() => {})).toBe(true);
      bell.disarm();
    }
    expect(journal.filter((name) => name === 'waitAsync')).toHaveLength(1);
  });

  it('notices an owner that goes to sleep twice', () => {
    const bell = new Bell(createBell());
    bell.sleepAsync(() => {});
    expect(() => bell.sleepAsync(() => {})).toThrow('one owner');
  });
});

describe('a batch of records', () => {
  it('costs one store and one load to send, and two loads and one store to drain', () => {
    const journal: string[] = [];
    const memory = createRing(4096, createBell(), createBell());
    const atomics = recorded(journal);
    const sender = new RingSender(memory, atomics);
    const receiver = new RingReceiver(memory, atomics);
    new Bell(memory.receiverBell).ring();
    journal.length = 0;
    for (let i = 0; i < 16; i++) sender.claim(i, 64);
    expect(journal).toEqual([]);
    sender.publish();
    expect(journal.splice(0)).toEqual(['store', 'load']);
    expect(receiver.drain(() => true, 100)).toBe(16);
    expect(journal.splice(0)).toEqual(['load', 'store', 'load']);
    expect(receiver.drain(() => true, 100)).toBe(0);
    expect(journal).toEqual(['load']);
  });

  it('makes the sender read the head only when the ring looks full', () => {
    const journal: string[] = [];
    const memory = createRing(64, createBell(), createBell());
    const sender = new RingSender(memory, recorded(journal));
    const receiver = new RingReceiver(memory);
    journal.length = 0;
    for (let i = 0; i < 4; i++) sender.claim(i, 8);
    sender.publish();
    receiver.drain(() => true, 100);
    expect(journal.splice(0)).toEqual(['store', 'load', 'exchange']);
    for (let i = 0; i < 4; i++) sender.claim(i, 8);
    expect(journal).toEqual(['load']);
  });
});
