/** Both ends of a ring on one thread: framing, fullness, wrap-around, and who wakes whom. */
import { describe, expect, it } from 'vitest';
import { type BellMemory, createBell } from '../../src/ring/bell.ts';
import { bellStateWord, RingWord } from '../../src/ring/layout.ts';
import { createRing, type RingMemory } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';

interface Both {
  memory: RingMemory;
  sender: RingSender;
  receiver: RingReceiver;
}

function makeRing(bytes: number, position = 0): Both {
  const memory = createRing(bytes, createBell(), createBell());
  const words = new Int32Array(memory.buffer);
  words[RingWord.tail] = words[RingWord.head] = position;
  return { memory, sender: new RingSender(memory), receiver: new RingReceiver(memory) };
}

function send(sender: RingSender, type: number, payload: readonly number[]): boolean {
  const at = sender.claim(type, payload.length);
  if (at < 0) return false;
  sender.bytes.set(payload, at);
  return true;
}

function take(receiver: RingReceiver, limit = 1000): [number, ...number[]][] {
  const records: [number, ...number[]][] = [];
  receiver.drain((type, offset, length) => {
    records.push([type, ...receiver.bytes.subarray(offset, offset + length)]);
    return true;
  }, limit);
  return records;
}

function isRung(bell: BellMemory): boolean {
  return new Int32Array(bell.buffer)[bellStateWord] === 2;
}

function wordOf(memory: RingMemory, word: number): number {
  return new Int32Array(memory.buffer)[word]!;
}

describe('a ring', () => {
  it('hands records over in order, with type and payload, once they are published', () => {
    const { sender, receiver } = makeRing(256);
    send(sender, 7, [1, 2, 3]);
    send(sender, 0, []);
    expect(receiver.hasWork()).toBe(false);
    expect(take(receiver)).toEqual([]);
    sender.publish();
    expect(receiver.hasWork()).toBe(true);
    send(sender, 9, [4]);
    expect(take(receiver)).toEqual([[7, 1, 2, 3], [0]]);
    expect(receiver.hasWork()).toBe(false);
  });

  it('gives back what was not published yet, in order, and the receiver never sees it', () => {
    const { sender, receiver } = makeRing(64, 40);
    send(sender, 1, [1]);
    sender.publish();
    const { position } = sender;
    // Behind the first record there is no room for the second: it is skipped.
    for (const [type, payload] of [
      [2, [2, 2]],
      [3, [3, 3, 3]],
    ] as const)
      send(sender, type, payload);
    const back: number[][] = [];
    sender.takeBack((type, offset, length) => {
      back.push([type, ...sender.bytes.subarray(offset, offset + length)]);
    });
    expect(back).toEqual([
      [2, 2, 2],
      [3, 3, 3, 3],
    ]);
    sender.publish();
    expect(sender.position).toBe(position);
    expect(take(receiver)).toEqual([[1, 1]]);
    expect(receiver.position).toBe(position);
    send(sender, 4, [4]);
    sender.publish();
    expect(take(receiver)).toEqual([[4, 4]]);
  });

  it('places every payload at a multiple of eight', () => {
    const { sender } = makeRing(1024);
    for (let length = 0; length < 20; length++) expect(sender.claim(1, length) % 8).toBe(0);
  });

  it('takes exactly as many records as fit, pads counted, and refuses the next', () => {
    const { sender } = makeRing(64);
    const taken = [0, 1, 2, 3, 4].map(() => send(sender, 1, [5, 5, 5, 5, 5]));
    expect(taken).toEqual([true, true, true, true, false]);
    expect(send(sender, 1, [])).toBe(false);
  });

  it('finds room for the longest record at any place', () => {
    for (let place = 0; place < 64; place += 8) {
      const { sender, receiver } = makeRing(64, place);
      const longest = Array.from({ length: sender.recordBytesMax }, (_, i) => i);
      expect(send(sender, 3, longest)).toBe(true);
      sender.publish();
      expect(take(receiver)).toEqual([[3, ...longest]]);
    }
  });

  it('keeps records whole and in order over many turns of the area, for all sizes', () => {
    for (const start of [0, 0x7fffffc0, -64, -8]) {
      const { sender, receiver } = makeRing(128, start);
      for (let i = 0; i < 500; i++) {
        const payload = Array.from(
          { length: i % (sender.recordBytesMax + 1) },
          (_, k) => (i + k) & 255,
        );
        expect(send(sender, i, payload)).toBe(true);
        sender.publish();
        expect(take(receiver)).toEqual([[i, ...payload]]);
      }
    }
  });

  it('rejects records that are too long, rings of an odd size, and negative types', () => {
    const { sender } = makeRing(64);
    expect(() => sender.claim(1, sender.recordBytesMax + 1)).toThrow('half of the ring');
    expect(() => sender.claim(1, -1)).toThrow('half of the ring');
    expect(() => sender.claim(-1, 1)).toThrow('type');
    expect(() => createRing(96, createBell(), createBell())).toThrow('power of two');
    expect(() => createRing(16, createBell(), createBell())).toThrow('tiny');
  });

  it('stops the process when head and tail make no sense', () => {
    const { memory, sender, receiver } = makeRing(64);
    send(sender, 1, [1]);
    sender.publish();
    new Int32Array(memory.buffer)[RingWord.tail] = -8;
    expect(() => take(receiver)).toThrow('never behind');
    new Int32Array(memory.buffer)[RingWord.tail] = 8;
    expect(() => take(receiver)).toThrow('between head and tail');
  });
});

describe('a drain', () => {
  it('takes no more than its limit and goes on there', () => {
    const { sender, receiver } = makeRing(256);
    for (const type of [1, 2, 3]) send(sender, type, []);
    sender.publish();
    expect(take(receiver, 2)).toEqual([[1], [2]]);
    expect(take(receiver, 2)).toEqual([[3]]);
  });

  it('leaves a declined record where it is and frees those before it', () => {
    const { memory, sender, receiver } = makeRing(256);
    for (const type of [1, 2, 3]) send(sender, type, []);
    sender.publish();
    expect(receiver.drain((type) => type !== 2, 10)).toBe(1);
    expect(wordOf(memory, RingWord.head)).toBe(8);
    expect(receiver.hasWork()).toBe(true);
    expect(take(receiver)).toEqual([[2], [3]]);
  });

  it('leaves the record where it is at which the handler throws', () => {
    const { memory, sender, receiver } = makeRing(256);
    for (const type of [1, 2, 3]) send(sender, type, []);
    sender.publish();
    const handle = (type: number) => {
      if (type === 2) throw new Error('no');
      return true;
    };
    expect(() => receiver.drain(handle, 10)).toThrow('no');
    expect(wordOf(memory, RingWord.head)).toBe(8);
    expect(take(receiver)).toEqual([[2], [3]]);
  });

  it('publishes the head only when all its handlers have run', () => {
    const { memory, sender, receiver } = makeRing(256);
    for (const type of [1, 2, 3]) send(sender, type, []);
    sender.publish();
    const heads: number[] = [];
    receiver.drain(() => heads.push(wordOf(memory, RingWord.head)) > 0, 10);
    expect(heads).toEqual([0, 0, 0]);
    expect(wordOf(memory, RingWord.head)).toBe(24);
  });

  it('must not be entered from its own handler', () => {
    const { sender, receiver } = makeRing(256);
    send(sender, 1, []);
    sender.publish();
    expect(() => receiver.drain(() => take(receiver).length > 0, 10)).toThrow('its own ring');
  });
});

describe('waking', () => {
  it('rings the receiver for news only', () => {
    const { memory, sender } = makeRing(64);
    sender.publish();
    expect(isRung(memory.receiverBell)).toBe(false);
    send(sender, 1, []);
    sender.publish();
    expect(isRung(memory.receiverBell)).toBe(true);
  });

  it('wakes a sender without room when half of the ring is free, not before, and once', () => {
    const { memory, sender, receiver } = makeRing(64);
    for (let i = 0; i < 8; i++) send(sender, i, []);
    expect(send(sender, 8, [])).toBe(false);
    sender.awaitRoom();
    take(receiver, 3);
    expect(isRung(memory.senderBell)).toBe(false);
    take(receiver, 1);
    expect(isRung(memory.senderBell)).toBe(true);
    new Int32Array(memory.senderBell.buffer)[bellStateWord] = 0;
    take(receiver);
    expect(isRung(memory.senderBell)).toBe(false);
  });

  it('wakes a sender only when the refused record fits, though it needs more than half', () => {
    const { memory, sender, receiver } = makeRing(64, 24);
    send(sender, 1, new Array(16).fill(1));
    expect(sender.claim(2, 24)).toBe(-1);
    sender.awaitRoom();
    expect(isRung(memory.senderBell)).toBe(false);
    take(receiver);
    expect(isRung(memory.senderBell)).toBe(true);
    expect(sender.claim(2, 24)).toBe(8);
  });

  it('tells the sender at once when there is room already', () => {
    const { memory, sender, receiver } = makeRing(64);
    for (let i = 0; i < 8; i++) send(sender, i, []);
    send(sender, 8, []);
    sender.publish();
    take(receiver);
    sender.awaitRoom();
    expect(isRung(memory.senderBell)).toBe(true);
    expect(wordOf(memory, RingWord.wanted)).toBe(0);
  });

  it('publishes what was claimed before it waits for room', () => {
    const { sender, receiver } = makeRing(64);
    send(sender, 1, []);
    sender.awaitRoom();
    expect(take(receiver)).toEqual([[1]]);
  });
});
