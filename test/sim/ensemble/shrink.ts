/**
 * Makes a failing plan smaller while it fails for the same reason: fewer faults, fewer clients,
 * fewer requests, shorter faults, a calmer network. What is random in a run does not depend on
 * what else is in the plan, so most of what is left behaves as before.
 */
import type { ClientPlan, EnsemblePlan, Fault } from './ensemble-plan.ts';

/** The invariant that a plan breaks; null when it breaks none. */
export type Failure = (plan: EnsemblePlan) => string | null;

export function shrinkPlan(plan: EnsemblePlan, failure: Failure, triesMax = 300): EnsemblePlan {
  const reason = failure(plan);
  let best = plan;
  let tries = 0;
  const improve = (candidates: (from: EnsemblePlan) => Iterable<EnsemblePlan>): boolean => {
    for (const candidate of candidates(best)) {
      if (tries++ >= triesMax) return false;
      if (failure(candidate) !== reason) continue;
      best = candidate;
      return true;
    }
    return false;
  };
  const steps = [withoutFaults, withoutClients, withFewerRequests, withShorterFaults, calmer];
  while (steps.some((step) => improve(step)));
  return best;
}

/** Without a half, a quarter ... one of the faults. */
function* withoutFaults(plan: EnsemblePlan): Iterable<EnsemblePlan> {
  for (const faults of parts(plan.faults)) yield { ...plan, faults };
}

function* withoutClients(plan: EnsemblePlan): Iterable<EnsemblePlan> {
  // A client's requests follow from its place: the last ones go.
  for (let count = 1; count < plan.clients.length; count++) {
    yield { ...plan, clients: plan.clients.slice(0, count) };
  }
}

function* withFewerRequests(plan: EnsemblePlan): Iterable<EnsemblePlan> {
  for (const [i, client] of plan.clients.entries()) {
    const requests = client.requests >> 1;
    if (requests === client.requests) continue;
    const fewer: ClientPlan = { ...client, requests };
    yield { ...plan, clients: plan.clients.with(i, fewer) };
  }
}

function* withShorterFaults(plan: EnsemblePlan): Iterable<EnsemblePlan> {
  for (const [i, fault] of plan.faults.entries()) {
    if (!('forMs' in fault) || fault.forMs < 10) continue;
    const shorter: Fault = { ...fault, forMs: fault.forMs >> 1 };
    yield { ...plan, faults: plan.faults.with(i, shorter) };
  }
}

function* calmer(plan: EnsemblePlan): Iterable<EnsemblePlan> {
  const { network, observers, beginning = null } = plan;
  if (beginning !== null) yield { ...plan, beginning: null };
  if (observers > 0) yield { ...plan, observers: 0 };
  if (network.pieceBytesMax < 65_536) {
    yield { ...plan, network: { ...network, pieceBytesMax: 65_536 } };
  }
  if (network.latencyMaxUs > network.latencyMinUs + 1) {
    yield { ...plan, network: { ...network, latencyMaxUs: network.latencyMinUs + 1 } };
  }
  if (plan.diskUs > 100) yield { ...plan, diskUs: 100 };
  if (plan.agentUs > 20) yield { ...plan, agentUs: 20 };
}

function* parts<T>(list: readonly T[]): Iterable<T[]> {
  for (let size = list.length; size >= 1; size = size >> 1) {
    for (let from = 0; from < list.length; from += size) {
      yield [...list.slice(0, from), ...list.slice(from + size)];
    }
  }
}
