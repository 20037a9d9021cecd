/**
 * Makes proposals, on a server that decides: of its own clients' requests, of those that learners
 * forward, and of what the server itself asks for. It keeps what is proposed and not committed,
 * and what that will do to the tree.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { TxnHeaderOffset } from '../jute/txn.ts';
import { JuteWriter } from '../jute/writer.ts';
import { opRow, type WriteRow } from '../ops/op-table.ts';
import type { Connection } from './connection.ts';
import type { KeeperParts } from './keeper-ports.ts';
import { OutstandingChanges } from './outstanding-changes.ts';
import { noRequester, Prep, type Requester } from './prep.ts';
import { noConnection, type Proposal, Proposals } from './proposals.ts';

export class Proposer {
  /** Stands at the body of the request that is to be proposed. */
  readonly request = new JuteReader();
  readonly proposals = new Proposals();
  private readonly parts: KeeperParts;
  private readonly changes: OutstandingChanges;
  private readonly prep: Prep;
  private readonly internal = new JuteWriter(256);

  constructor(parts: KeeperParts) {
    this.parts = parts;
    this.changes = new OutstandingChanges(parts.tree, parts.ephemerals);
    this.prep = new Prep(parts, this.changes, this.proposals);
  }

  /** Zxid of the last proposal, or where the next one begins. */
  get zxidHi(): number {
    return this.prep.zxidHi;
  }

  get zxidLo(): number {
    return this.prep.zxidLo;
  }

  /** The next proposal gets the zxid after this one. */
  setLastZxid(zxidHi: number, zxidLo: number): void {
    this.prep.setLastZxid(zxidHi, zxidLo);
  }

  setTime(nowWallMs: number): void {
    this.prep.setTime(nowWallMs);
  }

  /** The request stands at `request`. All is in place before it leaves, for it may commit at once. */
  propose(row: WriteRow, requester: Requester, cnxnId: number, xid: number): void {
    const proposal = this.take(cnxnId, xid);
    this.prep.prepare(proposal, row, requester, this.request);
    if (row.code === OpCode.createSession) {
      this.prep.opening.add(requester.sessionIdHi, requester.sessionIdLo);
    }
    this.send(proposal);
  }

  /** A request that cannot be, answered in its place all the same: a txn that says so. */
  refuse(type: number, requester: Requester, cnxnId: number, xid: number): void {
    const proposal = this.take(cnxnId, xid);
    this.prep.refuse(proposal, type, requester, ErrorCode.unimplemented);
    this.send(proposal);
  }

  proposeCreateSession(connection: Connection): void {
    this.internal.reset();
    this.internal.writeInt(connection.timeoutMs);
    this.proposeInternal(OpCode.createSession, connection);
  }

  proposeClose(sessionIdHi: number, sessionIdLo: number): void {
    this.internal.reset();
    this.proposeInternal(OpCode.closeSession, { ...noRequester, sessionIdHi, sessionIdLo });
  }

  /**
   * Ends the sessions that own ephemerals and do not exist, which only damage can leave behind. A
   * txn each, so that all members remove the same nodes (Apache's leader removes its own alone).
   */
  proposeOrphansEnd(): void {
    const { ephemerals, sessions } = this.parts;
    for (const { hi, lo } of [...ephemerals.sessions()]) {
      if (sessions.find(hi, lo) < 0) this.proposeClose(hi, lo);
    }
  }

  /** A container or TTL node whose time has come. */
  readonly proposeReap = (ref: number): void => {
    const { tree } = this.parts;
    const length = tree.pathLength(ref);
    this.internal.reset();
    this.internal.writeInt(length);
    const at = this.internal.reserve(length);
    tree.writePath(ref, this.internal.bytes, at);
    this.proposeInternal(OpCode.deleteContainer, noRequester);
  };

  /** The oldest proposal is applied: its changes are in the tree now. It may still be answered. */
  onApplied(proposal: Proposal): void {
    this.changes.release(proposal.zxidHi, proposal.zxidLo);
    if (proposal.type !== OpCode.createSession) return;
    const { view } = proposal.txn;
    const idAt = proposal.start + TxnHeaderOffset.clientId;
    this.prep.opening.delete(view.getInt32(idAt), view.getInt32(idAt + 4));
  }

  /** Is the createSession of this session proposed and not applied yet? */
  isOpening(idHi: number, idLo: number): boolean {
    return this.prep.opening.has(idHi, idLo);
  }

  /** Forgets all that is not committed. */
  clear(): void {
    this.changes.release(0x7fffffff, -1);
    this.prep.opening.clear();
    while (this.proposals.oldest !== null) this.proposals.shift();
  }

  private proposeInternal(type: number, requester: Requester): void {
    const row = opRow(type);
    if (row?.kind !== 'write') return;
    this.request.reset(this.internal.bytes, this.internal.view, 0, this.internal.offset);
    this.propose(row, requester, noConnection, 0);
  }

  private take(cnxnId: number, xid: number): Proposal {
    const proposal = this.proposals.take();
    proposal.cnxnId = cnxnId;
    proposal.xid = xid;
    return proposal;
  }

  private send(proposal: Proposal): void {
    this.proposals.push(proposal);
    const { txn, start, end, zxidHi, zxidLo } = proposal;
    this.parts.output.propose(txn.bytes, start, end, zxidHi, zxidLo);
  }
}
