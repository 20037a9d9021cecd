/** What a reader must know before believing the figures of a run. */
import type { LoadDetail, ServerName } from '../harness/measurement.ts';
import { formatNumber } from './format.ts';
import type { RunRecord } from './run-record.ts';

/** A generator process that used this much of one core was the limit, not the server. */
const generatorBoundCores = 0.9;
const repeatsForSpread = 3;

export function notesOf(record: RunRecord): string[] {
  const { failure, loads } = record;
  return [
    ...(failure === null ? [] : [`This run FAILED, its figures are worth nothing: ${failure}`]),
    ...boundLoads(loads).map(boundNote),
    ...busyNotes(record),
    ...repeatNotes(record),
  ];
}

/** Whether a load that `figure` was taken from was limited by the generator. */
export function isGeneratorBound(loads: readonly LoadDetail[], figure: string): boolean {
  return boundLoads(loads).some(({ load }) => figure === load || figure.startsWith(`${load} `));
}

interface BoundLoad {
  readonly load: string;
  readonly server: ServerName;
  /** Most that a generator process used in any repeat. */
  readonly cores: number;
}

/** Loads in which a generator process was at its limit, once a server. */
function boundLoads(loads: readonly LoadDetail[]): BoundLoad[] {
  const found = new Map<string, BoundLoad>();
  for (const { load, server, generatorCores } of loads) {
    if (generatorCores < generatorBoundCores) continue;
    const key = `${load} ${server}`;
    const cores = Math.max(found.get(key)?.cores ?? 0, generatorCores);
    found.set(key, { load, server, cores });
  }
  return [...found.values()];
}

function boundNote({ load, server, cores }: BoundLoad): string {
  const what = `${load} on ${server} took ${formatNumber(cores)} of a generator's one core`;
  return `Generator-bound: ${what}; the server may be faster than its figure.`;
}

function busyNotes({ machine: { loadBefore, cores } }: RunRecord): string[] {
  if (loadBefore <= cores / 2) return [];
  const what = `The machine was busy before the run (load ${loadBefore} on ${cores} cores)`;
  return [`${what}: trust ratios of this run only.`];
}

function repeatNotes({ size: { repeats } }: RunRecord): string[] {
  if (repeats >= repeatsForSpread) return [];
  const what = repeats === 1 ? 'One repeat' : `${repeats} repeats`;
  return [`${what}: too few to see the noise, read no difference below 20 %.`];
}
