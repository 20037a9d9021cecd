/**
 * A small run that is right in everything, made up by hand: the log of a server and the history of
 * two clients that follow from it. Mutators break one thing each.
 */
import type { Zxid } from '../../src/base/zxid.ts';
import type {
  ClientHistory,
  NotificationRecord,
  OperationRecord,
} from '../../src/check/history-format.ts';
import type { LoggedTxn, ServerLog } from '../../src/check/server-log.ts';
import {
  create2Response,
  createRequest,
  deleteRequest,
  getChildrenResponse,
  getDataResponse,
  multiHeader,
  OpCode,
  pathRequest,
  pathResponse,
  pathWatchRequest,
  setDataRequest,
  statResponse,
} from '../../src/jute/proto.ts';
import { type Field, record } from '../../src/jute/schema.ts';
import * as txn from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { encodeRecord } from '../support/raw-client.ts';
import { openAcl } from '../support/raw-requests.ts';

export const nothing = record({});
export const writerSession = 0x101n;
export const readerSession = 0x102n;
export const text = (value: string) => new TextEncoder().encode(value);

export function bytesOf<T>(field: Field<T>, value: T): Uint8Array {
  return encodeRecord(field, value).slice();
}

export function logged<T>(
  zxid: bigint,
  clientId: bigint,
  cxid: number,
  type: number,
  field: Field<T>,
  body: T,
): LoggedTxn {
  const writer = new JuteWriter(128);
  txn.txnHeader.write(writer, { clientId, cxid, zxid, time: 1000n + zxid, type });
  field.write(writer, body);
  if (type !== OpCode.error) txn.txnDigest.write(writer, { version: 2, treeDigest: zxid * 7n });
  return { zxid: zxid as Zxid, bytes: writer.finish().slice(), opensFile: zxid === 1n };
}

export interface MadeRun {
  readonly logs: (ServerLog & { txns: LoggedTxn[] })[];
  readonly writer: ClientHistory;
  readonly reader: ClientHistory;
}

/** Zxids of the txns, by what they do. */
export const At = {
  ...{ writerOpens: 1n, readerOpens: 2n, createA: 3n, setA: 4n, refused: 5n, sequential: 6n },
  ...{ multi: 7n, ephemeral: 8n, writerCloses: 9n, lastSet: 10n },
} as const;

const createTxnOf = (path: string, data: string, parentCVersion: number, ephemeral = false) => {
  return { path, data: text(data), acl: openAcl, ephemeral, parentCVersion };
};

export const createOf = (path: string, data: string, flags = 0) =>
  bytesOf(createRequest, { path, data: text(data), acl: openAcl, flags });

function madeLog(): LoggedTxn[] {
  const w = writerSession;
  const { create, setData, error, multi, createSession, closeSession, delete: remove } = OpCode;
  const sub = <T>(type: number, field: Field<T>, body: T) => ({ type, data: bytesOf(field, body) });
  return [
    logged(At.writerOpens, w, 0, createSession, txn.createSessionTxn, { timeOut: 4000 }),
    logged(At.readerOpens, readerSession, 0, createSession, txn.createSessionTxn, {
      timeOut: 4000,
    }),
    logged(At.createA, w, 1, create, txn.createTxn, createTxnOf('/a', 'one', 1)),
    logged(At.setA, w, 2, setData, txn.setDataTxn, { path: '/a', data: text('two'), version: 1 }),
    logged(At.refused, w, 3, error, txn.errorTxn, { err: -110 }),
    logged(At.sequential, w, 4, create, txn.createTxn, createTxnOf('/a/n-0000000000', '', 1)),
    logged(At.multi, w, 5, multi, txn.multiTxn, {
      txns: [
        sub(create, txn.createTxn, createTxnOf('/b', 'b', 2)),
        sub(remove, txn.deleteTxn, { path: '/a/n-0000000000' }),
      ],
    }),
    logged(At.ephemeral, w, 6, create, txn.createTxn, createTxnOf('/e', '', 3, true)),
    logged(At.writerCloses, w, 7, closeSession, txn.closeSessionTxn, { paths2Delete: ['/e'] }),
    logged(At.lastSet, readerSession, 9, setData, txn.setDataTxn, {
      ...{ path: '/a', data: text('three'), version: 2 },
    }),
  ];
}

export const statOfA = {
  ...{ czxid: At.createA, mzxid: At.setA, ctime: 1003n, mtime: 1004n, version: 1, cversion: 0 },
  ...{ aversion: 0, ephemeralOwner: 0n, dataLength: 3, numChildren: 0, pzxid: At.createA },
};
/** Behind the multi, which removed the one child. */
export const laterStatOfA = { ...statOfA, cversion: 2, pzxid: At.multi };
export const lastStatOfA = {
  ...laterStatOfA,
  ...{ mzxid: At.lastSet, mtime: 1010n, version: 2, dataLength: 5 },
};
const statOfE = {
  ...{ czxid: At.ephemeral, mzxid: At.ephemeral, ctime: 1008n, mtime: 1008n, version: 0 },
  ...{ cversion: 0, aversion: 0, ephemeralOwner: writerSession, dataLength: 0, numChildren: 0 },
  pzxid: At.ephemeral,
};

type Told = Pick<OperationRecord, 'type' | 'request' | 'zxid'> & Partial<OperationRecord>;

/** One after the other from `startNs` on; the first has the xid `firstXid`. */
export function operations(
  session: bigint,
  startNs: bigint,
  all: readonly Told[],
  firstXid = 1,
): OperationRecord[] {
  return all.map((told, i) => {
    const invokedNs = startNs + BigInt(i) * 100n;
    const times = { invokedNs, answeredNs: invokedNs + 50n };
    const xid = firstXid + i;
    const place = { session, connection: 1, xid, position: 2 * (xid - 1), err: 0 };
    return { ...times, ...place, reply: new Uint8Array(0), ...told };
  });
}

function multiRequest(reply: boolean): Uint8Array {
  const writer = new JuteWriter(128);
  const { create, delete: remove } = OpCode;
  multiHeader.write(writer, { type: create, done: false, err: reply ? 0 : -1 });
  writer.writeRaw(reply ? bytesOf(pathResponse, { path: '/b' }) : createOf('/b', 'b'));
  multiHeader.write(writer, { type: remove, done: false, err: reply ? 0 : -1 });
  if (!reply) deleteRequest.write(writer, { path: '/a/n-0000000000', version: -1 });
  multiHeader.write(writer, { type: -1, done: true, err: -1 });
  return writer.finish().slice();
}

function writes(): OperationRecord[] {
  const { create, create2, setData, multi, closeSession } = OpCode;
  const set = { path: '/a', data: text('two'), version: 0 };
  return operations(writerSession, 1000n, [
    {
      type: create,
      request: createOf('/a', 'one'),
      zxid: At.createA,
      reply: bytesOf(pathResponse, { path: '/a' }),
    },
    {
      type: setData,
      request: bytesOf(setDataRequest, set),
      zxid: At.setA,
      reply: bytesOf(statResponse, { stat: statOfA }),
    },
    { type: create, request: createOf('/a', 'one'), zxid: At.refused, err: -110 },
    {
      type: create,
      request: createOf('/a/n-', '', 2),
      zxid: At.sequential,
      reply: bytesOf(pathResponse, { path: '/a/n-0000000000' }),
    },
    { type: multi, request: multiRequest(false), zxid: At.multi, reply: multiRequest(true) },
    {
      type: create2,
      request: createOf('/e', '', 1),
      zxid: At.ephemeral,
      reply: bytesOf(create2Response, { path: '/e', stat: statOfE }),
    },
    { type: closeSession, request: new Uint8Array(0), zxid: At.writerCloses },
  ]);
}

function reads(): OperationRecord[] {
  const { getData, getChildren, exists, sync, setData } = OpCode;
  const look = (path: string, watch = false) => bytesOf(pathWatchRequest, { path, watch });
  const names = ['zookeeper', 'a', 'b', 'e'];
  const set = { path: '/a', data: text('three'), version: -1 };
  const stat = lastStatOfA;
  const data = text('two');
  return operations(readerSession, 1110n, [
    { type: exists, request: look('/a', true), zxid: At.readerOpens, err: -101 },
    {
      type: getData,
      request: look('/a', true),
      zxid: At.setA,
      reply: bytesOf(getDataResponse, { data, stat: statOfA }),
    },
    { type: getData, request: look('/b'), zxid: At.sequential, err: -101 },
    {
      type: getChildren,
      request: look('/a', true),
      zxid: At.sequential,
      reply: bytesOf(getChildrenResponse, { children: ['n-0000000000'] }),
    },
    { type: sync, request: bytesOf(pathRequest, { path: '/' }), zxid: At.ephemeral },
    {
      type: getChildren,
      request: look('/'),
      zxid: At.ephemeral,
      reply: bytesOf(getChildrenResponse, { children: names }),
    },
    { type: exists, request: look('/e'), zxid: At.writerCloses, err: -101 },
    {
      type: getData,
      request: look('/a'),
      zxid: At.writerCloses,
      reply: bytesOf(getDataResponse, { data, stat: laterStatOfA }),
    },
    {
      type: setData,
      request: bytesOf(setDataRequest, set),
      zxid: At.lastSet,
      reply: bytesOf(statResponse, { stat }),
    },
  ]);
}

function events(): NotificationRecord[] {
  const event = (position: number, zxid: bigint, type: number, path: string) => {
    return { session: readerSession, connection: 1, position, zxid, type, path };
  };
  return [
    event(1, At.createA, 1, '/a'),
    event(7, At.multi, 4, '/a'),
    event(15, At.lastSet, 3, '/a'),
  ];
}

export function madeRun(): MadeRun {
  const log = madeLog();
  const server = (name: string) => ({ server: name, txns: [...log], snapshots: [0n] });
  return {
    logs: [server('one'), server('two')],
    writer: { client: 'writer', connections: [], operations: writes(), notifications: [] },
    reader: { client: 'reader', connections: [], operations: reads(), notifications: events() },
  };
}
