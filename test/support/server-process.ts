/**
 * A ZooKeeper server as a child process: starts it, waits until it serves, stops or kills it by
 * its pid, keeps what it printed. What the server is (ours or Apache's) is the command line that
 * it is given. It never touches a process that it did not start.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { askFourLetterWord } from './four-letter-word.ts';

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Client port, for asking whether it serves. */
  readonly port: number;
  readonly dataDir: string;
}

const pollMs = 5;
/** Apache's server leaves a word unanswered when it came while the database was loading. */
const pollPatienceMs = 100;
const serveTriesMax = 12_000;
const logBytesMax = 4 * 1024 * 1024;

export class ServerProcess {
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** ms from the spawn until it answered that it serves. */
  startMs = 0;
  /** Settles when the process is gone: its exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private text = '';
  private readonly listeners: ((text: string) => void)[] = [];
  private isGone = false;

  private constructor(child: ChildProcess, server: ServerCommand) {
    this.child = child;
    this.port = server.port;
    this.dataDir = server.dataDir;
    this.pid = child.pid as number;
    child.stdout?.on('data', (chunk: Buffer) => this.keep(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.keep(chunk));
    this.exited = new Promise((resolve) => {
      // Not 'exit': its last words may still be on their way then.
      child.on('close', (code) => {
        this.isGone = true;
        resolve(code);
      });
    });
  }

  /** Starts the server and resolves when it serves; rejects with its log when it does not. */
  static async start(server: ServerCommand): Promise<ServerProcess> {
    const startedMs = performance.now();
    const started = await ServerProcess.spawn(server);
    await started.serving();
    started.startMs = performance.now() - startedMs;
    return started;
  }

  /** Starts the server and resolves as soon as there is a process; whether it serves is open. */
  static spawn(server: ServerCommand): Promise<ServerProcess> {
    const child = spawn(server.command, server.args, {
      env: { ...process.env, ...server.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(new ServerProcess(child, server)));
    });
  }

  get connectString(): string {
    return `127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return !this.isGone;
  }

  /** Everything it wrote to stdout and stderr, or the last few MiB of it. */
  logs(): string {
    return this.text;
  }

  /** Calls `listener` with every piece of output that comes from now on. */
  onOutput(listener: (text: string) => void): void {
    this.listeners.push(listener);
  }

  /** SIGTERM, and waits for the end. Returns the exit code, null when a signal ended it. */
  async stop(): Promise<number | null> {
    if (this.isRunning) this.child.kill('SIGTERM');
    return this.exited;
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Freezes it (SIGSTOP): it keeps its connections and answers nobody. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  private keep(chunk: Buffer): void {
    const text = chunk.toString('utf8');
    this.text += text;
    for (const listener of this.listeners) listener(text);
    if (this.text.length > logBytesMax) this.text = this.text.slice(-logBytesMax / 2);
  }

  private async serving(): Promise<void> {
    for (let tries = 0; tries < serveTriesMax; tries++) {
      if (this.isGone) throw new Error(`the server stopped while starting:\n${this.text}`);
      const text = await askFourLetterWord(this.port, 'srvr', pollPatienceMs).catch(() => '');
      if (text.includes('Mode:')) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    await this.kill();
    throw new Error(`the server did not serve in time:\n${this.text}`);
  }
}
