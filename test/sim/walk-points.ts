/**
 * Makes the threads meet: whatever is given here is called at each step of a snapshot's walk, in
 * place of what another thread may do between two loads of the walker. For tests only.
 */
import { SessionTable } from '../../src/state/session-table.ts';
import { TreeWalker } from '../../src/tree/tree-walker.ts';

let onPoint: (() => void) | null = null;

/** One at a time; null ends it. */
export function atWalkPoints(call: (() => void) | null): void {
  onPoint = call;
}

const { step, forEachAcl } = TreeWalker.prototype;
const { walk } = SessionTable.prototype;

TreeWalker.prototype.step = function (this: TreeWalker) {
  onPoint?.();
  return step.call(this);
};

TreeWalker.prototype.forEachAcl = function (this: TreeWalker, visit) {
  onPoint?.();
  return forEachAcl.call(this, visit);
};

SessionTable.prototype.walk = function (this: SessionTable, visit) {
  onPoint?.();
  return walk.call(this, visit);
};
