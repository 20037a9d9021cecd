/**
 * Connections that wait for a sync, in the order in which they asked, which is the order in which
 * syncs are done. Each with the zxid of the last proposal at that time: who decides alone is done
 * when that is applied.
 */
import { assert } from '../base/assert.ts';

export class BarrierQueue {
  private readonly zxidHis: number[] = [];
  private readonly zxidLos: number[] = [];
  private readonly cnxnIds: number[] = [];
  private head = 0;

  get isEmpty(): boolean {
    return this.head === this.cnxnIds.length;
  }

  get headZxidHi(): number {
    return this.zxidHis[this.head] as number;
  }

  get headZxidLo(): number {
    return this.zxidLos[this.head] as number;
  }

  clear(): void {
    this.cnxnIds.length = this.zxidHis.length = this.zxidLos.length = this.head = 0;
  }

  push(cnxnId: number, zxidHi: number, zxidLo: number): void {
    this.cnxnIds.push(cnxnId);
    this.zxidHis.push(zxidHi);
    this.zxidLos.push(zxidLo);
  }

  shift(): number {
    const cnxnId = this.cnxnIds[this.head++];
    assert(cnxnId !== undefined, 'a barrier is taken only when there is one');
    if (this.isEmpty) this.clear();
    return cnxnId;
  }
}
