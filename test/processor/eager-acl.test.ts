/** enableEagerACLCheck: what a member says itself, and what it leaves to the leader. */
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/base/error-codes.ts';
import { CreateFlag, OpCode } from '../../src/jute/proto.ts';
import { leaderAndLearner } from './fake-ensemble.ts';
import { aclOf, type Client, digestOf, Harness, openAcl } from './harness.ts';

const bobs = [aclOf(31, 'digest', digestOf('bob:pw'))];
const invalid = [aclOf(31, 'world', 'nobody')];

/** A leader and a learner with /closed, which is bob's, and a stranger at the learner. */
function pair() {
  const { ensemble, leader, learner, settle, client } = leaderAndLearner({ eagerAclCheck: true });
  const owner = client(learner);
  owner.authenticate('digest', 'bob:pw');
  owner.sendCreate('/closed', { acl: bobs });
  owner.sendCreate('/closed/child');
  settle();
  expect(owner.replies.map(({ err }) => err)).toEqual([0, 0]);
  return { ensemble, leader, learner, owner, settle, client };
}

describe('a member that checks access itself', () => {
  const refused: [what: string, ask: (client: Client) => number, err: number][] = [
    ['create', (c) => c.sendCreate('/closed/x'), ErrorCode.noAuth],
    ['create2', (c) => c.sendCreate('/closed/x', { type: OpCode.create2 }), ErrorCode.noAuth],
    ['delete', (c) => c.sendDelete('/closed/child'), ErrorCode.noAuth],
    ['delete of what is not there', (c) => c.sendDelete('/closed/none'), ErrorCode.noAuth],
    ['setData', (c) => c.sendSetData('/closed'), ErrorCode.noAuth],
    ['setACL', (c) => c.sendSetAcl('/closed', openAcl), ErrorCode.noAuth],
    ['create with no ACL', (c) => c.sendCreate('/x', { acl: [] }), ErrorCode.invalidAcl],
    ['setACL that is none', (c) => c.sendSetAcl('/none', invalid), ErrorCode.invalidAcl],
  ];

  it.each(refused)('refuses %s without a txn, and without a zxid', (_, ask, err) => {
    const { ensemble, leader, learner, settle, client } = pair();
    for (const member of [leader, learner]) {
      const stranger = client(member);
      const before = ensemble.txns.length;
      const xid = ask(stranger);
      expect(stranger.replies).toEqual([{ xid, zxid: 0n, err, body: new Uint8Array() }]);
      settle();
      expect(ensemble.txns.length).toBe(before);
      expect(stranger.isClosed).toBe(false);
    }
  });

  const leftToTheLeader: [what: string, ask: (client: Client) => number, err: number][] = [
    ['what has no parent', (c) => c.sendCreate('/none/x', { acl: openAcl }), ErrorCode.noNode],
    ['a path that is none', (c) => c.sendCreate('x', { acl: invalid }), ErrorCode.badArguments],
    ['a reserved path', (c) => c.sendDelete('/zookeeper'), ErrorCode.badArguments],
    ['a node that is missing', (c) => c.sendSetData('/none'), ErrorCode.noNode],
    ['bytes that are none', (c) => c.send(OpCode.setData), ErrorCode.marshallingError],
    [
      'a container',
      (c) =>
        c.sendCreate('/closed/x', { type: OpCode.createContainer, flags: CreateFlag.container }),
      ErrorCode.noAuth,
    ],
  ];

  it.each(leftToTheLeader)('leaves %s to the leader', (_, ask, err) => {
    const { ensemble, learner, settle, client } = pair();
    const stranger = client(learner);
    ask(stranger);
    expect(stranger.replies).toEqual([]);
    settle();
    const { zxid } = ensemble.txns.at(-1)!;
    expect(stranger.replies).toMatchObject([{ zxid, err }]);
  });

  it('answers in the order of the requests, by the tree as it was when they came', () => {
    const { learner, owner, settle, client } = pair();
    const stranger = client(learner);
    const ahead = stranger.sendCreate('/mine');
    const refusal = stranger.sendSetData('/closed');
    owner.sendSetAcl('/closed', openAcl);
    expect(stranger.replies).toEqual([]);
    settle();
    const behind = stranger.sendSetData('/closed');
    settle();
    expect(stranger.replies.map(({ xid, err }) => [xid, err])).toEqual([
      [ahead, 0],
      [refusal, ErrorCode.noAuth],
      [behind, 0],
    ]);
  });

  it('knows the identities that the connection has', () => {
    const { learner, settle, client } = pair();
    const other = client(learner);
    other.sendSetData('/closed');
    other.authenticate('digest', 'bob:pw');
    other.sendSetData('/closed');
    settle();
    expect(other.replies.map(({ err }) => err)).toEqual([ErrorCode.noAuth, 0]);
  });
});

it('a standalone server has nobody to ask, and every refusal is a txn', () => {
  const harness = new Harness({ settings: { eagerAclCheck: true } });
  const owner = harness.client();
  owner.authenticate('digest', 'bob:pw');
  owner.create('/closed', { acl: bobs });
  const { err, zxid } = harness.client().setData('/closed', null);
  expect([err, zxid]).toEqual([ErrorCode.noAuth, harness.lastZxid]);
});
