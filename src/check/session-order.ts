/**
 * Stage E: the requests of a session are answered in their order, on each of its connections, and
 * what they see never goes back, over all of them.
 */
import type { Findings } from './findings.ts';
import { bySessionAndXid } from './real-time.ts';
import { isAnswered, type Operation, type Run, tellOperation } from './run.ts';

export function checkSessionOrder(run: Run, findings: Findings): void {
  let before: Operation | null = null;
  for (const at of bySessionAndXid(run)) {
    const operation = run.operations[at]!;
    if (!isAnswered(operation)) continue;
    if (before !== null && before.session === operation.session) {
      const last = before;
      const goesBack = operation.zxid < last.zxid;
      const overtakes = operation.line === last.line && operation.position < last.position;
      if (goesBack || overtakes) {
        findings.add('E', () => `${tellOperation(operation)} behind ${tellOperation(last)}`);
      }
    }
    before = operation;
  }
}
