/** Copies of the sample directories, so that recovery may repair them, and how to recover them. */
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataDirectory } from '../../src/storage/data-directory.ts';
import { nodeCompression } from '../../src/storage/node-compression.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { type RecoveryOptions, type RecoveryResult, recover } from '../../src/storage/recovery.ts';
import { NaiveState } from '../storage/naive-state.ts';
import { RecordingLogger } from '../storage/recording-logger.ts';

const fixtures = join(import.meta.dirname, '../fixtures');

export interface ExpectedNode {
  data: string | null;
  czxid: string;
  mzxid: string;
  pzxid: string;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: string;
  dataLength: number;
  numChildren: number;
  acl?: { perms: number; scheme: string; id: string }[];
  persisted: { cversion: number; ephemeralOwner: string };
}

export interface Expected {
  lastZxid: string;
  treeDigest: string;
  sessions: Record<string, number>;
  ephemeralsBySession: Record<string, string[]>;
  containers: string[];
  ttlNodes: Record<string, number>;
  tree: Record<string, ExpectedNode>;
}

export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(fixtures, name, 'expected.json'), 'utf8'));
}

export function fixturePath(name: string, file: string): string {
  return join(fixtures, name, 'version-2', file);
}

/** A copy in a temporary directory. */
export function copyOf(name: string): string {
  const path = mkdtempSync(join(tmpdir(), 'ringkeeper-fixture-'));
  cpSync(join(fixtures, name), path, { recursive: true });
  return path;
}

export interface FixtureRecovery extends RecoveryResult<NaiveState> {
  readonly logger: RecordingLogger;
}

export function recoverCopy(
  path: string,
  more: Partial<RecoveryOptions<NaiveState>> = {},
): FixtureRecovery {
  const logger = new RecordingLogger();
  const result = recover({
    disk: new NodeDisk(),
    directory: dataDirectory(path),
    compression: nodeCompression,
    logger,
    newState: () => new NaiveState(),
    role: 'standalone',
    ...more,
  });
  return { ...result, logger };
}
