/**
 * The made run, which goes on: ACLs, several reads at once, watches that stay, a node with a TTL
 * that the server removes, and a session that expires.
 */
import type { Zxid } from '../../src/base/zxid.ts';
import type { ClientHistory } from '../../src/check/history-format.ts';
import {
  addWatchRequest,
  create2Response,
  createTTLRequest,
  errorResponse,
  getACLResponse,
  getDataResponse,
  multiHeader,
  OpCode,
  pathRequest,
  pathWatchRequest,
} from '../../src/jute/proto.ts';
import * as txn from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { openAcl } from '../support/raw-requests.ts';
import {
  At,
  bytesOf,
  lastStatOfA,
  logged,
  type MadeRun,
  madeRun,
  operations,
  readerSession,
  text,
} from './made-run.ts';

const thirdSession = 0x103n;
const timeoutMs = 4000;

/** Zxids of the further txns. */
export const Later = { thirdOpens: 11n, createTtl: 12n, reap: 13n, thirdExpires: 14n } as const;

/** Places of the reader's further operations. */
export const Read = {
  acl: 9,
  multi: 10,
  recursive: 11,
  persistent: 12,
  ttl: 13,
  last: 14,
} as const;

/** Places of the events of the reader's watches that stay. */
export const Told = { created: 3, childCame: 4, deleted: 5, childWent: 6 } as const;

export interface LongerRun extends MadeRun {
  readonly third: ClientHistory;
}

function laterLog() {
  const node = { path: '/a/t', data: text('t'), acl: openAcl, parentCVersion: 2, ttl: 1000n };
  const { createSession, createTTL, deleteContainer, closeSession } = OpCode;
  const third = thirdSession;
  return [
    logged(Later.thirdOpens, third, 0, createSession, txn.createSessionTxn, {
      timeOut: timeoutMs,
    }),
    logged(Later.createTtl, readerSession, Read.ttl + 1, createTTL, txn.createTTLTxn, node),
    logged(Later.reap, 0n, 0, deleteContainer, txn.deleteTxn, { path: '/a/t' }),
    logged(Later.thirdExpires, third, 0, closeSession, txn.closeSessionTxn, { paths2Delete: [] }),
  ];
}

const look = (path: string) => bytesOf(pathWatchRequest, { path, watch: false });

/** What multiRead answers: the data of `/a`, and that there is no `/none`. */
export function readsReply(data: string, hasError = true): Uint8Array {
  const writer = new JuteWriter(256);
  multiHeader.write(writer, { type: OpCode.getData, done: false, err: 0 });
  getDataResponse.write(writer, { data: text(data), stat: lastStatOfA });
  if (hasError) {
    multiHeader.write(writer, { type: OpCode.error, done: false, err: -101 });
    errorResponse.write(writer, { err: -101 });
  }
  multiHeader.write(writer, { type: -1, done: true, err: -1 });
  return writer.finish().slice();
}

function readsRequest(): Uint8Array {
  const writer = new JuteWriter(128);
  for (const [type, path] of [
    [OpCode.getData, '/a'],
    [OpCode.getChildren, '/none'],
  ] as const) {
    multiHeader.write(writer, { type, done: false, err: -1 });
    writer.writeRaw(look(path));
  }
  multiHeader.write(writer, { type: -1, done: true, err: -1 });
  return writer.finish().slice();
}

export const statOfT = {
  ...{ czxid: Later.createTtl, mzxid: Later.createTtl, pzxid: Later.createTtl },
  ...{ ctime: 1012n, mtime: 1012n, version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n },
  ...{ dataLength: 1, numChildren: 0 },
};

function laterReads() {
  const { getACL, multiRead, addWatch, createTTL, exists } = OpCode;
  const watch = (path: string, mode: number) => bytesOf(addWatchRequest, { path, mode });
  const node = { path: '/a/t', data: text('t'), acl: openAcl, flags: 5, ttl: 1000n };
  const acl = { acl: openAcl, stat: lastStatOfA };
  const lastNs = 3_000_000_000n;
  const told = [
    {
      ...{ type: getACL, zxid: At.lastSet, request: bytesOf(pathRequest, { path: '/a' }) },
      reply: bytesOf(getACLResponse, acl),
    },
    { type: multiRead, zxid: At.lastSet, request: readsRequest(), reply: readsReply('three') },
    { type: addWatch, zxid: At.lastSet, request: watch('/', 1) },
    { type: addWatch, zxid: At.lastSet, request: watch('/a', 0) },
    {
      ...{ type: createTTL, zxid: Later.createTtl, request: bytesOf(createTTLRequest, node) },
      ...{ reply: bytesOf(create2Response, { path: '/a/t', stat: statOfT }), position: 103 },
    },
    {
      ...{ type: exists, zxid: Later.thirdExpires, request: look('/a/t'), err: -101 },
      ...{ position: 106, invokedNs: lastNs, answeredNs: lastNs + 50n },
    },
  ];
  return operations(readerSession, 2010n, told, Read.acl + 1);
}

function laterEvents() {
  const event = (position: number, zxid: bigint, type: number, path: string) => {
    return { session: readerSession, connection: 1, position, zxid, type, path };
  };
  return [
    event(101, Later.createTtl, 1, '/a/t'),
    event(102, Later.createTtl, 4, '/a'),
    event(104, Later.reap, 2, '/a/t'),
    event(105, Later.reap, 4, '/a'),
  ];
}

export function longerRun(): LongerRun {
  const { logs, reader, writer } = madeRun();
  for (const { txns } of logs) txns.push(...laterLog());
  reader.operations.push(...laterReads());
  reader.notifications.push(...laterEvents());
  const request = look('/none');
  const exists = { type: OpCode.exists, zxid: Later.thirdOpens as Zxid, request, err: -101 };
  const third = {
    client: 'third',
    connections: [
      { atNs: 2500n, connection: 1, session: thirdSession, timeoutMs, lastZxidSeen: 0n },
    ],
    operations: operations(thirdSession, 2600n, [exists]),
    notifications: [],
  };
  return { logs, writer, reader, third };
}
