/** What Node and the system say of the machine and the process, for `envi` and `mntr`. */
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { HostFacts } from '../admin/environment.ts';

/** What Java says where the system does not tell. */
const unknown = '?';

/** Never throws: a user without an entry in passwd, as in many containers, is no reason to. */
export function nodeHost(): HostFacts {
  const user = maybe(() => os.userInfo().username) ?? process.env['USER'] ?? unknown;
  return {
    hostName: maybe(() => os.hostname()) ?? unknown,
    nodeVersion: process.version,
    nodePath: process.execPath,
    osName: os.type(),
    osArchitecture: os.arch(),
    osVersion: os.release(),
    userName: user,
    userHome: maybe(() => os.homedir()) ?? unknown,
    workingDirectory: maybe(() => process.cwd()) ?? unknown,
    temporaryDirectory: os.tmpdir(),
    memoryFree: os.freemem(),
    memoryMax: getHeapStatistics().heap_size_limit,
    memoryTotal: os.totalmem(),
  };
}

/** Null where there is no /proc. */
export function nodeDescriptors(): { open: number; max: number } | null {
  return maybe(() => {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return { open: readdirSync('/proc/self/fd').length, max: Number(max ?? -1) };
  });
}

/** Null where the system call fails. */
function maybe<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
