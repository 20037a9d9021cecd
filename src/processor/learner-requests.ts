/**
 * Requests that learners forward to this server, their leader. Who sent one is told by `owner`, a
 * number for the link that it came over: a session belongs to one link at a time, and what comes
 * over another one is refused with SESSIONMOVED (Apache `LeaderSessionTracker.checkSession`). The
 * refusal is a txn like any other, since the learner's client waits for one.
 */
import { assert } from '../base/assert.ts';
import { ViewCache } from '../base/copy-bytes.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { OpCode } from '../jute/proto.ts';
import { opRow } from '../ops/op-table.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import { IdentityCache } from './identity-cache.ts';
import type { ForwardedRequest, KeeperParts, KeeperSettings } from './keeper-ports.ts';
import {
  foreignSlot,
  movedSlot,
  noRequester,
  noSlot,
  openingSlot,
  type Requester,
} from './prep.ts';
import { noConnection } from './proposals.ts';
import type { Proposer } from './proposer.ts';

/** The owner of sessions whose clients are connected to this server. No link has this number. */
export const localOwner = 0x7fffffff;

export class LearnerRequests {
  private readonly sessions: SessionTracker;
  private readonly settings: KeeperSettings;
  private readonly proposer: Proposer;
  private readonly identities = new IdentityCache();
  private readonly views = new ViewCache();
  private readonly requester: { -readonly [K in keyof Requester]: Requester[K] } = {
    ...noRequester,
  };

  constructor({ sessions, settings }: KeeperParts, proposer: Proposer) {
    this.sessions = sessions;
    this.settings = settings;
    this.proposer = proposer;
  }

  /** Proposes what the request comes to. Throws `JuteError` when its identities are none. */
  propose(owner: number, request: ForwardedRequest): void {
    assert(owner !== localOwner, 'a learner is not this server');
    const { requester, proposer } = this;
    const { sessionIdHi, sessionIdLo, cxid, type, bytes, start, end } = request;
    requester.identities = this.identities.find(request.authInfo);
    requester.sessionIdHi = sessionIdHi;
    requester.sessionIdLo = sessionIdLo;
    requester.slot = this.slotFor(owner, type, sessionIdHi, sessionIdLo);
    const row = opRow(type);
    // A check by itself is nothing that a log could hold (ZOOKEEPER-2623).
    if (row?.kind !== 'write' || type === OpCode.check) {
      proposer.refuse(type, requester, noConnection, cxid);
      return;
    }
    proposer.request.reset(bytes, this.views.viewOf(bytes), start, end);
    proposer.propose(row, requester, noConnection, cxid);
  }

  /** Opening and closing a session is nobody's privilege. */
  private slotFor(owner: number, type: number, idHi: number, idLo: number): number {
    if (type === OpCode.createSession || type === OpCode.closeSession) return noSlot;
    const err = this.sessions.checkOwner(idHi, idLo, owner);
    if (err === ErrorCode.ok) return this.sessions.find(idHi, idLo);
    if (err === ErrorCode.unknownSession) return this.unknownSlot(idHi, idLo);
    return err === ErrorCode.sessionMoved ? movedSlot : noSlot;
  }

  /**
   * Not there: it may be on its way, or be known to its own server alone. The top byte of an id says
   * whose it is (Apache `LeaderSessionTracker`).
   */
  private unknownSlot(idHi: number, idLo: number): number {
    const { localSessions, serverId } = this.settings;
    if (this.proposer.isOpening(idHi, idLo)) return openingSlot;
    return localSessions !== 'off' && idHi >> 24 !== serverId ? foreignSlot : noSlot;
  }
}
