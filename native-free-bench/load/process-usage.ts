/** CPU time and memory of a process on this machine, as Linux tells them in `/proc`. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second here, whatever the kernel's own tick is. */
const usPerTick = 10_000;

/** User and system time of all threads since the process began, µs. */
export function processCpuUs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in parentheses that may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * usPerTick;
}

/** Resident set, bytes. */
export function processRssBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`no VmRSS of process ${pid}`);
  return Number(match[1]) * 1024;
}

/** Descriptors that a process needs beside its connections. */
const ownDescriptors = 100;

/** Throws, and says what to do, when a process of ours may not open so many connections. */
export function assertDescriptors(connections: number): void {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const max = Number(match?.[1] ?? Number.POSITIVE_INFINITY);
  if (max >= connections + ownDescriptors) return;
  throw new Error(
    `a process may open ${max} files here, too few for ${connections} connections: ` +
      `run \`ulimit -n ${connections + ownDescriptors}\` first, for the server too`,
  );
}
