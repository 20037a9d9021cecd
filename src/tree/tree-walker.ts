/** Walks the tree while the writer goes on (signatures; the implementation follows). */
import type { TreeMemory } from './tree-memory.ts';

/** What `TreeWalker.step` met. */
export const WalkStep = {
  /** A node: its copy is in `record`. */
  node: 1,
  /** All nodes were reported. */
  end: 2,
  /** The writer was in the way at every try: pause shortly and call `step` again. */
  busy: 3,
  /** The tree was cleared under the walk: what was reported so far is worth nothing. */
  abandoned: 4,
} as const;
export type WalkStep = (typeof WalkStep)[keyof typeof WalkStep];

export class TreeWalker {
  /**
   * The copy of the node, exactly as a snapshot holds it: ustring path, buffer data, long aclId,
   * StatPersisted. Valid until the next step; replaced when it must grow.
   */
  record: Uint8Array = new Uint8Array(0);
  recordLength = 0;
  /** Where the parts begin in `record`. */
  pathStart = 0;
  pathLength = 0;
  dataStart = 0;
  dataLength = 0;
  aclId = 0;
  statStart = 0;

  /** Registers the walk: from here on the writer keeps what the walker may meet. */
  constructor(memory: TreeMemory) {
    void memory;
  }
  step(): WalkStep {
    throw new Error('not built yet');
  }
  /** All ACL lists with an id of their own; each call may be given bytes that are reused. */
  forEachAcl(visit: (id: number, bytes: Uint8Array, start: number, end: number) => void): void {
    void visit;
    throw new Error('not built yet');
  }
  /** Ends the walk; must be called, also after an error. Calling it twice is harmless. */
  close(): void {
    throw new Error('not built yet');
  }
}
