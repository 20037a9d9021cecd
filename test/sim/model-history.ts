/**
 * The history of a simulated server as a second, naive implementation sees it: every txn that was
 * proposed, and the state after each. What a crash leaves must be one of these states, and not an
 * earlier one than somebody has seen.
 */
import { joinHalves } from '../../src/base/zxid.ts';
import { OpCode } from '../../src/jute/proto.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { txnDigestBytes, txnHeader } from '../../src/jute/txn.ts';
import { encodeUtf8 } from '../../src/jute/utf8.ts';
import { visitEmptyDatabase } from '../../src/storage/empty-snapshot.ts';
import { NaiveState } from '../storage/naive-state.ts';
import { pictureOf, type StatePicture, usageOf } from './tree-picture.ts';

interface HistoryEntry {
  readonly txn: Uint8Array;
  readonly picture: StatePicture;
}

export class ModelHistory {
  /** By zxid, all that were proposed. */
  private entries: HistoryEntry[] = [];
  private state = emptyState();
  private readonly beginning = pictureOfState(this.state);
  /** What anybody outside could have seen: no recovery may fall behind it. */
  visible = 0n;

  get lastZxid(): bigint {
    return BigInt(this.entries.length);
  }

  /** A txn leaves for the log. Throws when the model finds nothing that it could change. */
  propose(txn: Uint8Array, zxid: bigint): void {
    if (zxid !== this.lastZxid + 1n) throw new Error(`txn ${zxid} follows ${this.lastZxid}`);
    const bytes = txn.slice();
    const header = txnHeader.read(new JuteReader(bytes));
    if (header.zxid !== zxid) throw new Error(`txn ${header.zxid} is proposed as ${zxid}`);
    const hasDigest = header.type !== OpCode.error;
    const bodyEnd = bytes.byteLength - (hasDigest ? txnDigestBytes : 0);
    this.state.applyTxn(bytes, 0, bodyEnd);
    const { ignored } = this.state;
    if (ignored.length > 0) throw new Error(`txn ${zxid} does not fit: ${ignored.join()}`);
    if (hasDigest) this.checkDigest(bytes, bodyEnd, zxid);
    this.entries.push({ txn: bytes, picture: pictureOfState(this.state) });
  }

  /** The state after `zxid`; undefined when there is no such txn. */
  at(zxid: bigint): StatePicture | undefined {
    return zxid === 0n ? this.beginning : this.entries[Number(zxid) - 1]?.picture;
  }

  see(zxid: bigint): void {
    if (zxid > this.visible) this.visible = zxid;
  }

  /** A recovery has ended at `zxid`: what came behind it has never happened. */
  cutAfter(zxid: bigint): void {
    this.entries = this.entries.slice(0, Number(zxid));
    this.state = emptyState();
    for (const { txn } of this.entries) this.state.applyTxn(txn, 0, bodyEndOf(txn));
    this.state.ignored.length = 0;
  }

  private checkDigest(bytes: Uint8Array, at: number, zxid: bigint): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at + 4);
    const foretold = BigInt.asUintN(64, joinHalves(view.getInt32(0), view.getInt32(4)));
    const digest = this.state.digest();
    if (foretold !== digest) throw new Error(`txn ${zxid} foretells ${foretold}, not ${digest}`);
  }
}

function bodyEndOf(txn: Uint8Array): number {
  const { type } = txnHeader.read(new JuteReader(txn));
  return txn.byteLength - (type === OpCode.error ? 0 : txnDigestBytes);
}

function emptyState(): NaiveState {
  const state = new NaiveState();
  visitEmptyDatabase(state);
  return state;
}

function pictureOfState({ lastZxid, nodes, sessions }: NaiveState): StatePicture {
  const counted = new Map(nodes);
  for (const [path, node] of nodes) {
    const usage = usageOf(path, nodes);
    if (usage !== null) counted.set(path, { ...node, data: encodeUtf8(usage) });
  }
  return pictureOf(lastZxid, counted, sessions);
}
