/**
 * All memory that the threads of a server share, made once by the main thread and posted to the
 * others: the tree, the session table, the status words, a bell a thread, and a ring a link.
 */
import { totalmem } from 'node:os';
import { traceMaskDefault } from '../admin/four-letter-words.ts';
import { createMetricsMemory, type MetricsMemory } from '../admin/metrics-recorder.ts';
import { payloadBytesMax } from '../agents/storage-options.ts';
import { ringBytesDefault, sessionsMax } from '../base/limits.ts';
import type { Clock, Random } from '../base/ports.ts';
import type { Settings } from '../config/settings.ts';
import { type CnxnCountsMemory, createCnxnCounts } from '../front/cnxn-counts.ts';
import {
  type ConnectionThrottleMemory,
  createConnectionThrottle,
} from '../front/connection-throttle.ts';
import { createFrontCounts, type FrontCountsMemory } from '../front/front-counts.ts';
import { type BellMemory, createBell } from '../ring/bell.ts';
import { createLoan, type LoanMemory } from '../ring/loan.ts';
import { createRing, type RingMemory } from '../ring/ring.ts';
import { createLock, type LockMemory } from '../ring/thread-lock.ts';
import { createSessionTable, type SessionTableMemory } from '../state/session-table.ts';
import {
  createSharedStatus,
  SharedStatus,
  type SharedStatusMemory,
} from '../state/shared-status.ts';
import { pathBytesMax } from '../tree/layout.ts';
import { createTreeMemory, type TreeMemory } from '../tree/tree-memory.ts';
import {
  type AgentName,
  type Placement,
  placements,
  threadOf,
  threadOfFront,
} from './placement.ts';

export interface SharedServer {
  readonly placement: Placement;
  readonly tree: TreeMemory;
  readonly sessions: SessionTableMemory;
  readonly status: SharedStatusMemory;
  /** Between a purge and the log, when that is cut or replaced. */
  readonly historyLock: LockMemory;
  /** Counters and summaries, one memory for each agent that counts. */
  readonly metrics: Readonly<Record<'ensemble' | 'log', MetricsMemory>>;
  /** One for each thread: those of the placement, then one for each further front. */
  readonly bells: readonly BellMemory[];
  readonly fronts: readonly SharedFront[];
  readonly connectionThrottle: ConnectionThrottleMemory;
  readonly appends: RingMemory;
  readonly synced: RingMemory;
  /** The end of the log, which is lent over `appends`. */
  readonly logLoan: LoanMemory;
  /** To and from the links; null on a standalone server. */
  readonly packets: PacketRings | null;
}

/** What a front shares with the keeper and with the other fronts. */
export interface SharedFront {
  readonly requests: RingMemory;
  readonly replies: RingMemory;
  readonly metrics: MetricsMemory;
  readonly counts: FrontCountsMemory;
  readonly cnxns: CnxnCountsMemory;
}

export interface PacketRings {
  readonly out: RingMemory;
  readonly in: RingMemory;
}

export interface SharedOptions {
  readonly placement: Placement;
  /** Threads that have clients. */
  readonly fronts: number;
  readonly treeBytesMax: number;
  readonly hashSeed: number;
  /** Longest frame, `jute.maxbuffer`: it decides how long the rings are. */
  readonly frameBytesMax: number;
  /** Longest txn, of the same settings. */
  readonly payloadBytesMax: number;
  readonly nowMs: number;
  /** One of several servers. */
  readonly isMember: boolean;
}

const smallRingBytes = 64 * 1024;
const mib = 1024 * 1024;

/** `ringkeeper.treeMemoryMb` 0 stands for half of the machine's memory. */
export function sharedOptions(
  settings: Settings,
  placement: Placement,
  isMember: boolean,
  ports: { readonly clock: Clock; readonly random: Random },
): SharedOptions {
  const wantedMb = settings['ringkeeper.treeMemoryMb'];
  return {
    ...{ placement, isMember, fronts: settings['ringkeeper.fronts'] },
    treeBytesMax: wantedMb > 0 ? wantedMb * mib : Math.floor(totalmem() / 2),
    hashSeed: ports.random.next32(),
    frameBytesMax: settings['jute.maxbuffer'],
    payloadBytesMax: payloadBytesMax(settings),
    nowMs: ports.clock.monotonicMs(),
  };
}

export function createShared(options: SharedOptions): SharedServer {
  const { placement } = options;
  const status = createSharedStatus();
  new SharedStatus(status).traceMask = traceMaskDefault;
  const threads = placements[placement].length + options.fronts - 1;
  const bells = Array.from({ length: threads }, () => createBell());
  const bellOf = (agent: AgentName) => bells[threadOf(placement, agent)] as BellMemory;
  const ring = (bytes: number, from: AgentName, to: AgentName) =>
    createRing(bytes, bellOf(from), bellOf(to));
  const fronts = Array.from({ length: options.fronts }, (_, front) =>
    createFront(options, bells[threadOfFront(placement, front)]!, bellOf('keeper')),
  );
  return {
    placement,
    bells,
    fronts,
    connectionThrottle: createConnectionThrottle(),
    tree: createTreeMemory({ bytesMax: options.treeBytesMax, hashSeed: options.hashSeed }),
    sessions: createSessionTable({ sessionsMax, nowMs: options.nowMs }),
    status,
    historyLock: createLock(),
    metrics: {
      ensemble: createMetricsMemory(),
      log: createMetricsMemory(),
    },
    appends: ring(ringBytesFor(options.payloadBytesMax), 'ensemble', 'log'),
    synced: ring(smallRingBytes, 'log', 'ensemble'),
    logLoan: createLoan(),
    packets: options.isMember
      ? {
          out: ring(ringBytesDefault, 'ensemble', 'links'),
          in: ring(ringBytesDefault, 'links', 'ensemble'),
        }
      : null,
  };
}

function createFront(
  { frameBytesMax }: SharedOptions,
  front: BellMemory,
  keeper: BellMemory,
): SharedFront {
  // The path of a notification may be as long as the frame that made the node.
  const replyBytes = ringBytesFor(Math.min(frameBytesMax, pathBytesMax));
  return {
    requests: createRing(ringBytesFor(frameBytesMax), front, keeper),
    replies: createRing(replyBytes, keeper, front),
    metrics: createMetricsMemory(),
    counts: createFrontCounts(),
    cnxns: createCnxnCounts(),
  };
}

/** What a record may hold beside a frame or a txn: its layout, addresses, connection numbers. */
const recordExtraBytes = 40 * 1024;

/** A power of two, half of which holds a record with a frame or a txn of this length. */
function ringBytesFor(bytesMax: number): number {
  return Math.max(ringBytesDefault, 2 ** Math.ceil(Math.log2(2 * (bytesMax + recordExtraBytes))));
}
