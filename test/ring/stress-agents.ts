/**
 * Two agents that fill a ring and empty it as fast as they can. Both draw the same sequence of
 * sizes from the same seed; a record holds its number, its content and a checksum of both.
 */
import type { Agent } from '../../src/base/agent.ts';
import { assert } from '../../src/base/assert.ts';
import type { RingMemory } from '../../src/ring/ring.ts';
import type { RingReceiver } from '../../src/ring/ring-receiver.ts';
import type { RingSender } from '../../src/ring/ring-sender.ts';

export interface StressData {
  readonly there: RingMemory;
  readonly back: RingMemory;
  readonly records: number;
  readonly seed: number;
}

/** Mulberry32: small, seeded, good enough for sizes and bytes. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  next32(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

/** Mostly short, at times the longest, at times nothing. */
function nextLength(random: SeededRandom, longest: number): number {
  const draw = random.next32();
  if (draw % 16 === 0) return longest;
  if (draw % 16 === 1) return 0;
  return (draw >>> 8) % Math.min(longest, 48);
}

function mix(digest: number, value: number): number {
  return (Math.imul(digest ^ value, 0x01000193) + 1) | 0;
}

export class StressSending implements Agent {
  readonly name = 'sending';
  digest = 0;
  private sent = 0;
  private length = -1;
  private readonly sender: RingSender;
  private readonly records: number;
  private readonly random: SeededRandom;

  constructor(sender: RingSender, records: number, seed: number) {
    this.sender = sender;
    this.records = records;
    this.random = new SeededRandom(seed);
  }

  start(): void {}
  stop(): void {}

  dutyCycle(): number {
    const batch = 1 + (this.sent % 5);
    let claimed = 0;
    while (claimed < batch && this.sent < this.records) {
      if (!this.trySend()) {
        this.sender.awaitRoom();
        break;
      }
      claimed++;
    }
    this.sender.publish();
    return claimed;
  }

  isDone(): boolean {
    return this.sent === this.records;
  }

  private trySend(): boolean {
    const { sender, random } = this;
    if (this.length < 0) this.length = nextLength(random, sender.recordBytesMax);
    const at = sender.claim(this.sent, this.length);
    if (at < 0) return false;
    let sum = this.sent;
    for (let i = at; i < at + this.length - 1; i++) {
      sender.bytes[i] = this.sent + i * 7;
      sum += sender.bytes[i]!;
    }
    if (this.length > 0) sender.bytes[at + this.length - 1] = sum;
    this.digest = mix(mix(this.digest, this.length), sum);
    this.sent++;
    this.length = -1;
    return true;
  }
}

export class StressReceiving implements Agent {
  readonly name = 'receiving';
  digest = 0;
  private received = 0;
  private declined = -1;
  private readonly receiver: RingReceiver;
  private readonly records: number;
  private readonly random: SeededRandom;
  private readonly longest: number;

  constructor(receiver: RingReceiver, records: number, seed: number) {
    this.receiver = receiver;
    this.records = records;
    this.random = new SeededRandom(seed);
    this.longest = receiver.bytes.length / 2 - 8;
  }

  start(): void {}
  stop(): void {}

  dutyCycle(): number {
    const limit = 1 + (this.received % 7);
    const before = this.declined;
    const taken = this.receiver.drain(this.handle, limit);
    return taken + (this.declined === before ? 0 : 1);
  }

  isDone(): boolean {
    return this.received === this.records;
  }

  private readonly handle = (type: number, offset: number, length: number): boolean => {
    // Every record with a number of this kind is taken at the second try only.
    if (type % 37 === 0 && this.declined !== type) {
      this.declined = type;
      return false;
    }
    const { bytes } = this.receiver;
    assert(type === this.received, `record ${this.received} comes next, not ${type}`);
    assert(length === nextLength(this.random, this.longest), `record ${type} has its length`);
    let sum = type;
    for (let i = offset; i < offset + length - 1; i++) sum += bytes[i]!;
    assert(length === 0 || bytes[offset + length - 1] === (sum & 255), `record ${type} is whole`);
    this.digest = mix(mix(this.digest, length), sum);
    this.received++;
    return true;
  };
}
