import { describe, expect, it } from 'vitest';
import { checkRun, reportOf } from '../../src/check/check-run.ts';
import { type MadeRun, madeRun } from './made-run.ts';
import { mutators } from './mutators.ts';

function check({ logs, writer, reader }: MadeRun) {
  return checkRun({ histories: [writer, reader], logs });
}

describe('the history checker', () => {
  it('finds nothing in a run that is right', () => {
    expect(reportOf(check(madeRun()))).not.toContain('BROKEN');
  });

  it.each(Object.keys(mutators))('finds: %s', (name) => {
    const { stage, mutate } = mutators[name]!;
    const run = madeRun();
    mutate(run);
    const result = check(run);
    expect([...result.findings.byStage.keys()], reportOf(result)).toContain(stage);
    expect(reportOf(result)).toContain(`${stage} BROKEN`);
  });

  it('takes an answer that never came for one that may have been carried out', () => {
    const run = madeRun();
    Object.assign(run.writer.operations.at(-1)!, { answeredNs: -1n, zxid: 0n });
    expect(reportOf(check(run))).not.toContain('BROKEN');
  });
});
