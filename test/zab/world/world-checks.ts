/**
 * What must hold in every simulated world, whatever happens in it (names after the ZAB paper and
 * its TLA+ models). It sees all servers at once: what their disks hold, what they apply and when
 * they say that they lead.
 */

import { isSame, nameOf, type WorldTxn } from './txns.ts';
import type { DurableImage } from './world-disk.ts';
import { txnsOf } from './world-disk.ts';

export class WorldViolation extends Error {
  override readonly name = 'WorldViolation';
}

export interface CheckedServer {
  readonly id: number;
  readonly votes: boolean;
  readonly image: DurableImage;
}

export class WorldChecks {
  /** All committed txns, in their order. */
  readonly chain: WorldTxn[] = [];
  private readonly leaders = new Map<number, number>();
  private readonly servers: readonly CheckedServer[];

  constructor(servers: readonly CheckedServer[]) {
    this.servers = servers;
  }

  /** Leadership, leader completeness: one leader an epoch, and it has all that was committed before. */
  onLead(server: number, epoch: number, applied: readonly WorldTxn[]): void {
    const other = this.leaders.get(epoch);
    this.require(other === undefined, `two leaders in epoch ${epoch}: ${other} and ${server}`);
    this.leaders.set(epoch, server);
    // It may hear late that it leads, when a later epoch has begun; it can commit nothing then.
    const lacking = this.chain[applied.length];
    this.require(
      lacking === undefined || lacking.hi > epoch,
      `leader ${server} of epoch ${epoch} lacks ${nameOfOrNone(lacking)}`,
    );
    this.onServe(server, applied);
  }

  /** Agreement, total order: what is shown to clients is the committed chain, or extends it. */
  onServe(server: number, applied: readonly WorldTxn[]): void {
    for (const index of applied.keys()) this.onApply(server, applied, index);
  }

  /** The `index`-th txn became visible on a server that serves. */
  onApply(server: number, applied: readonly WorldTxn[], index: number): void {
    const txn = applied[index] as WorldTxn;
    const committed = this.chain[index];
    if (committed !== undefined) {
      this.require(
        isSame(committed, txn),
        `server ${server} applied ${nameOf(txn)} where ${nameOf(committed)} is committed`,
      );
      return;
    }
    this.requireDurable(txn, index);
    this.chain.push(txn);
  }

  /** Commit: on the disks of a quorum, at the same place. */
  private requireDurable(txn: WorldTxn, index: number): void {
    const voters = this.servers.filter(({ votes }) => votes);
    const holders = voters.filter(({ image }) => isSame(txnsOf(image)[index], txn));
    this.require(
      holders.length * 2 > voters.length,
      `${nameOf(txn)} was committed, but only ${holders.map(({ id }) => id)} have it on disk`,
    );
  }

  require(condition: boolean, message: string): void {
    if (!condition) throw new WorldViolation(message);
  }
}

function nameOfOrNone(txn: WorldTxn | undefined): string {
  return txn === undefined ? 'nothing' : nameOf(txn);
}
