/** Throughput, latency and server CPU of the two operations that matter most. */
import { loadScenario } from './load-cases.ts';

export const speed = loadScenario({
  name: 'speed',
  title: 'throughput, latency and server CPU of get and set on one server',
  isDefault: true,
  cases: [
    { mix: { get: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
    { mix: { get: 1 }, connections: 16, depth: 1, figure: 'ops/s' },
    { mix: { get: 1 }, connections: 1, depth: 1, figure: 'us' },
    { mix: { set: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
    { mix: { set: 1 }, connections: 1, depth: 1, figure: 'us' },
  ],
});
