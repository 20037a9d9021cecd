/**
 * Snapshots that this server, as a leader, sends to learners: each is a walk of the shared tree in
 * slices on the keeper's own thread, a slice of one of them in a duty cycle, so that no txn waits
 * long. While a receiver is slow its walk stands still.
 */
import { snapshotStreamsMax } from '../base/limits.ts';
import type { SessionTable } from '../state/session-table.ts';
import { type WalkSlice, walkSnapshot } from '../state/snapshot-walk.ts';
import { SnapshotStream } from '../storage/snapshot-stream.ts';
import type { TreeMemory } from '../tree/tree-memory.ts';
import { TreeWalker } from '../tree/tree-walker.ts';
import type { SnapshotStreamOutput } from '../zab/peer-ports.ts';

/** About a millisecond of work. */
const slice: WalkSlice = { items: 512, bytes: 256 * 1024 };

interface Sending {
  readonly out: SnapshotStreamOutput;
  readonly walker: TreeWalker;
  readonly slices: Generator<void, void>;
}

export class KeeperSnapshots {
  private readonly tree: TreeMemory;
  private readonly sessions: SessionTable;
  /** The one whose turn it is comes first. */
  private sending: Sending[] = [];
  /** Begun later, when one of the others is done: they hold what is applied until then, too. */
  private waiting: SnapshotStreamOutput[] = [];

  constructor(tree: TreeMemory, sessions: SessionTable) {
    this.tree = tree;
    this.sessions = sessions;
  }

  add(out: SnapshotStreamOutput): void {
    this.waiting.push(out);
    this.beginWaiting();
  }

  /** At the most one slice. Returns how many were done. */
  dutyCycle(): number {
    for (let tries = this.sending.length; tries > 0; tries--) {
      const sending = this.sending.shift() as Sending;
      const next = sending.out.next();
      if (next === 'wait') this.sending.push(sending);
      else if (next === 'stop') this.end(sending);
      else {
        this.sendSlice(sending);
        return 1;
      }
    }
    return 0;
  }

  /** The role is over, and all of them with it. */
  clear(): void {
    for (const { walker } of this.sending) walker.close();
    this.sending = [];
    this.waiting = [];
  }

  private beginWaiting(): void {
    while (this.waiting.length > 0 && this.sending.length < snapshotStreamsMax) {
      this.begin(this.waiting.shift() as SnapshotStreamOutput);
    }
  }

  private begin(out: SnapshotStreamOutput): void {
    if (out.next() === 'stop') return;
    const walker = new TreeWalker(this.tree);
    this.sending.push({ out, walker, slices: this.slicesOf(out, walker) });
  }

  private *slicesOf(out: SnapshotStreamOutput, walker: TreeWalker): Generator<void, void> {
    const stream = new SnapshotStream((piece) => out.write(piece, 0, piece.byteLength));
    yield* walkSnapshot(walker, this.sessions, stream, slice);
    stream.endNodes();
  }

  private sendSlice(sending: Sending): void {
    if (!sending.slices.next().done) {
      this.sending.push(sending);
      return;
    }
    this.end(sending);
    sending.out.done();
  }

  private end({ walker }: Sending): void {
    walker.close();
    this.beginWaiting();
  }
}
