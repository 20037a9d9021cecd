/** The replica of a simulated server: its tree is the list of the txns that were applied. */

import { type Epoch, highHalf, lowHalf, type Zxid } from '../../../src/base/zxid.ts';
import type {
  LearnerRequest,
  LinkId,
  PeerInput,
  Replica,
  RoleName,
  SnapshotStreamOutput,
} from '../../../src/zab/peer-ports.ts';
import type { TxnHistory } from '../../../src/zab/txn-history.ts';
import { isAfter, makeTxn, readTxn, type WorldTxn } from './txns.ts';
import type { WorldChecks } from './world-checks.ts';
import { type DurableImage, lastZxidOf } from './world-disk.ts';
import { writeSnapshot } from './world-snapshot.ts';

export type Serving = 'nobody' | 'as leader' | 'as learner';

export interface ReplicaParts {
  readonly id: number;
  readonly image: DurableImage;
  readonly history: TxnHistory;
  readonly checks: WorldChecks;
  readonly nextTxnId: () => number;
  /** Pieces of a snapshot come over several duty cycles. */
  readonly later: (happening: () => void) => void;
}

export class WorldReplica implements Replica {
  appliedHi = 0;
  appliedLo = 0;
  role: RoleName = 'looking';
  serving: Serving = 'nobody';
  applied: WorldTxn[] = [];
  peer: PeerInput | null = null;
  /** Syncs that were answered. */
  synced = 0;
  private syncTargets: number[] = [];
  private proposals: WorldTxn[] = [];
  private epoch = 0;
  private counter = 0;
  protected readonly parts: ReplicaParts;

  constructor(parts: ReplicaParts) {
    this.parts = parts;
  }

  onRole(role: RoleName): void {
    this.role = role;
  }

  lead(epoch: Epoch): void {
    this.epoch = epoch;
    this.counter = 0;
    this.proposals = [];
    this.serving = 'as leader';
    this.parts.checks.onLead(this.parts.id, epoch, this.applied);
  }

  follow(): void {
    this.serving = 'as learner';
    this.parts.checks.onServe(this.parts.id, this.applied);
  }

  rest(): void {
    this.serving = 'nobody';
    this.proposals = [];
    this.syncTargets = [];
  }

  reload(): Zxid {
    const { image, history, checks } = this.parts;
    checks.require(this.serving === 'nobody', 'a serving replica was loaded again');
    history.reset(highHalf(image.snapshotZxid), lowHalf(image.snapshotZxid));
    this.applied = [...image.snapshot];
    for (const txn of image.log) {
      history.append(txn.bytes, 0, txn.bytes.byteLength, txn.hi, txn.lo);
      history.markDelivered(txn.hi, txn.lo);
      this.applied.push(txn);
    }
    const last = lastZxidOf(image);
    this.appliedHi = highHalf(last);
    this.appliedLo = lowHalf(last);
    return last;
  }

  deliver(payload: Uint8Array, start: number, end: number): void {
    this.apply(readTxn(payload, start, end));
  }

  commit(zxidHi: number, zxidLo: number): void {
    while (this.proposals[0] !== undefined && !isAfter(this.proposals[0], zxidHi, zxidLo)) {
      this.apply(this.proposals.shift() as WorldTxn);
    }
  }

  /** A client of this server writes. */
  write(): void {
    const { peer } = this;
    if (peer === null || !peer.ready) return;
    if (this.serving === 'as leader') this.propose();
    else if (this.serving === 'as learner') {
      const bytes = new Uint8Array(3);
      const session = { sessionIdHi: this.parts.id, sessionIdLo: 1, cxid: 1, type: 5 };
      peer.forward({ ...session, bytes, start: 1, end: 2, authInfo: null });
    }
  }

  /** A client of this server wants to see all that is committed by now. */
  sync(): void {
    if (this.peer === null || !this.peer.ready || this.serving === 'nobody') return;
    this.syncTargets.push(this.parts.checks.chain.length);
    const request = { bytes: new Uint8Array(0), start: 0, end: 0, authInfo: null };
    this.peer.sync(this.parts.id, 1, 1, request);
  }

  onSync(): void {
    const target = this.syncTargets.shift();
    this.parts.checks.require(target !== undefined, 'a sync was answered that nobody asked for');
    this.parts.checks.require(
      this.applied.length >= (target as number),
      `server ${this.parts.id} synced to ${this.applied.length} of ${target}`,
    );
    this.synced++;
  }

  onLearnerRequest(_link: LinkId, request: LearnerRequest): void {
    const { checks } = this.parts;
    checks.require(this.serving === 'as leader', 'a request came before the leader served');
    checks.require(request.end - request.start === 1, 'a request came with its body');
    if (this.peer?.ready) this.propose();
  }

  onRevalidate(): boolean {
    return true;
  }

  onTouch(): void {}

  onRevalidated(): void {}

  takeTouched(visit: (idHi: number, idLo: number, timeoutMs: number) => void): void {
    visit(this.parts.id, 1, 4000);
  }

  streamSnapshot(out: SnapshotStreamOutput): void {
    const bytes = writeSnapshot(this.applied);
    const piece = 1 + (bytes.byteLength >> 2);
    let at = 0;
    const go = () => {
      const next = out.next();
      if (next === 'stop') return;
      if (next === 'go') {
        const end = Math.min(at + piece, bytes.byteLength);
        out.write(bytes, at, end);
        at = end;
      }
      if (at === bytes.byteLength) out.done();
      else this.parts.later(go);
    };
    go();
  }

  private propose(): void {
    this.counter++;
    const txn = makeTxn(this.epoch, this.counter, this.parts.nextTxnId());
    this.proposals.push(txn);
    this.peer?.propose(txn.bytes, 0, txn.bytes.byteLength, txn.hi, txn.lo);
  }

  private apply(txn: WorldTxn): void {
    const { checks, id } = this.parts;
    checks.require(
      isAfter(txn, this.appliedHi, this.appliedLo),
      `server ${id} applied (${txn.hi},${txn.lo}) behind (${this.appliedHi},${this.appliedLo})`,
    );
    this.applied.push(txn);
    this.appliedHi = txn.hi;
    this.appliedLo = txn.lo;
    if (this.serving !== 'nobody') checks.onApply(id, this.applied, this.applied.length - 1);
  }
}
