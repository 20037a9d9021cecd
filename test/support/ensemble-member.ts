/**
 * One member of an ensemble of real processes: its place on disk, its ports, and the process that
 * serves them at the moment, ours or Apache's. The next process on the same directory may be of
 * another kind.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apacheClassPath } from '../../native-free-bench/apache/jars.ts';
import { askFourLetterWord } from './four-letter-word.ts';
import type { MemberNetwork } from './member-network.ts';
import type { PeerPorts } from './peer-relays.ts';
import { projectRoot } from './project-root.ts';
import { type ServerCommand, ServerProcess } from './server-process.ts';

/** `apache 3.9.5`: Apache's server of that version. */
export type MemberKind = 'ringkeeper' | `apache ${string}`;

export type MemberMode = 'leader' | 'follower' | 'observer' | null;

export interface MemberPlace {
  readonly id: number;
  readonly role: 'participant' | 'observer';
  readonly clientPort: number;
  readonly ports: PeerPorts;
  readonly dataDir: string;
}

export interface MemberOptions {
  /** The text of zoo.cfg. */
  readonly config: string;
  /** Heap of a JVM, as `-Xmx` takes it. */
  readonly heap: string;
  readonly network: MemberNetwork | undefined;
}

const wordTimeoutMs = 1000;

export class EnsembleMember {
  readonly place: MemberPlace;
  kind: MemberKind;
  private readonly options: MemberOptions;
  private process: ServerProcess | null = null;

  constructor(place: MemberPlace, kind: MemberKind, options: MemberOptions) {
    this.place = place;
    this.kind = kind;
    this.options = options;
    this.prepareDirectory();
  }

  get id(): number {
    return this.place.id;
  }

  get port(): number {
    return this.place.clientPort;
  }

  get isRunning(): boolean {
    return this.process?.isRunning ?? false;
  }

  get pid(): number {
    return this.running().pid;
  }

  /** What the present or last process printed. */
  get log(): string {
    return this.process?.logs() ?? '';
  }

  /** Resolves when there is a process; whether it serves depends on the others. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`member ${this.id} runs already`);
    const { network } = this.options;
    const command = await this.command();
    this.process = await ServerProcess.spawn(network?.inside(this.id, command) ?? command);
  }

  /** SIGTERM, and waits for the end. Returns the exit code, null when a signal ended it. */
  stop(): Promise<number | null> {
    return this.running().stop();
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    await this.process?.kill();
  }

  /** Settles when the process that runs now is gone: its exit code, or null after a signal. */
  get exited(): Promise<number | null> {
    return this.running().exited;
  }

  /** From now on no file of the running process can be written beyond this size. */
  limitFileBytes(bytes: number): void {
    execFileSync('prlimit', ['--pid', String(this.pid), `--fsize=${bytes}`]);
  }

  pause(): void {
    this.running().pause();
  }

  resume(): void {
    this.running().resume();
  }

  /** Removes everything that it has stored. It must not run. */
  wipe(): void {
    if (this.isRunning) throw new Error(`member ${this.id} runs`);
    rmSync(this.place.dataDir, { recursive: true, force: true });
    this.prepareDirectory();
  }

  /** What it says of its part; null while it does not serve. */
  async mode(): Promise<MemberMode> {
    if (!this.isRunning) return null;
    const text = await askFourLetterWord(this.port, 'srvr', wordTimeoutMs).catch(() => '');
    return (/^Mode: (leader|follower|observer)$/m.exec(text)?.[1] ?? null) as MemberMode;
  }

  private running(): ServerProcess {
    if (this.process === null || !this.isRunning) throw new Error(`member ${this.id} is down`);
    return this.process;
  }

  private prepareDirectory(): void {
    const { dataDir, id } = this.place;
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'myid'), `${id}\n`);
    writeFileSync(join(dataDir, 'zoo.cfg'), this.options.config);
  }

  private async command(): Promise<ServerCommand> {
    const { dataDir, clientPort: port } = this.place;
    const configFile = join(dataDir, 'zoo.cfg');
    if (this.kind === 'ringkeeper') {
      const args = [join(projectRoot, 'dist/main.js'), 'server', configFile];
      return { command: process.execPath, args, port, dataDir };
    }
    const classPath = await apacheClassPath(this.kind.slice('apache '.length));
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const args = [`-Xmx${this.options.heap}`, '-cp', classPath, main, configFile];
    return { command: 'java', args, port, dataDir };
  }
}
