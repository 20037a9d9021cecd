/** How the commands on recorded runs are told which run is meant. */
import { existsSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type RunRecord, readRecords } from '../report/run-record.ts';
import { UsageError } from './usage-error.ts';

/**
 * The run that `name` means: a file (its last run), or in `resultsFile` a commit's first digits or a
 * position from the end such as `-1`. Throws a `UsageError` when there is none.
 */
export function findRun(name: string, resultsFile: string): RunRecord {
  const records = readOrExplain(existsSync(name) ? name : resultsFile);
  if (existsSync(name)) return records.at(-1)!;
  const found = isPosition(name)
    ? records.at(Number(name))
    : records.findLast(({ commit }) => name.length >= 4 && commit?.startsWith(name));
  if (found === undefined) throw new UsageError(`no file and no run in ${resultsFile}: ${name}`);
  return found;
}

/** As `parseArgs`, but positions such as `-1`, which look like options to it, are names of runs. */
export function parseWithRuns<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  const masked = args.map((each) => (isPosition(each) ? `@${each}` : each));
  try {
    const config = { args: masked, options, allowPositionals: true } as const;
    const { values, positionals } = parseArgs(config);
    return { values, runs: positionals.map((each) => each.replace(/^@-/, '-')) };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function isPosition(text: string): boolean {
  return /^-\d+$/.test(text);
}

function readOrExplain(file: string): RunRecord[] {
  try {
    return readRecords(file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
