/**
 * `npm run bench:report -- RUN`: draws a recorded run again. RUN is a file, a commit or a position,
 * as `bench:compare` takes them.
 */
import { writeFileSync } from 'node:fs';
import { exitWithUsageErrors } from './command/exit.ts';
import { resultsFile } from './command/option-table.ts';
import { findRun, parseWithRuns } from './command/recorded-run.ts';
import { reportHtml } from './report/html.ts';
import { markdownTable } from './report/markdown.ts';
import { chosenRows, toRows } from './report/rows.ts';
import type { RunRecord } from './report/run-record.ts';
import { ratioSvg } from './report/svg.ts';
import { formatTable } from './report/table.ts';

const help = `npm run bench:report -- [RUN] [options]

RUN: a run.json, a results file (its last run), a commit, or -1, -2, ... from the end of the results
file (${resultsFile} unless --results FILE). Without it: the last run there.

  --html FILE             the report as a page
  --svg FILE              a plot of the ratios
  --markdown              the table as Markdown
  --only NAME             the figure of this name, or else all that begin so; several times: these,
                          in this order`;

await exitWithUsageErrors(() => {
  const { runs, values } = parseWithRuns(process.argv.slice(2), {
    html: { type: 'string' },
    svg: { type: 'string' },
    markdown: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    results: { type: 'string', default: resultsFile },
    help: { type: 'boolean' },
  });
  if (values.help === true) return console.log(help);
  const record = findRun(runs[0] ?? '-1', values.results);
  const all = toRows(record.measurements);
  const rows = values.only === undefined ? all : chosenRows(all, values.only);
  if (values.html !== undefined) writeFileSync(values.html, reportHtml(record));
  if (values.svg !== undefined) writeFileSync(values.svg, ratioSvg(rows, captionOf(record)));
  console.log(
    values.markdown === true
      ? markdownTable(rows)
      : formatTable(rows, values.only === undefined ? record.scenarios : []),
  );
});

function captionOf({ machine, size, contenders }: RunRecord): [string, string] {
  const names = contenders.map(({ about }) => about.split(',')[0]).join(' and ');
  const repeats = size.repeats === 1 ? 'once' : `medians of ${size.repeats}, lowest to highest`;
  return [`${machine.cpu}, ${machine.cores} cores, ${machine.disk}`, `${names}, ${repeats}`];
}
