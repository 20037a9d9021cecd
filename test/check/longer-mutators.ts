/** What can be wrong with the longer run, and the stage that has to find it. */
import type { Stage } from '../../src/check/findings.ts';
import type { NotificationRecord, OperationRecord } from '../../src/check/history-format.ts';
import { create2Response, getACLResponse, OpCode } from '../../src/jute/proto.ts';
import { deleteTxn } from '../../src/jute/txn.ts';
import { openAcl } from '../support/raw-requests.ts';
import { Later, type LongerRun, Read, readsReply, statOfT, Told } from './longer-run.ts';
import { bytesOf, lastStatOfA, logged } from './made-run.ts';

interface LongerMutator {
  readonly stage: Stage;
  mutate(run: LongerRun): void;
}

function seen(stage: Stage, at: number, change: Partial<OperationRecord>): LongerMutator {
  return { stage, mutate: ({ reader }) => void Object.assign(reader.operations[at]!, change) };
}
function told(at: number, change: Partial<NotificationRecord>): LongerMutator {
  return {
    stage: 'H',
    mutate: ({ reader }) => void Object.assign(reader.notifications[at]!, change),
  };
}
function lost(at: number): LongerMutator {
  return { stage: 'H', mutate: ({ reader }) => void reader.notifications.splice(at, 1) };
}

export const longerMutators: Readonly<Record<string, LongerMutator>> = {
  'another ACL': seen('D', Read.acl, {
    reply: bytesOf(getACLResponse, { acl: [{ ...openAcl[0]!, perms: 1 }], stat: lastStatOfA }),
  }),
  'several reads, one of another state': seen('D', Read.multi, { reply: readsReply('two') }),
  'several reads, one of them unanswered': seen('D', Read.multi, {
    reply: readsReply('three', false),
  }),
  'a node with a TTL that a session owns': seen('D', Read.ttl, {
    reply: bytesOf(create2Response, { path: '/a/t', stat: { ...statOfT, ephemeralOwner: 1n } }),
  }),
  'a server that removes a node which has no TTL': {
    stage: 'D',
    mutate: ({ logs }) => {
      const { deleteContainer } = OpCode;
      const removal = logged(Later.reap, 0n, 0, deleteContainer, deleteTxn, { path: '/b' });
      for (const { txns } of logs) txns[Number(Later.reap) - 1] = removal;
    },
  },
  'a lost event of a recursive watch': lost(Told.created),
  'a lost event of a persistent watch that has fired': lost(Told.childWent),
  'events in another order than the changes': told(Told.childCame, { position: 105 }),
  'a recursive watch that is told of changed children': {
    stage: 'H',
    mutate: ({ reader }) => {
      reader.notifications.push({ ...reader.notifications[Told.childWent]!, path: '/' });
    },
  },
  'a session that expires while its client is heard of': seen('I', Read.last, {
    ...{ invokedNs: 1_000_000_000n, answeredNs: 1_000_000_050n },
  }),
};
