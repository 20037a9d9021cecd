/**
 * The disk of a simulated server, as its log's owner serves it: asks and appends happen in order,
 * a batch at a time, and are told of when they are durable. A crash keeps what a real disk might:
 * whole batches up to some flush, then a part of the appends, and any of the epoch files.
 */
import type { Epoch, Zxid } from '../../../src/base/zxid.ts';
import { highHalf, lowHalf, zxidOf } from '../../../src/base/zxid.ts';
import type { DiskAsk, DiskOutcome, DiskOutput } from '../../../src/zab/peer-ports.ts';
import type { SeededRandom } from '../../support/random.ts';
import { isAfter, readTxn, type WorldTxn } from './txns.ts';
import { readSnapshot } from './world-snapshot.ts';

export interface DurableImage {
  acceptedEpoch: Epoch;
  currentEpoch: Epoch;
  /** Everything up to and with `snapshotZxid`. */
  snapshot: WorldTxn[];
  snapshotZxid: Zxid;
  log: WorldTxn[];
}

export type Operation =
  | { readonly kind: 'append'; readonly txn: WorldTxn }
  | { readonly kind: 'snapshotBytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'ask';
      readonly ask: DiskAsk;
      readonly then: (outcome: DiskOutcome) => void;
    };

/** What a crash leaves of what was not durable yet. */
export type CrashKeeps = 'nothing' | 'everything' | 'by chance';

export interface DiskHost {
  after(delayUs: number, happening: () => void): void;
  /** Runs inside a duty cycle of the process. */
  hear(happening: () => void): void;
  onSynced(zxidHi: number, zxidLo: number): void;
  readonly random: SeededRandom;
  /** How long a sync takes. */
  syncUsMax(): number;
}

export function emptyImage(): DurableImage {
  const epoch = 0 as Epoch;
  return {
    acceptedEpoch: epoch,
    currentEpoch: epoch,
    snapshot: [],
    snapshotZxid: 0n as Zxid,
    log: [],
  };
}

export function txnsOf(image: DurableImage): WorldTxn[] {
  return [...image.snapshot, ...image.log];
}

export function lastZxidOf(image: DurableImage): Zxid {
  const last = image.log.at(-1);
  return last === undefined ? image.snapshotZxid : zxidOf(last.hi, last.lo);
}

export class WorldDisk implements DiskOutput {
  readonly image: DurableImage;
  protected readonly host: DiskHost;
  protected pending: Operation[] = [];
  private batch: Operation[] = [];
  private incoming: Uint8Array[] = [];
  private incomingZxid = 0n as Zxid;
  private isAlive = true;

  constructor(image: DurableImage, host: DiskHost) {
    this.image = image;
    this.host = host;
  }

  append(payload: Uint8Array, start: number, end: number, hi: number, lo: number): void {
    const txn = readTxn(payload, start, end);
    if (txn.hi !== hi || txn.lo !== lo) throw new Error('an append with the zxid of another');
    this.push({ kind: 'append', txn });
  }

  snapshotBytes(bytes: Uint8Array, start: number, end: number): void {
    this.push({ kind: 'snapshotBytes', bytes: bytes.slice(start, end) });
  }

  ask(ask: DiskAsk, then: (outcome: DiskOutcome) => void): void {
    this.push({ kind: 'ask', ask, then });
  }

  /** The machine stops; what was under way is there in parts, as chance or the test has it. */
  crash(keeps: CrashKeeps = 'by chance'): void {
    this.isAlive = false;
    const { random } = this.host;
    const operations = [...this.batch, ...this.pending];
    const chosen = random.below(operations.length + 1);
    const survivors = { nothing: 0, everything: operations.length, 'by chance': chosen }[keeps];
    if (keeps === 'nothing') return;
    for (const [index, operation] of operations.entries()) {
      if (index < survivors) this.perform(operation);
      else if (isBarrier(operation)) return;
      else if (operation.kind === 'ask' && random.below(2) === 0) this.perform(operation);
    }
  }

  protected push(operation: Operation): void {
    this.pending.push(operation);
    this.begin();
  }

  private begin(): void {
    if (this.batch.length > 0 || this.pending.length === 0) return;
    const { host } = this;
    this.batch = this.pending;
    this.pending = [];
    host.after(50 + host.random.below(host.syncUsMax()), () => {
      if (!this.isAlive) return;
      const { batch } = this;
      const outcomes = batch.map((operation) => this.perform(operation));
      this.batch = [];
      host.hear(() => this.report(batch, outcomes));
      this.begin();
    });
  }

  private report(batch: readonly Operation[], outcomes: readonly DiskOutcome[]): void {
    let synced: WorldTxn | null = null;
    for (const [index, operation] of batch.entries()) {
      if (operation.kind === 'append') synced = operation.txn;
      if (operation.kind !== 'ask') continue;
      if (synced !== null) this.host.onSynced(synced.hi, synced.lo);
      synced = null;
      operation.then(outcomes[index] as DiskOutcome);
    }
    if (synced !== null) this.host.onSynced(synced.hi, synced.lo);
  }

  protected perform(operation: Operation): DiskOutcome {
    if (operation.kind === 'append') this.image.log.push(operation.txn);
    else if (operation.kind === 'snapshotBytes') this.incoming.push(operation.bytes);
    else return this.performAsk(operation.ask);
    return 'done';
  }

  private performAsk(ask: DiskAsk): DiskOutcome {
    const { image } = this;
    switch (ask.kind) {
      case 'acceptedEpoch':
        image.acceptedEpoch = ask.epoch;
        return 'done';
      case 'currentEpoch':
        image.currentEpoch = ask.epoch;
        return 'done';
      case 'truncate':
        return this.truncate(ask.zxid);
      case 'beginSnapshot':
        this.incoming = [];
        this.incomingZxid = ask.zxid;
        return 'done';
      case 'install':
        image.snapshot = readSnapshot(Uint8Array.from(Buffer.concat(this.incoming)));
        image.snapshotZxid = this.incomingZxid;
        image.log = [];
        return 'done';
      default:
        return 'done';
    }
  }

  protected truncate(zxid: Zxid): DiskOutcome {
    const { image } = this;
    const hi = highHalf(zxid);
    const lo = lowHalf(zxid);
    const isThere = image.log.some((txn) => txn.hi === hi && txn.lo === lo);
    if (!isThere && zxid !== image.snapshotZxid) return 'refused';
    image.log = image.log.filter((txn) => !isAfter(txn, hi, lo));
    return 'done';
  }
}

/** What stands behind one of these cannot be on disk before it. */
function isBarrier(operation: Operation): boolean {
  if (operation.kind !== 'ask') return false;
  return operation.ask.kind !== 'acceptedEpoch' && operation.ask.kind !== 'currentEpoch';
}
