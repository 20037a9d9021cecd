import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServerName } from '../../native-free-bench/harness/measurement.ts';
import { reportHtml } from '../../native-free-bench/report/html.ts';
import { commitNow, machineFacts } from '../../native-free-bench/report/machine.ts';
import { markdownTable } from '../../native-free-bench/report/markdown.ts';
import { isGeneratorBound, notesOf } from '../../native-free-bench/report/notes.ts';
import { type Plot, plotsOf } from '../../native-free-bench/report/plots.ts';
import { toRows } from '../../native-free-bench/report/rows.ts';
import { ratioSvg } from '../../native-free-bench/report/svg.ts';
import { projectRoot } from '../support/project-root.ts';
import { loadDetail, sampleRun } from './support/sample-run.ts';

const sample = sampleRun();
const rows = toRows(sample.measurements);

/** What a browser would fetch: addresses outside of comments of the licence and name spaces. */
function addressesIn(html: string): string[] {
  return [...html.matchAll(/(?:src|href)\s*=|url\(|@import|fetch\(|https?:\/\/[^\s"'<)]+/g)].map(
    ([text]) => text,
  );
}

describe('the report', () => {
  const html = reportHtml(sample);

  it('holds figures, spreads, ratios, machine and commands', () => {
    const figures = ['540,800', '520,000 – 561,600', '6.30×'];
    const facts = ['Some CPU, 2 cores', 'write + fdatasync of 512 B: 90 µs'];
    for (const text of [...figures, ...facts, sample.command, 'start apache']) {
      expect(html.includes(text), text).toBe(true);
    }
  });

  it('asks no network for anything', () => {
    expect(addressesIn(html)).toEqual([]);
    expect(html.includes('.uplot'), 'the style of the plots').toBe(true);
  });

  it('draws every plot of every load', () => {
    const data = /<script type="application\/json" id="plots">(.*?)<\/script>/s.exec(html)![1]!;
    const plots = JSON.parse(data) as Plot[];
    expect(plots).toHaveLength(3 * 5);
    expect([...html.matchAll(/data-plot="(\d+)"/g)].map(([, i]) => Number(i))).toEqual([
      ...plots.keys(),
    ]);
  });

  it('shows text of a run as text', () => {
    const evil = '</script><script>alert(1)</script>';
    const scenarios = [{ name: 'evil', title: evil, figures: [], loads: [evil] }];
    const loads = [loadDetail({ load: evil, server: evil as ServerName })];
    const bad = { ...sample, command: evil, scenarios, loads };
    expect(reportHtml(bad)).not.toContain('<script>alert');
    expect(html).toContain('throughput &amp; latency &lt;of&gt; one server');
  });

  it('marks figures that the generator limited', () => {
    expect(html).toMatch(/get 100 B 64x16 <abbr/);
    expect(html).not.toMatch(/set 100 B 64x16 <abbr/);
  });

  it('of one server has no ratios', () => {
    const alone = reportHtml(sampleRun(['ringkeeper']));
    expect(alone).not.toContain('times better');
    expect(alone).not.toContain('class="bar');
  });

  it('of a run that failed says so before all else', () => {
    const failed = reportHtml({ ...sample, failure: 'speed: 3 wrong replies' });
    expect(failed).toMatch(/class="notes failed"><li>This run FAILED.*3 wrong replies/);
  });
});

describe('the notes of a run', () => {
  it('name the loads that the generator limited', () => {
    expect(notesOf(sample)).toEqual([
      expect.stringMatching(/^Generator-bound: get 100 B 64x16 on ringkeeper took 0\.97/),
    ]);
    const loads = [loadDetail({ load: 'get 1x1', generatorCores: 0.95 })];
    expect(isGeneratorBound(loads, 'get 1x1 p50')).toBe(true);
    expect(isGeneratorBound(loads, 'get 1x16')).toBe(false);
  });

  it('warn of a busy machine and of too few repeats', () => {
    const machine = { ...sample.machine, loadBefore: 1.5 };
    const size = { ...sample.size, repeats: 1 };
    const notes = notesOf({ ...sample, loads: [], machine, size });
    expect(notes.join()).toMatch(/busy before the run.*One repeat/);
  });
});

describe('the plots of a load', () => {
  it('draw the repeat with the median throughput last, and boldly', () => {
    const runs = [300, 100, 200].map((ops, repeat) => loadDetail({ ops, repeat }));
    const { lines } = plotsOf(runs)[0]!;
    expect(lines.map(({ isMain }) => isMain)).toEqual([false, false, true]);
  });

  it('have a gap where one run has no value', () => {
    const series = { opsPerSecond: [1], p99Us: [], serverCores: [], serverRssMiB: [] };
    const runs = [loadDetail({ ops: 1 }), loadDetail({ series, repeat: 1, ops: 2 })];
    expect(plotsOf(runs)[0]).toMatchObject({
      xs: [0, 0.1],
      lines: [{ ys: [900, 1100] }, { ys: [1, null] }],
    });
  });

  it('give each nine of a percentile the same room, and the maximum its own', () => {
    const latency = plotsOf([loadDetail()]).find(({ x }) => x === 'percentile')!;
    const nines = latency.xs.map((x) => Math.round(x * 10) / 10);
    expect(nines).toEqual([0, 0.3, 1, 2, 3, 3.5]);
  });

  it('leave out what could not be measured', () => {
    const titles = plotsOf([loadDetail()]).map(({ title }) => title);
    expect(titles).not.toContain('p99 latency over time');
  });
});

describe('what a README shows', () => {
  it('is a table', () => {
    expect(markdownTable(rows).split('\n').slice(0, 3)).toEqual([
      '| case | apache | ringkeeper | times better |',
      '| --- | ---: | ---: | ---: |',
      '| get 100 B 64x16 | 85,800 /s (78,000–93,600) | 540,800 /s (520,000–561,600) | 6.30× (6.00–6.67) |',
    ]);
  });

  it('is a plot with a bar for each ratio and its spread', () => {
    const svg = ratioSvg(rows, ['on <this> machine', 'two servers']);
    expect(svg.match(/<rect class="better"/g)).toHaveLength(rows.length);
    expect(svg.match(/class="spread"/g)).toHaveLength(rows.length);
    expect(svg).toContain('6.30×');
    expect(svg).toContain('on &lt;this&gt; machine');
    expect(() => ratioSvg(toRows(sampleRun(['ringkeeper']).measurements), ['', ''])).toThrow(
      'apache',
    );
  });
});

describe('the machine', () => {
  it('is known on any Linux', () => {
    const facts = machineFacts();
    expect(facts.cores).toBeGreaterThan(0);
    expect(facts.fdatasyncUs).toBeGreaterThan(0);
    expect(facts.disk).toContain(' on ');
    const commit = existsSync(join(projectRoot, '.git')) ? /^[0-9a-f]{9,}\+?$/ : /^null$/;
    expect(String(commitNow())).toMatch(commit);
  });
});
