/**
 * The counter of zxids at which a leader steps down: in production so far away that no run gets there, here
 * wherever the plan has it. The counter of each epoch begins with 1, so none can begin near its end.
 */
import { zxidCounterMax } from '../../../src/base/limits.ts';
import { LeaderBroadcast } from '../../../src/zab/leader-broadcast.ts';
import type { RoleParts } from '../../../src/zab/role-ports.ts';

/** What a leader may be asked in the duty cycle in which it reaches the limit. */
export const counterSlack = 100;

let limit = zxidCounterMax;

/** For all leaders from now on; null is the limit of production. */
export function limitCounters(counterMax: number | null): void {
  limit = counterMax ?? zxidCounterMax;
}

const { get: isExhausted } = Object.getOwnPropertyDescriptor(
  LeaderBroadcast.prototype,
  'isExhausted',
) as { get: () => boolean };

interface Insides {
  readonly acks: object | null;
  readonly parts: Pick<RoleParts, 'history' | 'durable'>;
}

/** The production code decides; a counter that has reached the limit looks to it like the last one. */
Object.defineProperty(LeaderBroadcast.prototype, 'isExhausted', {
  configurable: true,
  get(this: Insides) {
    const { acks, parts } = this;
    const { lastHi, lastLo } = parts.history;
    const seenLo = lastLo >>> 0 >= limit ? zxidCounterMax : lastLo;
    return isExhausted.call({ acks, parts: { ...parts, history: { lastHi, lastLo: seenLo } } });
  },
});
