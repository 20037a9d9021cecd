/** Shorthand for tests on a simulated disk: a directory, its files as bytes, logs with txns. */
import type { Disk } from '../../src/base/ports.ts';
import { type Zxid, zxidZero } from '../../src/base/zxid.ts';
import { dataDirectory, joinPath, openDataDirectory } from '../../src/storage/data-directory.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { type RecoveryOptions, type RecoveryResult, recover } from '../../src/storage/recovery.ts';
import { TxnLogWriter, type TxnLogWriterOptions } from '../../src/storage/txn-log-writer.ts';
import { SimDisk } from '../sim/sim-disk.ts';
import { NaiveState } from './naive-state.ts';
import { RecordingLogger } from './recording-logger.ts';

export const directory = dataDirectory('/data');

export function newDisk(): SimDisk {
  const disk = new SimDisk();
  openDataDirectory(disk, directory, true);
  return disk;
}

export function pathOf(name: string): string {
  return joinPath(directory.snapshots, name);
}

export function readFile(disk: Disk, name: string): Uint8Array {
  const file = disk.openRead(pathOf(name));
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0, bytes.byteLength, 0);
  return bytes;
}

export function writeFile(disk: Disk, name: string, bytes: Uint8Array): void {
  const file = disk.create(pathOf(name));
  file.write(bytes, 0, bytes.byteLength, 0);
  file.sync();
}

/** Changes bytes of a file in place. */
export function patchFile(disk: Disk, name: string, at: number, bytes: number[]): void {
  disk.openWrite(pathOf(name)).write(Uint8Array.from(bytes), 0, bytes.length, at);
}

export function newWriter(disk: Disk, options: Partial<TxnLogWriterOptions> = {}): TxnLogWriter {
  const lastZxid: Zxid = zxidZero;
  return new TxnLogWriter({ disk, directory, lastZxid, preallocBytes: 0, ...options });
}

export function recoverFrom(
  disk: Disk,
  more: Partial<RecoveryOptions<NaiveState>> = {},
): RecoveryResult<NaiveState> & { logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const newState = () => new NaiveState();
  const compression = nodeCompression;
  const options = { disk, directory, compression, logger, newState, role: 'standalone' as const };
  return { ...recover({ ...options, ...more }), logger };
}
