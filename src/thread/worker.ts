/**
 * Entry of a worker thread: builds the agents that the placement puts on this thread, and runs
 * them until the process ends. A failure is thrown, reaches the main thread as this worker's
 * 'error' event, and ends the process there.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Membership } from '../config/server-lines.ts';
import type { Settings } from '../config/settings.ts';
import { Bell } from '../ring/bell.ts';
import { assembleKeeper, assembleLog, loneWritesOf } from './assemble.ts';
import { nodePorts } from './node-ports.ts';
import { placements } from './placement.ts';
import type { SharedServer } from './shared.ts';
import { WorkerLoop } from './worker-loop.ts';

export interface WorkerStart {
  /** Index into the threads of the placement. */
  readonly thread: number;
  readonly shared: SharedServer;
  readonly settings: Settings;
  readonly serverId: number;
  readonly membership: Membership | null;
}

const start = workerData as WorkerStart;
const { shared, settings, thread, serverId, membership } = start;
const names: readonly string[] = placements[shared.placement][thread] ?? [];
const ports = nodePorts(settings, names[0] ?? 'worker');
const options = {
  shared,
  settings,
  serverId,
  membership,
  ports,
  // The sockets are on the main thread, which is woken for packets and goes on meanwhile.
  loneWrites: loneWritesOf(settings, ports.clock, { arrivals: () => 0, sendPackets: () => {} }),
  onRecovered: (recovered: unknown) => parentPort?.postMessage({ kind: 'recovered', recovered }),
};
const agents = [
  ...(names.includes('keeper') ? assembleKeeper(options) : []),
  ...(names.includes('log') ? [assembleLog(options)] : []),
];

new WorkerLoop({
  agents,
  bell: new Bell(shared.bells[thread]!),
  clock: ports.clock,
  onFailure: (error) => {
    throw error;
  },
}).run();
