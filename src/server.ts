/**
 * Puts a server together: locks and opens the data directory, makes the shared memory, starts the
 * threads that the placement names, listens, and runs the jobs. Everything else gets what it needs
 * from here as parameters. It never ends the process: a failure goes to `onFailure`.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Recovered } from './agents/recovery.ts';
import { dataDirectoryOf } from './agents/storage-options.ts';
import type { Agent } from './base/agent.ts';
import type { Membership } from './config/server-lines.ts';
import type { Settings } from './config/settings.ts';
import type { FrontAgent } from './front/front.ts';
import type { Housekeeper } from './jobs/housekeeper.ts';
import type { ClientConnection } from './net/client-connection.ts';
import { ClientListener } from './net/client-listener.ts';
import { type LinkListener, type Links, PeerLinks } from './net/peer-links.ts';
import { Bell } from './ring/bell.ts';
import { type ServerRole, Serving, SharedStatus } from './state/shared-status.ts';
import { openDataDirectory } from './storage/data-directory.ts';
import { type DirectoryLock, lockDataDirectory } from './storage/node-directory-lock.ts';
import {
  assembleKeeper,
  assembleLinks,
  assembleLog,
  loneWritesOf,
  type Ports,
} from './thread/assemble.ts';
import { assembleFront } from './thread/assemble-front.ts';
import { assembleHousekeeper } from './thread/assemble-jobs.ts';
import { bundledEntry } from './thread/bundled-entry.ts';
import { listenerOptions } from './thread/client-port.ts';
import { FurtherFronts } from './thread/further-fronts.ts';
import { MainLoop } from './thread/main-loop.ts';
import { nodePorts } from './thread/node-ports.ts';
import { choosePlacement, placements } from './thread/placement.ts';
import { createShared, type SharedServer, sharedOptions } from './thread/shared.ts';
import type { WorkerStart } from './thread/worker.ts';

export interface ServerOptions {
  readonly settings: Settings;
  readonly serverId: number;
  /** Of the ensemble to which the server belongs; null for a standalone one. */
  readonly membership: Membership | null;
  /** Called once when the server can no longer run; it serves nobody from then on. */
  readonly onFailure: (error: unknown) => void;
  /** The connections to other servers; plain sockets unless somebody stands in between. */
  readonly openLinks?: (listener: LinkListener) => Links;
}

/** Longest wait for answers to what was received before the end. */
const drainMsMax = 1000;
const drainStepMs = 5;
/** Longest time that the main thread waits for an answer without looking at its sockets. */
const blockMsMax = 2;

/** Resolves when clients are served. Rejects when the server cannot start; nothing is left then. */
export async function startRingkeeper(options: ServerOptions): Promise<RingkeeperServer> {
  const server = new RingkeeperServer(options);
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

export class RingkeeperServer {
  private readonly options: ServerOptions;
  readonly ports: Ports;
  private readonly shared: SharedServer;
  private readonly status: SharedStatus;
  private readonly front: FrontAgent;
  private readonly loop: MainLoop;
  private readonly listeners: readonly ClientListener[];
  private readonly furtherFronts = new FurtherFronts((error) => this.fail(error));
  private readonly housekeeper: Housekeeper;
  private readonly workers: Worker[] = [];
  private lock: DirectoryLock | null = null;
  private onRecovered!: (recovered: Recovered) => void;
  private onStartFailed!: (error: unknown) => void;
  private readonly recovering: Promise<Recovered>;
  private closing: Promise<void> | null = null;
  private state: 'starting' | 'serving' | 'failed' | 'closed' = 'starting';
  /** The client port that is bound. */
  port = 0;
  recovered: Recovered | null = null;

  constructor(options: ServerOptions) {
    const { settings } = options;
    this.options = options;
    this.ports = nodePorts(settings, 'front');
    const placement = choosePlacement(settings['ringkeeper.placement']);
    const isMember = options.membership !== null;
    this.shared = createShared(sharedOptions(settings, placement, isMember, this.ports));
    this.status = new SharedStatus(this.shared.status);
    this.recovering = new Promise((resolve, reject) => {
      this.onRecovered = resolve;
      this.onStartFailed = reject;
    });
    this.recovering.catch(() => {});
    this.housekeeper = assembleHousekeeper(settings, this.shared, this.ports);
    const parts = { ...options, shared: this.shared, ports: this.ports };
    this.front = assembleFront({
      ...{ ...parts, index: 0 },
      clientPort: () => this.port,
      wake: () => this.loop.wake(),
      onFailure: (error) => this.fail(error),
      onSnapshotDue: () => this.housekeeper.snapshot(),
    });
    const mayBlock = placement !== 'inline' && !isMember;
    this.loop = new MainLoop({
      agents: this.mainAgents(),
      bell: new Bell(this.shared.bells[0]!),
      clock: this.ports.clock,
      // A member must hear the others at any time.
      mayBlockMs: () => (mayBlock && this.front.isOnlyWaiting ? blockMsMax : 0),
      onFailure: (error) => this.fail(error),
    });
    const isListening = settings.clientPort !== null;
    const accept = (socket: Socket) => this.accept(socket);
    const listener = () => new ClientListener(listenerOptions(settings, this.ports.logger, accept));
    this.listeners = isListening ? [listener()] : [];
  }

  /** `host:port` for clients on this machine; an IPv6 address stands in brackets. */
  get connectString(): string {
    const host = this.options.settings.clientPortAddress ?? '127.0.0.1';
    return `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  get role(): ServerRole {
    return this.status.role;
  }

  /** Clients are served: a standalone server always does, a member while there is a leader. */
  get isServing(): boolean {
    return this.state === 'serving' && this.status.serving === Serving.serving;
  }

  /** Ends a session as if its time were over. The leader of an ensemble has to be asked. */
  expireSession(sessionId: bigint): void {
    this.front.expire(sessionId);
  }

  /** Stands still, as a process that was stopped by a signal, until `resume`. */
  pause(): void {
    this.front.clients.isPaused = true;
    this.loop.pause();
    this.furtherFronts.pause();
  }

  resume(): void {
    this.front.clients.isPaused = false;
    this.front.clients.resumeStalled();
    this.loop.resume();
    this.furtherFronts.resume();
  }

  private mainAgents(): Agent[] {
    const { shared, ports, options } = this;
    const names: readonly string[] = placements[shared.placement][0];
    const links = assembleLinks(
      shared,
      options.openLinks ?? ((listener) => new PeerLinks(listener)),
      () => this.loop.wake(),
    );
    const loneWrites = loneWritesOf(options.settings, ports.clock, {
      arrivals: () => this.front.stats.packetsReceived,
      sendPackets: () => {
        for (const agent of links) agent.dutyCycle();
      },
    });
    const parts = { ...options, shared, ports, loneWrites, onRecovered: this.onRecovered };
    return [
      this.front,
      ...links,
      ...(names.includes('keeper') ? assembleKeeper(parts) : []),
      ...(names.includes('log') ? [assembleLog(parts)] : []),
    ];
  }

  private accept(socket: Socket): ClientConnection | null {
    try {
      return this.front.clients.accept(socket);
    } catch (error) {
      socket.destroy();
      this.fail(error);
      return null;
    }
  }

  async start(): Promise<void> {
    const { settings } = this.options;
    const directory = dataDirectoryOf(settings);
    openDataDirectory(this.ports.disk, directory, settings['datadir.autocreate']);
    this.lock = await lockDataDirectory(directory);
    for (const listener of this.listeners) this.port = await listener.listen();
    this.startWorkers();
    this.loop.start();
    await Promise.all([this.startFurtherFronts(), this.recovering]);
    this.recovered = await this.recovering;
    this.state = 'serving';
    this.housekeeper.start(this.recovered.replayedTxns > 0);
  }

  private startWorkers(): void {
    const { shared } = this;
    const { settings, serverId, membership } = this.options;
    for (let thread = 1; thread < placements[shared.placement].length; thread++) {
      const workerData: WorkerStart = { thread, shared, settings, serverId, membership };
      const worker = new Worker(bundledEntry('thread/worker.js'), { workerData });
      worker.on('message', (message: { recovered: Recovered }) =>
        this.onRecovered(message.recovered),
      );
      worker.on('error', (error) => this.fail(error));
      worker.on('exit', () => this.fail(new Error('a worker thread ended by itself')));
      this.workers.push(worker);
    }
  }

  private async startFurtherFronts(): Promise<void> {
    const { shared, port } = this;
    const { settings, serverId, membership } = this.options;
    for (const { descriptor } of this.listeners) {
      const start = { shared, settings, serverId, membership, port, descriptor };
      await this.furtherFronts.start(start);
    }
  }

  private fail(error: unknown): void {
    if (this.state === 'failed' || this.state === 'closed') return;
    const wasStarting = this.state === 'starting';
    this.state = 'failed';
    this.stopListening();
    try {
      // The fronts could still read a tree that nobody writes any more.
      void this.furtherFronts.close(drainMsMax);
      this.front.stop();
    } finally {
      if (wasStarting) this.onStartFailed(error);
      else this.options.onFailure(error);
    }
  }

  private stopListening(): void {
    this.status.serving = Serving.stopping;
    for (const listener of this.listeners) listener.close();
    this.furtherFronts.stopListening();
  }

  /**
   * Answers what was received, closes all connections, and lets go of the data directory. All calls
   * resolve at the same time.
   */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    const failed = this.state === 'failed';
    this.stopListening();
    const lastMs = this.ports.clock.monotonicMs() + drainMsMax;
    while (!failed && this.front.inFlightOfAll > 0 && this.ports.clock.monotonicMs() < lastMs) {
      await sleep(drainStepMs);
    }
    this.state = 'closed';
    await this.furtherFronts.close(drainMsMax);
    this.loop.close();
    // A loop that failed, or was not started, does not stop its agents.
    this.front.stop();
    try {
      await this.housekeeper.close();
    } finally {
      await Promise.all(this.workers.map((worker) => worker.terminate()));
      this.lock?.release();
    }
  }
}
