/**
 * Where the files of a run are: `clients/*.history`, and a data directory `servers/<name>` for each
 * server. Throws `RunDirectoryError` for what cannot be checked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Disk } from '../base/ports.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import { type ClientHistory, decodeHistory } from './history-format.ts';
import type { RunInput } from './run.ts';
import { readServerLog, type ServerLog } from './server-log.ts';

const historySuffix = '.history';

export class RunDirectoryError extends Error {
  override readonly name = 'RunDirectoryError';
}

/** Reads everything into memory: about 1.6 GiB for a million operations and three logs. */
export function readRunDirectory(disk: Disk, directory: string): RunInput {
  const histories = readHistories(directory);
  const servers = join(directory, 'servers');
  const logs = listed(servers).map((name) => readServer(disk, name, join(servers, name)));
  if (histories.length === 0) throw new RunDirectoryError(`no history in ${directory}/clients`);
  // Without the beginning there is no state to replay from.
  if (!logs.some(({ txns }) => BigInt.asUintN(32, txns[0]?.zxid ?? 0n) === 1n)) {
    throw new RunDirectoryError(`no log in ${servers} begins with the first txn`);
  }
  return { histories, logs };
}

/** What all clients of the run recorded. Throws `RunDirectoryError`. */
export function readHistories(directory: string): ClientHistory[] {
  return listed(join(directory, 'clients'))
    .filter((name) => name.endsWith(historySuffix))
    .map((name) => readHistory(join(directory, 'clients', name)));
}

function listed(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    throw new RunDirectoryError((error as Error).message);
  }
}

function readHistory(path: string): ClientHistory {
  try {
    return decodeHistory(basename(path, historySuffix), readFileSync(path));
  } catch (error) {
    throw new RunDirectoryError(`${path}: ${(error as Error).message}`);
  }
}

function readServer(disk: Disk, name: string, path: string): ServerLog {
  try {
    return readServerLog(disk, name, dataDirectory(path));
  } catch (error) {
    throw new RunDirectoryError(`${path}: ${(error as Error).message}`);
  }
}
