/** The report's table of figures, a group for each scenario, with a bar for each ratio. */
import type { ServerName, Unit } from '../scenarios/measurement.ts';
import { formatNumber } from './format.ts';
import { escaped } from './html-text.ts';
import { isGeneratorBound } from './notes.ts';
import { type Row, serversOf } from './rows.ts';
import type { RunRecord } from './run-record.ts';
import type { Spread } from './spread.ts';

export const unitNames: Readonly<Record<Unit, string>> = {
  'ops/s': '/s',
  us: 'µs',
  ms: 'ms',
  s: 's',
  MiB: 'MiB',
  B: 'B',
  '%': '%',
};

export function figuresSection(record: RunRecord, rows: readonly Row[]): string {
  const servers = serversOf(rows);
  const hasRatio = rows.some(({ ratio }) => ratio !== null);
  const widest = Math.max(1, ...rows.map(({ ratio }) => ratio?.median ?? 0));
  const heads = servers.map((server) => `<th class="number">${swatch(server)}${server}</th>`);
  const ratioHead = hasRatio ? '<th>times better</th>' : '';
  const columns = 1 + servers.length + (hasRatio ? 1 : 0);
  const groups = record.scenarios.map(({ title, figures }) => {
    const own = rows.filter(({ figure }) => figures.includes(figure));
    const lines = own.map((row) => {
      const bound = isGeneratorBound(record.loads, row.figure) ? boundMark : '';
      const cells = servers.map((server) => spreadCell(server, row.servers[server], row.unit));
      const ratio = hasRatio ? ratioCell(row.ratio, widest) : '';
      return `<tr><th scope="row">${escaped(row.figure)}${bound}</th>${cells.join('')}${ratio}</tr>`;
    });
    const head = `<tr class="group"><th colspan="${columns}">${escaped(title)}</th></tr>`;
    return own.length === 0 ? '' : `<tbody>${head}${lines.join('\n')}</tbody>`;
  });
  const legend = servers.includes('reference') ? referenceLegend : '';
  return `<section id="figures"><h2>Figures</h2>${legend}
<table><thead><tr><th>figure</th>${heads.join('')}${ratioHead}</tr></thead>
${groups.join('\n')}</table></section>`;
}

const referenceLegend = `<p class="legend">reference: what this machine allows without any ZooKeeper:
a bare echo of the same frames in Node.js beside get, a bare append and fdatasync beside set</p>`;

/** A dot in the server's colour, as its lines have it. */
export function swatch(server: ServerName): string {
  return `<i class="dot ${server}"></i>`;
}

const boundMark = ' <abbr title="limited by the load generator">generator-bound</abbr>';

function spreadCell(server: ServerName, spread: Spread | undefined, unit: Unit): string {
  if (spread === undefined) return `<td class="number" data-of="${server}">–</td>`;
  const { median, min, max, count } = spread;
  const range = count === 1 ? '' : `<small>${formatNumber(min)} – ${formatNumber(max)}</small>`;
  const text = `<b>${formatNumber(median)}</b> ${unitNames[unit]}`;
  return `<td class="number" data-of="${server}"><span>${text}</span>${range}</td>`;
}

function ratioCell(ratio: Spread | null, widest: number): string {
  if (ratio === null) return '<td class="ratio">–</td>';
  const kind = ratio.median >= 1 ? 'better' : 'worse';
  const width = ((100 * ratio.median) / widest).toFixed(1);
  const text = `<b>${ratio.median.toFixed(2)}×</b>`;
  return `<td class="ratio"><span>${text}${rangeOf(ratio)}</span>
<i class="track" style="--one:${(100 / widest).toFixed(1)}%"><i class="bar ${kind}" style="width:${width}%"></i></i></td>`;
}

function rangeOf({ min, max, count }: Spread): string {
  return count === 1 ? '' : `<small>${min.toFixed(2)} – ${max.toFixed(2)}</small>`;
}
