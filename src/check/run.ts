/** One run as the stages see it: the agreed log, all operations, and which txn answers which. */
import { hex64 } from '../base/zxid.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { ustring } from '../jute/schema.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import type { ClientHistory, NotificationRecord, OperationRecord } from './history-format.ts';
import { headerOf, type LoggedTxn, type ServerLog } from './server-log.ts';

export interface Operation extends OperationRecord {
  readonly client: string;
  /** Connections of all clients have different ones. */
  readonly line: number;
}

export interface Notification extends NotificationRecord {
  readonly client: string;
  readonly line: number;
}

export interface RunInput {
  readonly histories: readonly ClientHistory[];
  readonly logs: readonly ServerLog[];
}

export interface Run {
  readonly log: readonly LoggedTxn[];
  readonly operations: readonly Operation[];
  readonly notifications: readonly Notification[];
  /** Places in the log, by operation: of its own txn; -1 for none. */
  readonly txnOf: Int32Array;
  /** How many txns the state had that answered an operation; -1 when it has no answer. */
  readonly seen: Int32Array;
  /** Shortest timeout of each session, in ms, of those that its connections had. */
  readonly timeouts: ReadonlyMap<bigint, number>;
  /** Operations by place in the log; -1 for txns of nobody who recorded. */
  readonly operationOf: Int32Array;
}

const linesPerClient = 1_000_000;

/** The histories become part of the run: their records are not copied. */
export function joinRun(histories: readonly ClientHistory[], log: readonly LoggedTxn[]): Run {
  const operations: Operation[] = [];
  const notifications: Notification[] = [];
  const timeouts = new Map<bigint, number>();
  for (const [at, { client, ...history }] of histories.entries()) {
    for (const each of history.operations) {
      operations.push(Object.assign(each, { client, line: at * linesPerClient + each.connection }));
    }
    for (const { session, timeoutMs } of history.connections) {
      timeouts.set(session, Math.min(timeoutMs, timeouts.get(session) ?? timeoutMs));
    }
    for (const each of history.notifications) {
      notifications.push(
        Object.assign(each, { client, line: at * linesPerClient + each.connection }),
      );
    }
  }
  const txnOf = new Int32Array(operations.length).fill(-1);
  const seen = new Int32Array(operations.length).fill(-1);
  const operationOf = new Int32Array(log.length).fill(-1);
  const byRequest = requestIndex(log);
  const zxids = BigInt64Array.from(log, ({ zxid }) => zxid);
  for (const [at, { session, xid, answeredNs, zxid, type }] of operations.entries()) {
    if (answeredNs >= 0n) seen[at] = countUpTo(zxids, zxid);
    const place = changes(type) ? byRequest.get(session)?.get(xid) : undefined;
    if (place === undefined) continue;
    txnOf[at] = place;
    operationOf[place] = at;
  }
  return { log, operations, notifications, txnOf, seen, timeouts, operationOf };
}

/** Places in the log by session and cxid; of two with one key the first. */
function requestIndex(log: readonly LoggedTxn[]): Map<bigint, Map<number, number>> {
  const index = new Map<bigint, Map<number, number>>();
  for (const [at, { bytes }] of log.entries()) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const session = view.getBigInt64(TxnHeaderOffset.clientId);
    const cxid = view.getInt32(TxnHeaderOffset.cxid);
    let ofSession = index.get(session);
    if (ofSession === undefined) index.set(session, (ofSession = new Map()));
    if (!ofSession.has(cxid)) ofSession.set(cxid, at);
  }
  return index;
}

/** How many of the ascending `zxids` are at or below `zxid`. */
export function countUpTo(zxids: BigInt64Array, zxid: bigint): number {
  let low = 0;
  let high = zxids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (zxids[middle]! <= zxid) low = middle + 1;
    else high = middle;
  }
  return low;
}

const changing = new Set<number>([
  ...[OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL, OpCode.delete],
  ...[OpCode.setData, OpCode.setACL, OpCode.multi, OpCode.closeSession, OpCode.reconfig],
]);

/** Whether an acknowledged request of the type has a txn. */
export function changes(type: number): boolean {
  return changing.has(type);
}

export function isAnswered({ answeredNs }: OperationRecord): boolean {
  return answeredNs >= 0n;
}

const typeNames = new Map(Object.entries(OpCode).map(([name, code]) => [code as number, name]));
const typesWithoutPath = new Set<number>([OpCode.multi, OpCode.multiRead, OpCode.closeSession]);

/** The path that a request names first, or null. */
export function pathOf({ type, request }: OperationRecord): string | null {
  if (request === null || request.byteLength < 4 || typesWithoutPath.has(type)) return null;
  return ustring.read(new JuteReader(request));
}

export function tellOperation(operation: Operation): string {
  const { client, session, xid, type, err, zxid } = operation;
  const answer = isAnswered(operation) ? `err ${err}, zxid ${hex64(zxid)}` : 'no answer';
  const what = `${typeNames.get(type) ?? type} ${pathOf(operation) ?? ''}`.trim();
  return `${client}: ${what} (session ${hex64(session)}, xid ${xid}) -> ${answer}`;
}

export function tellTxn(txn: LoggedTxn): string {
  const { clientId, cxid, type } = headerOf(txn);
  return `txn ${hex64(txn.zxid)} ${typeNames.get(type) ?? type} (session ${hex64(clientId)}, cxid ${cxid})`;
}
