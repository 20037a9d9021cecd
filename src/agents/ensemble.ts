/**
 * The ensemble of a standalone server: a quorum of one, whose commit point is what the log has
 * synced. It carries proposals to the log and commits back to the keeper, with which it shares a
 * thread. A proposal's ack exists only as the log's report that it is synced, so nothing can be
 * acknowledged before it is durable.
 */
import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import { highHalf, lowHalf } from '../base/zxid.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import { Broadcast } from '../zab/broadcast.ts';
import { majorityOf, type ServerId } from '../zab/quorum-verifier.ts';
import type { Ensemble, EnsembleReplica, FoundOnDisk } from './ensemble-port.ts';
import { ToEnsemble, ToLog } from './messages.ts';
import type { Outlet } from './outlet.ts';

export interface EnsembleParts {
  readonly self: ServerId;
  readonly appends: Outlet;
  readonly synced: RingReceiver;
}

const recordsPerTurn = 1024;

export class EnsembleAgent implements Agent, Ensemble {
  readonly name = 'ensemble';
  private readonly parts: EnsembleParts;
  private readonly views = new ViewCache();
  private broadcast: Broadcast | null = null;
  private replica: EnsembleReplica | null = null;

  constructor(parts: EnsembleParts) {
    this.parts = parts;
  }

  begin({ lastZxid }: FoundOnDisk, replica: EnsembleReplica): void {
    const { self, appends } = this.parts;
    const at = appends.open(ToLog.begin, 8);
    appends.view.setInt32(at, highHalf(lastZxid));
    appends.view.setInt32(at + 4, lowHalf(lastZxid));
    this.broadcast = new Broadcast(majorityOf([self]), highHalf(lastZxid), lowHalf(lastZxid));
    this.replica = replica;
    replica.serveAlone();
  }

  start(): void {}

  counts(): null {
    return null;
  }

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
    copyBytes(this.views.viewOf(payload), start, appends.view, at + 8, end - start);
  }

  forward(): void {
    assert(false, 'a standalone server forwards nothing');
  }

  sync(): void {
    assert(false, 'a standalone server asks nobody');
  }

  revalidate(): void {
    assert(false, 'a standalone server knows all sessions');
  }

  roll(): void {
    this.parts.appends.open(ToLog.roll, 0);
  }

  dutyCycle(): number {
    this.parts.appends.flush();
    if (this.replica?.isStalled) return 0;
    return this.parts.synced.drain(this.onRecord, recordsPerTurn);
  }

  stop(): void {}

  private readonly onRecord = (type: number, offset: number): boolean => {
    if (type === ToEnsemble.snapshotDue) {
      this.replica?.onSnapshotDue();
      return true;
    }
    const { view } = this.parts.synced;
    const { broadcast } = this;
    const zxidHi = view.getInt32(offset);
    const zxidLo = view.getInt32(offset + 4);
    if (broadcast?.onAck(this.parts.self, zxidHi, zxidLo)) {
      this.replica?.commit(broadcast.committedHi, broadcast.committedLo);
    }
    return true;
  };
}
