/**
 * The ensemble of a standalone server: a quorum of one, whose commit point is what the log has
 * synced. It carries proposals to the log and commits back to the keeper, with which it shares a
 * thread. A proposal's ack exists only as the log's report that it is synced, so nothing can be
 * acknowledged before it is durable.
 */
import type { Agent } from '../base/agent.ts';
import { assert } from '../base/assert.ts';
import { highHalf, lowHalf } from '../base/zxid.ts';
import { Broadcast } from '../zab/broadcast.ts';
import { majorityOf, type ServerId } from '../zab/quorum-verifier.ts';
import type { Appends } from './appends.ts';
import type { Ensemble, EnsembleReplica, FoundOnDisk } from './ensemble-port.ts';
import { ToEnsemble } from './messages.ts';

export interface EnsembleParts {
  readonly self: ServerId;
  readonly appends: Appends;
}

const recordsPerTurn = 1024;

export class EnsembleAgent implements Agent, Ensemble {
  readonly name = 'ensemble';
  private readonly parts: EnsembleParts;
  private broadcast: Broadcast | null = null;
  private replica: EnsembleReplica | null = null;

  constructor(parts: EnsembleParts) {
    this.parts = parts;
  }

  begin({ lastZxid }: FoundOnDisk, replica: EnsembleReplica): void {
    const { self, appends } = this.parts;
    appends.begin(lastZxid);
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
    this.parts.appends.append(payload, start, end, zxidHi, zxidLo);
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
    this.parts.appends.roll();
  }

  dutyCycle(): number {
    const { appends } = this.parts;
    const isHere = appends.flush(!this.isStalled);
    if (isHere) this.onSynced(appends.lastHi, appends.lastLo);
    const taken = this.isStalled ? 0 : appends.synced.drain(this.onRecord, recordsPerTurn);
    const work = isHere ? taken + 1 : taken;
    if (work > 0) this.replica?.flushReplies();
    return work;
  }

  stop(): void {
    this.parts.appends.stop();
  }

  private get isStalled(): boolean {
    return this.replica?.isStalled ?? false;
  }

  private readonly onRecord = (type: number, offset: number): boolean => {
    if (type === ToEnsemble.snapshotDue) this.replica?.onSnapshotDue();
    else {
      const { view } = this.parts.appends.synced;
      this.onSynced(view.getInt32(offset), view.getInt32(offset + 4));
    }
    return true;
  };

  private onSynced(zxidHi: number, zxidLo: number): void {
    const { broadcast } = this;
    if (broadcast?.onAck(this.parts.self, zxidHi, zxidLo)) {
      this.replica?.commit(broadcast.committedHi, broadcast.committedLo);
    }
  }
}
