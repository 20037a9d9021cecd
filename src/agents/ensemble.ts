/**
 * The ensemble agent: the ZAB peer of this server. It carries proposals to the log and commits
 * back to the keeper, with which it shares a thread. A proposal's own ack exists only as the
 * log's report that it is synced, so nothing can be acknowledged before it is durable.
 *
 * Standalone, the quorum has one voter and the commit point is what the log has synced.
 */
import type { Agent } from '../base/agent.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import type { Broadcast } from '../zab/broadcast.ts';
import type { ServerId } from '../zab/quorum-verifier.ts';
import { ToEnsemble, ToLog } from './messages.ts';
import type { Outlet } from './outlet.ts';

export interface EnsembleParts {
  readonly self: ServerId;
  readonly appends: Outlet;
  readonly synced: RingReceiver;
}

/** What the keeper wants to hear; both calls come from inside the ensemble's duty cycle. */
export interface EnsembleListener {
  onCommit(zxidHi: number, zxidLo: number): void;
  onSnapshotDue(): void;
}

const recordsPerTurn = 1024;

export class EnsembleAgent implements Agent {
  readonly name = 'ensemble';
  private readonly parts: EnsembleParts;
  private broadcast: Broadcast | null = null;
  private listener: EnsembleListener | null = null;

  constructor(parts: EnsembleParts) {
    this.parts = parts;
  }

  /** Begins to broadcast: the history up to the start of `broadcast` is recovered. */
  lead(broadcast: Broadcast, listener: EnsembleListener): void {
    this.broadcast = broadcast;
    this.listener = listener;
    const { appends } = this.parts;
    const at = appends.open(ToLog.begin, 8);
    appends.view.setInt32(at, broadcast.committedHi);
    appends.view.setInt32(at + 4, broadcast.committedLo);
  }

  start(): void {}

  /** False while proposals wait for room on the ring to the log: take no new requests then. */
  get ready(): boolean {
    return !this.parts.appends.stalled;
  }

  /** A txn leaves for the log; its commit comes back when a quorum has it. */
  propose(payload: Uint8Array, start: number, end: number, zxidHi: number, zxidLo: number): void {
    this.broadcast?.onPropose(zxidHi, zxidLo);
    const { appends } = this.parts;
    const at = appends.open(ToLog.append, 8 + end - start);
    appends.view.setInt32(at, zxidHi);
    appends.view.setInt32(at + 4, zxidLo);
    appends.bytes.set(payload.subarray(start, end), at + 8);
  }

  /** Asks the log for a new file, and so for a snapshot. */
  roll(): void {
    this.parts.appends.open(ToLog.roll, 0);
  }

  dutyCycle(): number {
    this.parts.appends.flush();
    return this.parts.synced.drain(this.onRecord, recordsPerTurn);
  }

  stop(): void {}

  private readonly onRecord = (type: number, offset: number): boolean => {
    if (type === ToEnsemble.snapshotDue) {
      this.listener?.onSnapshotDue();
      return true;
    }
    const { view } = this.parts.synced;
    const { broadcast } = this;
    const zxidHi = view.getInt32(offset);
    const zxidLo = view.getInt32(offset + 4);
    if (broadcast?.onAck(this.parts.self, zxidHi, zxidLo)) {
      this.listener?.onCommit(broadcast.committedHi, broadcast.committedLo);
    }
    return true;
  };
}
