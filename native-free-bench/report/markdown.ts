/** Rows as a table for a README. */
import { formatNumber, formatRatio } from './format.ts';
import { unitNames } from './html-figures.ts';
import { type Row, serversOf } from './rows.ts';
import type { Spread } from './spread.ts';

export function markdownTable(rows: readonly Row[]): string {
  const servers = serversOf(rows);
  const hasRatio = rows.some(({ ratio }) => ratio !== null);
  const head = ['case', ...servers, ...(hasRatio ? ['times better'] : [])];
  const lines = rows.map(({ figure, unit, servers: spreads, ratio }) => [
    figure,
    ...servers.map((server) => cellOf(spreads[server], unitNames[unit])),
    ...(hasRatio ? [ratio === null ? '–' : formatRatio(ratio).replace('x', '×')] : []),
  ]);
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellOf(spread: Spread | undefined, unit: string): string {
  if (spread === undefined) return '–';
  const { median, min, max, count } = spread;
  const range = count === 1 ? '' : ` (${formatNumber(min)}–${formatNumber(max)})`;
  return `${formatNumber(median)} ${unit}${range}`;
}
