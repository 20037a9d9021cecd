/** The report's table of figures, a group for each scenario, with a bar for each ratio. */
import type { ServerName, Unit } from '../harness/measurement.ts';
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
  const ratios = rows.flatMap(({ ratio }) => (ratio === null ? [] : [ratio.median]));
  const columns: Columns = {
    servers,
    widest: ratios.length === 0 ? null : Math.max(1, ...ratios),
  };
  const groups = record.scenarios.map(({ title, figures }) => {
    const own = rows.filter(({ figure }) => figures.includes(figure));
    const lines = own.map((row) =>
      lineOf(row, columns, isGeneratorBound(record.loads, row.figure)),
    );
    return own.length === 0 ? '' : `<tbody>${groupHead(title, columns)}${lines.join('\n')}</tbody>`;
  });
  const legend = servers.includes('reference') ? referenceLegend : '';
  return `<section id="figures"><h2>Figures</h2>${legend}
<table>${tableHead(columns)}
${groups.join('\n')}</table></section>`;
}

interface Columns {
  readonly servers: readonly ServerName[];
  /** The ratio whose bar fills its column; null without such a column. */
  readonly widest: number | null;
}

function tableHead({ servers, widest }: Columns): string {
  const heads = servers.map((server) => `<th class="number">${swatch(server)}${server}</th>`);
  const ratio = widest === null ? '' : '<th>times better</th>';
  return `<thead><tr><th>figure</th>${heads.join('')}${ratio}</tr></thead>`;
}

function groupHead(title: string, { servers, widest }: Columns): string {
  const count = 1 + servers.length + (widest === null ? 0 : 1);
  return `<tr class="group"><th colspan="${count}">${escaped(title)}</th></tr>`;
}

function lineOf(row: Row, { servers, widest }: Columns, isBound: boolean): string {
  const head = `<th scope="row">${escaped(row.figure)}${isBound ? boundMark : ''}</th>`;
  const cells = servers.map((server) => spreadCell(server, row.servers[server], row.unit));
  const ratio = widest === null ? '' : ratioCell(row.ratio, widest);
  return `<tr>${head}${cells.join('')}${ratio}</tr>`;
}

const referenceLegend = `<p class="legend">reference: what this machine allows without any ZooKeeper:
a bare echo of the same frames in Node.js beside get, an append and fdatasync beside set, a Node.js that
does nothing beside start and RSS, path, data and Stat alone beside the memory of a znode</p>`;

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
  const one = (100 / widest).toFixed(1);
  const bar = `<i class="bar ${kind}" style="width:${width}%"></i>`;
  const text = `<b>${ratio.median.toFixed(2)}×</b>`;
  return `<td class="ratio"><span>${text}${rangeOf(ratio)}</span>
<i class="track" style="--one:${one}%">${bar}</i></td>`;
}

function rangeOf({ min, max, count }: Spread): string {
  return count === 1 ? '' : `<small>${min.toFixed(2)} – ${max.toFixed(2)}</small>`;
}
