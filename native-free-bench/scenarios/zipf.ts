/** Keys of which few are hot, as real ones are. */
import { loadScenario } from '../harness/load-cases.ts';

const hot = { keys: 100_000, keyChoice: 'zipf', connections: 64, depth: 16 } as const;

export const zipf = loadScenario({
  name: 'zipf',
  title: 'nine gets to a set on 100,000 keys, chosen by a Zipf distribution',
  isDefault: false,
  cases: [{ mix: { get: 90, set: 10 }, ...hot, called: 'Zipf get 90 / set 10', figure: 'ops/s' }],
});
