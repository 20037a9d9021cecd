/** What the size of values costs, from nothing to the longest that a frame holds by default. */
import { type LoadCase, loadScenario } from '../harness/load-cases.ts';

const sizes = [0, 1000, 10_000, 100_000, 1_000_000];
/** Memory for all values of one size. */
const valuesBytes = 32_000_000;

function casesOf(dataBytes: number): LoadCase[] {
  const keys = Math.min(10_000, Math.floor(valuesBytes / (dataBytes + 1)));
  const common = { dataBytes, keys, connections: 16, depth: 1, figure: 'ops/s' } as const;
  return [
    { mix: { get: 1 }, ...common },
    { mix: { set: 1 }, ...common },
  ];
}

export const valueSizes = loadScenario({
  name: 'value-sizes',
  title: 'get and set of values from 0 to 1,000,000 bytes',
  isDefault: false,
  cases: sizes.flatMap(casesOf),
});
