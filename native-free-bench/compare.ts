/**
 * `npm run bench:compare -- A B`: what became faster or slower. A and B are files (`run.json`, a
 * results file: its last run), commits, or positions from the end (`-1`) in `bench-results.jsonl`;
 * without them, the last two runs recorded there.
 */
import { exitWithUsageErrors } from './command/exit.ts';
import { resultsFile } from './command/option-table.ts';
import { findRun, parseWithRuns } from './command/recorded-run.ts';
import { UsageError } from './command/usage-error.ts';
import { changesOf, differencesOf, formatChanges } from './report/change.ts';
import type { RunRecord } from './report/run-record.ts';

const help = `npm run bench:compare -- [A B] [--results FILE]

A and B: a run.json, a results file (its last run), a commit, or -1, -2, ... from the end of the
results file (${resultsFile} unless given). Without them: the last two runs there.`;

await exitWithUsageErrors(() => {
  const { runs, values } = parseWithRuns(process.argv.slice(2), {
    results: { type: 'string', default: resultsFile },
    help: { type: 'boolean' },
  });
  if (values.help === true) return console.log(help);
  if (runs.length !== 0 && runs.length !== 2) throw new UsageError('name two runs, or none');
  const [nameA, nameB] = runs.length === 0 ? ['-2', '-1'] : runs;
  compare(findRun(nameA!, values.results), findRun(nameB!, values.results));
});

function compare(a: RunRecord, b: RunRecord): void {
  console.log(`A: ${titleOf(a)}\nB: ${titleOf(b)}\n`);
  console.log(formatChanges(changesOf(a, b)));
  const differences = differencesOf(a, b);
  if (differences.length > 0) console.log(`! A and B differ in ${differences.join(', ')}`);
}

function titleOf({ commit, startedAt, command }: RunRecord): string {
  return `${commit ?? 'no commit'}, ${startedAt.slice(0, 16).replace('T', ' ')}, ${command}`;
}
