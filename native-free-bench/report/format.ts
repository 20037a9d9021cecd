/** Numbers for people. */
import type { Spread } from './spread.ts';

/** `1,234`, `12.3`, `0.12`: three digits are more than a measurement is worth, fewer mislead. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Median, and lowest and highest behind it if there are several; `-` of nothing. */
export function formatSpread(spread: Spread | undefined | null): string {
  if (spread === undefined || spread === null) return '-';
  return formatAround(spread, formatNumber);
}

/** `2.50x (2.10–2.80)`. */
export function formatRatio(ratio: Spread | null): string {
  if (ratio === null) return '-';
  return formatAround(ratio, (value) => value.toFixed(2), 'x');
}

function formatAround(
  { median, min, max, count }: Spread,
  format: (value: number) => string,
  unit = '',
): string {
  const range = count === 1 ? '' : ` (${format(min)}–${format(max)})`;
  return `${format(median)}${unit}${range}`;
}
