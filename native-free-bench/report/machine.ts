/** The machine a run was made on: figures without it are worth nothing. Linux tells most. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import {
  arch,
  availableParallelism,
  cpus,
  loadavg,
  release,
  tmpdir,
  totalmem,
  type,
} from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../test/support/project-root.ts';
import { spreadOf } from './spread.ts';

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** File system and device under the directory where servers keep their data. */
  readonly disk: string;
  /** Median time of writing 512 bytes there and making them durable, µs. */
  readonly fdatasyncUs: number;
  readonly node: string;
  /** Processes that wanted a CPU in the minute before the run. */
  readonly loadBefore: number;
}

const syncs = 100;

export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? arch(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}${distribution()}`,
    disk: diskUnder(tmpdir()),
    fdatasyncUs: fdatasyncUs(tmpdir()),
    node: process.version,
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
  };
}

/** `git describe` of the project, with `+` for changes that are not committed. */
export function commitNow(): string | null {
  try {
    const args = ['describe', '--always', '--dirty=+', '--abbrev=9', '--exclude=*'];
    const options = { cwd: projectRoot, encoding: 'utf8', stdio: 'pipe' } as const;
    return execFileSync('git', args, options).trim();
  } catch {
    return null;
  }
}

function distribution(): string {
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readOrNothing('/etc/os-release'))?.[1];
  return name === undefined ? '' : `, ${name}`;
}

/** The mount with the longest path that `directory` begins with. */
function diskUnder(directory: string): string {
  const mounts = readOrNothing('/proc/mounts')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([, path]) =>
        path !== undefined && `${directory}/`.startsWith(path === '/' ? path : `${path}/`),
    )
    .sort((a, b) => b[1]!.length - a[1]!.length);
  const [device, , fileSystem] = mounts[0] ?? [];
  return device === undefined ? 'unknown' : `${fileSystem} on ${device}`;
}

function fdatasyncUs(directory: string): number {
  const place = mkdtempSync(join(directory, 'ringkeeper-sync-'));
  const fd = openSync(join(place, 'probe'), 'w');
  try {
    const block = new Uint8Array(512);
    const times = Array.from({ length: syncs }, () => {
      const startedMs = performance.now();
      writeSync(fd, block);
      fdatasyncSync(fd);
      return (performance.now() - startedMs) * 1000;
    });
    return Math.round(spreadOf(times)!.median);
  } finally {
    closeSync(fd);
    rmSync(place, { recursive: true });
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
