/**
 * Walks the whole tree, parents before children, in a thread of its own while the writer goes on.
 * What it reports is fuzzy as a whole (replay repairs that) but each node is copied in one piece.
 * Every node that exists during the whole walk is reported, and no path twice.
 *
 * How it finds its way: new children are put in front of their siblings, and a removed node keeps
 * its links until the walk ends (reclaim.ts). So the next sibling of a node, living or removed,
 * leads to all siblings that stood behind it and are still there, and its parent leads back up.
 * Allocates only to grow `record`; never waits: when the writer is in the way it says so.
 */
import { copyBytes } from '../base/copy-bytes.ts';
import { AclTableView } from './acl-table-view.ts';
import {
  Control,
  Node,
  NodeFlag,
  overwriteBytesMax,
  Persisted,
  persistedBytes,
  Stat,
  stripeMask,
} from './layout.ts';
import { NodeView } from './node-view.ts';
import { announceWalk, endWalk } from './reclaim.ts';
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

const recordBytesAtFirst = 4096;
const copyTriesMax = 64;

/** Outcomes of one try to copy a node. */
const copied = 1;
const gone = 2;
const torn = 3;

export class TreeWalker {
  private readonly nodes: CopyingView;
  private readonly place: number;
  private generation = 0;
  private root = 0;
  /** The node that the walk stands on, 0 before it begins. */
  private node = 0;
  private isReported = false;
  private isGone = false;
  private isClosed = false;

  /**
   * Registers the walk: from here on the writer keeps what the walker may meet. Throws when 16
   * walks go on already. `close` must follow, whatever happens.
   */
  constructor(memory: TreeMemory) {
    this.nodes = new CopyingView(memory);
    this.place = announceWalk(this.nodes.control);
  }

  /**
   * The copy of the node, exactly as a snapshot holds it: ustring path, buffer data, long aclId,
   * StatPersisted. Valid until the next step; another array when it had to grow.
   */
  get record(): Uint8Array {
    return this.nodes.record;
  }

  get recordLength(): number {
    return this.nodes.recordLength;
  }

  /** Where the bytes of the path begin in `record`; the root's path is "". */
  get pathStart(): number {
    return 4;
  }

  get pathLength(): number {
    return this.nodes.recordView.getInt32(0);
  }

  get dataStart(): number {
    return this.pathStart + this.pathLength + 4;
  }

  /** -1 for null data. */
  get dataLength(): number {
    return this.nodes.recordView.getInt32(this.dataStart - 4);
  }

  get aclId(): number {
    return this.nodes.recordView.getInt32(this.statStart - 4);
  }

  get statStart(): number {
    return this.recordLength - persistedBytes;
  }

  /**
   * Begins the walk, if that was not done: from here on a tree that is cleared is noticed. False
   * while the writer is in a section, for nothing may be read before a moment between two sections
   * was seen (reclaim.ts): pause and call again.
   */
  begin(): boolean {
    if (this.node !== 0 || this.isReported) return true;
    const { control } = this.nodes;
    if ((Atomics.load(control, Control.sequence) & 1) !== 0) return false;
    this.generation = Atomics.load(control, Control.generation);
    this.root = Atomics.load(control, Control.root);
    this.node = this.root;
    this.isReported = this.root === 0;
    return true;
  }

  /** Goes to the next node; after `end` and `abandoned` the answer stays the same. */
  step(): WalkStep {
    if (!this.begin()) return WalkStep.busy;
    for (;;) {
      if (this.isReported) {
        const next = this.root === 0 ? 0 : this.nextNode();
        if (next === 0) return this.isAbandoned() ? WalkStep.abandoned : WalkStep.end;
        this.node = next;
        this.isReported = false;
      }
      const outcome = this.nodes.copyNode(this.node);
      if (this.isAbandoned()) return WalkStep.abandoned;
      if (outcome === torn) return WalkStep.busy;
      this.isReported = true;
      this.isGone = outcome === gone;
      if (outcome === copied) return WalkStep.node;
    }
  }

  /**
   * Visits all ACL lists with an id of their own; the bytes are valid during the call only. False
   * when the walk could not begin because the writer is in a section: pause and call again.
   */
  forEachAcl(visit: (id: number, bytes: Uint8Array, start: number, end: number) => void): boolean {
    if (!this.begin()) return false;
    const { acls, control } = this.nodes;
    const next = Atomics.load(control, Control.aclIdNext);
    for (let id = 1; id < next; id++) {
      const range = acls.bytesOf(id);
      if (range !== null) visit(id, range.bytes, range.start, range.end);
    }
    return true;
  }

  /** Ends the walk. Calling it twice is harmless. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    endWalk(this.nodes.control, this.place);
  }

  private isAbandoned(): boolean {
    return Atomics.load(this.nodes.control, Control.generation) !== this.generation;
  }

  /** First child, else next sibling, else next sibling of the nearest ancestor that has one. */
  private nextNode(): number {
    const { nodes } = this;
    let { node } = this;
    const child = this.isGone ? 0 : nodes.linkOf(node, Node.firstChild);
    if (child !== 0) return child;
    while (node !== this.root && !this.isAbandoned()) {
      const sibling = nodes.linkOf(node, Node.nextSibling);
      if (sibling !== 0) return sibling;
      node = nodes.linkOf(node, Node.parent);
    }
    return 0;
  }
}

/** Copies nodes under the sequence lock of their stripe. */
class CopyingView extends NodeView {
  readonly control: Int32Array;
  readonly acls: AclTableView;
  record = new Uint8Array(recordBytesAtFirst);
  recordView = new DataView(this.record.buffer);
  recordLength = 0;
  private readonly fence = new Int32Array(1);

  constructor(memory: TreeMemory) {
    super(memory);
    this.control = this.map.control;
    this.acls = new AclTableView(this.map);
  }

  /** A link that the writer may be changing: complete with what it leads to, or the old one. */
  linkOf(ref: number, word: number): number {
    const link = Atomics.load(this.wordsOf(ref), this.baseOf(ref) + word);
    return link >>> 0 < this.map.refEnd ? link : 0;
  }

  copyNode(ref: number): number {
    const stripe = Control.stripes + (ref & stripeMask);
    for (let tries = 0; tries < copyTriesMax; tries++) {
      const lock = Atomics.load(this.control, stripe);
      if ((lock & 1) !== 0) continue;
      const outcome = this.tryCopy(ref, stripe, lock);
      if (outcome !== torn) return outcome;
    }
    return torn;
  }

  private tryCopy(ref: number, stripe: number, lock: number): number {
    try {
      const flags = this.wordOf(ref, Node.pathAndFlags);
      const image = this.findImage(ref);
      const from = this.imageView;
      const dataLength = from.getInt32(image);
      const pathLength = this.pathLength(ref);
      const kept = Math.max(dataLength, 0);
      const dataAt = 4 + pathLength + 4;
      const length = dataAt + kept + 8 + persistedBytes;
      if (length > this.record.length) {
        // Only a length that is true may cost memory.
        if (this.isStill(stripe, lock)) this.grow(length);
        return torn;
      }
      this.recordLength = length;
      const out = this.recordView;
      out.setInt32(0, pathLength);
      copyBytes(this.viewOf(ref), this.pathAt(ref), out, 4, pathLength);
      out.setInt32(dataAt - 4, dataLength);
      if (kept <= overwriteBytesMax) copyBytes(from, image + 4, out, dataAt, kept);
      this.copyStat(ref, from, image + 4 + kept, dataAt + kept);
      if (!this.isStill(stripe, lock)) return torn;
      if ((flags & NodeFlag.alive) === 0) return gone;
      // Long data stays as it is while walks go on.
      if (kept > overwriteBytesMax) copyBytes(from, image + 4, out, dataAt, kept);
      return copied;
    } catch (error) {
      if (error instanceof RangeError) return torn;
      throw error;
    }
  }

  /** ACL id as a long, and StatPersisted: the first 36 bytes are those of the wire Stat. */
  private copyStat(ref: number, from: DataView, stat: number, at: number): void {
    const out = this.recordView;
    const aclId = this.aclId(ref);
    out.setInt32(at, aclId >> 31);
    out.setInt32(at + 4, aclId);
    const to = at + 8;
    copyBytes(from, stat, out, to, Persisted.cversion);
    out.setInt32(to + Persisted.cversion, this.cversion(ref));
    out.setInt32(to + Persisted.aversion, from.getInt32(stat + Stat.aversion));
    out.setInt32(to + Persisted.ephemeralOwner, this.ownerHi(ref));
    out.setInt32(to + Persisted.ephemeralOwner + 4, this.ownerLo(ref));
    copyBytes(from, stat + Stat.pzxid, out, to + Persisted.pzxid, 8);
  }

  /** The store and the load keep all reads before the load; see `TreeView.endRead`. */
  private isStill(stripe: number, lock: number): boolean {
    Atomics.store(this.fence, 0, lock);
    return Atomics.load(this.control, stripe) === lock;
  }

  private grow(length: number): void {
    this.record = new Uint8Array(length * 2);
    this.recordView = new DataView(this.record.buffer);
  }
}
