/** What the peer wants leaves as records of the rings, and what comes on them is a call of it. */

import { beforeEach, describe, expect, it } from 'vitest';
import { createMetricsMemory, MetricsRecorder } from '../../src/admin/metrics-recorder.ts';

import type { EnsembleReplica } from '../../src/agents/ensemble-port.ts';
import { FromLinks, ToEnsemble, ToLinks, ToLog } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import { PeerAgent } from '../../src/agents/peer.ts';
import { linkPieceBytes, ringBytesMin } from '../../src/base/limits.ts';
import type { Epoch, Zxid } from '../../src/base/zxid.ts';
import { createBell } from '../../src/ring/bell.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import type { LinkId, PeerInput, PeerOutput } from '../../src/zab/peer-ports.ts';
import { newAppends } from './appends.ts';

type Call = readonly [string, ...unknown[]];
type Method = (...given: unknown[]) => void;

function ring() {
  const bell = createBell();
  const memory = createRing(ringBytesMin, bell, bell);
  return { sender: new Outlet(new RingSender(memory)), receiver: new RingReceiver(memory) };
}

/** A peer and a replica that write down how they are called; bytes as text. */
function recorder(calls: Call[], more: object): object {
  return new Proxy(more, {
    get: (target, name: string) => {
      if (name in target) return target[name as keyof typeof target];
      const call: Method = (...given) => calls.push([name, ...textsOf(given)]);
      return call;
    },
  });
}

/** `bytes, start, end` becomes what is in there. */
function textsOf(given: unknown[]): unknown[] {
  const at = given.findIndex((value) => value instanceof Uint8Array);
  if (at < 0) return given;
  const [bytes, start, end] = given.slice(at) as [Uint8Array, number, number];
  return [...given.slice(0, at), text(bytes.subarray(start, end)), ...given.slice(at + 3)];
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const link = (id: number) => id as LinkId;
const epoch = 7 as Epoch;

let calls: Call[];
let rings: Record<'appends' | 'synced' | 'out' | 'in', ReturnType<typeof ring>>;
let agent: PeerAgent;
let output: PeerOutput;
let replica: { isStalled: boolean };

beforeEach(() => {
  calls = [];
  rings = { appends: ring(), synced: ring(), out: ring(), in: ring() };
  agent = new PeerAgent({
    appends: newAppends({ ring: rings.appends.sender, synced: rings.synced.receiver }),
    ...{ packetsOut: rings.out.sender, packetsIn: rings.in.receiver },
    clock: { nowMs: () => 0, monotonicMs: () => 5 },
    metrics: new MetricsRecorder(createMetricsMemory(), { next32: () => 0 }),
    newPeer: (given) => {
      output = given;
      return recorder(calls, { ready: true, nextDeadlineMs: () => 99 }) as PeerInput;
    },
  });
  const found = {
    lastZxid: 0x300000004n as Zxid,
    epochs: { accepted: epoch, current: epoch },
  };
  replica = { isStalled: false };
  agent.begin(found, recorder(calls, replica) as EnsembleReplica);
});

/** One duty cycle: what the peer was called with, without the frame of each cycle. */
function cycle(): Call[] {
  calls.length = 0;
  agent.dutyCycle(1000);
  return calls.filter(([name]) => !['tick', 'flush', 'flushReplies'].includes(name));
}

/** The records on a ring: type, then what `read` makes of each. */
function records(
  { receiver }: ReturnType<typeof ring>,
  read: (view: DataView, bytes: Uint8Array) => unknown[],
): unknown[][] {
  const found: unknown[][] = [];
  receiver.drain((type, offset, length) => {
    const bytes = receiver.bytes.slice(offset, offset + length);
    found.push([type, ...read(new DataView(bytes.buffer), bytes)]);
    return true;
  }, 100);
  return found;
}

describe('the log', () => {
  it('is opened behind what is on disk, and the peer starts', () => {
    expect(calls).toEqual([['start', 5, { acceptedEpoch: 7, currentEpoch: 7 }]]);
    cycle();
    const [begin] = records(rings.appends, (view) => [view.getBigInt64(0)]);
    expect(begin).toEqual([ToLog.begin, 0x300000004n]);
  });

  it('gets txns and asks in order', () => {
    const { disk } = output;
    disk.append(Buffer.from('.txn.'), 1, 4, 3, 5);
    disk.ask({ kind: 'currentEpoch', epoch }, () => {});
    disk.ask({ kind: 'truncate', zxid: 0x300000002n as Zxid }, () => {});
    disk.snapshotBytes(Buffer.from('.state.'), 1, 6);
    disk.ask({ kind: 'install' }, () => {});
    cycle();
    const found = records(rings.appends, (_view, bytes) => [Buffer.from(bytes).toString('hex')]);
    expect(found.slice(1)).toEqual([
      [ToLog.append, `0000000300000005${Buffer.from('txn').toString('hex')}`],
      [ToLog.ask, '000000020000000000000007'],
      [ToLog.ask, '000000030000000300000002'],
      [ToLog.snapshotBytes, Buffer.from('state').toString('hex')],
      [ToLog.ask, '000000050000000000000000'],
    ]);
  });

  it('answers asks in the order in which they were made', () => {
    const heard: string[] = [];
    output.disk.ask({ kind: 'flush' }, (outcome) => heard.push(`flush ${outcome}`));
    const zxid = 1n as Zxid;
    output.disk.ask({ kind: 'truncate', zxid }, (outcome) => heard.push(`truncate ${outcome}`));
    for (const done of [1, 0]) {
      const { sender } = rings.synced;
      const at = sender.open(ToEnsemble.asked, 4);
      sender.view.setInt32(at, done);
      sender.flush();
    }
    cycle();
    expect(heard).toEqual(['flush done', 'truncate refused']);
  });

  it('tells what is durable, and when a snapshot is due', () => {
    const { sender } = rings.synced;
    const at = sender.open(ToEnsemble.synced, 8);
    sender.view.setBigInt64(at, 0x300000009n);
    sender.open(ToEnsemble.snapshotDue, 0);
    sender.flush();
    expect(cycle()).toEqual([['onSynced', 3, 9], ['onSnapshotDue']]);
  });

  it('and the links are not heard while clients have to take what there is for them', () => {
    const { sender } = rings.synced;
    sender.open(ToEnsemble.snapshotDue, 0);
    sender.flush();
    replica.isStalled = true;
    expect(cycle()).toEqual([]);
    replica.isStalled = false;
    expect(cycle()).toEqual([['onSnapshotDue']]);
  });
});

describe('connections', () => {
  it('are asked for', () => {
    const { links } = output;
    links.listen('quorum', null, 2888);
    links.listen('election', 'own', 3888);
    links.dial(link(1), 'höst', 2888, 500);
    links.write(link(1), Buffer.from('.packet.'), 1, 7);
    links.close(link(-2));
    links.unlisten('election');
    cycle();
    const found = records(rings.out, (view, bytes) => [view.getInt32(0), text(bytes.subarray(4))]);
    const ints = (...values: number[]) => {
      const bytes = Buffer.alloc(4 * values.length);
      for (const [i, value] of values.entries()) bytes.writeInt32BE(value, 4 * i);
      return text(bytes);
    };
    expect(found).toEqual([
      [ToLinks.listen, 1, ints(2888, -1)],
      [ToLinks.listen, 0, `${ints(3888, 3)}own`],
      [ToLinks.dial, 1, `${ints(2888, 500, 5)}höst`],
      [ToLinks.write, 1, 'packet'],
      [ToLinks.close, -2, ''],
      [ToLinks.unlisten, 0, ''],
    ]);
  });

  it('get what is long in pieces', () => {
    const long = new Uint8Array(2 * linkPieceBytes + 1);
    output.links.write(link(1), long, 0, long.byteLength);
    output.disk.snapshotBytes(long, 0, long.byteLength);
    cycle();
    const lengths = (from: ReturnType<typeof ring>) => records(from, (_v, { length }) => [length]);
    expect(lengths(rings.out).map(([, length]) => (length as number) - 4)).toEqual([
      ...[linkPieceBytes, linkPieceBytes, 1],
    ]);
    expect(lengths(rings.appends).slice(1)).toEqual([
      ...[linkPieceBytes, linkPieceBytes, 1].map((length) => [ToLog.snapshotBytes, length]),
    ]);
  });

  it('are heard of', () => {
    const say = (type: number, ints: number[], tail = '') => {
      const { sender } = rings.in;
      const at = sender.open(type, 4 * ints.length + Buffer.byteLength(tail));
      for (const [i, value] of ints.entries()) sender.view.setInt32(at + 4 * i, value);
      sender.bytes.set(Buffer.from(tail), at + 4 * ints.length);
      sender.flush();
    };
    say(FromLinks.listening, [1, 2888]);
    say(FromLinks.listenFailed, [0, 5], 'taken');
    say(FromLinks.accepted, [1, -1]);
    say(FromLinks.dialed, [4]);
    say(FromLinks.bytes, [4], 'packet');
    say(FromLinks.sent, [4, 77]);
    say(FromLinks.closed, [-1]);
    expect(cycle()).toEqual([
      ['onListening', 'quorum', 2888],
      ['onListenFailed', 'election', 'taken'],
      ['onAccepted', 'quorum', -1],
      ['onDialed', 4],
      ['onBytes', 4, 'packet'],
      ['onSent', 4, 77],
      ['onClosed', -1],
    ]);
  });
});

describe('a duty cycle', () => {
  it('tells the time first, and lets the peer send what it has gathered at last', () => {
    const { sender } = rings.synced;
    sender.open(ToEnsemble.synced, 8);
    sender.flush();
    calls.length = 0;
    expect(agent.dutyCycle(1234)).toBe(1);
    expect(calls.map(([name]) => name)).toEqual(['tick', 'onSynced', 'flush', 'flushReplies']);
    expect(calls[0]).toEqual(['tick', 1234]);
    expect(agent.nextDeadlineMs()).toBe(99);
  });
});
