/** Measures the cases of a subject with the `benchmark` package, one after the other. */
import Benchmark from 'benchmark';
import type { MicroCase, MicroSize, Subject } from './subject.ts';

export interface MicroResult {
  readonly subject: string;
  readonly name: string;
  readonly opsPerSecond: number;
  /** Half of the width of the 95 % interval, in percent. */
  readonly marginPercent: number;
  /** How much faster than the obvious way in the same run; null where there is none. */
  readonly ratio: number | null;
}

/** `maxSeconds` bounds the samples of each measured function. */
export function* measureSubject(
  { name, prepare }: Subject,
  size: MicroSize,
  maxSeconds: number,
): Generator<MicroResult> {
  for (const microCase of prepare(size)) {
    const own = measure(microCase.name, () => microCase.run(), maxSeconds);
    yield {
      subject: name,
      name: microCase.name,
      opsPerSecond: own.hz * microCase.operations,
      marginPercent: own.stats.rme,
      ratio: ratioOf(own.hz, microCase, maxSeconds),
    };
  }
}

function ratioOf(hz: number, microCase: MicroCase, maxSeconds: number): number | null {
  if (microCase.reference === undefined) return null;
  const name = `${microCase.name}, the obvious way`;
  return hz / measure(name, () => microCase.reference?.(), maxSeconds).hz;
}

function measure(name: string, work: () => unknown, maxSeconds: number): Benchmark {
  const options = { maxTime: maxSeconds, minSamples: 5, minTime: maxSeconds / 20 };
  const bench = new Benchmark(name, work, options).run();
  if (bench.error !== undefined) throw bench.error;
  return bench;
}
