/** What a disk would bring back if its machine started now. */

import { dataDirectory, listStorage } from '../../../../src/storage/data-directory.ts';
import { nodeCompression } from '../../../../src/storage/node-compression.ts';
import { recover } from '../../../../src/storage/recovery.ts';
import type { RecoverySink } from '../../../../src/storage/recovery-sink.ts';
import { RecordingLogger } from '../../../storage/recording-logger.ts';
import type { SimDisk } from '../../sim-disk.ts';
import { Broken, check } from './broken.ts';

/** Records here are short, and readers make buffers for the longest. */
const payloadBytesMax = 16 * 1024;
/** Of each unfinished snapshot there is one at the most: that which is being written. */
const temporaryMax = 1;

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
  /** The latest epoch that was promised, and the one that was entered. */
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
}

const nothing: Durable = { zxid: -1n, acceptedEpoch: 0, currentEpoch: 0 };

/** The disk is not changed. D5: a start from there succeeds, and leaves no rubbish behind. */
export function durableOf(disk: SimDisk): Durable {
  const copy = disk.killed();
  if (!copy.exists('/data/version-2')) return nothing;
  const directory = dataDirectory('/data', '/data');
  const { temporary, foreign } = listStorage(copy, directory);
  check(temporary.length <= temporaryMax && foreign.length === 0, 'D5', () => {
    return `there are ${[...temporary, ...foreign].join(', ')}`;
  });
  try {
    const { lastZxid, epochs } = recover({
      disk: copy,
      directory,
      compression: nodeCompression,
      logger: new RecordingLogger(),
      newState: () => blind,
      role: 'quorum',
      ignoreDigestMismatch: true,
      payloadBytesMax,
    });
    const { accepted: acceptedEpoch = 0, current: currentEpoch = 0 } = epochs ?? {};
    return { zxid: lastZxid, acceptedEpoch, currentEpoch };
  } catch (error) {
    throw new Broken('D5', `a start would fail: ${error instanceof Error ? error.message : error}`);
  }
}
