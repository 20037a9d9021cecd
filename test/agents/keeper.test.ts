import { describe, expect, it } from 'vitest';
import type { Ensemble } from '../../src/agents/ensemble-port.ts';
import { KeeperAgent } from '../../src/agents/keeper.ts';
import type { KeeperSnapshots } from '../../src/agents/keeper-snapshots.ts';
import { ToKeeper } from '../../src/agents/messages.ts';
import { Outlet } from '../../src/agents/outlet.ts';
import type { RecoveredKeeper } from '../../src/agents/recovery.ts';
import { zxidZero } from '../../src/base/zxid.ts';
import type { KeeperCore } from '../../src/processor/keeper-core.ts';
import type { KeeperOutput } from '../../src/processor/keeper-ports.ts';
import { Bell, createBell } from '../../src/ring/bell.ts';
import { createRing } from '../../src/ring/ring.ts';
import { RingReceiver } from '../../src/ring/ring-receiver.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { createSharedStatus, SharedStatus } from '../../src/state/shared-status.ts';

const ringBytes = 4096;
const reply = new Uint8Array(ringBytes / 4);

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

function makeWorld() {
  const bell = createBell();
  const requests = createRing(ringBytes, createBell(), bell);
  const replies = createRing(ringBytes, bell, createBell());
  const served: number[] = [];
  const keeper = new KeeperAgent({
    requests: new RingReceiver(requests),
    replies: new Outlet(new RingSender(replies)),
    ensemble: { ready: true, begin: (_, replica) => replica.serveAlone() } as Ensemble,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    status: new SharedStatus(createSharedStatus()),
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
    ...{ keeper, served, bell: new Bell(bell) },
    front: new RingReceiver(replies),
    sender: new RingSender(requests),
  };
}

function send(sender: RingSender, cnxnId: number): void {
  const at = sender.claim(ToKeeper.request, 12);
  sender.view.setInt32(at, cnxnId);
}

/** As the loop of its thread: duty cycles until it may sleep, for as long as the bell is rung. */
function runUntilAsleep(keeper: KeeperAgent, bell: Bell): void {
  do while (keeper.dutyCycle(0) > 0);
  while (!bell.sleepAsync(() => {}));
  bell.disarm();
}

describe('the keeper agent', () => {
  it('does not go to sleep on requests when there is room for their replies', () => {
    const { keeper, served, bell, front, sender } = makeWorld();
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
});
