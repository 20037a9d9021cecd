/** One write that many sessions watch for: the time until the last of them is told. */

import { grouped, onServers, type Running } from '../harness/load-cases.ts';
import type { Measurement, Outcome } from '../harness/measurement.ts';
import { inTurn, type Progress, type Scenario } from '../harness/scenario.ts';
import { type BenchSize, scaled } from '../harness/size.ts';
import { FanOut, type FanOutTimes } from '../load/fan-out.ts';

const sessionCounts = [1000, 10_000];
/** Of each repeat; figures are their medians. */
const rounds = 5;
const warmupRounds = 5;

export const watchFanOut: Scenario = {
  name: 'watch-fan-out',
  title: '1,000 and 10,000 sessions that watch one node: when the last one is told of a change',
  isDefault: false,
  needsOwnServer: false,
  run: (contenders, size, progress) =>
    onServers(contenders, (running) => measureAll(running, size, progress)),
};

async function* measureAll(
  running: readonly Running[],
  size: BenchSize,
  progress: Progress,
): AsyncGenerator<Outcome> {
  const { sessions } = size.wanted;
  const counts = sessions === undefined ? sessionCounts.map((n) => scaled(n, size)) : [sessions];
  const total = counts.length * size.repeats * running.length;
  let done = 0;
  for (const count of counts) {
    for (let repeat = 0; repeat < size.repeats; repeat++) {
      for (const { name, server } of inTurn(running, repeat)) {
        const load = `watch fan-out ${grouped(count)} sessions`;
        progress(done++, total, `${name}: ${load}`);
        const fanOut = await FanOut.open(server.addresses, count);
        const times = await timesOf(fanOut);
        await fanOut.close();
        const ms = {
          kind: 'measurement',
          unit: 'ms',
          better: 'lower',
          server: name,
          repeat,
        } as const;
        yield { ...ms, figure: `${load}, half told`, value: middle(times, 'medianMs') };
        yield { ...ms, figure: `${load}, last told`, value: middle(times, 'lastMs') };
      }
    }
  }
}

async function timesOf(fanOut: FanOut): Promise<FanOutTimes[]> {
  for (let i = 0; i < warmupRounds; i++) await fanOut.round();
  const times: FanOutTimes[] = [];
  for (let i = 0; i < rounds; i++) times.push(await fanOut.round());
  return times;
}

function middle(times: readonly FanOutTimes[], of: keyof FanOutTimes): Measurement['value'] {
  return times.map((each) => each[of]).sort((a, b) => a - b)[times.length >> 1]!;
}
