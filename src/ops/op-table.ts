/**
 * All operations: the only table over op codes in the project. To add one: its record in
 * `jute/proto.ts`, its file here, and its row below (with a txn of its own, also `jute/txn.ts` and
 * `state/apply-txn.ts`).
 */
import { assert } from '../base/assert.ts';
import { requestHeaderBytes } from '../base/limits.ts';
import { OpCode, Xid } from '../jute/proto.ts';
import { WatchMode } from '../state/watch-modes.ts';
import { prepareSetAcl, readAcl } from './acl.ts';
import type { AnswerOp, ConnectionOp, PrepareOp, ReadOp } from './contexts.ts';
import {
  answerCreate,
  answerCreate2,
  prepareContainer,
  prepareCreate,
  prepareTTL,
  retypeContainer,
  retypeCreate,
  retypeCreate2,
  retypeTTL,
} from './create.ts';
import { prepareDelete, prepareDeleteContainer } from './delete.ts';
import {
  checkCreate,
  checkDelete,
  checkSetAcl,
  checkSetData,
  type EagerCheck,
} from './eager-acl.ts';
import { readAllChildrenNumber, readChildren, readChildren2 } from './get-children.ts';
import { readData, readExists } from './get-data.ts';
import {
  prepareCheck,
  prepareMulti,
  type ScanOp,
  type SubOp,
  scanPathAndFlag,
  scanPathAndInt,
  scanSetData,
} from './multi.ts';
import { readMulti } from './multi-read.ts';
import { writeStatOf } from './replies.ts';
import {
  answerWhoAmI,
  getEphemerals,
  ping,
  prepareCloseSession,
  prepareCreateSession,
  sync,
} from './session.ts';
import { prepareReconfig, prepareSetData } from './set-data.ts';
import { addWatch, checkWatches, removeWatches, setWatches, setWatches2 } from './watches.ts';

interface Row {
  readonly code: number;
  readonly name: string;
  /** What the word `cons` shows as the last operation. */
  readonly word: string;
}

/** Answered from the tree. `fast`: the front may do so, if no watch is asked for and it may be overtaken. */
export interface ReadRow extends Row {
  readonly kind: 'read';
  readonly fast: boolean;
  /** The watch that the flag behind the path asks for; 0 = there is no flag. */
  readonly watch: WatchMode | 0;
  /** Whether the watch is left on a node that is missing, too. */
  readonly watchesMissing: boolean;
  /** Its error replies carry what there is of the body. */
  readonly errorHasBody: boolean;
  readonly read: ReadOp;
  /** Set for what a multiRead may hold. */
  readonly scan: ScanOp | null;
}

/** Becomes a txn. `fromClients` is false for what only the server itself asks for. */
export interface WriteRow extends Row {
  readonly kind: 'write';
  readonly fromClients: boolean;
  readonly prepare: PrepareOp;
  readonly answer: AnswerOp;
  /** What a member may find out before it asks the leader, if anything. */
  readonly eagerCheck: EagerCheck | null;
  /** Set for what a multi may hold. */
  readonly scan: ScanOp | null;
  /** Header type of its result in a multi. */
  readonly resultType: number;
}

/** Answered by the keeper, in the session's order. `barrier`: all that is proposed comes first. */
export interface SpecialRow extends Row {
  readonly kind: 'special';
  readonly barrier: boolean;
  /** The xid of the reply, whatever the request had; null = the request's. */
  readonly replyXid: number | null;
  readonly run: ConnectionOp;
}

/** Answered where the connection is, outside the order of its requests. */
export interface ConnectionRow extends Row {
  readonly kind: 'connection';
}

export type OpRow = ReadRow | WriteRow | SpecialRow | ConnectionRow;

const like1 = { answer: answerCreate, eagerCheck: checkCreate };
const like2 = { answer: answerCreate2, resultType: OpCode.create2 };
const likeSet = { answer: writeStatOf };
const onData = { watch: WatchMode.data };
const onChildren = { watch: WatchMode.children };

// biome-ignore format: a table is read by columns
const rows: readonly OpRow[] = [
  write('create',              'CREA',  prepareCreate, { ...like1, scan: retypeCreate }),
  write('create2',             'CREA',  prepareCreate, { ...like2, scan: retypeCreate2, eagerCheck: checkCreate }),
  write('createContainer',     'CREA',  prepareContainer, { ...like2, scan: retypeContainer }),
  write('createTTL',           'CREA',  prepareTTL, { ...like2, scan: retypeTTL }),
  write('delete',              'DELE',  prepareDelete, { scan: scanPathAndInt, eagerCheck: checkDelete }),
  write('deleteContainer',     'DELE',  prepareDeleteContainer, { fromClients: false }),
  write('setData',             'SETD',  prepareSetData, { ...likeSet, scan: scanSetData, eagerCheck: checkSetData }),
  write('setACL',              'SETA',  prepareSetAcl, { ...likeSet, eagerCheck: checkSetAcl }),
  write('check',               'CHEC',  prepareCheck, { fromClients: false, scan: scanPathAndInt }),
  write('multi',               'MULT',  prepareMulti(subOpOf)),
  write('reconfig',            'RECO',  prepareReconfig),
  write('createSession',       'SESS',  prepareCreateSession, { fromClients: false }),
  write('closeSession',        'CLOS',  prepareCloseSession),
  read('exists',               'EXIS',  readExists, { ...onData, watchesMissing: true }),
  read('getData',              'GETD',  readData, { ...onData, scan: scanPathAndFlag }),
  read('getACL',               'GETA',  readAcl),
  read('getChildren',          'GETC',  readChildren, { ...onChildren, scan: scanPathAndFlag }),
  read('getChildren2',         'GETC',  readChildren2, onChildren),
  read('getAllChildrenNumber', 'GETACN', readAllChildrenNumber),
  read('multiRead',            'MLTR',  readMulti(subOpOf), { fast: false, errorHasBody: true }),
  special('sync',              'SYNC',  sync, { barrier: true }),
  special('ping',              'PING',  ping, { replyXid: Xid.ping }),
  special('checkWatches',      'CHKW',  checkWatches),
  special('removeWatches',     'REMW',  removeWatches),
  special('setWatches',        'SETW',  setWatches),
  special('setWatches2',       'STW2',  setWatches2),
  special('addWatch',          'ADDW',  addWatch),
  special('getEphemerals',     'GETE',  getEphemerals),
  special('whoAmI',            'HOMI',  answerWhoAmI),
  { kind: 'connection', code: OpCode.auth, name: 'auth', word: 'NA' },
  { kind: 'connection', code: OpCode.sasl, name: 'sasl', word: 'NA' },
];

type Name = keyof typeof OpCode;

function write(
  name: Name,
  word: string,
  prepare: PrepareOp,
  more: Partial<WriteRow> = {},
): WriteRow {
  const code = OpCode[name];
  const usual = { fromClients: true, answer: () => {}, scan: null, resultType: code } as const;
  return { kind: 'write', code, name, word, prepare, eagerCheck: null, ...usual, ...more };
}

function read(name: Name, word: string, op: ReadOp, more: Partial<ReadRow> = {}): ReadRow {
  const watching = { watch: 0, watchesMissing: false } as const;
  const usual = { fast: true, errorHasBody: false, scan: null, ...watching } as const;
  return { kind: 'read', code: OpCode[name], name, word, read: op, ...usual, ...more };
}

function special(
  name: Name,
  word: string,
  run: ConnectionOp,
  more: Partial<SpecialRow> = {},
): SpecialRow {
  const usual = { barrier: false, replyXid: null } as const;
  return { kind: 'special', code: OpCode[name], name, word, run, ...usual, ...more };
}

const lowestCode = OpCode.closeSession;
const byCode: (OpRow | undefined)[] = [];
for (const row of rows) {
  assert(byCode[row.code - lowestCode] === undefined, `op ${row.name} has a code of its own`);
  byCode[row.code - lowestCode] = row;
}

/** The row of a code, whoever asks for it; undefined for a code that is no operation. */
export function opRow(type: number): OpRow | undefined {
  return byCode[type - lowestCode];
}

/** As `opRow`, for a request of a client: null is answered with -6, and the end. */
export function clientOpRow(type: number): OpRow | null {
  const row = opRow(type);
  if (row === undefined || (row.kind === 'write' && !row.fromClients)) return null;
  return row;
}

/**
 * Does this request, from its header on, ask for a watch? The flag stands behind the path. False
 * also where the bytes end early: then the op itself will say so.
 */
export function asksForWatch(type: number, view: DataView, start: number, end: number): boolean {
  const row = opRow(type);
  if (row === undefined || row.kind !== 'read' || row.watch === 0) return false;
  const at = start + requestHeaderBytes;
  if (end - at < 5) return false;
  const flagAt = at + 4 + Math.max(view.getInt32(at), 0);
  return flagAt < end && view.getUint8(flagAt) !== 0;
}

export function subOpOf(type: number): SubOp | null {
  const row = opRow(type);
  return row !== undefined && 'scan' in row && row.scan !== null ? (row as SubOp) : null;
}
