/** Sessions that only their server knows, and how they become known to all. */
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { TxnHeaderOffset } from '../../src/jute/txn.ts';
import { type FakeEnsemble, leaderAndLearner, type Member } from './fake-ensemble.ts';

const pair = (localSessions: 'on' | 'upgrading') => leaderAndLearner({ localSessions });

/** Types of all txns, in order. */
const typesOf = (ensemble: FakeEnsemble) => ensemble.txns.map(({ type }) => type);

describe('a local session', () => {
  it('comes and goes without a txn, wherever it is', () => {
    const { ensemble, leader, learner, settle, client } = pair('on');
    for (const member of [leader, learner]) {
      const { core } = member;
      const one = client(member);
      expect(one.answer?.valid).toBe(true);
      expect(core.query('gauges')).toMatchObject({ sessions: 0, localSessions: 1 });
      expect(core.query('dump').local?.flatMap(({ sessions }) => sessions).length).toBe(1);
      one.sendCreate(`/n${member.index}`);
      const close = one.send(OpCode.closeSession);
      settle();
      expect(one.replies.map(({ xid, err }) => [xid, err])).toEqual([
        [1, ErrorCode.ok],
        [close, ErrorCode.ok],
      ]);
      expect(one.isClosed).toBe(true);
      expect(core.query('gauges')).toMatchObject({ sessions: 0, localSessions: 0 });
    }
    expect(typesOf(ensemble)).toEqual([OpCode.create, OpCode.create]);
  });

  it('goes when its connection does while its end is in line', () => {
    const { learner, settle, client } = pair('on');
    const one = client(learner);
    one.sendCreate('/a');
    one.send(OpCode.closeSession);
    learner.core.disconnect(one.cnxnId);
    settle();
    expect(learner.core.query('gauges')).toMatchObject({ localSessions: 0 });
  });

  it('expires where it is, without a txn', () => {
    const { ensemble, leader, learner, client } = pair('on');
    const both = [client(leader), client(learner)];
    ensemble.pass(12_001);
    for (const { core } of [leader, learner]) {
      expect(core.nextDeadlineMs()).toBeLessThanOrEqual(learner.nowMs);
      core.tick();
      expect(core.query('gauges')).toMatchObject({ localSessions: 0 });
    }
    expect(both.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(ensemble.txns).toEqual([]);
  });

  it('can be taken up again at its server alone, and not behind a change of the leader', () => {
    const { ensemble, leader, learner, settle, client } = pair('on');
    const one = client(learner);
    const again = (member: Member) => {
      const next = member.connection();
      next.connect({ sessionId: one.sessionId, passwd: one.answer!.passwd });
      settle();
      return next.answer?.valid;
    };
    expect(again(learner)).toBe(true);
    expect(again(leader)).toBe(false);
    expect(again(learner)).toBe(true);
    ensemble.elect(0, 0);
    expect(again(learner)).toBe(false);
  });

  it('of the leader is none for a learner', () => {
    const { leader, learner, settle, client } = pair('on');
    const one = client(leader);
    const next = learner.connection();
    next.connect({ sessionId: one.sessionId, passwd: one.answer!.passwd });
    settle();
    expect(next.answer?.valid).toBe(false);
  });

  it('owns no node', () => {
    const { ensemble, leader, learner, settle, client } = pair('on');
    for (const member of [leader, learner]) {
      const one = client(member);
      one.sendCreate('/e', { flags: 1 });
      one.sendCreate('/c', { type: OpCode.create2, flags: 3 });
      one.sendSetData('/zookeeper');
      settle();
      const err = ErrorCode.ephemeralOnLocalSession;
      expect(one.replies.map((reply) => reply.err)).toEqual([err, err, ErrorCode.ok]);
    }
    expect(typesOf(ensemble)).toEqual([-1, -1, OpCode.setData, -1, -1, OpCode.setData]);
    expect(learner.core.query('gauges')).toMatchObject({ ephemerals: 0 });
  });

  it('that the leader cannot know must at least be no former one of its own', () => {
    const { ensemble, leader, learner, settle, client } = pair('on');
    const one = client(learner);
    one.sendSetData('/zookeeper');
    const [message] = learner.toLeader;
    if (message?.kind !== 'forward') throw new Error('a write is forwarded');
    const { request } = message;
    settle();
    const sessionIdHi = (request.sessionIdHi & 0xffffff) | ((leader.index + 1) << 24);
    leader.core.learnerRequest(-1, { ...request, sessionIdHi });
    settle();
    const { payload } = ensemble.txns.at(-1)!;
    expect(new DataView(payload.buffer).getInt32(TxnHeaderOffset.type)).toBe(OpCode.error);
  });
});

describe('a local session that wants a node of its own', () => {
  it('is known to all members before the node is', () => {
    const { ensemble, leader, learner, settle, client } = pair('upgrading');
    for (const member of [leader, learner]) {
      const one = client(member);
      one.sendCreate(`/e${member.index}`, { flags: 1 });
      one.sendCreate(`/f${member.index}`, { flags: 1 });
      // All at the leader before any of it is committed.
      while (ensemble.moveToLeader(member.index));
      settle();
      expect(one.replies.map(({ err }) => err)).toEqual([ErrorCode.ok, ErrorCode.ok]);
      const expected = { sessions: member.index + 1, localSessions: 0 };
      expect(leader.core.query('gauges')).toMatchObject(expected);
      expect(learner.core.query('gauges')).toMatchObject(expected);
    }
    const upgrade = [OpCode.createSession, OpCode.create, OpCode.create];
    expect(typesOf(ensemble)).toEqual([...upgrade, ...upgrade]);
  });

  it('ends for all members, also when its end comes right behind', () => {
    const { ensemble, leader, learner, settle, client } = pair('upgrading');
    const one = client(learner);
    one.sendCreate('/e', { flags: 1 });
    one.send(OpCode.closeSession);
    settle();
    expect(one.replies.map(({ err }) => err)).toEqual([ErrorCode.ok, ErrorCode.ok]);
    expect(typesOf(ensemble).at(-1)).toBe(OpCode.closeSession);
    const none = { sessions: 0, localSessions: 0, ephemerals: 0 };
    for (const { core } of [leader, learner]) expect(core.query('gauges')).toMatchObject(none);
  });

  it('moves like any other from then on', () => {
    const { leader, learner, settle, client } = pair('upgrading');
    const one = client(learner);
    one.sendCreate('/e', { flags: 1 });
    settle();
    const next = leader.connection();
    next.connect({ sessionId: one.sessionId, passwd: one.answer!.passwd });
    settle();
    expect(next.answer?.valid).toBe(true);
    one.sendSetData('/e');
    settle();
    expect(one.isClosed).toBe(true);
    expect(next.stat('/e').version).toBe(0);
  });
});
