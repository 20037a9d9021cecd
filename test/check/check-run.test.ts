import { describe, expect, it } from 'vitest';
import { checkRun, reportOf } from '../../src/check/check-run.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { createTxn, errorTxn, multiTxn } from '../../src/jute/txn.ts';
import { longerMutators } from './longer-mutators.ts';
import { type LongerRun, longerRun } from './longer-run.ts';
import { At, bytesOf, logged, type MadeRun, madeRun, readerSession } from './made-run.ts';
import { mutators } from './mutators.ts';

function check({ logs, writer, reader }: MadeRun) {
  return checkRun({ histories: [writer, reader], logs });
}

function checkLonger({ logs, writer, reader, third }: LongerRun) {
  return checkRun({ histories: [writer, reader, third], logs });
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

  it('finds nothing in a longer run that is right', () => {
    expect(reportOf(checkLonger(longerRun()))).not.toContain('BROKEN');
  });

  it.each(Object.keys(longerMutators))('finds: %s', (name) => {
    const { stage, mutate } = longerMutators[name]!;
    const run = longerRun();
    mutate(run);
    const result = checkLonger(run);
    expect([...result.findings.byStage.keys()], reportOf(result)).toContain(stage);
  });

  it('takes an answer that never came for one that may have been carried out', () => {
    const run = madeRun();
    Object.assign(run.writer.operations.at(-1)!, { answeredNs: -1n, zxid: 0n });
    expect(reportOf(check(run))).not.toContain('BROKEN');
  });

  it('takes both forms in which Apache logs a failed multi', () => {
    const run = madeRun();
    const { multi, create, error } = OpCode;
    const data = bytesOf(createTxn, {
      ...{ path: '/x', data: null, acl: null, ephemeral: false, parentCVersion: 4 },
    });
    const failing = { type: error, data: bytesOf(errorTxn, { err: -101 }) };
    for (const [at, type] of [create, error].entries()) {
      const txns = [{ type, data }, failing];
      const end = run.logs[at]!.txns;
      end.push(logged(At.lastSet + 1n, readerSession, 50, multi, multiTxn, { txns }));
    }
    expect(reportOf(check(run))).not.toContain('BROKEN');
  });
});
