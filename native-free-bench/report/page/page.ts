/**
 * The program inside a report: draws each plot when it comes into view, in the colours of the
 * style sheet, and again when its room or the colour scheme changes.
 */
/*! Plots are drawn by uPlot. Copyright (c) Leon Sorokin. MIT licence. */
import uPlot from 'uplot';
import type { Plot } from '../plots.ts';

const plotHeight = 190;

const plots = JSON.parse(document.getElementById('plots')!.textContent!) as Plot[];
const drawn = new Map<Element, uPlot>();

function draw(place: HTMLElement): void {
  drawn.get(place)?.destroy();
  const plot = plots[Number(place.dataset['plot'])]!;
  const data = [plot.xs, ...plot.lines.map(({ ys }) => ys)] as unknown as uPlot.AlignedData;
  drawn.set(place, new uPlot(optionsOf(plot, place.clientWidth), data, place));
}

function optionsOf(plot: Plot, width: number): uPlot.Options {
  const xAxisSize = 32;
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--grid'), width: 1 } };
  return {
    width,
    height: plotHeight,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { time: false },
      y: plot.isLogY ? { distr: 3, log: 10 } : { range: (_, __, max) => [0, max * 1.05 || 1] },
    },
    axes: [
      plot.x === 'seconds'
        ? { ...axis, size: xAxisSize, values: (_, splits) => splits.map((value) => `${value} s`) }
        : {
            ...axis,
            size: xAxisSize,
            splits: () => ninesTo(plot.xs.at(-1)!),
            values: (_, splits) => splits.map((each) => percentileText(each, plot.xs.at(-1)!)),
          },
      { ...axis, size: 58, values: (_, splits) => splits.map(shortNumber) },
    ],
    series: [
      {},
      ...plot.lines.map(({ server, isMain }) => ({
        stroke: colour(`--${server}`) + (isMain ? '' : '55'),
        width: isMain ? 2 : 1,
        spanGaps: true,
        points: { show: false },
      })),
    ],
    plugins: [tooltip(plot)],
  };
}

/** Where the axis of percentiles has its marks: at 0, 90, 99 and so on, and at the maximum. */
function ninesTo(maximum: number): number[] {
  return [...Array.from({ length: Math.ceil(maximum) - 1 }, (_, i) => i), maximum];
}

function percentileText(position: number, maximum: number): string {
  if (position === maximum) return 'max';
  return String(+(100 - 100 / 10 ** position).toFixed(3));
}

/** `1.2 M`, `30 k`: room is narrow beside an axis. */
function shortNumber(value: number | null): string {
  if (value === null) return '';
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)} M`;
  if (value >= 1e3) return `${+(value / 1e3).toFixed(1)} k`;
  return String(+value.toFixed(2));
}

/** Says the values of the bold lines under the pointer. */
function tooltip(plot: Plot): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'tooltip';
  return {
    hooks: {
      init: (u) => u.over.append(box),
      setCursor: ({ cursor: { idx, left } }) => {
        box.hidden = idx === null || idx === undefined || left === undefined || left < 0;
        if (box.hidden) return;
        const x = plot.xs[idx!]!;
        const at =
          plot.x === 'seconds'
            ? `${x} s`
            : `${percentileText(x, plot.xs.at(-1)!)} %`.replace('max %', 'max');
        const lines = plot.lines
          .filter(({ isMain, ys }) => isMain && ys[idx!] !== null)
          .map(({ server, ys }) => `${server} ${shortNumber(ys[idx!]!)} ${plot.unit}`);
        box.textContent = [at, ...lines].join('\n');
      },
    },
  };
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const places = [...document.querySelectorAll<HTMLElement>('.plot')];
const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && !drawn.has(target)) draw(target as HTMLElement);
    }
  },
  { rootMargin: '400px' },
);
for (const place of places) seen.observe(place);
const redraw = (): void => {
  for (const place of drawn.keys()) draw(place as HTMLElement);
};
addEventListener('resize', redraw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
