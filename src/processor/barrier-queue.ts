/**
 * Connections that wait until a zxid is applied (sync), in the order in which they asked: their
 * zxids only grow, so the head is always the next one that can go on.
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

  push(cnxnId: number, zxidHi: number, zxidLo: number): void {
    this.cnxnIds.push(cnxnId);
    this.zxidHis.push(zxidHi);
    this.zxidLos.push(zxidLo);
  }

  shift(): number {
    const cnxnId = this.cnxnIds[this.head++];
    assert(cnxnId !== undefined, 'a barrier is taken only when there is one');
    if (this.isEmpty) {
      this.cnxnIds.length = this.zxidHis.length = this.zxidLos.length = this.head = 0;
    }
    return cnxnId;
  }
}
