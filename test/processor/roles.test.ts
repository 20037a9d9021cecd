/** What a leader makes of its learners' requests, and a learner of its leader's txns, in the corners. */
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { JuteError } from '../../src/jute/jute-error.ts';
import { OpCode, pathWatchRequest, setDataRequest } from '../../src/jute/proto.ts';
import { TxnHeaderOffset, txnHeader, txnHeaderBytes } from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { ForwardedRequest } from '../../src/processor/keeper-ports.ts';
import { Harness } from './harness.ts';

const link = -1;
const sessionIdHi = 0x02000000;
const sessionIdLo = 7;

function leader(): Harness {
  const harness = new Harness({ role: 'rest', settings: { serverId: 1 } });
  harness.core.lead(1);
  return harness;
}

function asked(type: number, more: Partial<ForwardedRequest> = {}): ForwardedRequest {
  const bytes = more.bytes ?? new Uint8Array(0);
  const range = { bytes, start: 0, end: bytes.byteLength };
  return { sessionIdHi, sessionIdLo, cxid: 5, type, authInfo: null, ...range, ...more };
}

/** A leader with a session of a learner. */
function leaderWithSession(): Harness {
  const harness = leader();
  const timeout = Uint8Array.of(0, 0, 0x27, 0x10);
  harness.core.learnerRequest(link, asked(OpCode.createSession, { bytes: timeout, cxid: 0 }));
  return harness;
}

/** Type and error of the txn that was proposed last. */
function lastTxn(harness: Harness): { type: number; err: number; cxid: number } {
  const { payload } = harness.proposed.at(-1)!;
  const view = new DataView(payload.buffer);
  const type = view.getInt32(TxnHeaderOffset.type);
  const err = type === OpCode.error ? view.getInt32(txnHeaderBytes) : ErrorCode.ok;
  return { type, err, cxid: view.getInt32(TxnHeaderOffset.cxid) };
}

describe('a request of a learner', () => {
  it('with identities that are none is refused before anything is done', () => {
    const harness = leaderWithSession();
    const before = harness.proposed.length;
    const authInfo = Uint8Array.of(0, 0, 0, 9, 1);
    const request = asked(OpCode.delete, { authInfo });
    expect(() => harness.core.learnerRequest(link, request)).toThrow(JuteError);
    expect(harness.proposed.length).toBe(before);
  });

  it('with a body that is none comes back as the error that it is, in its place', () => {
    const harness = leaderWithSession();
    harness.core.learnerRequest(link, asked(OpCode.create, { bytes: Uint8Array.of(0, 0, 9, 9) }));
    const err = ErrorCode.marshallingError;
    expect(lastTxn(harness)).toEqual({ type: OpCode.error, err, cxid: 5 });
  });

  it('for what no txn stands for comes back as an error, too', () => {
    const harness = leaderWithSession();
    for (const type of [OpCode.check, OpCode.getData, OpCode.auth, 4711]) {
      harness.core.learnerRequest(link, asked(type));
      const err = ErrorCode.unimplemented;
      expect(lastTxn(harness)).toEqual({ type: OpCode.error, err, cxid: 5 });
    }
  });

  it('of a session that is not there, or is another learner’s, says so', () => {
    const harness = leaderWithSession();
    const writer = new JuteWriter();
    setDataRequest.write(writer, { path: '/zookeeper', data: null, version: -1 });
    const bytes = writer.finish().slice();
    const setData = (from: number, more: Partial<ForwardedRequest> = {}) => {
      harness.core.learnerRequest(from, asked(OpCode.setData, { bytes, ...more }));
      return lastTxn(harness).err;
    };
    expect(setData(link, { sessionIdLo: 8 })).toBe(ErrorCode.sessionExpired);
    expect(setData(link)).toBe(ErrorCode.ok);
    expect(setData(-2)).toBe(ErrorCode.sessionMoved);
    expect(harness.core.revalidateFor(-2, sessionIdHi, sessionIdLo, 10_000)).toBe(true);
    expect(setData(link)).toBe(ErrorCode.sessionMoved);
    expect(setData(-2)).toBe(ErrorCode.ok);
  });

  it('is dropped where nobody leads', () => {
    const harness = new Harness({ role: 'rest' });
    harness.core.learnerRequest(link, asked(OpCode.createSession));
    expect(harness.proposed).toEqual([]);
    expect(harness.core.revalidateFor(link, sessionIdHi, sessionIdLo, 10_000)).toBe(false);
  });
});

describe('a session of a learner', () => {
  it('is not valid when it is unknown, or about to end', () => {
    const harness = leaderWithSession();
    harness.withhold = true;
    expect(harness.core.revalidateFor(link, sessionIdHi, 8, 10_000)).toBe(false);
    expect(harness.core.revalidateFor(link, sessionIdHi, sessionIdLo, 10_000)).toBe(true);
    harness.core.learnerRequest(link, asked(OpCode.closeSession));
    expect(harness.core.revalidateFor(link, sessionIdHi, sessionIdLo, 10_000)).toBe(false);
  });

  it('lives as long as the learner hears of it', () => {
    const harness = leaderWithSession();
    for (let i = 0; i < 5; i++) {
      harness.pass(9000);
      harness.core.touch(sessionIdHi, sessionIdLo, 10_000);
      harness.core.tick();
    }
    const before = harness.proposed.length;
    harness.pass(12_001);
    harness.core.tick();
    expect(harness.proposed.length).toBe(before + 1);
    expect(lastTxn(harness)).toMatchObject({ type: OpCode.closeSession, cxid: 0 });
  });

  it('has all the time again when another server leads', () => {
    const harness = leaderWithSession();
    harness.pass(9000);
    harness.core.rest();
    harness.pass(60_000);
    harness.core.lead(2);
    harness.pass(10_000);
    harness.core.tick();
    expect(lastTxn(harness).type).toBe(OpCode.createSession);
  });
});

describe('a learner', () => {
  function learner() {
    const harness = new Harness({ role: 'rest', settings: { serverId: 2 } });
    harness.core.follow(1);
    const client = harness.connection();
    client.connect({ timeOut: 10_000 });
    const { request } = harness.asked[0] as { request: ForwardedRequest };
    const clientId = (BigInt(request.sessionIdHi) << 32n) | BigInt(request.sessionIdLo >>> 0);
    let counter = 0;
    const deliver = (type: number, cxid: number, body = new Uint8Array(0)) => {
      const txn = new JuteWriter();
      const zxid = (1n << 32n) | BigInt(++counter);
      txnHeader.write(txn, { clientId, cxid, zxid, time: 1n, type });
      txn.writeRaw(body, 0, body.byteLength);
      harness.core.deliver(txn.bytes, 0, txn.offset);
    };
    deliver(OpCode.createSession, 0, Uint8Array.of(0, 0, 0x27, 0x10));
    return { harness, client, deliver };
  }

  it('does not take the end of a session for the answer to a write with the same xid', () => {
    const { client, deliver } = learner();
    expect(client.answer?.valid).toBe(true);
    client.send(OpCode.setData, setDataRequest, { path: '/a', data: null, version: -1 }, 0);
    deliver(OpCode.closeSession, 0);
    expect(client.replies).toEqual([]);
    expect(client.isClosed).toBe(true);
  });

  it('answers nobody with the txn of a request that came before the session did', () => {
    const { client, deliver } = learner();
    const err = Uint8Array.of(0xff, 0xff, 0xff, 0x9b);
    client.sendSetData('/a');
    deliver(OpCode.error, 4711, err);
    expect(client.replies).toEqual([]);
    deliver(OpCode.error, 1, err);
    expect(client.replies.map(({ xid, err }) => [xid, err])).toEqual([[1, ErrorCode.noNode]]);
  });

  it('closes the connection of a session that has moved, without an answer', () => {
    const { client, deliver } = learner();
    client.sendSetData('/a');
    deliver(OpCode.error, 1, Uint8Array.of(0xff, 0xff, 0xff, 0x8a));
    expect(client.replies).toEqual([]);
    expect(client.isClosed).toBe(true);
  });

  it('tells once of each session that it was heard of', () => {
    const { harness, client } = learner();
    const touched = () => {
      const timeouts: number[] = [];
      harness.core.takeTouched((_hi, _lo, timeoutMs) => timeouts.push(timeoutMs));
      return timeouts;
    };
    touched();
    harness.pass(1);
    client.send(OpCode.exists, pathWatchRequest, { path: '/a', watch: false });
    expect(touched()).toEqual([10_000]);
    expect(touched()).toEqual([]);
  });

  it('decides about no session and no node by itself', () => {
    const { harness } = learner();
    harness.pass(100_000);
    harness.core.tick();
    expect(harness.proposed).toEqual([]);
    expect(harness.core.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
