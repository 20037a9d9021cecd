/** Planted bugs of election, synchronization and broadcast. */
import type { Epoch } from '../../../../src/base/zxid.ts';
import { Broadcast } from '../../../../src/zab/broadcast.ts';
import { EpochNegotiation } from '../../../../src/zab/discovery.ts';
import { DurableState } from '../../../../src/zab/durable-state.ts';
import { LeaderBroadcast } from '../../../../src/zab/leader-broadcast.ts';
import { LearnerLink } from '../../../../src/zab/learner-link.ts';
import type { ServerId } from '../../../../src/zab/quorum-verifier.ts';
import type { PlantedBug } from './planted-bug.ts';

const nothing = () => {};

export const protocolBugs: readonly PlantedBug[] = [
  {
    name: 'the tree keeps what was cut off the log',
    tickets: [2845],
    ...{ seed: 387, breaks: 'Z4' },
    plant: (code) => {
      code.replace(
        DurableState.prototype,
        'forgetAbove',
        (old) =>
          function (hi: number, lo: number) {
            const { history } = this;
            if (!history.contains(hi, lo)) return old.call(this, hi, lo);
            history.truncate(hi, lo);
            this['syncedHi'] = hi;
            this['syncedLo'] = lo;
          },
      );
    },
  },
  {
    name: 'a server of another branch gets a DIFF',
    tickets: [2418],
    ...{ seed: 2, breaks: 'L1' },
    plant: (code) => {
      code.replace(LearnerLink.prototype, 'plan', () => () => ({ kind: 'diff' }));
    },
  },
  {
    name: 'a leader goes on when its counter is used up',
    tickets: [1277, 2789],
    ...{ seed: 65, breaks: 'Z14' },
    plant: (code) => {
      code.replace(LeaderBroadcast.prototype, 'isExhausted', () => () => false);
    },
  },
  {
    name: 'half of the servers commit',
    tickets: [],
    ...{ seed: 1, breaks: 'D3' },
    plant: (code) => {
      code.replace(
        Broadcast.prototype,
        'maybeCommit',
        (old) =>
          function () {
            const { voters } = this['verifier'];
            const isQuorum = (has: (voter: ServerId) => boolean) => {
              return voters.filter(has).length * 2 >= voters.length - 1;
            };
            this['verifier'] = { ...this['verifier'], isQuorum };
            return old.call(this);
          },
      );
    },
  },
  {
    name: 'a leader counts its own txns before they are durable',
    tickets: [],
    ...{ seed: 8, breaks: 'D3' },
    plant: (code) => {
      code.replace(
        LeaderBroadcast.prototype,
        'propose',
        (old) =>
          function (...args: unknown[]) {
            old.apply(this, args);
            this['parts'].durable.onSynced(args[3], args[4]);
            this['onSynced']();
          },
      );
    },
  },
  {
    name: 'a leader takes an epoch that was promised before',
    tickets: [],
    ...{ seed: 8, breaks: 'Z1' },
    plant: (code) => {
      code.replace(
        EpochNegotiation.prototype,
        'onPromise',
        (old) =>
          function (...args: unknown[]) {
            const isQuorum = old.apply(this, args);
            if (isQuorum && this['epoch'] > 1) this['epoch'] = (this['epoch'] - 1) as Epoch;
            return isQuorum;
          },
      );
    },
  },
  {
    name: 'a leader serves before it has applied its history',
    tickets: [],
    ...{ seed: 3, breaks: 'Z12' },
    plant: (code) => {
      code.replace(
        LeaderBroadcast.prototype,
        'begin',
        (old) =>
          function () {
            const { replica } = this['parts'];
            const { deliver } = replica;
            replica.deliver = nothing;
            old.call(this);
            replica.deliver = deliver;
          },
      );
    },
  },
];
