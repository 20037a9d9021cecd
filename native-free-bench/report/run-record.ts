/** One run, whole: what `run.json` and each line of a results file hold. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { ContenderFacts } from '../scenarios/contender.ts';
import type { LoadDetail, Measurement } from '../scenarios/measurement.ts';
import type { BenchSize } from '../scenarios/size.ts';
import type { MachineFacts } from './machine.ts';

export interface RunRecord {
  readonly format: 1;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** As it was typed. */
  readonly command: string;
  /** Of this project; null outside of its repository. */
  readonly commit: string | null;
  readonly machine: MachineFacts;
  readonly contenders: readonly ContenderFacts[];
  readonly scenarios: readonly ScenarioFacts[];
  readonly size: BenchSize;
  readonly measurements: readonly Measurement[];
  /** The course of each load; not kept in results files. */
  readonly loads: readonly LoadDetail[];
  /** Why the run ended early, e.g. a wrong reply; its figures are then worth nothing. */
  readonly failure: string | null;
}

export interface ScenarioFacts {
  readonly name: string;
  readonly title: string;
  /** The names of its figures, in their order. */
  readonly figures: readonly string[];
}

/** One line; without the courses of the loads, which would make thousands of it. */
export function appendRecord(file: string, record: RunRecord): void {
  appendFileSync(file, `${JSON.stringify({ ...record, loads: [] })}\n`);
}

/** The runs in a results file or a `run.json`. Throws when the file holds something else. */
export function readRecords(file: string): RunRecord[] {
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const text = readFileSync(file, 'utf8').trim();
  const parts = text.startsWith('{\n') ? [text] : text.split('\n');
  return parts.map((part, i) => {
    const record = parsed(part);
    if (record?.format !== 1) throw new Error(`${file}: line ${i + 1} is no run of this benchmark`);
    return record;
  });
}

/**
 * The run that `name` means: a file (its last run), a commit's first digits or a position from the
 * end such as `-1`, both in `resultsFile`.
 */
export function findRecord(name: string, resultsFile: string): RunRecord {
  if (existsSync(name)) return readRecords(name).at(-1)!;
  const records = readRecords(resultsFile);
  const found = /^-\d+$/.test(name)
    ? records.at(Number(name))
    : records.findLast(({ commit }) => name.length >= 4 && commit?.startsWith(name));
  if (found === undefined) throw new Error(`no file and no run in ${resultsFile}: ${name}`);
  return found;
}

function parsed(text: string): RunRecord | null {
  try {
    return JSON.parse(text) as RunRecord;
  } catch {
    return null;
  }
}
