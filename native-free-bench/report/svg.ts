/**
 * A plot for a README: how many times better than the baseline each figure is, a bar a figure with
 * its spread. Legible on any page, since it stands on a card of its own.
 */
import { escaped } from './html-text.ts';
import { baseline, type Row } from './rows.ts';
import type { Spread } from './spread.ts';

const width = 760;
const labelWidth = 290;
const valueWidth = 150;
const barsWidth = width - labelWidth - valueWidth;
const rowHeight = 30;
const top = 84;
const bottom = 34;
const barHeight = 14;
const capHeight = 8;
/** Text stands a little below the middle of its line. */
const baselineBelow = 4;

interface Bar extends Spread {
  readonly figure: string;
}

/** Where a ratio stands, in units of the drawing. */
type Scale = (ratio: number) => string;

/**
 * `caption` are two lines below the title. Figures without a ratio have no bar; throws when none
 * has one.
 */
export function ratioSvg(rows: readonly Row[], caption: readonly [string, string]): string {
  const bars = rows.flatMap(({ figure, ratio }) => (ratio === null ? [] : [{ figure, ...ratio }]));
  if (bars.length === 0) throw new Error(`no figure was measured beside ${baseline}`);
  const height = top + bars.length * rowHeight + bottom;
  const largest = Math.max(1, ...bars.map(({ max }) => max)) * 1.02;
  const x: Scale = (ratio) => (labelWidth + (barsWidth * ratio) / largest).toFixed(1);
  const label = `Times better than ${baseline}`;
  const head = `xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"`;
  return `<svg ${head} aria-label="${label}">
<style>${style}</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
<text class="title" x="12" y="26">Times better than Apache ZooKeeper</text>
<text class="muted" x="12" y="46">${escaped(caption[0])}</text>
<text class="muted" x="12" y="63">${escaped(caption[1])}</text>
${bars.map((bar, i) => barSvg(bar, top + (i + 0.5) * rowHeight, x)).join('\n')}
<path class="one" d="M${x(1)} ${top - 4}V${height - bottom + 4}"/>
<text class="muted" x="${x(1)}" y="${height - 12}" text-anchor="middle">1× Apache</text>
</svg>
`;
}

/** Name, bar, spread and value of a figure; `middle` is the height of its line. */
function barSvg({ figure, median, min, max, count }: Bar, middle: number, x: Scale): string {
  const textY = middle + baselineBelow;
  const length = (Number(x(median)) - labelWidth).toFixed(1);
  const place = `x="${labelWidth}" y="${middle - barHeight / 2}"`;
  const size = `width="${length}" height="${barHeight}" rx="3"`;
  const range =
    count === 1 ? '' : `<tspan class="muted" dx="6">${min.toFixed(1)} – ${max.toFixed(1)}</tspan>`;
  return [
    `<text x="${labelWidth - 12}" y="${textY}" text-anchor="end">${escaped(figure)}</text>`,
    `<rect class="${median >= 1 ? 'better' : 'worse'}" ${place} ${size}/>`,
    count === 1 ? '' : whisker(x(min), x(max), middle),
    `<text x="${width - valueWidth + 16}" y="${textY}">`,
    `<tspan class="value">${median.toFixed(2)}×</tspan>${range}</text>`,
  ].join('');
}

/** A line from the lowest to the highest, with a cap at each end. */
function whisker(from: string, to: string, middle: number): string {
  const capFrom = middle - capHeight / 2;
  const caps = `M${from} ${capFrom}v${capHeight}M${to} ${capFrom}v${capHeight}`;
  return `<path class="spread" d="M${from} ${middle}H${to}${caps}"/>`;
}

const style = `
.card { fill: #ffffff; stroke: #dfe3e8; }
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #16191f; }
.title { font-size: 16px; font-weight: 600; }
.value { font-weight: 600; }
.muted { fill: #5c6573; font-size: 12px; }
.better { fill: #2563eb; }
.worse { fill: #c2570c; }
.spread { stroke: #16191f; stroke-width: 1.3; fill: none; }
.one { stroke: #c2570c; stroke-width: 1.3; stroke-dasharray: 4 3; fill: none; }
@media (prefers-color-scheme: dark) {
.card { fill: #181c23; stroke: #2b313b; }
text { fill: #e6e9ee; }
.muted { fill: #98a2b1; }
.better { fill: #4f86ea; }
.worse { fill: #ff9d5c; }
.spread { stroke: #e6e9ee; }
.one { stroke: #ff9d5c; }
}
`;
