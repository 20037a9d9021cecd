/** What can be wrong with a run, and the stage that has to find it. */
import type { Zxid } from '../../src/base/zxid.ts';
import type { Stage } from '../../src/check/findings.ts';
import type { NotificationRecord, OperationRecord } from '../../src/check/history-format.ts';
import {
  getChildrenResponse,
  getDataResponse,
  OpCode,
  pathResponse,
  statResponse,
} from '../../src/jute/proto.ts';
import * as txn from '../../src/jute/txn.ts';
import {
  At,
  bytesOf,
  laterStatOfA,
  logged,
  type MadeRun,
  readerSession,
  statOfA,
  writerSession,
} from './made-run.ts';

interface Mutator {
  readonly stage: Stage;
  mutate(run: MadeRun): void;
}

const text = (value: string) => new TextEncoder().encode(value);
const openAcl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

/** The writer's or the reader's operation at the place `at` is changed. */
function written(stage: Stage, at: number, change: Partial<OperationRecord>): Mutator {
  return { stage, mutate: ({ writer }) => void Object.assign(writer.operations[at]!, change) };
}
function seen(stage: Stage, at: number, change: Partial<OperationRecord>): Mutator {
  return { stage, mutate: ({ reader }) => void Object.assign(reader.operations[at]!, change) };
}
function told(stage: Stage, at: number, change: Partial<NotificationRecord>): Mutator {
  return { stage, mutate: ({ reader }) => void Object.assign(reader.notifications[at]!, change) };
}

/** All servers have something else at the zxid, or nothing behind it is there. */
function inLog(stage: Stage, change: (txns: MadeRun['logs'][number]['txns']) => void): Mutator {
  return { stage, mutate: ({ logs }) => logs.forEach(({ txns }) => void change(txns)) };
}
const place = (zxid: bigint) => Number(zxid) - 1;
const dataOf = (data: string, stat: typeof statOfA) =>
  bytesOf(getDataResponse, { data: text(data), stat });
const setTxn = (zxid: bigint, session: bigint, cxid: number, data: string, version: number) =>
  logged(zxid, session, cxid, OpCode.setData, txn.setDataTxn, {
    path: '/a',
    data: text(data),
    version,
  });
const closing = (paths2Delete: string[]) =>
  logged(At.writerCloses, writerSession, 7, OpCode.closeSession, txn.closeSessionTxn, {
    paths2Delete,
  });
const afterEnd = (At.lastSet + 1n) as Zxid;

const agreement: Record<string, Mutator> = {
  'servers with different txns at one zxid': {
    stage: 'A',
    mutate: ({ logs }) => {
      logs[1]!.txns[place(At.setA)] = setTxn(At.setA, writerSession, 2, 'xyz', 1);
    },
  },
  'another digest on one server': {
    stage: 'A',
    mutate: ({ logs }) => {
      const { bytes, ...rest } = logs[1]!.txns[place(At.multi)]!;
      const changed = bytes.slice();
      changed[changed.length - 1]! ^= 1;
      logs[1]!.txns[place(At.multi)] = { ...rest, bytes: changed };
    },
  },
  'a hole in one log': {
    stage: 'A',
    mutate: ({ logs }) => void logs[0]!.txns.splice(place(At.refused), 1),
  },
  'a hole in all logs': inLog('A', (txns) => void txns.splice(place(At.refused), 1)),
  'an epoch that does not begin with 1': inLog('A', (txns) => {
    txns.push(setTxn((1n << 32n) + 2n, readerSession, 10, 'four', 3));
  }),
  'zxids that go down': { stage: 'A', mutate: ({ logs }) => void logs[1]!.txns.reverse() },
};

const acknowledgement: Record<string, Mutator> = {
  'an acknowledged write that no server has': inLog('B', (txns) => {
    txns[place(At.setA)] = setTxn(At.setA, writerSession, 77, 'two', 1);
  }),
  'a write that is applied twice': inLog('B', (txns) => {
    txns.push(setTxn(afterEnd, readerSession, 9, 'three', 3));
  }),
  'the zxid of another txn': written('B', 1, { zxid: At.refused }),
  'success with an error txn': written('B', 2, { err: 0 }),
  'an error with a txn': written('B', 1, { err: -103 }),
  'a lost write that was acknowledged last': inLog('B', (txns) => void txns.pop()),
};

const realTime: Record<string, Mutator> = {
  'a write before one that had ended': written('C', 0, { invokedNs: 5000n, answeredNs: 5001n }),
  'writes in another order than they happened': seen('C', 8, { invokedNs: 10n, answeredNs: 20n }),
  'a read of a write that had not begun': seen('F', 7, { invokedNs: 900n, answeredNs: 901n }),
  'a read of a state that is too old': seen('F', 2, {
    ...{ invokedNs: 90_000_000_000n, answeredNs: 90_000_000_001n },
  }),
  'a read older than the sync before it': seen('G', 5, {
    ...{ zxid: At.setA, reply: bytesOf(getChildrenResponse, { children: ['zookeeper', 'a'] }) },
  }),
};

const replies: Record<string, Mutator> = {
  'other data': seen('D', 1, { reply: dataOf('xyz', statOfA) }),
  'data of an older state': seen('D', 7, { reply: dataOf('one', laterStatOfA) }),
  'another version': seen('D', 1, { reply: dataOf('two', { ...statOfA, version: 2 }) }),
  'another cversion': seen('D', 7, { reply: dataOf('two', { ...laterStatOfA, cversion: 1 }) }),
  'another pzxid': seen('D', 7, { reply: dataOf('two', { ...laterStatOfA, pzxid: At.setA }) }),
  'another number of children': seen('D', 7, {
    reply: dataOf('two', { ...laterStatOfA, numChildren: 1 }),
  }),
  'a child that is missing': seen('D', 5, {
    reply: bytesOf(getChildrenResponse, { children: ['zookeeper', 'a', 'e'] }),
  }),
  'a child too much': seen('D', 3, {
    reply: bytesOf(getChildrenResponse, { children: ['n-0000000000', 'n-0000000001'] }),
  }),
  'half of a multi': seen('D', 2, { zxid: At.multi }),
  'a node that is not found': seen('D', 1, { err: -101 }),
  'an ephemeral node that survives its session': seen('D', 6, {
    ...{ err: 0, reply: bytesOf(statResponse, { stat: statOfA }) },
  }),
  'a reply with the name of another sequential node': written('D', 3, {
    reply: bytesOf(pathResponse, { path: '/a/n-0000000001' }),
  }),
  'a txn with other data than was asked for': inLog('D', (txns) => {
    txns[place(At.lastSet)] = setTxn(At.lastSet, readerSession, 9, 'other', 2);
  }),
  'a Stat of another write': written('D', 1, {
    reply: bytesOf(statResponse, { stat: { ...statOfA, mzxid: At.createA } }),
  }),
  'an error without a reason': inLog('D', (txns) => {
    txns[place(At.createA)] = logged(At.createA, writerSession, 1, OpCode.error, txn.errorTxn, {
      err: -110,
    });
  }),
};

const sessions: Record<string, Mutator> = {
  'a session that goes back in time': seen('E', 7, { zxid: At.createA }),
  'replies in another order than requests': written('E', 4, { position: 1 }),
  'a closed session that writes': inLog('I', (txns) => {
    txns.push(setTxn(afterEnd, writerSession, 8, 'zombie', 3));
  }),
  'a session id that is used twice': inLog('I', (txns) => {
    txns.push(
      logged(afterEnd, writerSession, 0, OpCode.createSession, txn.createSessionTxn, {
        timeOut: 1,
      }),
    );
  }),
  'a closeSession that forgets a node': inLog('I', (txns) => {
    txns[place(At.writerCloses)] = closing([]);
  }),
  'a closeSession that takes a node of others': inLog('I', (txns) => {
    txns[place(At.writerCloses)] = closing(['/e', '/b']);
  }),
  'an ephemeral node of nobody': inLog('I', (txns) => {
    const node = { path: '/x', data: null, acl: openAcl, ephemeral: true, parentCVersion: 4 };
    txns.push(logged(afterEnd, 0x999n, 1, OpCode.create, txn.createTxn, node));
  }),
};

const watchesAndEnd: Record<string, Mutator> = {
  'an event that is lost': {
    stage: 'H',
    mutate: ({ reader }) => void reader.notifications.splice(1, 1),
  },
  'an event that comes twice': {
    stage: 'H',
    mutate: ({ reader }) => void reader.notifications.push({ ...reader.notifications[0]! }),
  },
  'an event of nothing': told('H', 1, { path: '/b' }),
  'an event of another kind': told('H', 0, { type: 3 }),
  'an event at another zxid': told('H', 2, { zxid: At.setA }),
  'an event behind what it tells of': told('H', 1, { position: 13 }),
  'an event of a txn that is lost': told('J', 2, { zxid: 99n }),
  'a read of a state that is lost': seen('J', 7, { zxid: 99n }),
};

export const mutators: Readonly<Record<string, Mutator>> = {
  ...agreement,
  ...acknowledgement,
  ...realTime,
  ...replies,
  ...sessions,
  ...watchesAndEnd,
};
