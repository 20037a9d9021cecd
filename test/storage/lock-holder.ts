/** Run as a process: takes the lock of a directory, says so, and holds it until it is killed. */
import { dataDirectory } from '../../src/storage/data-directory.ts';
import { type LockMethod, lockDataDirectory } from '../../src/storage/node-directory-lock.ts';

const [, , path, method] = process.argv;
await lockDataDirectory(dataDirectory(path ?? ''), method as LockMethod);
process.stdout.write('locked\n');
setInterval(() => {}, 60_000);
