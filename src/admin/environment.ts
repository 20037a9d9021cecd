/**
 * What the server is and where it runs: the version line, and the lines of `envi` and of the log at
 * start (Apache `Environment`, `Version`). Given plain values; looks nothing up itself.
 */
import type { EnvironmentEntry } from './server-facts.ts';

/** Version of Apache ZooKeeper whose behaviour and formats this server follows. */
export const apacheVersion = '3.9.5';

/**
 * `3.9.5-ringkeeper-0.1.0, built on 2026-01-31 12:00 UTC`: clients and exporters read the number
 * before the first dash and decide by it what the server can do.
 */
export function versionText(ownVersion: string, builtMs: number): string {
  const built = new Date(builtMs).toISOString();
  const date = `${built.slice(0, 10)} ${built.slice(11, 16)} UTC`;
  return `${apacheVersion}-ringkeeper-${ownVersion}, built on ${date}`;
}

/** What `node:os` and `process` say. Sizes in bytes. */
export interface HostFacts {
  readonly hostName: string;
  readonly nodeVersion: string;
  readonly nodePath: string;
  readonly osName: string;
  readonly osArchitecture: string;
  readonly osVersion: string;
  readonly userName: string;
  readonly userHome: string;
  readonly workingDirectory: string;
  readonly temporaryDirectory: string;
  readonly memoryFree: number;
  /** Limit of the JavaScript heap. */
  readonly memoryMax: number;
  readonly memoryTotal: number;
}

/** Keys in Apache's order; those of Java have no value here and `node.*` ones follow. */
export function environmentEntries(version: string, host: HostFacts): EnvironmentEntry[] {
  const java = ['version', 'vendor', 'home', 'class.path', 'library.path'];
  return [
    ['zookeeper.version', version],
    ['host.name', host.hostName],
    ...java.map((name): EnvironmentEntry => [`java.${name}`, '<NA>']),
    ['java.io.tmpdir', host.temporaryDirectory],
    ['java.compiler', '<NA>'],
    ['os.name', host.osName],
    ['os.arch', host.osArchitecture],
    ['os.version', host.osVersion],
    ['user.name', host.userName],
    ['user.home', host.userHome],
    ['user.dir', host.workingDirectory],
    ['os.memory.free', megabytes(host.memoryFree)],
    ['os.memory.max', megabytes(host.memoryMax)],
    ['os.memory.total', megabytes(host.memoryTotal)],
    ['node.version', host.nodeVersion],
    ['node.path', host.nodePath],
  ];
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / (1024 * 1024))}MB`;
}
