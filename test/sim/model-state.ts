/** The naive second implementation as the simulators use it: one txn after the other. */
import { joinHalves } from '../../src/base/zxid.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { txnDigestBytes, txnHeader } from '../../src/jute/txn.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { visitEmptyDatabase } from '../../src/storage/empty-snapshot.ts';
import { NaiveState } from '../storage/naive-state.ts';
import { pictureOf, type StatePicture, usageOf } from './tree-picture.ts';

export function emptyState(): NaiveState {
  const state = new NaiveState();
  visitEmptyDatabase(state);
  return state;
}

/** Throws when the txn finds nothing that it could change, or foretells another digest. */
export function applyProposed(state: NaiveState, txn: Uint8Array): void {
  const bodyEnd = bodyEndOf(txn);
  state.applyTxn(txn, 0, bodyEnd);
  const { ignored } = state;
  const { zxid } = txnHeader.read(new JuteReader(txn));
  if (ignored.length > 0) throw new Error(`txn ${zxid} does not fit: ${ignored.join()}`);
  if (bodyEnd === txn.byteLength) return;
  const view = new DataView(txn.buffer, txn.byteOffset + bodyEnd + 4);
  const foretold = BigInt.asUintN(64, joinHalves(view.getInt32(0), view.getInt32(4)));
  const digest = state.digest();
  if (foretold !== digest) throw new Error(`txn ${zxid} foretells ${foretold}, not ${digest}`);
}

export function bodyEndOf(txn: Uint8Array): number {
  const { type } = txnHeader.read(new JuteReader(txn));
  return txn.byteLength - (type === OpCode.error ? 0 : txnDigestBytes);
}

export function pictureOfState({ lastZxid, nodes, sessions }: NaiveState): StatePicture {
  const counted = new Map(nodes);
  for (const [path, node] of nodes) {
    const usage = usageOf(path, nodes);
    if (usage !== null) counted.set(path, { ...node, data: encodeUtf8(usage) });
  }
  return pictureOf(lastZxid, counted, sessions);
}
