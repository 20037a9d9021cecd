/** The servers that are measured side by side. */
import { rmSync } from 'node:fs';
import type { MemberKind } from '../../test/support/ensemble-member.ts';
import { type ServerOptions, startRingkeeper } from '../../test/support/ringkeeper-process.ts';
import type { ServerProcess } from '../../test/support/server-process.ts';
import { apacheVersion } from '../apache/jars.ts';
import { startApache } from '../apache/server.ts';
import type { ServerName } from './measurement.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A server or ensemble to send loads to. */
export interface RunningServer {
  /** Clients spread over these. */
  readonly addresses: readonly Address[];
  /** For CPU time and memory; empty when the processes are not on this machine or not known. */
  readonly pids: readonly number[];
  /** Stops it and removes its data, if we started it. */
  release(): Promise<void>;
}

export interface Contender {
  readonly name: ServerName;
  /** A standalone server started for this, or the one that is there. */
  acquire(): Promise<RunningServer>;
}

/** A contender whose processes we start ourselves. */
export interface OwnContender extends Contender {
  /** What a member of an ensemble of it is. */
  readonly memberKind: MemberKind;
  start(options?: ServerOptions): Promise<ServerProcess>;
}

export const ringkeeper: OwnContender = own('ringkeeper', 'ringkeeper', startRingkeeper);

/** Apache's server of a version that is fetched, or of a distribution that lies at a path. */
export function apacheOf(versionOrHome: string = apacheVersion): OwnContender {
  return own('apache', `apache ${versionOrHome}`, (options) =>
    startApache({ ...options, version: versionOrHome }),
  );
}

/** Servers that run already, of whatever kind; together they are one ensemble. */
export function targetOf(addresses: readonly Address[]): Contender {
  const running = { addresses, pids: [], release: async () => {} };
  return { name: 'target', acquire: async () => running };
}

export function isOwn(contender: Contender): contender is OwnContender {
  return 'start' in contender;
}

function own(
  name: ServerName,
  memberKind: MemberKind,
  start: (options?: ServerOptions) => Promise<ServerProcess>,
): OwnContender {
  return { name, memberKind, start, acquire: async () => runningOf(await start()) };
}

function runningOf(server: ServerProcess): RunningServer {
  return {
    addresses: [{ host: '127.0.0.1', port: server.port }],
    pids: [server.pid],
    release: async () => {
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
  };
}
