/** Reads and writes together, as applications send them. */
import { loadScenario } from '../harness/load-cases.ts';

const kib = { dataBytes: 1024, connections: 64, depth: 16 } as const;

export const mixed = loadScenario({
  name: 'mixed',
  title: 'get and set of 1 KiB together: nine gets to a set, and one to one',
  isDefault: false,
  cases: [
    { mix: { get: 90, set: 10 }, ...kib, figure: 'ops/s' },
    { mix: { get: 50, set: 50 }, ...kib, figure: 'ops/s' },
  ],
});
