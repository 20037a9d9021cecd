/**
 * One life of a whole standalone server: the production agents over a simulated disk, started by
 * the production recovery, and called one duty cycle at a time by whoever owns the simulation.
 * Like a process it ends at the first error of one of its agents; nothing is caught and retried.
 */

import type { EnsembleAgent } from '../../src/agents/ensemble.ts';
import type { KeeperAgent } from '../../src/agents/keeper.ts';
import type { Recovered } from '../../src/agents/recovery.ts';
import { dataDirectoryOf } from '../../src/agents/storage-options.ts';
import type { Agent } from '../../src/base/agent.ts';
import type { Clock } from '../../src/base/ports.ts';
import { joinHalves } from '../../src/base/zxid.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { QueryAnswers, QueryKind } from '../../src/processor/queries.ts';
import { SharedStatus } from '../../src/state/shared-status.ts';
import { openDataDirectory } from '../../src/storage/data-directory.ts';
import { assembleKeeper, assembleLog } from '../../src/thread/assemble.ts';
import type { SharedServer } from '../../src/thread/shared.ts';
import type { TreeMemory } from '../../src/tree/tree-memory.ts';
import { TreeView } from '../../src/tree/tree-view.ts';
import type { SimDisk } from './sim-disk.ts';
import { notificationOn, SimFront } from './sim-front.ts';
import { createSimShared, type RingSizes, roomyRings } from './sim-memory.ts';
import { SimLoneWrites, simPorts } from './sim-ports.ts';
import { pictureOfTree, type StatePicture } from './tree-picture.ts';

export const agentNames = ['front', 'keeper', 'log'] as const;
export type AgentName = (typeof agentNames)[number];

/** Told from inside the keeper, at the moment at which it happens. */
export interface ServerTaps {
  onPropose(txn: Uint8Array, zxid: bigint): void;
  /** A reply with this zxid, or the answer to a handshake, is about to leave. */
  onReply(zxid: bigint): void;
  /** An event has left; `isAhead` says that no reader can see its change before it. */
  onNotify(zxid: bigint, isAhead: boolean): void;
}

export interface SimServerOptions {
  readonly disk: SimDisk;
  readonly clock: Clock;
  readonly seed: number;
  readonly settings: Settings;
  readonly tree: TreeMemory;
  readonly rings?: RingSizes;
  readonly taps?: ServerTaps | null;
}

const cyclesMax = 100_000;

export class SimServer {
  readonly shared: SharedServer;
  readonly front: SimFront;
  readonly view: TreeView;
  readonly status: SharedStatus;
  readonly loneWrites: SimLoneWrites;
  recovered: Recovered | null = null;
  /** What an agent has thrown: the process is about to end, and its other threads with it. */
  failure: unknown = null;
  private readonly options: SimServerOptions;
  private readonly keeper: KeeperAgent;
  private readonly ensemble: EnsembleAgent;
  private readonly log: Agent;
  private readonly running = new Set<AgentName>();
  private hasStarted = false;

  constructor(options: SimServerOptions) {
    const { disk, clock, seed, settings, rings = roomyRings } = options;
    this.options = options;
    this.shared = createSimShared(clock.monotonicMs(), rings, options.tree);
    const onRecovered = (recovered: Recovered) => {
      this.recovered = recovered;
    };
    const ports = simPorts(disk, clock, seed);
    this.loneWrites = new SimLoneWrites(seed);
    const parts = {
      shared: this.shared,
      settings,
      serverId: 1,
      membership: null,
      ports,
      loneWrites: this.loneWrites,
      onRecovered,
    };
    const [keeper, ensemble] = assembleKeeper(parts);
    this.keeper = keeper as KeeperAgent;
    this.ensemble = ensemble as EnsembleAgent;
    this.log = assembleLog(parts);
    this.front = new SimFront(this.shared);
    this.view = new TreeView(this.shared.tree);
    this.status = new SharedStatus(this.shared.status);
    if (options.taps) tap(this, this.keeper, this.ensemble, options.taps);
  }

  /** Throws what the recovery throws. */
  start(): void {
    const { disk, settings } = this.options;
    openDataDirectory(disk, dataDirectoryOf(settings), settings['datadir.autocreate']);
    this.running.add('keeper');
    this.keeper.start();
    this.ensemble.start();
    this.log.start();
    this.running.delete('keeper');
    this.hasStarted = true;
  }

  get lastZxid(): bigint {
    return joinHalves(this.view.lastZxidHi, this.view.lastZxidLo);
  }

  /** One duty cycle; 0 for an agent that is in the middle of one, as its thread is busy then. */
  cycle(agent: AgentName): number {
    if (this.running.has(agent) || !this.hasStarted) return 0;
    const nowMs = this.options.clock.monotonicMs();
    this.running.add(agent);
    try {
      switch (agent) {
        case 'front':
          return this.front.cycle(nowMs);
        case 'keeper':
          return this.keeper.dutyCycle(nowMs) + this.ensemble.dutyCycle();
        case 'log':
          return this.log.dutyCycle(nowMs);
      }
    } catch (error) {
      this.failure = error;
      throw error;
    } finally {
      this.running.delete(agent);
    }
  }

  /**
   * Cycles of all agents that are free, until none of them has anything to do: twice in a row,
   * since what an idle one makes visible rings the bell of another.
   */
  settle(): void {
    let idle = 0;
    for (let cycles = 0; cycles < cyclesMax; cycles++) {
      const work = agentNames.reduce((sum, agent) => sum + this.cycle(agent), 0);
      idle = work === 0 ? idle + 1 : 0;
      if (idle === 2) return;
    }
    throw new Error('the agents find no rest');
  }

  /** For a settled server. */
  ask<K extends QueryKind>(kind: K): QueryAnswers[K] {
    const queryId = this.front.query(kind);
    this.settle();
    return this.front.answerOf(queryId, kind);
  }

  picture(): StatePicture {
    return pictureOfTree(this.view, this.shared.sessions);
  }

  stop(): void {
    this.log.stop();
  }
}

/** Stands between keeper and rings. */
function tap(server: SimServer, keeper: KeeperAgent, ensemble: EnsembleAgent, taps: ServerTaps) {
  const propose = ensemble.propose.bind(ensemble);
  ensemble.propose = (payload, start, end, hi, lo) => {
    taps.onPropose(payload.slice(start, end), joinHalves(hi, lo));
    propose(payload, start, end, hi, lo);
  };
  const reply = keeper.reply.bind(keeper);
  keeper.reply = (cnxnId, frame, start, end) => {
    const view = new DataView(frame.buffer, frame.byteOffset + start + 8);
    taps.onReply(view.getBigInt64(0));
    reply(cnxnId, frame, start, end);
  };
  const connected = keeper.connected.bind(keeper);
  keeper.connected = (cnxnId, answer) => {
    taps.onReply(server.lastZxid);
    connected(cnxnId, answer);
  };
  const notify = keeper.notify.bind(keeper);
  keeper.notify = (cnxnIds, count, hi, lo, frame, start, end) => {
    const zxid = joinHalves(hi, lo);
    if (server.lastZxid >= zxid) throw new Error(`the change ${zxid} is visible before its event`);
    notify(cnxnIds, count, hi, lo, frame, start, end);
    const isOnRing = notificationOn(server.shared.fronts[0]!.replies) === zxid;
    taps.onNotify(zxid, isOnRing || server.status.readGateClosed);
  };
}
