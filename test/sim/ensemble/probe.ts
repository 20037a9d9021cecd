/** What a disk would bring back if its machine started now. */

import { dataDirectory } from '../../../src/storage/data-directory.ts';
import { nodeCompression } from '../../../src/storage/node-compression.ts';
import { recover } from '../../../src/storage/recovery.ts';
import type { RecoverySink } from '../../../src/storage/recovery-sink.ts';
import { RecordingLogger } from '../../storage/recording-logger.ts';
import type { SimDisk } from '../sim-disk.ts';

/** Records here are short, and readers make buffers for the longest. */
const payloadBytesMax = 16 * 1024;

/** Looks at nothing: only how far the history goes is asked. */
const blind: RecoverySink = {
  session: () => {},
  acl: () => {},
  node: () => {},
  beginSnapshot: () => {},
  endSnapshot: () => {},
  applyTxn: () => {},
  treeDigest: () => ({ hi: 0, lo: 0 }),
};

export interface Durable {
  /** Of the last txn; -1 without a database. */
  readonly zxid: bigint;
  /** The latest epoch that was promised. */
  readonly acceptedEpoch: number;
}

/** The disk is not changed. */
export function durableOf(disk: SimDisk): Durable {
  const copy = disk.killed();
  if (!copy.exists('/data/version-2')) return { zxid: -1n, acceptedEpoch: 0 };
  const { lastZxid, epochs } = recover({
    disk: copy,
    directory: dataDirectory('/data', '/data'),
    compression: nodeCompression,
    logger: new RecordingLogger(),
    newState: () => blind,
    role: 'quorum',
    ignoreDigestMismatch: true,
    payloadBytesMax,
  });
  return { zxid: lastZxid, acceptedEpoch: epochs?.accepted ?? 0 };
}
