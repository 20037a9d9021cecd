/**
 * Keeps a second server out of a data directory: two of them on one directory destroy it, and
 * Apache's servers do not notice. Three ways: `flock` through the optional package fs-ext (its
 * synchronous call only: the asynchronous one crashes in workers), an abstract unix socket on
 * Linux, and where there is neither, a file that names a process. The first two end with the
 * process, however it dies, and both are taken where there are both: a server whose Node.js cannot
 * load fs-ext must meet one that could. The file `.lock` stays; it tells people who holds the
 * directory.
 */
import {
  closeSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type DataDirectory, DataDirectoryError, lockName } from './data-directory.ts';

export type LockMethod = 'flock' | 'socket' | 'pid-file';

export interface DirectoryLock {
  release(): void;
}

/** Another process has the directory. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
  readonly directory: string;
  /** Null when it is not known. */
  readonly pid: number | null;

  constructor(directory: string, pid: number | null) {
    const holder = pid === null ? 'another process' : `process ${pid}`;
    super(`${directory} is in use by ${holder}: stop it first, or choose another directory`);
    this.directory = directory;
    this.pid = pid;
  }
}

interface FsExt {
  flockSync(fd: number, flags: string): void;
}

/**
 * Locks `dataDir` and `dataLogDir`, which exist, by each method. Throws `DirectoryLockedError`, or
 * `DataDirectoryError` where locking itself fails, and then neither is locked.
 */
export async function lockDataDirectory(
  directory: DataDirectory,
  methods: readonly LockMethod[] = lockMethods(),
): Promise<DirectoryLock> {
  const held: DirectoryLock[] = [];
  const release = () => {
    for (const lock of held.splice(0)) lock.release();
  };
  const paths = [directory.dataDir, directory.dataLogDir].map((path) => realpathSync(path));
  try {
    for (const path of new Set(paths)) {
      for (const method of methods) held.push(await lockOne(path, method));
    }
  } catch (error) {
    release();
    if (error instanceof DirectoryLockedError) throw error;
    const { message } = error as NodeJS.ErrnoException;
    throw new DataDirectoryError(`the data directory cannot be locked: ${message}`);
  }
  return { release };
}

function lockOne(directory: string, method: LockMethod): DirectoryLock | Promise<DirectoryLock> {
  if (method === 'flock') return lockByFlock(directory, loadFsExt() as FsExt);
  return method === 'socket' ? lockBySocket(directory) : lockByPidFile(directory);
}

/** What this process can do on this machine. */
export function lockMethods(): readonly LockMethod[] {
  const hasFlock = loadFsExt() !== null;
  if (process.platform === 'linux') return hasFlock ? ['flock', 'socket'] : ['socket'];
  return hasFlock ? ['flock'] : ['pid-file'];
}

/** Null when the optional package is absent or was built for another Node. */
function loadFsExt(): FsExt | null {
  try {
    return createRequire(import.meta.url)('fs-ext') as FsExt;
  } catch {
    return null;
  }
}

function lockByFlock(directory: string, fsExt: FsExt): DirectoryLock {
  const fd = openSync(join(directory, lockName), 'a+');
  try {
    fsExt.flockSync(fd, 'exnb');
  } catch (error) {
    closeSync(fd);
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') throw lockedError(directory);
    throw error;
  }
  writeHolder(fd);
  let isHeld = true;
  return {
    release() {
      if (isHeld) closeSync(fd);
      isHeld = false;
    },
  };
}

/** Abstract names belong to the network namespace, and vanish with their process. */
function lockBySocket(directory: string): Promise<DirectoryLock> {
  const { dev, ino } = statSync(directory);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? lockedError(directory) : error);
    });
    server.listen(`\0ringkeeper-lock-${dev}-${ino}`, () => {
      server.unref();
      const fd = openSync(join(directory, lockName), 'a');
      writeHolder(fd);
      closeSync(fd);
      resolve({ release: () => void server.close() });
    });
  });
}

/** Paths that this process holds by pid file: its own pid in a file is no proof of that. */
const ownPidFiles = new Set<string>();

function lockByPidFile(directory: string): DirectoryLock {
  const path = join(directory, lockName);
  while (!tryCreate(path)) {
    const pid = holderOf(directory);
    if (pid !== null && isAlive(pid, path)) throw lockedError(directory);
    removeStale(path, pid);
  }
  ownPidFiles.add(path);
  return { release: () => releasePidFile(path) };
}

/** The file gets its name together with its content, so nobody can meet it empty. */
function tryCreate(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${process.pid}\n`);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/**
 * Moves the file of a dead process away. Somebody may have been quicker and put his own file in
 * its place: then that one is put back.
 */
function removeStale(path: string, pid: number | null): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readPid(aside) !== pid) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

function releasePidFile(path: string): void {
  if (ownPidFiles.delete(path)) unlinkSync(path);
}

/** A pid that was ours in an earlier life of a container is not alive. */
function isAlive(pid: number, path: string): boolean {
  if (pid === process.pid) return ownPidFiles.has(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function writeHolder(fd: number): void {
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`);
}

function lockedError(directory: string): DirectoryLockedError {
  return new DirectoryLockedError(directory, holderOf(directory));
}

function holderOf(directory: string): number | null {
  return readPid(join(directory, lockName));
}

function readPid(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
