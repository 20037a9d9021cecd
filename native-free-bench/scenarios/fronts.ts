/** What further threads for connections win: reads with one front and with two. */
import type { OwnContender } from '../harness/contender.ts';
import { type LoadCase, measureCases } from '../harness/load-cases.ts';
import type { Outcome } from '../harness/measurement.ts';
import { OwnServer } from '../harness/own-nodes.ts';
import type { Progress, Scenario } from '../harness/scenario.ts';
import type { BenchSize } from '../harness/size.ts';

const cases: readonly LoadCase[] = [
  { mix: { get: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
  { mix: { set: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
];
const counts = [1, 2];

export const fronts: Scenario = {
  name: 'fronts',
  title: 'get and set with ringkeeper.fronts=1 and 2; worth something with more than two cores',
  isDefault: false,
  needsOwnServer: true,
  run,
};

/** Apache's server has no such setting. */
async function* run(
  contenders: readonly OwnContender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const contender = contenders.find(({ name }) => name === 'ringkeeper');
  if (contender === undefined) return;
  const servers: OwnServer[] = [];
  try {
    for (const count of counts) {
      const settings = { 'ringkeeper.fronts': String(count) };
      servers.push(await OwnServer.start(contender, { settings, tellsPauses: true }));
    }
    // One repeat after the other, so that a noisy minute hits both alike.
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      for (const [i, { running }] of servers.entries()) {
        const once = { ...size, repeats: 1, ...(repeat === 0 ? {} : { firstWarmupSeconds: 0 }) };
        const to = [{ name: contender.name, server: running }];
        const outcomes = measureCases(to, cases, once, progress, `fronts ${counts[i]}: `);
        for await (const outcome of outcomes) yield { ...outcome, repeat };
      }
    }
  } finally {
    for (const server of servers) await server.release();
  }
}
