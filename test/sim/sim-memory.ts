/**
 * The shared memory of a simulated server: of the shape that `createShared` gives to the `inline`
 * placement, but small, since thousands of servers are started here, and with rings of any size,
 * so that full ones are no exception.
 */
import { createMetricsMemory } from '../../src/admin/metrics-recorder.ts';
import { createCnxnCounts } from '../../src/front/cnxn-counts.ts';
import { createConnectionThrottle } from '../../src/front/connection-throttle.ts';
import { createFrontCounts } from '../../src/front/front-counts.ts';
import { createBell } from '../../src/ring/bell.ts';
import { createLoan } from '../../src/ring/loan.ts';
import { createRing } from '../../src/ring/ring.ts';
import { createLock } from '../../src/ring/thread-lock.ts';
import { createSessionTable } from '../../src/state/session-table.ts';
import { createSharedStatus } from '../../src/state/shared-status.ts';
import type { SharedServer } from '../../src/thread/shared.ts';
import { createTreeMemory, type TreeMemory } from '../../src/tree/tree-memory.ts';

/** Data areas in bytes, powers of two. */
export interface RingSizes {
  readonly requests: number;
  readonly replies: number;
  readonly appends: number;
  readonly synced: number;
}

export const roomyRings: RingSizes = {
  requests: 1 << 15,
  replies: 1 << 15,
  appends: 1 << 15,
  synced: 1 << 10,
};

const treeBytesMax = 1 << 20;
/** Nobody reads what is counted here, so one will do for all. */
const frontMemory = {
  metrics: createMetricsMemory(),
  counts: createFrontCounts(),
  cnxns: createCnxnCounts(),
};
const connectionThrottle = createConnectionThrottle();
const metrics = {
  ensemble: createMetricsMemory(),
  log: createMetricsMemory(),
};
export const sessionsMax = 64;
/** A ring to or from the links: room for a few of its longest records. */
const packetBytes = 1 << 18;

export function createSimTree(hashSeed: number): TreeMemory {
  return createTreeMemory({ bytesMax: treeBytesMax, hashSeed });
}

/** A recovery empties the tree first, so `tree` may be one that was used before. */
export function createSimShared(
  nowMs: number,
  rings: RingSizes,
  tree: TreeMemory,
  isMember = false,
): SharedServer {
  const bell = createBell();
  const ring = (bytes: number) => createRing(bytes, bell, bell);
  // A sample that is full draws lots: what a run counts must not depend on the runs before it.
  if (isMember) new Uint8Array(metrics.ensemble.buffer).fill(0);
  return {
    placement: 'inline',
    bells: [bell],
    tree,
    sessions: createSessionTable({ sessionsMax, nowMs }),
    status: createSharedStatus(),
    historyLock: createLock(),
    metrics,
    fronts: [{ ...frontMemory, requests: ring(rings.requests), replies: ring(rings.replies) }],
    connectionThrottle,
    appends: ring(rings.appends),
    synced: ring(rings.synced),
    logLoan: createLoan(),
    packets: isMember ? { out: ring(packetBytes), in: ring(packetBytes) } : null,
  };
}
