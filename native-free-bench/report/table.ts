/** Rows as a table of plain text, for a terminal. */
import { formatRatio, formatSpread } from './format.ts';
import { type Row, serversOf } from './rows.ts';

interface Group {
  readonly title: string;
  readonly figures: readonly string[];
}

/** Of several `groups`, each has its title above its first row. */
export function formatTable(rows: readonly Row[], groups: readonly Group[] = []): string {
  const servers = serversOf(rows);
  const hasRatio = rows.some(({ ratio }) => ratio !== null);
  const head = ['figure', 'unit', ...servers, ...(hasRatio ? ['better by'] : [])];
  const lines = rows.map((row) => [
    row.figure,
    row.unit,
    ...servers.map((server) => formatSpread(row.servers[server])),
    ...(hasRatio ? [formatRatio(row.ratio)] : []),
  ]);
  const [headLine, rule, ...aligned] = alignColumns([head, ...lines], 2).split('\n');
  const titled = aligned.map((line, i) => titleBefore(rows[i]!, groups) + line);
  return [headLine, rule, ...titled].join('\n');
}

function titleBefore({ figure }: Row, groups: readonly Group[]): string {
  const group = groups.length < 2 ? undefined : groups.find(({ figures }) => figures[0] === figure);
  return group === undefined ? '' : `\n# ${group.title}\n`;
}

/** Columns from `rightFrom` on stand to the right; a rule goes below the first line. */
export function alignColumns(lines: readonly (readonly string[])[], rightFrom: number): string {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const [head, ...rest] = lines;
  return [head!, rule, ...rest]
    .map((line) =>
      line
        .map((cell, i) => (i < rightFrom ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
