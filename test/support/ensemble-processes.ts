/**
 * Ensembles of real processes on the loopback interface, of ours, of Apache's, or mixed: free
 * ports, a directory and a zoo.cfg for each member, and whatever can happen to a member.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  EnsembleMember,
  type MemberKind,
  type MemberMode,
  type MemberPlace,
} from './ensemble-member.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import type { MemberNetwork } from './member-network.ts';
import { temporaryDirectory } from './ringkeeper-process.ts';

export interface EnsembleOptions {
  /** Kinds of the voters; their numbers are 1, 2, 3 and so on. */
  readonly voters: readonly MemberKind[];
  /** Kinds of the observers, whose numbers follow. */
  readonly observers?: readonly MemberKind[];
  /** By which they know each other; 127.0.0.1 unless given. */
  readonly host?: string;
  /** Further lines of `zoo.cfg` for all members; they win over the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Between the members; they reach each other directly unless given. Ends with the ensemble. */
  readonly network?: MemberNetwork;
  /** Heap of a JVM, as `-Xmx` takes it. */
  readonly heap?: string;
}

/** Kinds of so many members, all of them ours. */
export function ringkeepers(count: number): MemberKind[] {
  return Array.from({ length: count }, () => 'ringkeeper');
}

const defaultSettings = {
  tickTime: '500',
  initLimit: '20',
  syncLimit: '4',
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': '*',
  maxClientCnxns: '0',
};

export class EnsembleProcesses {
  readonly members: readonly EnsembleMember[];
  private readonly network: MemberNetwork | undefined;
  private readonly directory: string;

  private constructor(
    members: EnsembleMember[],
    network: MemberNetwork | undefined,
    directory: string,
  ) {
    this.members = members;
    this.network = network;
    this.directory = directory;
  }

  /** Prepares directories and ports, and starts nobody. */
  static async prepare(options: EnsembleOptions): Promise<EnsembleProcesses> {
    const directory = temporaryDirectory();
    const kinds = [...options.voters, ...(options.observers ?? [])];
    const places: MemberPlace[] = [];
    for (let id = 1; id <= kinds.length; id++) {
      places.push({
        id,
        role: id <= options.voters.length ? 'participant' : 'observer',
        clientPort: await freePort(),
        ports: { quorum: await freePort(), election: await freePort() },
        dataDir: join(directory, String(id)),
      });
    }
    const { network, heap = '256m' } = options;
    await network?.open(places);
    const members = places.map((place, i) => {
      const config = configOf(place, places, options);
      return new EnsembleMember(place, kinds[i]!, { config, heap, network });
    });
    return new EnsembleProcesses(members, network, directory);
  }

  /** Prepares and starts; resolves when all members serve. */
  static async start(options: EnsembleOptions): Promise<EnsembleProcesses> {
    const ensemble = await EnsembleProcesses.prepare(options);
    await ensemble.startAll();
    return ensemble;
  }

  get ids(): number[] {
    return this.members.map(({ id }) => id);
  }

  get runningIds(): number[] {
    return this.members.filter(({ isRunning }) => isRunning).map(({ id }) => id);
  }

  /** Client ports of all members. */
  get ports(): number[] {
    return this.members.map(({ port }) => port);
  }

  get connectString(): string {
    return this.ports.map((port) => `127.0.0.1:${port}`).join(',');
  }

  member(id: number): EnsembleMember {
    const member = this.members[id - 1];
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }

  portOf(id: number): number {
    return this.member(id).port;
  }

  dataDirOf(id: number): string {
    return this.member(id).place.dataDir;
  }

  /** Starts all members that are down; resolves when all serve. */
  async startAll(): Promise<void> {
    const down = this.members.filter(({ isRunning }) => !isRunning);
    await Promise.all(down.map((member) => member.start()));
    await this.allServe();
  }

  /** Resolves when the member serves. Needs a quorum; `member(id).start` does not. */
  async start(id: number): Promise<void> {
    await this.member(id).start();
    await this.waitFor(`member ${id} serves`, () => this.modeOf(id));
  }

  /** SIGTERM; returns the exit code. */
  stop(id: number): Promise<number | null> {
    return this.member(id).stop();
  }

  /** SIGTERM to all at the same moment. */
  async stopAll(): Promise<void> {
    await Promise.all(this.runningIds.map((id) => this.stop(id)));
  }

  /** SIGKILL to all of these at the same moment. */
  async kill(...ids: number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.member(id).kill()));
  }

  /** SIGSTOP to each: they stand still, and their connections stay open. */
  pause(...ids: number[]): void {
    for (const id of ids) this.member(id).pause();
  }

  /** SIGCONT to each: they go on and do not know that they stood still. */
  resume(...ids: number[]): void {
    for (const id of ids) this.member(id).resume();
  }

  /** Takes everything from a member that does not run but its number. */
  wipe(id: number): void {
    this.member(id).wipe();
  }

  /** What the member says that it is; null when it serves nobody. */
  modeOf(id: number): Promise<MemberMode> {
    return this.member(id).mode();
  }

  /** Waits until one of these, or of all that run, is the leader. */
  leader(among?: readonly number[]): Promise<number> {
    return this.anyOf('leader', among);
  }

  /** Waits until one of these, or of all that run, has the mode. */
  anyOf(mode: MemberMode, among?: readonly number[]): Promise<number> {
    return this.waitFor(`a ${mode}`, async () => {
      for (const id of among ?? this.runningIds) if ((await this.modeOf(id)) === mode) return id;
      return null;
    });
  }

  /** Waits until every one of these, or of all that run, serves, one of them as leader. */
  async allServe(among?: readonly number[]): Promise<void> {
    await this.waitFor('all members serve', async () => {
      const modes = await Promise.all((among ?? this.runningIds).map((id) => this.modeOf(id)));
      return modes.includes('leader') && !modes.includes(null) ? modes : null;
    });
  }

  /** Waits until exactly so many of those that run serve clients; tells which. */
  servers(count: number): Promise<number[]> {
    return this.waitFor(`${count} members serve`, async () => {
      const ids = this.runningIds;
      const modes = await Promise.all(ids.map((id) => this.modeOf(id)));
      const serving = ids.filter((_id, i) => modes[i] !== null);
      return serving.length === count ? serving : null;
    });
  }

  /** As `eventually`; a failure also tells the last lines of every member. */
  async waitFor<T>(what: string, probe: () => Promise<T | null> | T | null): Promise<T> {
    try {
      return await eventually(what, probe);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.lastLines()}`, { cause: error });
    }
  }

  /** Ends everything and removes the directories. */
  async close(): Promise<void> {
    await this.kill(...this.ids);
    await this.network?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private lastLines(): string {
    return this.members
      .map(({ id, kind, isRunning, log }) => {
        const lines = log.split('\n').slice(-30).join('\n');
        return `--- member ${id}, ${kind}, ${isRunning ? 'running' : 'down'}\n${lines}`;
      })
      .join('\n');
  }
}

function configOf(
  own: MemberPlace,
  places: readonly MemberPlace[],
  { host = '127.0.0.1', settings, network }: EnsembleOptions,
): string {
  const lines = places.map((place) => {
    const address = network?.addressOf(own, place) ?? { host, ports: place.ports };
    const { quorum, election } = address.ports;
    return [`server.${place.id}`, `${address.host}:${quorum}:${election}:${place.role}`];
  });
  const all = {
    ...defaultSettings,
    dataDir: own.dataDir,
    clientPort: String(own.clientPort),
    clientPortAddress: '127.0.0.1',
    ...(own.role === 'observer' ? { peerType: 'observer' } : {}),
    ...settings,
    ...Object.fromEntries(lines),
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
