/**
 * `npm run bench:compare -- A B`: what became faster or slower. A and B are files (`run.json`, a
 * results file: its last run), commits, or positions from the end (`-1`) in `bench-results.jsonl`;
 * without them, the last two runs recorded there.
 */
import { parseArgs } from 'node:util';
import { exitWithUsageErrors } from './command/exit.ts';
import { resultsFile } from './command/option-table.ts';
import { UsageError } from './command/usage-error.ts';
import { changesOf, differencesOf, formatChanges } from './report/change.ts';
import { findRecord, type RunRecord } from './report/run-record.ts';

const usage =
  'npm run bench:compare -- [--results FILE] [A B]; each a file, a commit or -1, -2, ...';

await exitWithUsageErrors(() => {
  const { names, file } = parse(process.argv.slice(2));
  const [a, b] = names.map((name) => findRecord(name, file)) as [RunRecord, RunRecord];
  console.log(`A: ${titleOf(a)}\nB: ${titleOf(b)}\n`);
  console.log(formatChanges(changesOf(a, b)));
  const differences = differencesOf(a, b);
  if (differences.length > 0) console.log(`! A and B differ in ${differences.join(', ')}`);
});

function parse(args: string[]): { names: string[]; file: string } {
  // Positions such as -2 look like options to the parser.
  const isPosition = (each: string): boolean => /^-\d+$/.test(each);
  const masked = args.map((each) => (isPosition(each) ? `@${each}` : each));
  const options = { results: { type: 'string', default: resultsFile } } as const;
  try {
    const { values, positionals } = parseArgs({ args: masked, options, allowPositionals: true });
    if (positionals.length !== 0 && positionals.length !== 2) throw new Error('two runs or none');
    const names = positionals.map((each) => each.replace(/^@-/, '-'));
    return { names: names.length === 0 ? ['-2', '-1'] : names, file: values.results };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

function titleOf({ commit, startedAt, command }: RunRecord): string {
  return `${commit ?? 'no commit'}, ${startedAt.slice(0, 16).replace('T', ' ')}, ${command}`;
}
