/** What became better or worse from one run to another, and what the noise does not let one say. */
import { formatNumber, formatSpread } from './format.ts';
import type { MachineFacts } from './machine.ts';
import { type Row, serversOf, toRows } from './rows.ts';
import type { RunRecord } from './run-record.ts';
import type { Spread } from './spread.ts';
import { alignColumns } from './table.ts';

export interface Change {
  readonly figure: string;
  readonly server: string;
  readonly unit: Row['unit'];
  readonly before: Spread;
  readonly after: Spread;
  /** Above 1: it became better. */
  readonly ratio: number;
  readonly verdict: 'better' | 'worse' | 'same';
}

/** Fewer repeats show no noise; a difference below this share of the figure may then be noise. */
const repeatsForSpread = 3;
const shareOfFewRepeats = 0.2;
/** Nobody cares for less, even where the noise would let one see it. */
const shareMin = 0.03;

/** Every figure of every server that both runs have. */
export function changesOf(before: RunRecord, after: RunRecord): Change[] {
  const old = new Map(toRows(before.measurements).map((row) => [row.figure, row]));
  const rows = toRows(after.measurements);
  return serversOf(rows).flatMap((server) =>
    rows.flatMap(({ figure, unit, better, servers }) => {
      const [from, to] = [old.get(figure)?.servers[server], servers[server]];
      if (from === undefined || to === undefined) return [];
      const ratio = better === 'higher' ? to.median / from.median : from.median / to.median;
      const verdict = verdictOf(from, to, ratio);
      return [{ figure, server, unit, before: from, after: to, ratio, verdict }];
    }),
  );
}

/** A difference counts when the two spreads do not touch, or when it is large and none is known. */
function verdictOf(before: Spread, after: Spread, ratio: number): Change['verdict'] {
  const isSpreadKnown = Math.min(before.count, after.count) >= repeatsForSpread;
  const areApart = before.max < after.min || after.max < before.min;
  const shareNeeded = isSpreadKnown ? shareMin : shareOfFewRepeats;
  const isLarge = Math.max(ratio, 1 / ratio) - 1 >= shareNeeded;
  if (!isLarge || (isSpreadKnown && !areApart)) return 'same';
  return ratio > 1 ? 'better' : 'worse';
}

/** For a terminal: what changed first, and how many figures stayed within the noise. */
export function formatChanges(changes: readonly Change[]): string {
  const told = changes.filter(({ verdict }) => verdict !== 'same');
  const lines = told.map(({ figure, server, unit, before, after, ratio, verdict }) => [
    `${verdict === 'better' ? '+' : '-'} ${figure}`,
    server,
    unit,
    formatSpread(before),
    formatSpread(after),
    `${formatNumber(Math.max(ratio, 1 / ratio))}x ${verdict}`,
  ]);
  const head = ['  figure', 'server', 'unit', 'A', 'B', ''];
  const table = lines.length === 0 ? [] : [alignColumns([head, ...lines], 3)];
  const same = `${changes.length - told.length} of ${changes.length} figures`;
  return [...table, `${same}: no difference beyond the noise`].join('\n');
}

/** Where the two runs differ besides the code: then no difference says anything about it. */
export function differencesOf(a: RunRecord, b: RunRecord): string[] {
  const facts: (keyof MachineFacts)[] = ['cpu', 'cores', 'memoryGiB', 'disk', 'node'];
  const machines = facts.filter((fact) => a.machine[fact] !== b.machine[fact]);
  const sizes = JSON.stringify(a.size) === JSON.stringify(b.size) ? [] : ['the sizes of the runs'];
  return [...machines, ...sizes];
}
