/**
 * The report: one file that holds all it needs, figures, plots, styles and program, and asks no
 * network for anything. The page's program draws what `plots.ts` worked out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../test/support/project-root.ts';
import type { ServerName } from '../harness/measurement.ts';
import { figuresSection } from './html-figures.ts';
import { loadsSection } from './html-loads.ts';
import { escaped } from './html-text.ts';
import { notesOf } from './notes.ts';
import type { Plot } from './plots.ts';
import { serversOf, toRows } from './rows.ts';
import type { RunRecord } from './run-record.ts';

export function reportHtml(record: RunRecord): string {
  const rows = toRows(record.measurements);
  const plots: Plot[] = [];
  const loads = loadsSection(record, plots);
  const title = titleOf(serversOf(rows));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${asset('page.css')}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p>${escaped(subtitleOf(record))}</p>
</header>
<main>
${notesSection(record)}
${figuresSection(record, rows)}
${loads}
${machineSection(record)}
${commandsSection(record)}
</main>
<script type="application/json" id="plots">${jsonInHtml(plots)}</script>
<script>${asset('page.js').replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

function titleOf(servers: readonly ServerName[]): string {
  const measured = servers.filter((name) => name !== 'reference');
  return [measured.toReversed().join(' beside '), 'benchmark'].filter(Boolean).join(' – ');
}

function subtitleOf({ startedAt, seconds, size, commit }: RunRecord): string {
  const at = `${startedAt.slice(0, 16).replace('T', ' ')} UTC`;
  const length = `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  const repeats = `${size.repeats} repeat${size.repeats === 1 ? '' : 's'} of ${size.seconds} s`;
  return [at, length, repeats, ...(commit === null ? [] : [`commit ${commit}`])].join(' · ');
}

function notesSection(record: RunRecord): string {
  const notes = notesOf(record);
  if (notes.length === 0) return '';
  const kind = record.failure === null ? 'notes' : 'notes failed';
  const items = notes.map((note) => `<li>${escaped(note)}</li>`).join('');
  return `<ul class="${kind}">${items}</ul>`;
}

function machineSection({ machine }: RunRecord): string {
  const facts: [string, string][] = [
    ['CPU', `${machine.cpu}, ${machine.cores} cores`],
    ['Memory', `${machine.memoryGiB} GiB`],
    ['System', machine.system],
    [
      'Disk of the servers',
      `${machine.disk}; write + fdatasync of 512 B: ${machine.fdatasyncUs} µs`,
    ],
    ['Node.js', machine.node],
    ['Load before the run', String(machine.loadBefore)],
  ];
  return `<section id="machine"><h2>Machine</h2><dl>${definitions(facts)}</dl></section>`;
}

function commandsSection({ command, contenders }: RunRecord): string {
  const servers = contenders
    .map(
      ({ about, command: its }) =>
        `<dt>${escaped(about)}</dt><dd><code>${escaped(its)}</code></dd>`,
    )
    .join('');
  return `<section id="commands"><h2>Commands</h2>
<dl><dt>This run</dt><dd><code>${escaped(command)}</code></dd>${servers}</dl>
<p>Servers and load generator ran on the machine above unless a target says otherwise, the
generator in processes of its own. Every reply was verified. Servers took turns, and each repeat
began with another one; figures are medians of the repeats with lowest and highest, ratios are
taken within each repeat.</p></section>`;
}

function definitions(facts: readonly [string, string][]): string {
  return facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('');
}

/** What `npm run bundle:bench` made of `page/`. */
function asset(name: string): string {
  return readFileSync(join(projectRoot, 'dist/bench/report/page', name), 'utf8');
}

/** No string in it can end the script element. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
