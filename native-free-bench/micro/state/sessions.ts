/** Sessions that are touched by their requests and never expire. */
import { createSessionTable, SessionTable } from '../../../src/state/session-table.ts';
import { SessionTracker } from '../../../src/state/session-tracker.ts';
import type { Subject } from '../subject.ts';

const tickTimeMs = 2000;
const timeoutMs = 2 * tickTimeMs;

export const sessions: Subject = {
  name: 'state/session-tracker',
  prepare: ({ items }) => {
    const table = new SessionTable(createSessionTable({ sessionsMax: items, nowMs: 0 }));
    const tracker = new SessionTracker(table, tickTimeMs);
    for (let lo = 0; lo < items; lo++) tracker.open(1, lo, timeoutMs, 0);
    const lastTouches = new Map(Array.from({ length: items }, (_, lo) => [`1:${lo}`, 0]));
    let [nowMs, obviousMs] = [0, 0];
    return [
      {
        name: `a tick of ${items} sessions, all touched`,
        operations: items,
        run() {
          nowMs += tickTimeMs;
          for (let slot = 0; slot < items; slot++) table.touch(slot, nowMs);
          return tracker.takeExpired(nowMs).length;
        },
        reference() {
          obviousMs += tickTimeMs;
          for (let lo = 0; lo < items; lo++) lastTouches.set(`1:${lo}`, obviousMs);
          let expired = 0;
          for (const touchMs of lastTouches.values()) {
            if (touchMs + timeoutMs <= obviousMs) expired++;
          }
          return expired;
        },
      },
    ];
  },
};
