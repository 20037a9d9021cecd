/** Stands between the peer and the keeper of a member, and tells the oracle what happens there. */

import type { Ensemble, EnsembleReplica } from '../../../src/agents/ensemble-port.ts';
import { joinHalves } from '../../../src/base/zxid.ts';
import type { Oracle } from './oracle.ts';

export function tapReplica(
  oracle: Oracle,
  member: number,
  replica: EnsembleReplica,
  ensemble: Ensemble,
): void {
  const { lead, follow, rest, reload, deliver, commit } = boundOf(replica);
  replica.lead = (epoch) => {
    oracle.onLead(member, epoch);
    lead(epoch);
  };
  replica.follow = () => {
    oracle.onFollow(member);
    follow();
  };
  replica.rest = () => {
    oracle.onRest(member);
    rest();
  };
  replica.reload = () => {
    const zxid = reload();
    oracle.onLoaded(member, zxid);
    return zxid;
  };
  replica.deliver = (payload, start, end) => {
    oracle.onDeliver(member, payload.subarray(start, end));
    deliver(payload, start, end);
  };
  replica.commit = (hi, lo) => {
    oracle.onCommit(member, joinHalves(hi, lo));
    commit(hi, lo);
  };
  const propose = ensemble.propose.bind(ensemble);
  ensemble.propose = (payload, start, end, hi, lo) => {
    oracle.onPropose(member, payload.subarray(start, end), joinHalves(hi, lo));
    propose(payload, start, end, hi, lo);
  };
}

function boundOf(replica: EnsembleReplica): EnsembleReplica {
  return new Proxy(replica, {
    get: (target, name: keyof EnsembleReplica) => {
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
