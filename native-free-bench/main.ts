/**
 * `npm run bench`: measures, shows its progress, prints the table, and writes `report.html` and
 * `run.json`. Ends with code 1 when the run failed (a wrong reply, a server that did not start) and
 * with 2 when the command line was wrong.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { exitWithUsageErrors } from './command/exit.ts';
import { measure } from './command/measure.ts';
import { helpText } from './command/option-table.ts';
import { type BenchOptions, parseOptions } from './command/options.ts';
import { ProgressLine } from './command/progress-line.ts';
import { UsageError } from './command/usage-error.ts';
import type { Contender, ContenderFacts } from './harness/contender.ts';
import { reportHtml } from './report/html.ts';
import { commitNow, machineFacts } from './report/machine.ts';
import { notesOf } from './report/notes.ts';
import { toRows } from './report/rows.ts';
import { appendRecord, type RunRecord } from './report/run-record.ts';
import { alignColumns, formatTable } from './report/table.ts';
import { scenarios } from './scenarios/index.ts';

const redrawEveryMs = 1000;

await exitWithUsageErrors(async () => {
  const args = process.argv.slice(2);
  const options = parseOptions(args);
  if (options.wants === 'help') console.log(helpText());
  else if (options.wants === 'list') console.log(listText());
  else await bench(options, ['npm run bench --', ...args].join(' '));
});

async function bench(options: BenchOptions, command: string): Promise<void> {
  const contenders = await Promise.all(options.contenders.map(describe));
  const startedAt = new Date().toISOString();
  const startedMs = performance.now();
  const machine = machineFacts();
  const line = new ProgressLine(process.stderr, () => performance.now());
  const redrawing = setInterval(() => line.redraw(), redrawEveryMs).unref();
  const measured = await measure(options, line, interrupted());
  clearInterval(redrawing);
  line.end();
  const record: RunRecord = {
    format: 1,
    startedAt,
    seconds: (performance.now() - startedMs) / 1000,
    command,
    commit: commitNow(),
    machine,
    contenders,
    size: options.size,
    ...measured,
  };
  console.log(formatTable(toRows(record.measurements), record.scenarios));
  for (const note of notesOf(record)) console.log(`! ${note}`);
  save(record, options);
  if (record.failure !== null) process.exitCode = 1;
}

/** What a contender lacks on this machine is the user's to bring. */
function describe(contender: Contender): Promise<ContenderFacts> {
  return contender.describe().catch((error: Error) => {
    throw new UsageError(error.message);
  });
}

/** The first Ctrl-C ends servers and run in good order, the second at once. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller.signal;
}

function save(record: RunRecord, { outDirectory, recordFile }: BenchOptions): void {
  mkdirSync(outDirectory, { recursive: true });
  const report = join(outDirectory, 'report.html');
  writeFileSync(report, reportHtml(record));
  writeFileSync(join(outDirectory, 'run.json'), `${JSON.stringify(record, null, 1)}\n`);
  console.log(`report: ${shortest(report)}, figures: run.json beside it`);
  if (recordFile === null) return;
  if (record.failure !== null) {
    console.log(`not recorded in ${recordFile}, since the run failed`);
    return;
  }
  appendRecord(recordFile, record);
  console.log(`recorded: ${recordFile}`);
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function listText(): string {
  const lines = scenarios.map(({ name, title, isDefault, needsOwnServer }) => [
    name,
    isDefault ? 'default' : '--full',
    needsOwnServer ? 'own servers' : 'any target',
    title,
  ]);
  return alignColumns([['scenario', 'part of', 'measures', 'what'], ...lines], 4);
}
