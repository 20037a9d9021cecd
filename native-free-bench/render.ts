/**
 * `npm run bench:report -- RUN`: draws a recorded run again. RUN is a file, a commit or a position,
 * as `bench:compare` takes them.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { exitWithUsageErrors } from './command/exit.ts';
import { resultsFile } from './command/option-table.ts';
import { UsageError } from './command/usage-error.ts';
import { reportHtml } from './report/html.ts';
import { markdownTable } from './report/markdown.ts';
import { type Row, toRows } from './report/rows.ts';
import { findRecord, type RunRecord } from './report/run-record.ts';
import { ratioSvg } from './report/svg.ts';
import { formatTable } from './report/table.ts';

const usage = `npm run bench:report -- RUN [--html FILE] [--svg FILE] [--markdown] [--only TEXT[,TEXT]]
--only: figures whose names begin with one of these, in this order; of all unless given`;

await exitWithUsageErrors(() => {
  const { run, values } = parse(process.argv.slice(2));
  const record = findRecord(run, values.results);
  const rows = chosen(toRows(record.measurements), values.only?.split(','));
  if (values.html !== undefined) writeFileSync(values.html, reportHtml(record));
  if (values.svg !== undefined) writeFileSync(values.svg, ratioSvg(rows, captionOf(record)));
  console.log(values.markdown === true ? markdownTable(rows) : formatTable(rows));
});

function parse(args: string[]) {
  const options = {
    html: { type: 'string' },
    svg: { type: 'string' },
    markdown: { type: 'boolean' },
    only: { type: 'string' },
    results: { type: 'string', default: resultsFile },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { run: positionals[0] ?? '-1', values };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

function chosen(rows: readonly Row[], beginnings: readonly string[] | undefined): readonly Row[] {
  if (beginnings === undefined) return rows;
  const found = beginnings.flatMap((text) => rows.filter(({ figure }) => figure.startsWith(text)));
  return [...new Set(found)];
}

function captionOf({ machine, size, contenders }: RunRecord): string {
  const names = contenders.map(({ about }) => about).join(' · ');
  return `${machine.cores} cores of ${machine.cpu} · medians of ${size.repeats} · ${names}`;
}
