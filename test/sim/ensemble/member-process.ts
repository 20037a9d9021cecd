/**
 * One life of a member: the production agents over a simulated disk and network, called one duty
 * cycle at a time. Like a process it ends at the first error of one of its agents.
 */
import type { Ensemble } from '../../../src/agents/ensemble-port.ts';
import type { KeeperAgent } from '../../../src/agents/keeper.ts';
import type { LinksAgent } from '../../../src/agents/links.ts';
import type { PeerAgent } from '../../../src/agents/peer.ts';
import { dataDirectoryOf } from '../../../src/agents/storage-options.ts';
import type { Agent } from '../../../src/base/agent.ts';
import { Serving, SharedStatus } from '../../../src/state/shared-status.ts';
import { openDataDirectory } from '../../../src/storage/data-directory.ts';
import { assembleKeeper, assembleLinks, assembleLog } from '../../../src/thread/assemble.ts';
import type { SharedServer } from '../../../src/thread/shared.ts';
import type { TreeMemory } from '../../../src/tree/tree-memory.ts';
import { TreeView } from '../../../src/tree/tree-view.ts';
import type { SimDisk } from '../sim-disk.ts';
import { SimFront } from '../sim-front.ts';
import { createSimShared, roomyRings } from '../sim-memory.ts';
import { SimLoneWrites, simPorts } from '../sim-ports.ts';
import { pictureOfTree, type StatePicture } from '../tree-picture.ts';
import { hostOf, type MemberConfiguration, quorumPort } from './ensemble-settings.ts';
import type { MemberClock } from './member-clock.ts';
import { MemberJobs } from './member-jobs.ts';
import { PacketTap, tapReplica, tapReplies, type Witnesses } from './oracle/taps.ts';
import type { SimNet, SimProcessNet } from './sim-net.ts';

export const agentNames = ['front', 'links', 'keeper', 'log'] as const;
export type AgentName = (typeof agentNames)[number];

export interface MemberProcessOptions {
  readonly index: number;
  readonly disk: SimDisk;
  readonly clock: MemberClock;
  readonly seed: number;
  readonly configuration: MemberConfiguration;
  readonly tree: TreeMemory;
  readonly net: SimNet;
  readonly witnesses: Witnesses;
  readonly wake: () => void;
  /** What other threads do while a snapshot is being taken. */
  readonly meanwhile: () => void;
}

export class MemberProcess {
  readonly front: SimFront;
  readonly jobs: MemberJobs;
  hasStarted = false;
  readonly loneWrites: SimLoneWrites;
  private readonly options: MemberProcessOptions;
  private readonly shared: SharedServer;
  private readonly status: SharedStatus;
  private readonly view: TreeView;
  private readonly keeper: KeeperAgent;
  private readonly ensemble: Agent & Ensemble;
  private readonly log: Agent;
  private readonly links: LinksAgent;
  private network!: SimProcessNet;
  private readonly running = new Set<AgentName>();

  constructor(options: MemberProcessOptions) {
    const { index, disk, clock, seed, configuration, tree, net, witnesses, wake } = options;
    const { settings, membership, serverId } = configuration;
    const { oracle, durability } = witnesses;
    const packets = new PacketTap(durability, index);
    this.options = options;
    this.shared = createSimShared(clock.monotonicMs(), roomyRings, tree, true);
    const { shared } = this;
    const ports = simPorts(disk, clock, seed);
    const parts = { shared, settings, membership, serverId, ports };
    this.loneWrites = new SimLoneWrites(seed, () => this.cycle('links'));
    [this.keeper, this.ensemble] = assembleKeeper({
      ...parts,
      loneWrites: this.loneWrites,
      onRecovered: ({ lastZxid }) => oracle.onLoaded(index, lastZxid),
    });
    this.log = assembleLog(parts);
    [this.links] = assembleLinks(
      shared,
      (listener) => {
        this.network = net.boot(hostOf(index), packets.overhear(listener));
        return this.network;
      },
      wake,
    ) as [LinksAgent];
    this.front = new SimFront(shared);
    this.view = new TreeView(shared.tree);
    this.status = new SharedStatus(shared.status);
    this.jobs = new MemberJobs({ settings, shared, disk, meanwhile: options.meanwhile });
    tapReplica(witnesses, index, this.keeper, this.ensemble);
    tapReplies(oracle, index, this.keeper);
    packets.tap(this.ensemble as PeerAgent, quorumPort);
  }

  /** Throws what the recovery throws. */
  start(): void {
    const { disk, configuration } = this.options;
    openDataDirectory(disk, dataDirectoryOf(configuration.settings), true);
    this.running.add('keeper');
    this.keeper.start();
    this.ensemble.start();
    this.log.start();
    this.running.delete('keeper');
    this.hasStarted = true;
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
        case 'links':
          return this.links.dutyCycle();
        case 'keeper':
          return this.keeper.dutyCycle(nowMs) + this.ensemble.dutyCycle(nowMs);
        case 'log':
          return this.log.dutyCycle(nowMs);
      }
    } finally {
      this.running.delete(agent);
    }
  }

  nextDeadlineMs(): number {
    const ensembleMs = this.ensemble.nextDeadlineMs?.() ?? Number.POSITIVE_INFINITY;
    return Math.min(this.keeper.nextDeadlineMs(), ensembleMs);
  }

  /** Its state is whole: clients may see it, or those of others may if it leads and takes none. */
  get isServing(): boolean {
    return this.hasStarted && (this.leads || this.status.serving === Serving.serving);
  }

  get leads(): boolean {
    const { witnesses, index } = this.options;
    return this.hasStarted && witnesses.oracle.isLeading(index);
  }

  /** For complaints. */
  get state(): string {
    return this.hasStarted ? `${this.status.role}${this.isServing ? ', serves' : ''}` : 'starting';
  }

  picture(): StatePicture {
    return pictureOfTree(this.view, this.shared.sessions);
  }

  stop(): void {
    this.log.stop();
  }

  die(how: 'no process' | 'no power'): void {
    this.network.die(how);
    for (const client of this.front.clients.values()) client.onClose();
  }
}
