/** Txns of a simulated world: each is an error, whose code is a number that no other txn has. */

import { compareHalves } from '../../../src/base/zxid.ts';
import { OpCode } from '../../../src/jute/proto.ts';
import { TxnHeaderOffset, txnHeaderBytes } from '../../../src/jute/txn.ts';

export interface WorldTxn {
  readonly hi: number;
  readonly lo: number;
  readonly bytes: Uint8Array;
}

export function makeTxn(hi: number, lo: number, id: number): WorldTxn {
  const bytes = new Uint8Array(txnHeaderBytes + 4);
  const view = new DataView(bytes.buffer);
  view.setInt32(TxnHeaderOffset.zxid, hi);
  view.setInt32(TxnHeaderOffset.zxid + 4, lo);
  view.setInt32(TxnHeaderOffset.type, OpCode.error);
  view.setInt32(txnHeaderBytes, id);
  return { hi, lo, bytes };
}

export function readTxn(payload: Uint8Array, start: number, end: number): WorldTxn {
  const bytes = payload.slice(start, end);
  const view = new DataView(bytes.buffer);
  const hi = view.getInt32(TxnHeaderOffset.zxid);
  return { hi, lo: view.getInt32(TxnHeaderOffset.zxid + 4), bytes };
}

export function idOf(txn: WorldTxn): number {
  return new DataView(txn.bytes.buffer, txn.bytes.byteOffset).getInt32(txnHeaderBytes);
}

export function nameOf(txn: WorldTxn): string {
  return `(${txn.hi},${txn.lo})#${idOf(txn)}`;
}

export function isAfter(txn: WorldTxn, hi: number, lo: number): boolean {
  return compareHalves(txn.hi, txn.lo, hi, lo) > 0;
}

export function isSame(a: WorldTxn | undefined, b: WorldTxn | undefined): boolean {
  return a !== undefined && b !== undefined && nameOf(a) === nameOf(b);
}
