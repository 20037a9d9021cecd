/**
 * Latency at a fixed rate that every server can keep: what users feel as long as nothing is full.
 * It counts from the moment a request was due, so that no stall can hide.
 */
import { loadScenario } from '../harness/load-cases.ts';

const sessions = { connections: 64, depth: 64, figure: 'us' } as const;

export const openLoop = loadScenario({
  name: 'open-loop',
  title: 'latency of get, and of nine gets to a set, at a fixed rate',
  isDefault: false,
  cases: [
    { mix: { get: 1 }, ...sessions, ratePerSecond: 10_000 },
    { mix: { get: 90, set: 10 }, ...sessions, ratePerSecond: 2000 },
    { mix: { get: 90, set: 10 }, ...sessions, ratePerSecond: 20_000 },
  ],
});
