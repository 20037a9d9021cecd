/**
 * Run as a process: takes the lock of a directory by one method, or as servers do, says so, and
 * holds it until it is killed.
 */
import { dataDirectory } from '../../src/storage/data-directory.ts';
import { type LockMethod, lockDataDirectory } from '../../src/storage/node-directory-lock.ts';

const [, , path, method] = process.argv;
const methods = method === undefined ? undefined : [method as LockMethod];
await lockDataDirectory(dataDirectory(path ?? ''), methods);
process.stdout.write('locked\n');
setInterval(() => {}, 60_000);
