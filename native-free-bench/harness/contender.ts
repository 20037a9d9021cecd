/** The servers that are measured side by side. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberKind } from '../../test/support/ensemble-member.ts';
import { askFourLetterWord } from '../../test/support/four-letter-word.ts';
import { projectRoot } from '../../test/support/project-root.ts';
import {
  type ServerOptions,
  serverDefaults,
  startRingkeeper,
} from '../../test/support/ringkeeper-process.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { apacheJars, apacheVersion, javaVersion } from '../apache/jars.ts';
import { apacheHeap, apacheMainClass, startApache } from '../apache/server.ts';
import type { Address } from '../load/workload.ts';
import type { ServerName } from './measurement.ts';
import { jvmPauseArgs, nodePauseArgs, PauseLog } from './pauses.ts';

const wordTimeoutMs = 2000;
const configText = Object.entries(serverDefaults)
  .map(([name, value]) => `${name}=${value}`)
  .join(' ');
const packageFacts = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  version: string;
};

/** A server or ensemble to send loads to. */
export interface RunningServer {
  /** Clients spread over these. */
  readonly addresses: readonly Address[];
  /** For CPU time and memory; empty when the processes are not on this machine or not known. */
  readonly pids: readonly number[];
  /** What it printed of its pauses; absent where we do not read its output. */
  readonly pauses?: PauseLog;
  /** False: it is no ZooKeeper and knows no four-letter words. */
  readonly speaksWords?: false;
  /** Stops it and removes its data, if we started it. */
  release(): Promise<void>;
}

/** What a report says of a contender. */
export interface ContenderFacts {
  readonly name: ServerName;
  /** Product and version. */
  readonly about: string;
  /** How it is started, or where it was found. */
  readonly command: string;
}

export interface Contender {
  readonly name: ServerName;
  /** Rejects with what is missing for it to run. */
  describe(): Promise<ContenderFacts>;
  /** A standalone server started for this, or the one that is there. */
  acquire(): Promise<RunningServer>;
}

/** A contender whose processes we start ourselves. */
export interface OwnContender extends Contender {
  /** What a member of an ensemble of it is. */
  readonly memberKind: MemberKind;
  /** With these it prints its pauses. */
  readonly pauseArgs: readonly string[];
  start(options?: ServerOptions): Promise<ServerProcess>;
}

export const ringkeeper: OwnContender = own({
  memberKind: 'ringkeeper',
  pauseArgs: nodePauseArgs,
  start: startRingkeeper,
  describe: async () => ({
    name: 'ringkeeper',
    about: `ringkeeper ${packageFacts.version}, Node.js ${process.version}`,
    command: `node dist/main.js server zoo.cfg, with ${configText}`,
  }),
});

/** Apache's server of a version that is fetched, or from jars that lie at an absolute path. */
export function apacheOf(versionOrPath: string = apacheVersion): OwnContender {
  return own({
    memberKind: `apache ${versionOrPath}`,
    pauseArgs: jvmPauseArgs,
    start: (options) => startApache({ ...options, version: versionOrPath }),
    describe: async () => ({
      name: 'apache',
      about: `Apache ZooKeeper ${(await apacheJars(versionOrPath)).version}, ${await javaVersion()}`,
      command: `java -Xmx${apacheHeap} -cp ... ${apacheMainClass} zoo.cfg, with ${configText}`,
    }),
  });
}

/** Servers that run already, of whatever kind; together they are one ensemble. */
export function targetOf(addresses: readonly Address[]): Contender {
  const running = { addresses, pids: [], release: async () => {} };
  const command = addresses.map(({ host, port }) => `${host}:${port}`).join();
  return {
    name: 'target',
    describe: async () => ({ name: 'target', about: await versionAt(addresses[0]!), command }),
    acquire: async () => running,
  };
}

/** As the server tells it itself, if the word `srvr` is allowed there. */
async function versionAt({ host, port }: Address): Promise<string> {
  const text = await askFourLetterWord(port, 'srvr', wordTimeoutMs, host).catch(() => '');
  const version = /^Zookeeper version: ([^,]+)/m.exec(text)?.[1];
  return version === undefined ? 'a server that does not tell its version' : version;
}

export function isOwn(contender: Contender): contender is OwnContender {
  return 'start' in contender;
}

function own(rest: Omit<OwnContender, 'name' | 'acquire'>): OwnContender {
  const name = rest.memberKind === 'ringkeeper' ? 'ringkeeper' : 'apache';
  const acquire = async () => runningOf(await rest.start({ runtimeArgs: rest.pauseArgs }));
  return { ...rest, name, acquire };
}

/** A process that we have started, as loads see it. */
export function runningOf(server: ServerProcess): RunningServer {
  const pauses = new PauseLog();
  server.onOutput((text) => pauses.read(text));
  return {
    addresses: [{ host: '127.0.0.1', port: server.port }],
    pids: [server.pid],
    pauses,
    release: async () => {
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
  };
}
