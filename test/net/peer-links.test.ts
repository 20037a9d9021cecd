/** Connections between servers, on real sockets of the loopback interface. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LinkListener, PeerLinks } from '../../src/net/peer-links.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';

type Event = readonly [string, ...unknown[]];

/** Everything that is heard, and a way to wait for it. */
class Ear implements LinkListener {
  readonly events: Event[] = [];
  readonly received = new Map<number, number[]>();
  sent = 0;
  private waiting: (() => void)[] = [];

  onListening = (...given: unknown[]) => this.hear('listening', ...given);
  onListenFailed = (...given: unknown[]) => this.hear('listenFailed', ...given);
  onAccepted = (...given: unknown[]) => this.hear('accepted', ...given);
  onDialed = (...given: unknown[]) => this.hear('dialed', ...given);
  onClosed = (...given: unknown[]) => this.hear('closed', ...given);

  onBytes(link: LinkId, bytes: Uint8Array, start: number, end: number): void {
    const known = this.received.get(link) ?? [];
    known.push(...bytes.subarray(start, end));
    this.received.set(link, known);
    this.wake();
  }

  onSent(_link: LinkId, bytes: number): void {
    this.sent += bytes;
    this.wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  async event(name: string): Promise<Event> {
    await this.until(() => this.events.some(([heard]) => heard === name));
    return this.events.find(([heard]) => heard === name) as Event;
  }

  textOf(link: number): string {
    return Buffer.from(this.received.get(link) ?? []).toString();
  }

  private hear(...event: Event): void {
    this.events.push(event);
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

const loopback = '127.0.0.1';
const link = (id: number) => id as LinkId;
const text = (value: string) => Buffer.from(value);

let ears: [Ear, Ear];
let here: PeerLinks;
let there: PeerLinks;
let port: number;

beforeEach(async () => {
  ears = [new Ear(), new Ear()];
  here = new PeerLinks(ears[0]);
  there = new PeerLinks(ears[1]);
  there.listen('quorum', loopback, 0);
  const [, name, bound] = await ears[1].event('listening');
  expect(name).toBe('quorum');
  port = bound as number;
});

afterEach(() => {
  here.destroy();
  there.destroy();
});

async function dial(): Promise<void> {
  here.dial(link(1), loopback, port, 5000);
  expect(await ears[0].event('dialed')).toEqual(['dialed', 1]);
  expect(await ears[1].event('accepted')).toEqual(['accepted', 'quorum', -1]);
}

describe('a connection', () => {
  it('carries bytes both ways, in order, from memory that is used again', async () => {
    await dial();
    const memory = text('....');
    for (const word of ['one ', 'two ', 'thre']) {
      memory.set(text(word));
      here.write(link(1), memory, 0, 4);
    }
    there.write(link(-1), text('.back.'), 1, 5);
    await ears[1].until(() => ears[1].textOf(-1).length === 12);
    expect(ears[1].textOf(-1)).toBe('one two thre');
    await ears[0].until(() => ears[0].textOf(1).length === 4);
    expect(ears[0].textOf(1)).toBe('back');
    await ears[0].until(() => ears[0].sent === 12);
  });

  it('takes bytes from shared memory', async () => {
    await dial();
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set(text('abc'));
    here.write(link(1), shared, 0, 3);
    shared.fill(0);
    await ears[1].until(() => ears[1].textOf(-1) === 'abc');
  });

  it('that is closed sends what it has, and is not heard of again', async () => {
    await dial();
    const long = new Uint8Array(3_000_000).fill(7);
    here.write(link(1), long, 0, long.byteLength);
    here.close(link(1));
    await ears[1].event('closed');
    expect(ears[1].events.at(-1)).toEqual(['closed', -1]);
    expect(ears[1].received.get(-1)).toHaveLength(long.byteLength);
    expect(ears[0].events.filter(([name]) => name === 'closed')).toEqual([]);
  });

  it('ends with one word when the other side dies', async () => {
    await dial();
    there.destroy();
    expect(await ears[0].event('closed')).toEqual(['closed', 1]);
    here.write(link(1), text('x'), 0, 1);
    here.close(link(1));
    expect(ears[0].events.filter(([name]) => name === 'closed')).toHaveLength(1);
  });

  it('is not read while reading is paused, nor one that comes then', async () => {
    there.pause();
    await dial();
    here.write(link(1), text('waits'), 0, 5);
    await ears[0].until(() => ears[0].sent === 5);
    expect(ears[1].textOf(-1)).toBe('');
    there.resume();
    await ears[1].until(() => ears[1].textOf(-1) === 'waits');
  });

  it('tells only of bytes that the kernel has taken', async () => {
    there.pause();
    await dial();
    const long = new Uint8Array(20_000_000);
    here.write(link(1), long, 0, long.byteLength);
    here.write(link(1), text('x'), 0, 1);
    // A connection of its own has been there and back: the write had all that time.
    here.dial(link(2), loopback, port, 5000);
    await ears[0].until(() => ears[0].events.some(([, id]) => id === 2));
    expect(ears[0].sent).toBe(0);
    there.resume();
    await ears[0].until(() => ears[0].sent === long.byteLength + 1);
  });
});

describe('dialing', () => {
  it('ends when nobody listens there', async () => {
    there.unlisten('quorum');
    here.dial(link(1), loopback, port, 5000);
    expect(await ears[0].event('closed')).toEqual(['closed', 1]);
  });

  it('ends when the name means nothing', async () => {
    here.dial(link(1), 'no-such-host.invalid', port, 5000);
    expect(await ears[0].event('closed')).toEqual(['closed', 1]);
  });

  it('can be given up', async () => {
    here.dial(link(1), loopback, port, 5000);
    here.close(link(1));
    here.dial(link(2), loopback, port, 5000);
    await ears[0].event('dialed');
    expect(ears[0].events).toEqual([['dialed', 2]]);
  });
});

describe('listening', () => {
  it('fails with the port that is taken', async () => {
    here.listen('election', loopback, port);
    const [, name, reason] = await ears[0].event('listenFailed');
    expect([name, reason]).toEqual(['election', expect.stringContaining(`${port}`)]);
  });

  it('can begin anew where it ended', async () => {
    there.unlisten('quorum');
    there.listen('quorum', loopback, port);
    await ears[1].until(() => ears[1].events.length === 2);
    expect(ears[1].events[1]).toEqual(['listening', 'quorum', port]);
  });
});
