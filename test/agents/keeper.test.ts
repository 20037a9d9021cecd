import { describe, expect, it } from 'vitest';
import { cnxnIdBase } from '../../src/agents/cnxn-id.ts';
import type { Ensemble } from '../../src/agents/ensemble-port.ts';
import { KeeperAgent } from '../../src/agents/keeper.ts';
import { KeeperReplies } from '../../src/agents/keeper-replies.ts';
import type { KeeperSnapshots } from '../../src/agents/keeper-snapshots.ts';
import { AnswerLayout, NotifyLayout, ToFront, ToKeeper } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import type { RecoveredKeeper } from '../../src/agents/recovery.ts';
import { zxidZero } from '../../src/base/zxid.ts';
import { FrontRequests } from '../../src/front/requests.ts';
import type { KeeperCore } from '../../src/processor/keeper-core.ts';
import type { KeeperOutput } from '../../src/processor/keeper-ports.ts';
import { Bell, createBell } from '../../src/ring/bell.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { createSharedStatus, SharedStatus } from '../../src/state/shared-status.ts';

const ringBytes = 4096;
const reply = new Uint8Array(ringBytes / 4);
const passwd = new Uint8Array(16);
const noSession = { sessionIdHi: 0, sessionIdLo: 0, slot: -1, timeoutMs: 0, passwd };

/** Answers each request with the same bytes, and has nothing else to do. */
function echoingCore(output: KeeperOutput, served: number[]): KeeperCore {
  return {
    outstanding: 0,
    begin: () => {},
    order: { goOn: () => {} },
    serveAlone: () => {},
    nextDeadlineMs: () => Number.POSITIVE_INFINITY,
    request: (cnxnId: number) => {
      served.push(cnxnId);
      output.reply(cnxnId, reply, 0, reply.byteLength);
    },
  } as unknown as KeeperCore;
}

function makeWorld(fronts = 1) {
  const bell = createBell();
  const requests = Array.from({ length: fronts }, () => createRing(ringBytes, createBell(), bell));
  const replies = Array.from({ length: fronts }, () => createRing(ringBytes, bell, createBell()));
  const served: number[] = [];
  const status = new SharedStatus(createSharedStatus());
  const outlets = replies.map((ring) => new Outlet(new RingSender(ring)));
  const keeper = new KeeperAgent({
    requests: requests.map((ring) => new RingReceiver(ring)),
    replies: new KeeperReplies(outlets),
    ensemble: { ready: true, begin: (_, replica) => replica.serveAlone() } as Ensemble,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    status,
    recovery: {
      start: (output) => ({ core: echoingCore(output, served) }) as RecoveredKeeper,
      reload: () => zxidZero,
    },
    snapshots: { dutyCycle: () => 0 } as KeeperSnapshots,
    leaderServes: true,
    onRecovered: () => {},
  });
  keeper.start();
  return {
    ...{ keeper, served, status, bell: new Bell(bell) },
    fronts: replies.map((ring) => new RingReceiver(ring)),
    senders: requests.map((ring) => new RingSender(ring)),
  };
}

function send(sender: RingSender, cnxnId: number): void {
  const at = sender.claim(ToKeeper.request, 12);
  sender.view.setInt32(at, cnxnId);
}

/** The connection with this number of a front. */
function cnxnOf(front: number, number = 1): number {
  return cnxnIdBase(front) + number;
}

/** Takes all that is published on the ring of a front. */
function recordsOn(ring: RingReceiver) {
  const records: { type: number; words: number[]; cnxnIds: number[]; text: string }[] = [];
  ring.drain((type, offset, length) => {
    const words = Array.from({ length: length >> 2 }, (_, i) => ring.view.getInt32(offset + 4 * i));
    const ids = NotifyLayout.cnxnIds >> 2;
    const text = Buffer.from(ring.bytes.slice(offset + AnswerLayout.bytes, offset + length));
    const cnxnIds = type === ToFront.notify ? words.slice(ids, ids + words[ids - 1]!) : [];
    records.push({ type, words, cnxnIds, text: text.toString() });
    return true;
  }, Number.MAX_SAFE_INTEGER);
  return records;
}

/** As the loop of its thread: duty cycles until it may sleep, for as long as the bell is rung. */
function runUntilAsleep(keeper: KeeperAgent, bell: Bell): void {
  do while (keeper.dutyCycle(0) > 0);
  while (!bell.sleepAsync(() => {}));
  bell.disarm();
}

describe('the keeper agent', () => {
  it('does not go to sleep on requests when there is room for their replies', () => {
    const world = makeWorld();
    const { keeper, served, bell } = world;
    const [front, sender] = [world.fronts[0]!, world.senders[0]!];
    for (let cnxnId = 1; cnxnId <= 20; cnxnId++) send(sender, cnxnId);
    sender.publish();
    let replies = 0;
    runUntilAsleep(keeper, bell);
    expect(served.length).toBeLessThan(20);
    while (front.hasWork()) {
      replies += front.drain(() => true, Number.MAX_SAFE_INTEGER);
      if (bell.sleepAsync(() => {})) bell.disarm();
      else runUntilAsleep(keeper, bell);
    }
    expect(replies).toBe(20);
    expect(served).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('sends what it has for a connection to the front that has it', () => {
    const { keeper, senders, fronts } = makeWorld(3);
    for (const [front, sender] of senders.entries()) {
      send(sender, cnxnOf(front));
      sender.publish();
    }
    while (keeper.dutyCycle(0) > 0);
    keeper.close(cnxnOf(1));
    keeper.askRoom(cnxnOf(2));
    keeper.connected(cnxnOf(2), { ...noSession, valid: false });
    keeper.onSnapshotDue();
    keeper.dutyCycle(0);
    const { reply, close, askRoom, connected, snapshotDue } = ToFront;
    expect(fronts.map((front) => recordsOn(front).map(({ type }) => type))).toEqual([
      [reply, snapshotDue],
      [reply, close],
      [reply, askRoom, connected],
    ]);
  });

  it('has an event on the rings of all fronts that it concerns when the change may be shown', () => {
    const { keeper, fronts } = makeWorld(3);
    const hits = Int32Array.of(cnxnOf(2), cnxnOf(0), cnxnOf(2, 7));
    keeper.notify(hits, 3, 0, 5, reply, 0, 8);
    const told = fronts.map((front) => recordsOn(front).map(({ cnxnIds }) => cnxnIds));
    expect(told).toEqual([[[cnxnOf(0)]], [], [[cnxnOf(2), cnxnOf(2, 7)]]]);
  });

  it('lets no front read by itself while an event waits for room on the ring of one', () => {
    const { keeper, fronts, status } = makeWorld(2);
    const hits = Int32Array.of(cnxnOf(1));
    while (!keeper.isFull) keeper.notify(hits, 1, 0, 5, reply, 0, reply.byteLength);
    expect(status.readGateClosed).toBe(true);
    recordsOn(fronts[1]!);
    keeper.dutyCycle(0);
    expect(status.readGateClosed).toBe(false);
    expect(recordsOn(fronts[1]!).length).toBeGreaterThan(0);
  });

  it('takes the requests of the fronts in turns', () => {
    const { keeper, senders, served } = makeWorld(2);
    const first = [0, 0, 0, 0].map(() => {
      for (const [front, sender] of senders.entries()) {
        send(sender, cnxnOf(front));
        sender.publish();
      }
      const before = served.length;
      keeper.dutyCycle(0);
      return served[before];
    });
    expect(first).toEqual([cnxnOf(0), cnxnOf(1), cnxnOf(0), cnxnOf(1)]);
  });

  it('hands on what fronts ask each other, piece by piece', () => {
    const { keeper, senders, fronts } = makeWorld(2);
    const outlet = (front: number) => new FrontRequests(new Outlet(senders[front]!));
    const asker = outlet(1);
    asker.askFront(77, 0, 'connections');
    asker.flush();
    keeper.dutyCycle(0);
    const [asked] = recordsOn(fronts[0]!);
    expect(asked).toMatchObject({ type: ToFront.asked, words: [77, 1, 1] });
    const answerer = outlet(0);
    answerer.frontAnswer(1, 77, '{"a":1}');
    answerer.flush();
    keeper.dutyCycle(0);
    const [answer] = recordsOn(fronts[1]!);
    expect(answer).toMatchObject({ type: ToFront.answer, text: '{"a":1}' });
    expect(answer!.words.slice(0, 2)).toEqual([77, 0]);
  });
});
