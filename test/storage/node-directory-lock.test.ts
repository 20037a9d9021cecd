/** The lock on a data directory, between real processes, by each of its methods. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DataDirectoryError, dataDirectory } from '../../src/storage/data-directory.ts';
import {
  DirectoryLockedError,
  type LockMethod,
  lockDataDirectory,
  lockMethods,
} from '../../src/storage/node-directory-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'ringkeeper-lock-'));
const nodeModules = join(import.meta.dirname, '../../node_modules');
const fsExtDirectory = join(nodeModules, 'fs-ext');
const holderEntry = join(root, 'lock-holder.mjs');
const methods = new Set<LockMethod>([...lockMethods(), 'pid-file']);
const holders: ChildProcess[] = [];
let directories = 0;

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'lock-holder.ts')],
    outfile: holderEntry,
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external' },
  });
  // The optional package is found from where the project is.
  symlinkSync(nodeModules, join(root, 'node_modules'));
});

afterEach(async () => {
  for (const holder of holders.splice(0)) await kill(holder);
});

afterAll(() => rmSync(root, { recursive: true }));

function newDirectory(): string {
  const path = join(root, `d${directories++}`);
  mkdirSync(path);
  return path;
}

async function hold(path: string, ...method: LockMethod[]): Promise<ChildProcess> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const holder = spawn(process.execPath, [holderEntry, path, ...method], { stdio: [...stdio] });
  holders.push(holder);
  await once(holder.stdout!, 'data');
  return holder;
}

async function kill(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
}

describe('the lock of a data directory', () => {
  for (const method of methods) {
    it(`(${method}) keeps a second process out and names the first`, async () => {
      const path = newDirectory();
      const holder = await hold(path, method);
      const attempt = lockDataDirectory(dataDirectory(path), [method]);
      await expect(attempt).rejects.toThrow(DirectoryLockedError);
      await expect(attempt).rejects.toMatchObject({ pid: holder.pid, directory: path });
      await expect(attempt).rejects.toThrow(`in use by process ${holder.pid}`);
    });

    it(`(${method}) is free again when its holder was killed`, async () => {
      const path = newDirectory();
      await kill(await hold(path, method));
      const lock = await lockDataDirectory(dataDirectory(path), [method]);
      expect(readFileSync(join(path, '.lock'), 'utf8')).toBe(`${process.pid}\n`);
      lock.release();
    });

    it(`(${method}) keeps out a second server of the same process, until released`, async () => {
      const path = newDirectory();
      const lock = await lockDataDirectory(dataDirectory(path), [method]);
      const second = () => lockDataDirectory(dataDirectory(path), [method]);
      await expect(second()).rejects.toMatchObject({ pid: process.pid });
      lock.release();
      lock.release();
      (await second()).release();
    });

    it(`(${method}) covers both places, or neither`, async () => {
      const data = newDirectory();
      const logs = newDirectory();
      const lock = await lockDataDirectory(dataDirectory(logs), [method]);
      await expect(lockDataDirectory(dataDirectory(data, logs), [method])).rejects.toThrow(logs);
      (await lockDataDirectory(dataDirectory(data), [method])).release();
      lock.release();
      (await lockDataDirectory(dataDirectory(data, logs), [method])).release();
    });
  }

  it('keeps out whoever can lock in another way only', async () => {
    for (const method of lockMethods()) {
      const path = newDirectory();
      const holder = await hold(path);
      const attempt = lockDataDirectory(dataDirectory(path), [method]);
      await expect(attempt).rejects.toMatchObject({ pid: holder.pid });
      const other = newDirectory();
      await hold(other, method);
      await expect(lockDataDirectory(dataDirectory(other))).rejects.toThrow(other);
    }
  });

  it('uses flock on the Node.js that fs-ext was built for', () => {
    const config = readFileSync(join(fsExtDirectory, 'build/config.gypi'), 'utf8');
    const [, modules] = /"node_module_version": (\d+)/.exec(config) ?? [];
    expect(lockMethods().includes('flock')).toBe(process.versions.modules === modules);
  });

  it('that cannot be made says so', async () => {
    const path = newDirectory();
    mkdirSync(join(path, '.lock'));
    const attempt = lockDataDirectory(dataDirectory(path));
    await expect(attempt).rejects.toThrow(DataDirectoryError);
    await expect(attempt).rejects.toThrow(/cannot be locked: EISDIR/);
  });

  it('is the same by whatever name the directory is called', async () => {
    const path = newDirectory();
    symlinkSync(path, `${path}-link`);
    for (const method of methods) {
      const lock = await lockDataDirectory(dataDirectory(path), [method]);
      await expect(lockDataDirectory(dataDirectory(`${path}-link`), [method])).rejects.toThrow();
      lock.release();
    }
  });

  it('takes a pid file over that names this very process in an earlier life', async () => {
    const path = newDirectory();
    writeFileSync(join(path, '.lock'), `${process.pid}\n`);
    (await lockDataDirectory(dataDirectory(path), ['pid-file'])).release();
  });

  it('takes a pid file over that names nobody', async () => {
    const path = newDirectory();
    for (const content of ['', 'x', '999999999']) {
      writeFileSync(join(path, '.lock'), content);
      (await lockDataDirectory(dataDirectory(path), ['pid-file'])).release();
    }
  });
});
