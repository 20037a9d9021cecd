/** All stages over one run, and the report that people read. */
import { checkAcknowledged } from './acknowledged.ts';
import { checkExpiry } from './expiry.ts';
import { Findings, type Stage, stageNames } from './findings.ts';
import { checkReads, checkWriteOrder } from './real-time.ts';
import { replay } from './replay.ts';
import { joinRun, type RunInput } from './run.ts';
import { agreedLog } from './server-log.ts';
import { checkSessionOrder } from './session-order.ts';

export interface CheckResult {
  readonly findings: Findings;
  readonly operations: number;
  readonly notifications: number;
  readonly txns: number;
}

/** How old a state may be that answers a read: 15 s is Apache's syncLimit and a tick, and more. */
export const stalenessNsDefault = 15_000_000_000n;

/** The servers had all caught up when their logs were taken. */
export function checkRun({ histories, logs }: RunInput): CheckResult {
  const findings = new Findings();
  const log = agreedLog(logs, findings);
  const run = joinRun(histories, log);
  checkAcknowledged(run, findings);
  checkWriteOrder(run, findings);
  replay(run, findings);
  checkSessionOrder(run, findings);
  checkExpiry(run, findings);
  checkReads(run, stalenessNsDefault, findings);
  const { operations, notifications } = run;
  const counts = { operations: operations.length, notifications: notifications.length };
  return { findings, ...counts, txns: log.length };
}

/** A line for each stage, and behind a broken one its first violation. */
export function reportOf({ findings, operations, notifications, txns }: CheckResult): string {
  const lines = [`${operations} operations, ${notifications} events, ${txns} txns`];
  for (const [stage, name] of Object.entries(stageNames)) {
    const finding = findings.byStage.get(stage as Stage);
    lines.push(`${stage} ${finding === undefined ? 'holds ' : 'BROKEN'}  ${name}`);
    if (finding === undefined) continue;
    lines.push(`    ${finding.first}`);
    if (finding.count > 1) lines.push(`    and ${finding.count - 1} more`);
  }
  return `${lines.join('\n')}\n`;
}
