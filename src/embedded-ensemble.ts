/**
 * The embedded API for ensembles: several servers inside somebody else's process, for tests of
 * what clients do when servers come and go.
 *
 *     const ensemble = await startEnsemble({ size: 3 });
 *     const client = connect(ensemble.connectString);
 *     await ensemble.leader()?.stop();
 *     ...
 *     await ensemble.close();
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  dataPlace,
  embeddedConfiguration,
  type SettingValues,
  throwUncaught,
} from './embedded-options.ts';
import { freePorts } from './net/free-ports.ts';
import { GatedLinks } from './net/gated-links.ts';
import { type RingkeeperServer, startRingkeeper } from './server.ts';

export interface StartEnsembleOptions {
  /** Voting servers; 3 unless said otherwise. */
  readonly size?: number;
  /** Further servers that do not vote. */
  readonly observers?: number;
  /** Where each has a directory. Without it: a new temporary one, removed by `close`. */
  readonly dataDir?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** As of `startServer`. */
  readonly placement?: 'inline' | 'threads' | 'paired';
  /** Further settings by their zoo.cfg names; tickTime is 500 unless it is among them. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Default `error`: in an ensemble that is played with, warnings are everyday life. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** A server has stopped because of an error. Default: the error is thrown, uncaught. */
  readonly onFailure?: (error: unknown) => void;
}

export type MemberRole = 'leading' | 'following' | 'observing' | 'looking' | 'stopped';

/** One server of the ensemble, and what can be done to it. */
export interface EnsembleMemberControl {
  /** Its number in the server lines, from 1. */
  readonly id: number;
  readonly connectString: string;
  readonly dataDir: string;
  readonly role: MemberRole;
  /** Resolves when its clients are gone and its files are closed. */
  stop(): Promise<void>;
  /** Starts it again on its data; resolves when it looks for a leader. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** It stands still: it answers nobody, and the others hear nothing of it. */
  pause(): void;
  resume(): void;
  /** It neither reaches the other servers nor is reached; its clients still reach it. */
  partition(): void;
  heal(): void;
}

export interface EmbeddedEnsemble {
  /** All servers, separated by commas. */
  readonly connectString: string;
  readonly members: readonly EnsembleMemberControl[];
  /** Throws when there is no such number. */
  member(id: number): EnsembleMemberControl;
  /** The server that leads at the moment; one that is paused or cut off does not count. */
  leader(): EnsembleMemberControl | null;
  /**
   * Resolves when there is a leader, and every server that runs, and is neither paused nor cut off,
   * serves clients.
   */
  untilServing(): Promise<void>;
  /** Ends a session as if its time were over. Throws when nobody leads. */
  expireSession(sessionId: bigint): void;
  /** Stops all. Data stays on disk, unless the directory was a temporary one. */
  close(): Promise<void>;
}

const lookMs = 5;
const portsPerMember = 3;

/** Resolves when all servers serve clients. Rejects when one cannot start; nothing is left then. */
export async function startEnsemble(options: StartEnsembleOptions = {}): Promise<EmbeddedEnsemble> {
  const { dataDir, remove } = await dataPlace(options.dataDir);
  const members = await plannedMembers(options, dataDir);
  const close = async () => {
    await Promise.all(members.map((member) => member.stop()));
    await remove();
  };
  const leader = () => members.find((member) => member.leads) ?? null;
  const untilServing = async () => {
    while (leader() === null || !members.every((member) => member.isWell)) await sleep(lookMs);
  };
  try {
    await Promise.all(members.map((member) => member.start()));
    await untilServing();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    connectString: members.map(({ connectString }) => connectString).join(','),
    members,
    member(id) {
      const found = members.find((member) => member.id === id);
      if (found === undefined) throw new RangeError(`there is no server ${id}`);
      return found;
    },
    leader,
    untilServing,
    expireSession(sessionId) {
      const found = leader();
      if (found === null) throw new Error('nobody leads: no session can be ended');
      found.expireSession(sessionId);
    },
    close,
  };
}

async function plannedMembers(
  options: StartEnsembleOptions,
  dataDir: string,
): Promise<EmbeddedMember[]> {
  const { size = 3, observers = 0, host = '127.0.0.1' } = options;
  const count = size + observers;
  const ports = await freePorts(portsPerMember * count, host);
  const lines: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    const [client, quorum, election] = ports.slice(portsPerMember * i);
    const role = i < size ? 'participant' : 'observer';
    lines[`server.${i + 1}`] = `${host}:${quorum}:${election}:${role};${host}:${client}`;
  }
  return Array.from({ length: count }, (_, i) => {
    const connectString = `${host}:${ports[portsPerMember * i]}`;
    return new EmbeddedMember(i + 1, connectString, join(dataDir, `${i + 1}`), { options, lines });
  });
}

interface Shape {
  readonly options: StartEnsembleOptions;
  /** `server.N` and its value. */
  readonly lines: Readonly<Record<string, string>>;
}

class EmbeddedMember implements EnsembleMemberControl {
  readonly id: number;
  readonly connectString: string;
  readonly dataDir: string;
  private readonly shape: Shape;
  private server: RingkeeperServer | null = null;
  private links: GatedLinks | null = null;
  private isPaused = false;
  private isCutOff = false;

  constructor(id: number, connectString: string, dataDir: string, shape: Shape) {
    this.id = id;
    this.connectString = connectString;
    this.dataDir = dataDir;
    this.shape = shape;
  }

  get role(): MemberRole {
    const role = this.server?.role ?? 'stopped';
    return role === 'standalone' ? 'looking' : role;
  }

  get leads(): boolean {
    return this.isHealthy && this.role === 'leading' && this.server?.isServing === true;
  }

  /** Nothing more is to be waited for. */
  get isWell(): boolean {
    return this.server === null || !this.isHealthy || this.server.isServing;
  }

  private get isHealthy(): boolean {
    return !this.isPaused && !this.isCutOff;
  }

  async start(): Promise<void> {
    if (this.server !== null) return;
    const { options, lines } = this.shape;
    await mkdir(this.dataDir, { recursive: true });
    await writeFile(join(this.dataDir, 'myid'), `${this.id}\n`);
    const { settings, membership } = embeddedConfiguration(
      settingsOf(options, lines, this.dataDir),
      (path) => (path === join(this.dataDir, 'myid') ? `${this.id}\n` : null),
    );
    this.server = await startRingkeeper({
      ...{ settings, membership, serverId: this.id },
      onFailure: options.onFailure ?? throwUncaught,
      openLinks: (listener) => {
        this.links = new GatedLinks(listener);
        if (this.isCutOff) this.links.shut();
        return this.links;
      },
    });
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    this.isPaused = false;
    await server?.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  pause(): void {
    if (this.server === null) return;
    this.isPaused = true;
    this.server.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.server?.resume();
  }

  partition(): void {
    this.isCutOff = true;
    this.links?.shut();
  }

  heal(): void {
    this.isCutOff = false;
    this.links?.unshut();
  }

  expireSession(sessionId: bigint): void {
    this.server?.expireSession(sessionId);
  }
}

function settingsOf(
  { settings, placement, logLevel }: StartEnsembleOptions,
  lines: SettingValues,
  dataDir: string,
): SettingValues {
  return {
    ...{ tickTime: 500, initLimit: 10, syncLimit: 5, maxClientCnxns: 0 },
    'ringkeeper.treeMemoryMb': 256,
    '4lw.commands.whitelist': '*',
    standaloneEnabled: false,
    ...settings,
    dataDir,
    'ringkeeper.placement': placement ?? 'inline',
    'ringkeeper.logLevel': logLevel ?? 'error',
    ...lines,
  };
}
