/** What this machine allows at the best, to be shown beside what servers do on it. */
import { execFile, fork } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../test/support/project-root.ts';
import { temporaryDirectory } from '../../test/support/ringkeeper-process.ts';
import type { Running } from './load-cases.ts';

const syncs = 300;
const recordBytes = 200;

/** A bare echo in Node: reads its sockets, writes replies of the right length, nothing else. */
export async function acquireEcho(dataBytes: number): Promise<Running> {
  const child = fork(join(projectRoot, 'dist/bench/load/echo.js'), [String(dataBytes)]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', (code) => reject(new Error(`the echo ended with code ${code}`)));
    child.once('error', reject);
  });
  const addresses = [{ host: '127.0.0.1', port }];
  const release = () =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.disconnect();
    });
  const server = { addresses, pids: [child.pid!], speaksWords: false, release } as const;
  return { name: 'reference', isEcho: true, server };
}

/** Median time of an append of one short record and its fdatasync where servers put their logs. */
export function appendAndSyncUs(): number {
  const directory = temporaryDirectory();
  const file = openSync(join(directory, 'log'), 'w');
  const record = new Uint8Array(recordBytes);
  const times: number[] = [];
  for (let i = 0; i < syncs; i++) {
    const startedMs = performance.now();
    writeSync(file, record);
    fdatasyncSync(file);
    times.push((performance.now() - startedMs) * 1000);
  }
  closeSync(file);
  rmSync(directory, { recursive: true });
  return times.sort((a, b) => a - b)[syncs / 2]!;
}

/** A Node process that does nothing but tell its memory: from its start to its end, ms. */
export async function bareProcess(): Promise<{ startMs: number; rssBytes: number }> {
  const startedMs = performance.now();
  const code = 'process.stdout.write(String(process.memoryUsage.rss()))';
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code]);
  return { startMs: performance.now() - startedMs, rssBytes: Number(stdout) };
}
