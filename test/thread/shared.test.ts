import { describe, expect, it } from 'vitest';
import { NotifyLayout, RequestLayout } from '../../src/agents/messages.ts';
import { frameBytesMaxDefault, frameBytesMaxHighest } from '../../src/base/limits.ts';
import type { RingMemory } from '../../src/ring/ring.ts';
import { RingSender } from '../../src/ring/ring-sender.ts';
import { payloadBytesMaxDefault } from '../../src/storage/txn-log-format.ts';
import { createShared } from '../../src/thread/shared.ts';
import { pathBytesMax } from '../../src/tree/layout.ts';

const longest = (ring: RingMemory) => new RingSender(ring).recordBytesMax;
const connectionsPerNotify = 8192;

describe('the rings of a server', () => {
  it.each([1024, frameBytesMaxDefault, 5_000_000, frameBytesMaxHighest])(
    'hold the longest records for frames of %i bytes',
    (frameBytesMax) => {
      const payloadBytesMax = Math.max(2 * frameBytesMax, payloadBytesMaxDefault);
      const shared = createShared({
        ...{ placement: 'inline', fronts: 2, isMember: false, treeBytesMax: 1 << 20 },
        ...{ hashSeed: 0, nowMs: 0, frameBytesMax, payloadBytesMax },
      });
      const { requests, replies } = shared.fronts[1]!;
      expect(longest(requests)).toBeGreaterThanOrEqual(RequestLayout.frame + frameBytesMax);
      expect(longest(shared.appends)).toBeGreaterThanOrEqual(8 + payloadBytesMax);
      const path = Math.min(frameBytesMax, pathBytesMax);
      const notification = NotifyLayout.cnxnIds + 4 * connectionsPerNotify + path;
      expect(longest(replies)).toBeGreaterThanOrEqual(notification);
    },
  );
});
