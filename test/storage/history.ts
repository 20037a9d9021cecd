/**
 * Makes valid txns, one after the other, and knows the state after each: what a leader would log.
 * Which txn comes next depends on the zxid alone, so two histories of one prefix agree.
 */

import { type Zxid, zxidOf } from '../../src/base/zxid.ts';
import { aclVector, statPersisted } from '../../src/jute/data.ts';
import { OpCode } from '../../src/jute/proto.ts';
import type { Field } from '../../src/jute/schema.ts';
import * as txn from '../../src/jute/txn.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { visitEmptyDatabase } from '../../src/storage/empty-snapshot.ts';
import type { SnapshotStream } from '../../src/storage/snapshot-stream.ts';
import type { TxnLogWriter } from '../../src/storage/txn-log-writer.ts';
import { NaiveState } from './naive-state.ts';

export interface MadeTxn {
  readonly payload: Uint8Array;
  readonly zxidHi: number;
  readonly zxidLo: number;
}

const worldAll = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const worldRead = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const timeBase = 1_700_000_000_000n;

export class History {
  readonly state: NaiveState;
  /** Digest-proof picture of the whole state after each zxid. */
  readonly fingerprints = new Map<bigint, string>();
  /** Tells histories apart that part ways. */
  readonly name: string;
  private epoch: number;
  private counter: number;

  constructor(name = 'a', lastZxid = 0n, state = emptyState()) {
    this.name = name;
    this.state = state;
    this.epoch = Number(lastZxid >> 32n);
    this.counter = Number(lastZxid & 0xffffffffn);
    this.fingerprints.set(lastZxid, state.fingerprint());
  }

  get lastZxid(): Zxid {
    return zxidOf(this.epoch, this.counter);
  }

  beginEpoch(epoch: number): void {
    this.epoch = epoch;
    this.counter = 0;
  }

  /** The next txn. `dataBytes` is the length of the data it carries, where it carries any. */
  next(dataBytes = 20): MadeTxn {
    this.counter++;
    const zxid = this.lastZxid;
    const out = new JuteWriter();
    const { type, clientId, body } = this.choose(dataBytes);
    const time = timeBase + BigInt(this.counter);
    txn.txnHeader.write(out, { clientId, cxid: this.counter, zxid, time, type });
    body(out);
    const bodyEnd = out.offset;
    this.state.applyTxn(out.finish().slice(), 0, bodyEnd);
    if (type !== OpCode.error) {
      const treeDigest = BigInt.asIntN(64, this.state.digest());
      txn.txnDigest.write(out, { version: txn.digestVersion, treeDigest });
    }
    this.fingerprints.set(zxid, this.state.fingerprint());
    return { payload: out.finish().slice(), zxidHi: this.epoch, zxidLo: this.counter };
  }

  /** Makes txns and appends them. */
  append(writer: TxnLogWriter, count: number, dataBytes?: number): void {
    for (let i = 0; i < count; i++) {
      const { payload, zxidHi, zxidLo } = this.next(dataBytes);
      writer.append(payload, 0, payload.byteLength, zxidHi, zxidLo);
    }
  }

  private choose(dataBytes: number): {
    type: number;
    clientId: bigint;
    body: (out: JuteWriter) => void;
  } {
    const turn = this.counter;
    const round = Math.floor((turn - 1) / 12);
    const session = 0x100000000000000n + BigInt(round);
    const data = new Uint8Array(dataBytes).fill(0x61 + (turn % 26));
    const node = `/${this.name}${round}`;
    const by = <T>(type: number, field: Field<T>, value: T, clientId = session) => ({
      type,
      clientId,
      body: (out: JuteWriter) => field.write(out, value),
    });
    const create = (path: string, ephemeral: boolean) => ({
      ...{ path, data, acl: worldAll, ephemeral },
      parentCVersion: this.cversionAfterCreate(path),
    });
    switch ((turn - 1) % 12) {
      case 0:
        return by(OpCode.createSession, txn.createSessionTxn, { timeOut: 30_000 + round });
      case 1:
        return by(OpCode.create, txn.createTxn, create(node, false));
      case 2:
        return by(OpCode.create2, txn.createTxn, create(`${node}/e`, true));
      case 3:
        return by(OpCode.setData, txn.setDataTxn, { path: node, data, version: 1 });
      case 4:
        return by(OpCode.setACL, txn.setACLTxn, { path: node, acl: worldRead, version: 1 });
      case 5:
        return by(OpCode.error, txn.errorTxn, { err: -110 });
      case 6:
        return by(OpCode.createContainer, txn.createContainerTxn, create(`${node}/c`, false));
      case 7:
        return by(OpCode.createTTL, txn.createTTLTxn, {
          ...create(`${node}/t`, false),
          ttl: 9000n,
        });
      case 8:
        return by(OpCode.multi, txn.multiTxn, { txns: this.multiOf(`${node}/m`, data) });
      case 9:
        return by(OpCode.delete, txn.deleteTxn, { path: `${node}/t` });
      case 10:
        return by(OpCode.closeSession, txn.closeSessionTxn, { paths2Delete: [`${node}/e`] });
      default:
        return by(OpCode.deleteContainer, txn.deleteTxn, { path: `${node}/c` }, 0n);
    }
  }

  private multiOf(path: string, data: Uint8Array) {
    const parentCVersion = this.cversionAfterCreate(path);
    const create = { path, data, acl: worldAll, ephemeral: false, parentCVersion };
    return [
      { type: OpCode.create, data: encoded(txn.createTxn, create) },
      { type: OpCode.check, data: encoded(txn.checkVersionTxn, { path, version: 1 }) },
      { type: OpCode.setData, data: encoded(txn.setDataTxn, { path, data: null, version: 1 }) },
    ];
  }

  private cversionAfterCreate(path: string): number {
    const parent = this.state.nodes.get(path.slice(0, path.lastIndexOf('/')));
    return (parent?.cversion ?? 0) + 1;
  }
}

function encoded<T>(field: Field<T>, value: T): Uint8Array {
  const out = new JuteWriter();
  field.write(out, value);
  return out.finish().slice();
}

export function emptyState(): NaiveState {
  const state = new NaiveState();
  state.beginSnapshot(0n);
  visitEmptyDatabase(state);
  state.endSnapshot(0n);
  return state;
}

/** Hands a whole state to a snapshot writer, up to `publish`. */
export function writeState(writer: SnapshotStream, state: NaiveState): void {
  writer.beginSessions(state.sessions.size);
  for (const [id, timeoutMs] of state.sessions) {
    writer.session(Number(BigInt.asIntN(32, id >> 32n)), Number(BigInt.asIntN(32, id)), timeoutMs);
  }
  const lists = new Map<string, { id: number; bytes: Uint8Array }>();
  for (const { acl } of state.nodes.values()) {
    const key = JSON.stringify(acl);
    if (!lists.has(key)) lists.set(key, { id: lists.size + 1, bytes: encoded(aclVector, acl) });
  }
  writer.beginAcls(lists.size);
  for (const { id, bytes } of lists.values()) writer.acl(id, bytes, 0, bytes.byteLength);
  writer.beginNodes();
  const nodes = [...state.nodes].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, node] of nodes) {
    const pathBytes = new TextEncoder().encode(path);
    const { owner, data, acl, ...rest } = node;
    const stat = encoded(statPersisted, { ...rest, ephemeralOwner: owner });
    const aclId = lists.get(JSON.stringify(acl))?.id ?? -1;
    const dataLength = data?.byteLength ?? -1;
    writer.node(pathBytes, 0, pathBytes.byteLength, data, 0, dataLength, aclId, stat, 0);
  }
}
