/** Records of the ensemble become calls of the sockets, and what is heard of them becomes records. */
import { beforeEach, describe, expect, it } from 'vitest';
import { LinksAgent } from '../../src/agents/links.ts';
import { FromLinks, ToLinks } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import { linkPieceBytes } from '../../src/base/limits.ts';
import type { LinkListener, Links } from '../../src/net/peer-links.ts';
import { createBell } from '../../src/ring/bell.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import type { LinkId } from '../../src/zab/peer-ports.ts';

const ringBytes = 4 * linkPieceBytes;
const link = (id: number) => id as LinkId;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

function ring() {
  const bell = createBell();
  const memory = createRing(ringBytes, bell, bell);
  return { sender: new Outlet(new RingSender(memory)), receiver: new RingReceiver(memory) };
}

let calls: unknown[][];
let wakes: number;
let out: ReturnType<typeof ring>;
let into: ReturnType<typeof ring>;
let heard: LinkListener;
let agent: LinksAgent;

beforeEach(() => {
  calls = [];
  wakes = 0;
  out = ring();
  into = ring();
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      void calls.push([name, ...given]);
  const links: Links = {
    listen: note('listen'),
    unlisten: note('unlisten'),
    dial: note('dial'),
    write: (id, bytes, start, end) => calls.push(['write', id, text(bytes.slice(start, end))]),
    close: note('close'),
    pause: note('pause'),
    resume: note('resume'),
    destroy: note('destroy'),
  };
  agent = new LinksAgent({
    packetsOut: out.receiver,
    packetsIn: into.sender,
    open: (listener) => {
      heard = listener;
      return links;
    },
    wake: () => {
      wakes++;
    },
  });
});

/** `ints` and then, if there is one, a text as it is. */
function say(type: number, ints: readonly number[], tail = ''): void {
  const { sender } = out;
  const at = sender.open(type, 4 * ints.length + Buffer.byteLength(tail));
  for (const [i, value] of ints.entries()) sender.view.setInt32(at + 4 * i, value);
  sender.bytes.set(Buffer.from(tail), at + 4 * ints.length);
  sender.flush();
}

/** What is on the ring to the ensemble: type, `ints` numbers, the rest as text. */
function said(ints: readonly number[]): unknown[][] {
  const found: unknown[][] = [];
  into.receiver.drain((type, offset, length) => {
    const numbers = Array.from({ length: ints[found.length] ?? 1 }, (_, i) =>
      into.receiver.view.getInt32(offset + 4 * i),
    );
    const rest = into.receiver.bytes.slice(offset + 4 * numbers.length, offset + length);
    found.push([type, ...numbers, ...(rest.length > 0 ? [text(rest)] : [])]);
    return true;
  }, 1000);
  return found;
}

describe('what the ensemble wants', () => {
  it('is done in its order', () => {
    say(ToLinks.listen, [1, 2888, -1]);
    say(ToLinks.listen, [0, 3888, 3], 'own');
    say(ToLinks.dial, [1, 2888, 500, 5], 'höst');
    say(ToLinks.write, [1], 'packet');
    say(ToLinks.close, [-2]);
    say(ToLinks.unlisten, [0]);
    expect(agent.dutyCycle()).toBe(6);
    expect(calls).toEqual([
      ['listen', 'quorum', null, 2888],
      ['listen', 'election', 'own', 3888],
      ['dial', 1, 'höst', 2888, 500],
      ['write', 1, 'packet'],
      ['close', -2],
      ['unlisten', 'election'],
    ]);
  });

  it('ends with everything when the agent stops', () => {
    agent.stop();
    expect(calls).toEqual([['destroy']]);
  });
});

describe('what is heard of connections', () => {
  it('is told in its order, after a wake', () => {
    heard.onListening('quorum', 2888);
    heard.onListenFailed('election', 'taken');
    heard.onAccepted('quorum', link(-1));
    heard.onDialed(link(4));
    heard.onBytes(link(4), Buffer.from('.packet.'), 1, 7);
    heard.onSent(link(4), 77);
    heard.onClosed(link(-1));
    expect(wakes).toBe(7);
    agent.dutyCycle();
    expect(said([2, 2, 2, 1, 1, 2, 1])).toEqual([
      [FromLinks.listening, 1, 2888],
      [FromLinks.listenFailed, 0, 5, 'taken'],
      [FromLinks.accepted, 1, -1],
      [FromLinks.dialed, 4],
      [FromLinks.bytes, 4, 'packet'],
      [FromLinks.sent, 4, 77],
      [FromLinks.closed, -1],
    ]);
  });

  it('comes in pieces that fit on the ring', () => {
    const bytes = Buffer.alloc(linkPieceBytes + 3, 'x');
    heard.onBytes(link(4), bytes, 0, bytes.length);
    agent.dutyCycle();
    const pieces = said([]).map(([, , piece]) => (piece as string).length);
    expect(pieces).toEqual([linkPieceBytes, 3]);
  });

  it('stops the reading of all sockets while the ensemble does not take it', () => {
    const piece = Buffer.alloc(linkPieceBytes, 'x');
    let given = 0;
    while (calls.length === 0) {
      heard.onBytes(link(4), piece, 0, piece.length);
      given++;
      expect(given).toBeLessThan(ringBytes / linkPieceBytes + 1);
    }
    // What was on its way already is neither lost nor overtaken, and asks for nothing twice.
    heard.onBytes(link(4), Buffer.from('last'), 0, 4);
    heard.onClosed(link(4));
    expect(calls).toEqual([['pause']]);
    expect(agent.dutyCycle()).toBe(0);
    expect(calls).toEqual([['pause']]);

    const received: unknown[][] = [];
    for (let cycles = 0; cycles < 10 && received.length < given + 2; cycles++) {
      received.push(...said([]));
      agent.dutyCycle();
    }
    expect(received.map(([, , rest]) => (rest as string | undefined)?.length)).toEqual([
      ...Array.from({ length: given }, () => linkPieceBytes),
      4,
      undefined,
    ]);
    expect(received.at(-1)).toEqual([FromLinks.closed, 4]);
    expect(calls).toEqual([['pause'], ['resume']]);
  });
});
