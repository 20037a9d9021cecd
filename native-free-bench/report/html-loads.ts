/** The report's part on the course of each load: what the servers said of it, and its plots. */
import type { LoadDetail, ServerName } from '../harness/measurement.ts';
import { formatNumber } from './format.ts';
import { swatch } from './html-figures.ts';
import { escaped } from './html-text.ts';
import { mainOf, type Plot, plotsOf } from './plots.ts';
import { inOrder } from './rows.ts';
import type { RunRecord } from './run-record.ts';

/** Servers tell the time of a sync in whole ms, as Apache's does. */
const shortestMs = 1;

/** Appends what is to be drawn to `plots`; the places in the page know it by its index. */
export function loadsSection({ scenarios, loads }: RunRecord, plots: Plot[]): string {
  if (loads.length === 0) return '';
  const groups = scenarios
    .filter((scenario) => scenario.loads.length > 0)
    .map(({ title, loads: names }, i) => {
      const cards = names.map((name) => card(name, loads, plots));
      const isOpen = i === 0 ? ' open' : '';
      return `<details${isOpen}><summary>${escaped(title)}</summary>${cards.join('\n')}</details>`;
    });
  return `<section id="loads"><h2>Course of each load</h2>
<p class="legend">${legend(loads)}<span>bold: the repeat with the median throughput</span></p>
${groups.join('\n')}</section>`;
}

function card(name: string, loads: readonly LoadDetail[], plots: Plot[]): string {
  const runs = loads.filter(({ load }) => load === name);
  const places = plotsOf(runs).map((plot) => {
    const index = plots.push(plot) - 1;
    return `<figure><figcaption>${escaped(plot.title)} <small>${plot.unit}</small></figcaption>
<div class="plot" data-plot="${index}"></div></figure>`;
  });
  return `<article><h3>${escaped(name)}</h3>${summary(runs)}
<div class="plots">${places.join('')}</div></article>`;
}

function serversIn(loads: readonly LoadDetail[]): ServerName[] {
  return inOrder(loads.map(({ server }) => server));
}

function legend(loads: readonly LoadDetail[]): string {
  return serversIn(loads)
    .map((server) => `<span>${swatch(server)}${server}</span>`)
    .join('');
}

/** A line a server, of its main repeat. */
function summary(runs: readonly LoadDetail[]): string {
  const lines = serversIn(runs).map((server) => {
    const run = mainOf(runs, server);
    const facts = [
      `${formatNumber(run.ops / run.seconds)} /s`,
      `${run.loop} loop`,
      ...(run.gc === null ? [] : [gcText(run.gc)]),
      ...(run.stallMs === null ? [] : [`event loop still ${formatNumber(run.stallMs)} ms at most`]),
      ...(run.fsync === null ? [] : [fsyncText(run.fsync)]),
      `generator ${formatNumber(run.generatorCores)} cores`,
    ];
    return `<li>${swatch(server)}${server}: ${escaped(facts.join(' · '))}</li>`;
  });
  return `<ul class="summary">${lines.join('')}</ul>`;
}

function gcText({ count, totalMs, maxMs }: NonNullable<LoadDetail['gc']>): string {
  if (count === 0) return 'no GC';
  const [all, longest] = [totalMs, maxMs].map(formatNumber);
  return `GC ${formatNumber(count)}×, ${all} ms in all, longest ${longest} ms`;
}

function fsyncText({ count, meanMs }: NonNullable<LoadDetail['fsync']>): string {
  if (count === 0) return 'no fsync';
  const mean = meanMs < shortestMs ? `below ${shortestMs} ms` : `${formatNumber(meanMs)} ms`;
  return `fsync ${formatNumber(count)}×, mean ${mean}`;
}
