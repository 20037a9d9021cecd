/** Figures of how long a server stood still in a load. */
import type { LoadResult } from '../load/workload.ts';
import type { LoadAbout } from './load-cases.ts';
import type { Measurement } from './measurement.ts';
import type { ServerTold } from './server-watch.ts';

/** Of garbage collection and event loop where the server tells of them, and as clients feel it. */
export function* pauseFigures(
  { load, ...about }: LoadAbout,
  { maxUs }: LoadResult,
  { gc, stallMs }: ServerTold,
): Generator<Measurement> {
  const ms = { kind: 'measurement', ...about, unit: 'ms', better: 'lower' } as const;
  yield { ...ms, figure: `${load}, longest request`, value: maxUs / 1000 };
  if (gc !== null) yield { ...ms, figure: `${load}, longest GC pause`, value: gc.maxMs };
  if (stallMs === null) return;
  yield { ...ms, figure: `${load}, longest stall of the event loop`, value: stallMs };
}
