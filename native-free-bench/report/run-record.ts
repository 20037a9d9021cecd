/** One run, whole: what `run.json` and each line of a results file hold. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { ContenderFacts } from '../harness/contender.ts';
import type { LoadDetail, Measurement } from '../harness/measurement.ts';
import type { BenchSize } from '../harness/size.ts';
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
  /** The names of its figures and of its loads, in their order. */
  readonly figures: readonly string[];
  readonly loads: readonly string[];
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

function parsed(text: string): RunRecord | null {
  try {
    return JSON.parse(text) as RunRecord;
  } catch {
    return null;
  }
}
