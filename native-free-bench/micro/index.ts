/** All subjects, in the order of the folders of `src`. */
import { requests } from './jute/requests.ts';
import { ring } from './ring/ring.ts';
import { sessions } from './state/sessions.ts';
import { watches } from './state/watches.ts';
import { snapshots } from './storage/snapshots.ts';
import { adler, txnLog } from './storage/txn-log.ts';
import type { Subject } from './subject.ts';
import { treeReads } from './tree/reads.ts';
import { crc, treeWalk } from './tree/walk.ts';
import { treeWrites } from './tree/writes.ts';

export const subjects: readonly Subject[] = [
  ...[requests, ring, treeReads, treeWrites, treeWalk, crc],
  ...[watches, sessions, adler, txnLog, snapshots],
];
