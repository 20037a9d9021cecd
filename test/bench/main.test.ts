/** The command lines as processes: exit codes, and what they leave behind. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecords } from '../../native-free-bench/report/run-record.ts';
import { freePort } from '../support/free-port.ts';
import { projectRoot } from '../support/project-root.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, args: readonly string[]): Promise<Ended> {
  const file = join(projectRoot, 'dist/bench', script);
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('npm run bench', () => {
  const out = mkdtempSync(join(tmpdir(), 'ringkeeper-bench-'));
  const results = join(out, 'results.jsonl');
  const tiny = '--scenario speed --repeats 1 --duration 0.1 --warmup 0 --sessions 1 --depth 1';

  it('measures, prints a table, and leaves report, figures and record', async () => {
    const { code, stdout } = await run('main.js', [
      ...tiny.split(' '),
      '--out',
      out,
      '--record',
      results,
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^get 100 B 1x1 p50 +us +[\d.]+/m);
    const [record] = readRecords(join(out, 'run.json'));
    expect(record).toMatchObject({ failure: null, size: { repeats: 1, seconds: 0.1 } });
    expect(record!.loads.length).toBeGreaterThan(0);
    expect(readRecords(results)).toEqual([{ ...record, loads: [] }]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('get 100 B 1x1 p50');
  });

  it('draws and compares what was recorded', async () => {
    const compared = await run('compare.js', ['-1', '-1', '--results', results]);
    expect(compared.stdout).toMatch(/(\d+) of \1 figures: no difference beyond the noise/);
    const drawn = await run('render.js', ['-1', '--results', results, '--markdown']);
    expect(drawn.stdout).toContain('| get 100 B 1x1 p50 |');
  });

  it('ends with code 1 and says so when the server cannot be reached', async () => {
    const target = `127.0.0.1:${await freePort()}`;
    const args = [...tiny.split(' '), '--target', target, '--out', out, '--record', results];
    const { code, stdout } = await run('main.js', args);
    expect(code).toBe(1);
    expect(stdout).toContain('FAILED');
    expect(readRecords(results), 'a failed run is not recorded').toHaveLength(1);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('FAILED');
  });

  it('ends with code 2 when it was asked for something that does not exist', async () => {
    const { code, stderr } = await run('main.js', ['--sped', '3']);
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean 'seed'?");
    expect((await run('compare.js', ['only-one'])).code).toBe(2);
  });

  it('lists and helps without measuring', async () => {
    expect((await run('main.js', ['--list'])).stdout).toMatch(/^speed +default/m);
    expect((await run('main.js', ['--help'])).stdout).toContain('npm run bench');
    expect((await run('compare.js', ['--help'])).code).toBe(0);
    expect((await run('render.js', ['--help'])).code).toBe(0);
  });
});
