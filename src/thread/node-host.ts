/** What Node and the system say of the machine and the process, for `envi` and `mntr`. */
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { HostFacts } from '../admin/environment.ts';

export function nodeHost(): HostFacts {
  return {
    hostName: os.hostname(),
    nodeVersion: process.version,
    nodePath: process.execPath,
    osName: os.type(),
    osArchitecture: os.arch(),
    osVersion: os.release(),
    userName: os.userInfo().username,
    userHome: os.homedir(),
    workingDirectory: process.cwd(),
    temporaryDirectory: os.tmpdir(),
    memoryFree: os.freemem(),
    memoryMax: getHeapStatistics().heap_size_limit,
    memoryTotal: os.totalmem(),
  };
}

/** Null where there is no /proc. */
export function nodeDescriptors(): { open: number; max: number } | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return { open: readdirSync('/proc/self/fd').length, max: Number(max ?? -1) };
  } catch {
    return null;
  }
}
