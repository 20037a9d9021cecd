/** What a reader must know before believing the figures of a run. */
import type { LoadDetail } from '../scenarios/measurement.ts';
import { formatNumber } from './format.ts';
import type { RunRecord } from './run-record.ts';

/** A generator process that used this much of one core was the limit, not the server. */
const generatorBoundCores = 0.9;
const repeatsForSpread = 3;

export function notesOf(record: RunRecord): string[] {
  const { machine, size, loads, failure } = record;
  const notes: string[] = [];
  if (failure !== null) notes.push(`This run FAILED, its figures are worth nothing: ${failure}`);
  for (const { load, server, cores } of boundLoads(loads)) {
    notes.push(
      `Generator-bound: ${load} on ${server} took ${formatNumber(cores)} of the generator's one core; the server may be faster than its figure.`,
    );
  }
  if (machine.loadBefore > machine.cores / 2) {
    notes.push(
      `The machine was busy before the run (load ${machine.loadBefore} on ${machine.cores} cores): trust ratios of this run only.`,
    );
  }
  if (size.repeats < repeatsForSpread) {
    notes.push(
      `${size.repeats === 1 ? 'One repeat' : `${size.repeats} repeats`}: too few to see the noise, read no difference below 20 %.`,
    );
  }
  return notes;
}

/** Whether a load that `figure` was taken from was limited by the generator. */
export function isGeneratorBound(loads: readonly LoadDetail[], figure: string): boolean {
  return boundLoads(loads).some(({ load }) => figure === load || figure.startsWith(`${load} `));
}

/** Loads whose generator was at its limit in the median of the repeats, once a server. */
function boundLoads(
  loads: readonly LoadDetail[],
): { load: string; server: string; cores: number }[] {
  const found = new Map<string, { load: string; server: string; cores: number }>();
  for (const { load, server, generatorCores } of loads) {
    if (generatorCores < generatorBoundCores) continue;
    const before = found.get(`${load} ${server}`);
    const cores = Math.max(before?.cores ?? 0, generatorCores);
    found.set(`${load} ${server}`, { load, server, cores });
  }
  return [...found.values()];
}
