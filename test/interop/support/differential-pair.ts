/**
 * Apache's server and ours with the same configuration, both empty, for streams to run on; and
 * what becomes of a stream that tells them apart: it is shrunk on pairs of its own.
 */
import { rmSync } from 'node:fs';
import { startApache } from '../../../native-free-bench/apache/server.ts';
import { startRingkeeper } from '../../support/ringkeeper-process.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { readTxns } from './differential-logs.ts';
import { type Difference, Runner, superDigest } from './differential-runner.ts';
import { Side } from './differential-side.ts';
import { describeStep, type Step } from './differential-steps.ts';

/** No session expires and nothing is reaped by itself: that would be a matter of time. */
export const settings: Record<string, string> = {
  tickTime: '500',
  minSessionTimeout: '7200000',
  maxSessionTimeout: '7300000',
  extendedTypesEnabled: 'true',
  enforceQuota: 'true',
  'DigestAuthenticationProvider.superDigest': superDigest,
  'znode.container.checkIntervalMs': '3600000',
};

export class Pair {
  readonly apache: ServerProcess;
  readonly ours: ServerProcess;
  readonly runner: Runner;
  private readonly sides: readonly Side[];

  private constructor(apache: ServerProcess, ours: ServerProcess) {
    this.apache = apache;
    this.ours = ours;
    this.sides = [new Side('apache', apache.port, false), new Side('ours', ours.port, true)];
    this.runner = new Runner(this.sides[0]!, this.sides[1]!);
  }

  static async start(more: Record<string, string> = {}): Promise<Pair> {
    const all = { ...settings, ...more };
    const properties = Object.fromEntries(
      Object.entries(all).filter(([name]) => name.startsWith('znode.')),
    );
    const [apache, ours] = await Promise.all([
      startApache({ settings: all, properties, heap: '512m' }),
      startRingkeeper({ settings: all }),
    ]);
    return new Pair(apache, ours);
  }

  /** Ends both; their directories stay until `remove`. */
  async stop(): Promise<void> {
    for (const side of this.sides) await side.end();
    await Promise.all([this.apache.stop(), this.ours.stop()]);
  }

  /** What each has logged, Apache's server first; both have to be stopped. */
  txns(): string[][] {
    const dataDirs = [this.apache.dataDir, this.ours.dataDir];
    return dataDirs.map((dataDir, i) => readTxns(dataDir, this.sides[i]!.normal));
  }

  remove(): void {
    for (const { dataDir } of [this.apache, this.ours]) {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
}

/** Pairs, one at a time: a new one whenever the last one has been told apart. */
export class Pairs {
  private pair: Pair | null = null;
  private readonly more: Record<string, string>;
  compared = 0;
  sent = 0;

  constructor(more: Record<string, string> = {}) {
    this.more = more;
  }

  async current(): Promise<Pair> {
    this.pair ??= await Pair.start(this.more);
    return this.pair;
  }

  async run(stream: readonly Step[], isLeft = false): Promise<Difference | null> {
    const { runner } = await this.current();
    const { compared, sent } = runner;
    const difference = await runner.run(stream, isLeft);
    this.compared += runner.compared - compared;
    this.sent += runner.sent - sent;
    if (difference !== null) await this.end();
    return difference;
  }

  async end(): Promise<void> {
    await this.pair?.stop();
    this.pair?.remove();
    this.pair = null;
  }
}

const shrinkTriesMax = 80;
const shrinkMsMax = 100_000;
const stepsShownMax = 60;

/**
 * The stream without the steps that its difference does not need, as text. Says so when the
 * difference needs what streams before it have left behind.
 */
export async function explain(
  pairs: Pairs,
  stream: readonly Step[],
  difference: Difference,
): Promise<string> {
  let tries = shrinkTriesMax;
  const lateAt = performance.now() + shrinkMsMax;
  let best = { stream: stream.slice(0, difference.at + 1), difference };
  const again = async (candidate: readonly Step[]): Promise<boolean> => {
    tries = performance.now() > lateAt ? 0 : tries - 1;
    const found = await pairs.run(candidate);
    if (found?.signature !== difference.signature) return false;
    best = { stream: candidate.slice(0, found.at + 1), difference: found };
    return true;
  };
  if (!(await again(best.stream))) return `${report(best)}\nNot again on servers that are new.`;
  for (let size = best.stream.length >> 1; size >= 1 && tries > 0; size = size >> 1) {
    for (let end = best.stream.length; end > 0 && tries > 0; end -= size) {
      const from = Math.max(0, end - size);
      const candidate = [...best.stream.slice(0, from), ...best.stream.slice(end)];
      if (candidate.length < best.stream.length) await again(candidate);
    }
  }
  return report(best);
}

/** What differs, and the steps up to there. */
export function report({
  stream,
  difference,
}: {
  stream: readonly Step[];
  difference: Difference;
}) {
  const skipped = Math.max(0, stream.length - stepsShownMax);
  return [
    `${difference.signature}, in: ${difference.step}`,
    ...(skipped > 0 ? [`  (${skipped} steps before)`] : []),
    ...stream.slice(skipped).map((step, i) => `  ${skipped + i + 1}. ${describeStep(step)}`),
    `Apache: ${JSON.stringify(difference.expected)}`,
    `ours:   ${JSON.stringify(difference.actual)}`,
  ].join('\n');
}
