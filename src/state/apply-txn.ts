/**
 * The one function that changes the tree. It reads a txn where it lies (TxnHeader, body, TxnDigest)
 * and carries it out, in live operation as in the replay over a fuzzy snapshot: a txn says what
 * the result is, so applying it again does no harm (Apache `DataTree.processTxn`). A committed txn
 * never makes it throw: what cannot be carried out is counted and skipped. It decides nothing,
 * sends nothing, and takes no section of the tree: its caller does.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { JuteError } from '../jute/jute-error.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { digestVersion, txnDigestBytes, txnHeaderBytes } from '../jute/txn.ts';
import { containerOwnerHi, type EphemeralTypes, ttlOwnerHiOf } from '../tree/ephemeral-type.ts';
import type { Quotas } from '../tree/quota.ts';
import type { TreeWriter } from '../tree/tree-writer.ts';
import type { Ephemerals } from './ephemerals.ts';

/**
 * What a txn did, told while it is being applied and while its section is open. Paths are ranges
 * of `path`, valid during the call.
 */
export interface ApplyListener {
  nodeCreated(ref: number, parent: number, path: Uint8Array, start: number, end: number): void;
  /** The node is still in the tree, with its ACL and owner. */
  nodeDeleting(ref: number, parent: number, path: Uint8Array, start: number, end: number): void;
  dataChanged(ref: number, path: Uint8Array, start: number, end: number): void;
  sessionOpened(idHi: number, idLo: number, timeoutMs: number): void;
  sessionClosed(idHi: number, idLo: number): void;
  /**
   * The result of the operation, or of each operation of a multi in order. In a multi that failed
   * every `type` is `error`. `ref` is 0 where there is no node (any more).
   */
  opApplied(
    type: number,
    err: number,
    ref: number,
    path: Uint8Array,
    start: number,
    end: number,
  ): void;
}

export interface TxnApplierParts {
  readonly tree: TreeWriter;
  readonly ephemerals: Ephemerals;
  readonly quotas: Quotas;
  readonly listener: ApplyListener;
  readonly ephemeralTypes: EphemeralTypes;
}

export class TxnApplier {
  /** Header of the txn that was applied last. */
  clientIdHi = 0;
  clientIdLo = 0;
  cxid = 0;
  zxidHi = 0;
  zxidLo = 0;
  type = 0;
  /** What its trailer says of the whole tree. */
  hasDigest = false;
  expectedDigestHi = 0;
  expectedDigestLo = 0;
  /** Operations that found their node missing, or there already. A bug outside of a replay. */
  ignored = 0;
  /** Txns whose bytes are no txn, or of an unknown type. */
  undecodable = 0;

  private readonly parts: TxnApplierParts;
  private readonly reader = new JuteReader();
  /** The node that the operation has touched, and its path. */
  private ref = 0;
  private pathStart = 0;
  private pathEnd = 0;
  /** Of the node that is being created. */
  private ownerHi = 0;
  private ownerLo = 0;

  constructor(parts: TxnApplierParts) {
    this.parts = parts;
  }

  /** Applies the txn in `bytes[start..end)`; the tree's section must be open. Never throws. */
  apply(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { reader } = this;
    reader.reset(bytes, view, start, end);
    this.hasDigest = false;
    if (end - start < txnHeaderBytes) {
      this.undecodable++;
      return;
    }
    this.clientIdHi = reader.readInt();
    this.clientIdLo = reader.readInt();
    this.cxid = reader.readInt();
    this.zxidHi = reader.readInt();
    this.zxidLo = reader.readInt();
    const timeHi = reader.readInt();
    const timeLo = reader.readInt();
    this.type = reader.readInt();
    this.parts.tree.beginTxn(this.zxidHi, this.zxidLo, timeHi, timeLo);
    try {
      if (this.type === OpCode.multi) this.applyMulti();
      else this.applyOp(this.type);
      if (this.type !== OpCode.error) this.readDigest();
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.undecodable++;
    }
  }

  /** True when the trailer agrees with the tree, or says nothing that we could compare. */
  isDigestAsExpected(): boolean {
    const { digestHi, digestLo } = this.parts.tree;
    if (!this.hasDigest) return true;
    return digestHi === this.expectedDigestHi && digestLo === this.expectedDigestLo;
  }

  private readDigest(): void {
    const { reader } = this;
    if (reader.remaining() < txnDigestBytes) return;
    this.hasDigest = reader.readInt() === digestVersion;
    this.expectedDigestHi = reader.readInt();
    this.expectedDigestLo = reader.readInt();
  }

  private applyOp(type: number): void {
    this.ref = this.pathStart = this.pathEnd = 0;
    const err = this.carryOut(type);
    if (err !== ErrorCode.ok && type !== OpCode.error) this.ignored++;
    this.report(type, err);
  }

  /** Everything but multi; returns the result, which says more than ok only in a replay. */
  private carryOut(type: number): number {
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.applyCreate(type);
      case OpCode.delete:
      case OpCode.deleteContainer:
        return this.deletePath(this.readPath(), this.reader.offset);
      case OpCode.setData:
      case OpCode.reconfig:
        return this.applySetData();
      case OpCode.setACL:
        return this.applySetAcl();
      case OpCode.check:
        // Its outcome was settled when the txn was prepared.
        this.readPath();
        this.reader.skip(4);
        return ErrorCode.ok;
      case OpCode.createSession:
        this.parts.listener.sessionOpened(this.clientIdHi, this.clientIdLo, this.reader.readInt());
        return ErrorCode.ok;
      case OpCode.closeSession:
        return this.applyCloseSession();
      case OpCode.error:
        return this.reader.readInt();
      default:
        throw new JuteError(`unsupported txn type ${type}`);
    }
  }

  private report(type: number, err: number): void {
    const { ref, pathStart, pathEnd } = this;
    this.parts.listener.opApplied(type, err, ref, this.reader.bytes, pathStart, pathEnd);
  }

  /** Reads the ustring at the reader; returns where it begins, and it ends at the reader. */
  private readPath(): number {
    const length = this.reader.readLength();
    if (length < 0) throw new JuteError('a txn has a null path');
    return this.reader.skip(length);
  }

  private findParent(start: number, end: number): number {
    const slash = this.reader.bytes.lastIndexOf(slashByte, end - 1);
    return slash < start ? 0 : this.parts.tree.find(this.reader.bytes, start, slash);
  }

  private applyCreate(type: number): ErrorCode {
    const { reader } = this;
    const { tree, quotas, listener } = this.parts;
    const start = this.readPath();
    const { bytes, offset: end } = reader;
    const dataLength = reader.readLength();
    const dataStart = reader.skip(Math.max(dataLength, 0));
    const aclStart = reader.offset;
    skipAcl(reader);
    const aclEnd = reader.offset;
    const isPlain = type === OpCode.create || type === OpCode.create2;
    const ephemeral = isPlain && reader.readBool();
    // Logs of Apache 3.4 end here.
    const parentCVersion = reader.remaining() >= 4 ? reader.readInt() : -1;
    const ttlAt = type === OpCode.createTTL ? reader.skip(8) : 0;

    const parent = this.findParent(start, end);
    if (parent === 0) return ErrorCode.noNode;
    const aclId = tree.acls.intern(bytes, aclStart, aclEnd);
    const existing = tree.find(bytes, start, end);
    if (existing !== 0) {
      tree.setAcl(existing, aclId, tree.aversion(existing));
      tree.raiseParent(parent, parentCVersion);
      return ErrorCode.nodeExists;
    }
    this.chooseOwner(type, ephemeral, ttlAt);
    const { ownerHi: hi, ownerLo: lo } = this;
    const data = dataLength < 0 ? null : bytes;
    const at = dataLength < 0 ? 0 : dataStart;
    // biome-ignore format: ten arguments on a hot path
    const ref = tree.create(parent, bytes, start, end, data, at, dataLength, aclId, hi, lo);
    tree.raiseParent(parent, parentCVersion);
    if (ephemeral) this.parts.ephemerals.add(hi, lo, ref);
    quotas.onCreate(bytes, start, end, dataLength);
    listener.nodeCreated(ref, parent, bytes, start, end);
    return this.touched(ref, start, end);
  }

  /** The owner follows from the type of the txn, here and in prep (hazard H7). */
  private chooseOwner(type: number, ephemeral: boolean, ttlAt: number): void {
    this.ownerHi = ephemeral ? this.clientIdHi : 0;
    this.ownerLo = ephemeral ? this.clientIdLo : 0;
    if (type === OpCode.createContainer) this.ownerHi = containerOwnerHi;
    if (type !== OpCode.createTTL) return;
    this.ownerHi = ttlOwnerHiOf(this.reader.view.getInt32(ttlAt));
    this.ownerLo = this.reader.view.getInt32(ttlAt + 4);
  }

  private touched(ref: number, start: number, end: number): ErrorCode {
    this.ref = ref;
    this.pathStart = start;
    this.pathEnd = end;
    return ErrorCode.ok;
  }

  private deletePath(start: number, end: number): ErrorCode {
    const { tree } = this.parts;
    const { bytes } = this.reader;
    const parent = this.findParent(start, end);
    if (parent === 0) return ErrorCode.noNode;
    const ref = tree.find(bytes, start, end);
    if (ref === 0 || ref === parent) {
      // The snapshot saw it deleted already, perhaps not yet the parent (ZOOKEEPER-3125).
      tree.raisePzxid(parent);
      return ErrorCode.noNode;
    }
    this.deleteNode(ref, parent, bytes, start, end);
    return ErrorCode.ok;
  }

  private deleteNode(
    ref: number,
    parent: number,
    path: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { tree, ephemerals, quotas, listener, ephemeralTypes } = this.parts;
    if (tree.childCount(ref) > 0) this.deleteDescendants(ref);
    const dataLength = tree.dataLength(ref);
    const hi = tree.ownerHi(ref);
    const lo = tree.ownerLo(ref);
    if (ephemeralTypes.isSession(hi, lo)) ephemerals.remove(hi, lo, ref);
    listener.nodeDeleting(ref, parent, path, start, end);
    tree.remove(ref);
    quotas.onDelete(path, start, end, dataLength);
  }

  /**
   * Only in the replay over a fuzzy snapshot: children that were created under this path when it
   * existed again, later. Their own txns follow and create them anew.
   */
  private deleteDescendants(top: number): void {
    const { tree } = this.parts;
    this.ignored++;
    while (tree.childCount(top) > 0) {
      let leaf = tree.firstChild(top);
      while (tree.childCount(leaf) > 0) leaf = tree.firstChild(leaf);
      this.deleteByRef(leaf);
    }
  }

  private deleteByRef(ref: number): void {
    const { tree } = this.parts;
    // One call can be inside another one, so each has a path of its own; this is a rare case.
    const path = new Uint8Array(tree.pathLength(ref));
    tree.writePath(ref, path, 0);
    this.deleteNode(ref, tree.parent(ref), path, 0, path.byteLength);
  }

  private applySetData(): ErrorCode {
    const { reader } = this;
    const { tree, quotas, listener } = this.parts;
    const start = this.readPath();
    const { bytes, offset: end } = reader;
    const dataLength = reader.readLength();
    const dataStart = reader.skip(Math.max(dataLength, 0));
    const version = reader.readInt();
    const ref = tree.find(bytes, start, end);
    if (ref === 0) return ErrorCode.noNode;
    const bytesMore = Math.max(dataLength, 0) - Math.max(tree.dataLength(ref), 0);
    if (dataLength < 0) tree.setData(ref, null, 0, -1, version);
    else tree.setData(ref, bytes, dataStart, dataLength, version);
    quotas.onSetData(bytes, start, end, bytesMore);
    listener.dataChanged(ref, bytes, start, end);
    return this.touched(ref, start, end);
  }

  private applySetAcl(): ErrorCode {
    const { reader, parts } = this;
    const { tree } = parts;
    const start = this.readPath();
    const end = reader.offset;
    skipAcl(reader);
    const aclEnd = reader.offset;
    const aversion = reader.readInt();
    const ref = tree.find(reader.bytes, start, end);
    if (ref === 0) return ErrorCode.noNode;
    tree.setAcl(ref, tree.acls.intern(reader.bytes, end, aclEnd), aversion);
    return this.touched(ref, start, end);
  }

  /** All operations or none: a single one of type error makes all of them errors. */
  private applyMulti(): void {
    const { reader } = this;
    const { end } = reader;
    const count = reader.readCount();
    const from = reader.offset;
    const failed = this.hasErrorAmong(count);
    reader.offset = from;
    let afterError = false;
    for (let i = 0; i < count; i++) {
      const type = reader.readInt();
      const length = Math.max(reader.readLength(), 0);
      const bodyEnd = reader.offset + length;
      reader.end = bodyEnd;
      if (!failed || type === OpCode.error) this.applyOp(type);
      else this.report(OpCode.error, afterError ? ErrorCode.runtimeInconsistency : ErrorCode.ok);
      if (type === OpCode.error) afterError = true;
      reader.offset = bodyEnd;
      reader.end = end;
    }
  }

  private hasErrorAmong(count: number): boolean {
    let found = false;
    for (let i = 0; i < count; i++) {
      if (this.reader.readInt() === OpCode.error) found = true;
      this.reader.skipBuffer();
    }
    return found;
  }

  /** The session first, then what the txn lists, then what else is known to be the session's. */
  private applyCloseSession(): ErrorCode {
    const { reader, clientIdHi, clientIdLo } = this;
    const { listener, ephemerals } = this.parts;
    listener.sessionClosed(clientIdHi, clientIdLo);
    const count = this.hasCloseSessionBody() ? reader.readCount() : 0;
    for (let i = 0; i < count; i++) {
      const err = this.deletePath(this.readPath(), reader.offset);
      if (err !== ErrorCode.ok) this.ignored++;
    }
    if (ephemerals.countOf(clientIdHi, clientIdLo) > 0) {
      for (const ref of [...ephemerals.refsOf(clientIdHi, clientIdLo)]) this.deleteByRef(ref);
    }
    return ErrorCode.ok;
  }

  /** Older logs, and `closeSessionTxn.enabled=false`, have none; a digest is not one. */
  private hasCloseSessionBody(): boolean {
    const { view, offset, end } = this.reader;
    if (end - offset < 4) return false;
    return end - offset !== txnDigestBytes || view.getInt32(offset) !== digestVersion;
  }
}

const slashByte = 0x2f;

function skipAcl(reader: JuteReader): void {
  const count = reader.readCount();
  for (let i = 0; i < count; i++) {
    reader.skip(4);
    reader.skipBuffer();
    reader.skipBuffer();
  }
}
