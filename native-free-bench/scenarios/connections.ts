/** What the number of sessions costs, each with one request at a time. */
import { type LoadCase, loadScenario } from '../harness/load-cases.ts';

const sessions = [1, 16, 256, 1000, 10_000];

function caseOf(operation: 'get' | 'set', connections: number): LoadCase {
  const figure = connections === 1 ? 'us' : 'ops/s';
  return { mix: { [operation]: 1 }, connections, depth: 1, figure, scales: 'connections' };
}

export const connections = loadScenario({
  name: 'connections',
  title: 'get with 1 to 10,000 sessions and set with 256, one request at a time each',
  isDefault: false,
  cases: [...sessions.map((each) => caseOf('get', each)), caseOf('set', 256)],
});
