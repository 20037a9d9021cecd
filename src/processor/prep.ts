/**
 * The first stage of a write (Apache `PrepRequestProcessor`): it takes the next zxid, then asks the
 * op, and what comes out is always a txn, if need be one that says which error it was. So also a
 * request that cannot be decoded consumes a zxid of its own (hazard H2). It changes neither the
 * tree nor the sessions, but for marking one as closing.
 */
import { Identities } from '../auth/identity.ts';
import type { SchemeTable } from '../auth/schemes.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { joinHalves } from '../base/zxid.ts';
import { JuteError } from '../jute/jute-error.ts';
import { OpCode } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import { digestVersion, TxnHeaderOffset, txnDigestBytes, txnHeaderBytes } from '../jute/txn.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { OpSettings, PrepContext } from '../ops/contexts.ts';
import { NodeState } from '../ops/node-state.ts';
import type { WriteRow } from '../ops/op-table.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { Quotas, QuotaVerdict } from '../tree/quota.ts';
import type { TreeWriter } from '../tree/tree-writer.ts';
import type { KeeperMonitor, KeeperParts, KeeperSettings } from './keeper-ports.ts';
import type { OutstandingChanges } from './outstanding-changes.ts';
import type { Proposal, Proposals } from './proposals.ts';

/** What a node that is changed or created needs in the tree beside what its txn holds, at most. */
const nodeOverheadBytes = 256;
/** Part of its memory that the tree keeps free for txns that are committed already. */
const reserveShare = 1 / 16;

/** Instead of a slot: no such session, and one that has moved to another server. */
export const noSlot = -1;
export const movedSlot = -2;
/** The createSession is proposed; and perhaps a local session of another server. */
export const openingSlot = -3;
export const foreignSlot = -4;

/** Who asks: a connection's session, or the server itself. */
export interface Requester {
  readonly sessionIdHi: number;
  readonly sessionIdLo: number;
  /** In the session table, or why the session may not write. */
  readonly slot: number;
  readonly identities: Identities;
}

export const noRequester: Requester = {
  sessionIdHi: 0,
  sessionIdLo: 0,
  slot: noSlot,
  identities: Identities.none,
};

/** Few at a time. */
class SessionIdSet {
  private readonly ids = new Set<bigint>();

  has(idHi: number, idLo: number): boolean {
    return this.ids.size > 0 && this.ids.has(joinHalves(idHi, idLo));
  }

  add(idHi: number, idLo: number): void {
    this.ids.add(joinHalves(idHi, idLo));
  }

  delete(idHi: number, idLo: number): void {
    this.ids.delete(joinHalves(idHi, idLo));
  }

  clear(): void {
    this.ids.clear();
  }
}

export class Prep implements PrepContext {
  readonly tree: TreeWriter;
  readonly pending: OutstandingChanges;
  readonly settings: OpSettings & Pick<KeeperSettings, 'digestEnabled' | 'txnBytesMax'>;
  readonly quotas: Quotas;
  readonly schemes: SchemeTable;
  readonly node = new NodeState();
  readonly parent = new NodeState();
  identities: Identities = Identities.none;
  sessionIdHi = 0;
  sessionIdLo = 0;
  /** Of the txn that was prepared last. */
  zxidHi: number;
  zxidLo: number;
  timeHi = 0;
  timeLo = 0;
  /** Sessions that are proposed and not there yet. */
  readonly opening = new SessionIdSet();
  private slot = noSlot;
  private txn: JuteWriter | null = null;
  private txnStart = 0;
  private readonly sessions: SessionTracker;
  private readonly proposals: Proposals;
  private readonly monitor: KeeperMonitor;

  constructor(parts: KeeperParts, pending: OutstandingChanges, proposals: Proposals) {
    this.tree = parts.tree;
    this.pending = pending;
    this.settings = parts.settings;
    this.quotas = parts.quotas;
    this.schemes = parts.schemes;
    this.sessions = parts.sessions;
    this.proposals = proposals;
    this.monitor = parts.monitor;
    this.zxidHi = parts.tree.lastZxidHi;
    this.zxidLo = parts.tree.lastZxidLo;
  }

  /** The next txn gets the zxid after this one. */
  setLastZxid(zxidHi: number, zxidLo: number): void {
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
  }

  setTime(nowWallMs: number): void {
    this.timeHi = Math.floor(nowWallMs / 0x100000000) | 0;
    this.timeLo = Math.floor(nowWallMs) | 0;
  }

  /**
   * What is proposed already will need its room, too: applying a txn must never fail. As long as
   * that is little, the reserve of the tree has room for it; otherwise it has to be there now.
   */
  hasRoomFor(bytes: number): boolean {
    const { tree, proposals, pending, txn } = this;
    if (!tree.hasRoomFor(bytes)) return false;
    const payloadBytes = proposals.bytes + (txn?.offset ?? 0) - this.txnStart;
    const pendingBytes = payloadBytes + pending.count * nodeOverheadBytes;
    const reserveBytes = tree.memoryBytesTotal * reserveShare;
    if (pendingBytes + bytes < reserveBytes / 2) return true;
    return tree.memoryBytesFree - pendingBytes - bytes > reserveBytes;
  }

  quotaMet(verdict: QuotaVerdict): void {
    this.monitor.quotaMet(verdict);
  }

  sessionError(isGlobal = false): ErrorCode {
    const { slot, sessions } = this;
    if (slot === movedSlot) return ErrorCode.sessionMoved;
    if (slot === openingSlot) return ErrorCode.ok;
    if (slot === foreignSlot) return isGlobal ? ErrorCode.sessionExpired : ErrorCode.ok;
    if (slot < 0 || sessions.isClosing(slot)) return ErrorCode.sessionExpired;
    const isTooLocal =
      isGlobal && sessions.isLocal(slot) && !this.opening.has(this.sessionIdHi, this.sessionIdLo);
    return isTooLocal ? ErrorCode.sessionExpired : ErrorCode.ok;
  }

  markSessionClosing(): void {
    const slot = this.sessions.find(this.sessionIdHi, this.sessionIdLo);
    if (slot >= 0) this.sessions.markClosing(slot);
  }

  /** Writes the txn of a request into `proposal`; `request` stands at the body. */
  prepare(proposal: Proposal, row: WriteRow, requester: Requester, request: JuteReader): void {
    this.sessionIdHi = requester.sessionIdHi;
    this.sessionIdLo = requester.sessionIdLo;
    this.slot = requester.slot;
    this.identities = requester.identities;
    this.takeZxid();
    this.pending.begin(this.zxidHi, this.zxidLo);
    const { txn } = proposal;
    this.txn = txn;
    this.txnStart = proposal.start;
    txn.reserve(txnHeaderBytes);
    const err = this.askOp(row, request, txn);
    proposal.type = row.code;
    proposal.zxidHi = this.zxidHi;
    proposal.zxidLo = this.zxidLo;
    if (err !== ErrorCode.ok) this.becomeError(txn, err);
    this.writeHeader(proposal, err === ErrorCode.ok ? row.code : OpCode.error);
    if (err === ErrorCode.ok) this.maybeWriteDigest(row.code, txn);
  }

  /** Writes the txn of a request that is answered with `err`, whatever it asks for. */
  refuse(proposal: Proposal, type: number, requester: Requester, err: ErrorCode): void {
    this.sessionIdHi = requester.sessionIdHi;
    this.sessionIdLo = requester.sessionIdLo;
    this.takeZxid();
    this.pending.begin(this.zxidHi, this.zxidLo);
    proposal.type = type;
    proposal.zxidHi = this.zxidHi;
    proposal.zxidLo = this.zxidLo;
    this.txnStart = proposal.start;
    proposal.txn.reserve(txnHeaderBytes);
    this.becomeError(proposal.txn, err);
    this.writeHeader(proposal, OpCode.error);
  }

  private takeZxid(): void {
    this.zxidLo = (this.zxidLo + 1) | 0;
    if (this.zxidLo === 0) this.zxidHi = (this.zxidHi + 1) | 0;
  }

  private askOp(row: WriteRow, request: JuteReader, txn: JuteWriter): ErrorCode {
    let err: ErrorCode;
    try {
      err = row.prepare(this, request, txn);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      err = ErrorCode.marshallingError;
    }
    if (err !== ErrorCode.ok) return err;
    const length = txn.offset - this.txnStart;
    if (length + txnDigestBytes <= this.settings.txnBytesMax) return err;
    if (row.code !== OpCode.closeSession) return ErrorCode.marshallingError;
    // A session must always be able to end: replicas know its nodes without the list, too.
    txn.offset = this.txnStart + txnHeaderBytes;
    return ErrorCode.ok;
  }

  private becomeError(txn: JuteWriter, err: ErrorCode): void {
    this.pending.rollback();
    txn.offset = this.txnStart + txnHeaderBytes;
    txn.writeInt(err);
  }

  private writeHeader(proposal: Proposal, type: number): void {
    const { start, txn } = proposal;
    const { view } = txn;
    view.setInt32(start + TxnHeaderOffset.clientId, this.sessionIdHi);
    view.setInt32(start + TxnHeaderOffset.clientId + 4, this.sessionIdLo);
    view.setInt32(start + TxnHeaderOffset.cxid, proposal.xid);
    view.setInt32(start + TxnHeaderOffset.zxid, this.zxidHi);
    view.setInt32(start + TxnHeaderOffset.zxid + 4, this.zxidLo);
    view.setInt32(start + TxnHeaderOffset.time, this.timeHi);
    view.setInt32(start + TxnHeaderOffset.time + 4, this.timeLo);
    view.setInt32(start + TxnHeaderOffset.type, type);
  }

  /** Not behind a closeSession without body: readers would take it for one. */
  private maybeWriteDigest(type: number, txn: JuteWriter): void {
    if (!this.settings.digestEnabled) return;
    if (type === OpCode.closeSession && txn.offset === this.txnStart + txnHeaderBytes) return;
    txn.writeInt(digestVersion);
    txn.writeHalves(this.pending.digestHi, this.pending.digestLo);
  }
}
