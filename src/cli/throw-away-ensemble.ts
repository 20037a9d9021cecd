/**
 * `ringkeeper ensemble`: some servers on the loopback interface, each a process of its own with a
 * directory below a temporary one, until the command is told to end. To try things with.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../net/free-ports.ts';

export interface ThrowAwayOptions {
  readonly size: number;
  /** Of the first server; the others have the ones behind it. */
  readonly firstPort: number;
  /** The script of this process, which each server runs. */
  readonly script: string;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

const host = '127.0.0.1';
const lookMs = 20;
const answerMsMax = 1000;

/** It has said why on the standard error that all servers share. */
class MemberEndedError extends Error {
  override readonly name = 'MemberEndedError';

  constructor(port: number) {
    super(`the server on port ${port} has ended, see above, and so the others do`);
  }
}

export class ThrowAwayEnsemble {
  readonly connectString: string;
  readonly directory: string;
  private readonly children: ChildProcess[];

  private constructor(connectString: string, directory: string, children: ChildProcess[]) {
    this.connectString = connectString;
    this.directory = directory;
    this.children = children;
  }

  /** Resolves when all serve clients; rejects when one ends before, with nothing left. */
  static async start(options: ThrowAwayOptions): Promise<ThrowAwayEnsemble> {
    const { size, firstPort, script, signal } = options;
    const directory = await mkdtemp(join(tmpdir(), 'ringkeeper-ensemble-'));
    const ports = Array.from({ length: size }, (_, i) => firstPort + i);
    const peerPorts = await freePorts(2 * size, host);
    const lines = ports.map((_, i) => {
      return `server.${i + 1}=${host}:${peerPorts[2 * i]}:${peerPorts[2 * i + 1]}\n`;
    });
    const children: ChildProcess[] = [];
    const connectString = ports.map((port) => `${host}:${port}`).join(',');
    const ensemble = new ThrowAwayEnsemble(connectString, directory, children);
    try {
      for (const [i, port] of ports.entries()) {
        const config = await writeServer(directory, i + 1, port, lines.join(''));
        const stdio: StdioOptions = ['ignore', 'ignore', 'inherit'];
        const more = ['--log-level', 'warn'];
        children.push(spawn(process.execPath, [script, 'server', config, ...more], { stdio }));
      }
      await Promise.all(ports.map((port, i) => serving(port, children[i] as ChildProcess, signal)));
    } catch (error) {
      await ensemble.end();
      throw error;
    }
    return ensemble;
  }

  /** Ends all servers in good order and removes what they wrote. */
  async end(): Promise<void> {
    const alive = this.children.filter(({ exitCode, signalCode }) => {
      return exitCode === null && signalCode === null;
    });
    await Promise.all(
      alive.map((child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        return ended;
      }),
    );
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function writeServer(
  directory: string,
  id: number,
  port: number,
  lines: string,
): Promise<string> {
  const dataDir = join(directory, `${id}`);
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'myid'), `${id}\n`);
  const path = join(directory, `${id}.cfg`);
  const own = `dataDir=${dataDir}\nclientPort=${port}\nclientPortAddress=${host}\n`;
  const timing = 'tickTime=2000\ninitLimit=10\nsyncLimit=5\n';
  await writeFile(path, `${own}${timing}4lw.commands.whitelist=*\n${lines}`);
  return path;
}

/** Resolves when the server has a role in an ensemble. */
async function serving(port: number, child: ChildProcess, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    // Somebody else may have the port, and answer or not.
    const answer = await ask(port, 'srvr');
    if (child.exitCode !== null) throw new MemberEndedError(port);
    if (/^Mode: (leader|follower)$/m.test(answer)) return;
    await sleep(lookMs);
  }
}

/** The answer to a four-letter word; empty while nobody is there, or says nothing. */
function ask(port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host, port }, () => socket.write(word));
    socket.setEncoding('utf8');
    socket.setTimeout(answerMsMax, () => socket.destroy());
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
