/** One client connection as the core knows it: its session, who it is, and what waits in line. */
import type { Identities } from '../auth/identity.ts';
import { identitiesOfAddress } from '../auth/schemes.ts';
import { RequestLine } from './commit-order.ts';
import { PendingWrites } from './pending-writes.ts';

export class Connection {
  readonly cnxnId: number;
  sessionIdHi = 0;
  sessionIdLo = 0;
  /** In the session table; -1 during the handshake. */
  slot = -1;
  timeoutMs = 0;
  /** As of now: what is prepared, and whom events are shown to. */
  identities: Identities;
  /** As they were when the request at the head of the line arrived. */
  readIdentities: Identities;
  /** Its local session was asked for as a global one. */
  isUpgrading = false;
  /** Xids of writes that want an ephemeral node for a session that stays local. */
  readonly refusedEphemerals: number[] = [];
  /** An answer in line ends the connection: nothing more is taken. */
  isEnding = false;
  readonly line = new RequestLine();
  /** Bytes of answers since the front said that there is room; above a mark the line rests. */
  repliedBytes = 0;
  isHeld = false;
  /** Its line goes on when the ring has room. */
  isPostponed = false;
  /** Writes in line that the leader has been asked for; none where this server decides. */
  readonly pendingWrites = new PendingWrites();
  /** Syncs that are done and still in line; less than 0 when a later write proved one done. */
  syncsDone = 0;

  constructor(cnxnId: number, address: string) {
    this.cnxnId = cnxnId;
    this.identities = identitiesOfAddress(address);
    this.readIdentities = this.identities;
  }

  setIdentities(identities: Identities): void {
    this.identities = identities;
    if (this.line.count === 0) this.readIdentities = identities;
    else this.line.pushIdentities(identities);
  }
}
