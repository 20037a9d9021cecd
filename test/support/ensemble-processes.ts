/**
 * An ensemble of our servers as child processes on the loopback interface, each with a data
 * directory of its own. Members are named by their number, from 1. A member serves once there is a
 * leader, so members are started together.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askFourLetterWord } from './four-letter-word.ts';
import { freePort } from './free-port.ts';
import { projectRoot } from './project-root.ts';
import { temporaryDirectory, writeServerConfig } from './ringkeeper-process.ts';
import { ServerProcess } from './server-process.ts';

export interface EnsembleOptions {
  readonly voters: number;
  readonly observers?: number;
  /** Further lines of every `zoo.cfg`. */
  readonly settings?: Record<string, string>;
}

interface Place {
  readonly dataDir: string;
  readonly clientPort: number;
  readonly configFile: string;
}

/** What `srvr` calls the roles. */
export type Mode = 'leader' | 'follower' | 'observer';

const pollMs = 20;
const pollsMax = 3000;

export class EnsembleProcesses {
  private readonly places: ReadonlyMap<number, Place>;
  private readonly running = new Map<number, ServerProcess>();

  private constructor(places: ReadonlyMap<number, Place>) {
    this.places = places;
  }

  /** Starts all members; resolves when each of them serves. */
  static async start(options: EnsembleOptions): Promise<EnsembleProcesses> {
    const ensemble = new EnsembleProcesses(await writePlaces(options));
    await ensemble.startAll();
    return ensemble;
  }

  get ids(): number[] {
    return [...this.places.keys()];
  }

  get runningIds(): number[] {
    return [...this.running.keys()];
  }

  portOf(id: number): number {
    return this.place(id).clientPort;
  }

  dataDirOf(id: number): string {
    return this.place(id).dataDir;
  }

  get connectString(): string {
    return this.ids.map((id) => `127.0.0.1:${this.portOf(id)}`).join(',');
  }

  server(id: number): ServerProcess {
    const server = this.running.get(id);
    if (server === undefined) throw new Error(`member ${id} does not run`);
    return server;
  }

  async startAll(): Promise<void> {
    await Promise.all(this.ids.filter((id) => !this.running.has(id)).map((id) => this.start(id)));
  }

  /** Resolves when the member serves. */
  async start(id: number): Promise<void> {
    const { configFile, clientPort, dataDir } = this.place(id);
    const server = await ServerProcess.start({
      command: process.execPath,
      args: [join(projectRoot, 'dist/main.js'), 'server', configFile],
      port: clientPort,
      dataDir,
    });
    this.running.set(id, server);
  }

  /** SIGKILL to all of these at the same moment. */
  async kill(...ids: number[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const server = this.running.get(id);
        this.running.delete(id);
        await server?.kill();
      }),
    );
  }

  /** SIGSTOP to each: they stand still, and their connections stay open. */
  pause(...ids: number[]): void {
    for (const id of ids) process.kill(this.server(id).pid, 'SIGSTOP');
  }

  /** SIGCONT to each: they go on and do not know that they stood still. */
  resume(...ids: number[]): void {
    for (const id of ids) process.kill(this.server(id).pid, 'SIGCONT');
  }

  /** SIGTERM; returns the exit code. */
  async stop(id: number): Promise<number | null> {
    const server = this.server(id);
    this.running.delete(id);
    return server.stop();
  }

  /** Takes everything from a member that does not run but its number. */
  wipe(id: number): void {
    rmSync(join(this.dataDirOf(id), 'version-2'), { recursive: true, force: true });
  }

  /** What the member says that it is; null when it serves nobody. */
  async modeOf(id: number): Promise<Mode | null> {
    const text = await askFourLetterWord(this.portOf(id), 'srvr').catch(() => '');
    const mode = /^Mode: (\w+)$/m.exec(text)?.[1];
    return (mode as Mode | undefined) ?? null;
  }

  /** Waits until one of these, or of all that run, is the leader. */
  leader(among: readonly number[] = this.runningIds): Promise<number> {
    return this.anyOf('leader', among);
  }

  /** Waits until one of these has the mode. */
  anyOf(mode: Mode, among: readonly number[] = this.runningIds): Promise<number> {
    return eventually(`a ${mode}`, async () => {
      for (const id of among) if ((await this.modeOf(id)) === mode) return id;
      return null;
    });
  }

  /** Ends all and removes their directories. */
  async close(): Promise<void> {
    await this.kill(...this.running.keys());
    for (const { dataDir } of this.places.values()) {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }

  private place(id: number): Place {
    const place = this.places.get(id);
    if (place === undefined) throw new Error(`there is no member ${id}`);
    return place;
  }
}

/** Tries again until `attempt` returns something other than null; rejects after a minute. */
export async function eventually<T>(what: string, attempt: () => Promise<T | null>): Promise<T> {
  for (let polls = 0; polls < pollsMax; polls++) {
    const found = await attempt();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`waited in vain for ${what}`);
}

async function writePlaces(options: EnsembleOptions): Promise<Map<number, Place>> {
  const count = options.voters + (options.observers ?? 0);
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  const servers: Record<string, string> = {};
  for (const id of ids) {
    const role = id <= options.voters ? 'participant' : 'observer';
    servers[`server.${id}`] = `127.0.0.1:${await freePort()}:${await freePort()}:${role}`;
  }
  const places = new Map<number, Place>();
  for (const id of ids) {
    const peerType = id <= options.voters ? 'participant' : 'observer';
    const timing = { tickTime: '500', initLimit: '20', syncLimit: '4' };
    const settings = { ...timing, ...options.settings, ...servers, peerType };
    const dataDir = temporaryDirectory();
    const { port, configFile } = await writeServerConfig({ dataDir, settings });
    writeFileSync(join(dataDir, 'myid'), `${id}\n`);
    places.set(id, { dataDir, configFile, clientPort: port });
  }
  return places;
}
