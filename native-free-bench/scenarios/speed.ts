/**
 * Throughput, latency and server CPU of the two operations that matter most. Beside get stands a
 * bare echo of the same frames, beside the median of one set at a time the disk's own sync.
 */
import type { Contender } from '../harness/contender.ts';
import { caseName, type LoadCase, measureCases, onServers, sized } from '../harness/load-cases.ts';
import type { Outcome } from '../harness/measurement.ts';
import { acquireEcho, appendAndSyncUs } from '../harness/references.ts';
import type { Progress, Scenario } from '../harness/scenario.ts';
import type { BenchSize } from '../harness/size.ts';

const oneSet: LoadCase = { mix: { set: 1 }, connections: 1, depth: 1, figure: 'us' };
const cases: readonly LoadCase[] = [
  { mix: { get: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
  { mix: { get: 1 }, connections: 16, depth: 1, figure: 'ops/s' },
  { mix: { get: 1 }, connections: 1, depth: 1, figure: 'us' },
  { mix: { set: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
  oneSet,
];

export const speed: Scenario = {
  name: 'speed',
  title: 'throughput, latency and server CPU of get and set on one server',
  isDefault: true,
  needsOwnServer: false,
  run,
};

async function* run(
  contenders: readonly Contender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const echo = await acquireEcho(size.wanted.valueBytes ?? 100);
  try {
    yield* onServers(contenders, (running) =>
      measureCases([...running, echo], cases, size, progress),
    );
  } finally {
    await echo.server.release();
  }
  for (let repeat = 0; repeat < size.repeats; repeat++) {
    const figure = `${caseName(sized(oneSet, size))} p50`;
    const common = { kind: 'measurement', server: 'reference', repeat } as const;
    yield { ...common, figure, unit: 'us', better: 'lower', value: appendAndSyncUs() };
  }
}
