/**
 * Three servers of which one is late: the other two are a quorum, so that nobody should wait for
 * the third. All members reach each other through proxies, in both cases.
 */
import { PeerRelays } from '../../test/support/peer-relays.ts';
import type { OwnContender, RunningServer } from '../harness/contender.ts';
import { startEnsemble } from '../harness/ensemble-start.ts';
import { type LoadCase, measureCases } from '../harness/load-cases.ts';
import type { Outcome } from '../harness/measurement.ts';
import type { Progress, Scenario } from '../harness/scenario.ts';
import type { BenchSize } from '../harness/size.ts';

const cases: readonly LoadCase[] = [
  { mix: { set: 1 }, connections: 64, depth: 16, figure: 'ops/s' },
  { mix: { set: 1 }, connections: 1, depth: 1, figure: 'us' },
];
const delayMs = 50;

export const slowMember: Scenario = {
  name: 'slow-member',
  title: 'set on three servers through proxies, all in time, and with one follower 50 ms late',
  isDefault: false,
  needsOwnServer: true,
  run,
};

async function* run(
  contenders: readonly OwnContender[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  for (const contender of contenders) {
    const relays = new PeerRelays();
    const ensemble = await startEnsemble(contender, relays);
    const leader = await ensemble.leader();
    const [slow, ...others] = ensemble.ids.filter((id) => id !== leader);
    const fast = [leader, ...others];
    const server: RunningServer = {
      addresses: fast.map((id) => ({ host: '127.0.0.1', port: ensemble.portOf(id) })),
      pids: ensemble.members.map(({ pid }) => pid),
      release: () => ensemble.close(),
    };
    const running = [{ name: contender.name, server }];
    const halves = ['all in time: ', 'one 50 ms late: '];
    try {
      for (const [half, prefix] of halves.entries()) {
        if (half === 1) relays.slowDown(delayMs, slow);
        yield* measureCases(running, cases, size, progress, prefix);
      }
    } finally {
      await server.release();
    }
  }
}
