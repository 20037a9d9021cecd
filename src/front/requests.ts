/**
 * Writes the records that the front sends to the keeper: the one place that knows how `ToKeeper`
 * records are laid out on the sending side.
 */

import {
  AnswerLayout,
  ConnectLayout,
  type FrontAsk,
  frontAsks,
  queryKinds,
  RequestLayout,
  ToKeeper,
} from '../agents/messages.ts';
import type { Outlet } from '../agents/outlet.ts';
import type { Identities } from '../auth/identity.ts';
import { copyBytes, ViewCache } from '../base/copy-bytes.ts';
import { replyPieceBytes } from '../base/limits.ts';
import { highHalf, lowHalf } from '../base/zxid.ts';
import { encodeUtf8 } from '../jute/utf8.ts';
import type { Handshake } from '../net/handshake.ts';
import type { QueryKind } from '../processor/queries.ts';

export class FrontRequests {
  private readonly outlet: Outlet;
  private readonly frames = new ViewCache();

  constructor(outlet: Outlet) {
    this.outlet = outlet;
  }

  get stalled(): boolean {
    return this.outlet.stalled;
  }

  /** Records were written since the last flush; the keeper does not see them before it. */
  get pending(): boolean {
    return this.outlet.pending;
  }

  flush(): void {
    this.outlet.flush();
  }

  /** A request frame, its header included. */
  request(cnxnId: number, bytes: Uint8Array, start: number, end: number): void {
    const { outlet } = this;
    const at = outlet.open(ToKeeper.request, RequestLayout.frame + end - start);
    outlet.view.setInt32(at + RequestLayout.cnxnId, cnxnId);
    const to = at + RequestLayout.frame;
    copyBytes(this.frames.viewOf(bytes), start, outlet.view, to, end - start);
  }

  connect(cnxnId: number, handshake: Handshake, address: string): void {
    const { outlet } = this;
    const passwd = handshake.passwd ?? new Uint8Array(0);
    const name = encodeUtf8(address);
    const length = ConnectLayout.tail + 4 + passwd.byteLength + 4 + name.byteLength;
    const at = outlet.open(ToKeeper.connect, length);
    const { view, bytes } = outlet;
    view.setInt32(at + ConnectLayout.cnxnId, cnxnId);
    view.setInt32(at + ConnectLayout.lastZxidSeen, highHalf(handshake.lastZxidSeen));
    view.setInt32(at + ConnectLayout.lastZxidSeen + 4, lowHalf(handshake.lastZxidSeen));
    view.setInt32(at + ConnectLayout.timeOut, handshake.timeOut);
    view.setInt32(at + ConnectLayout.sessionId, highHalf(handshake.sessionId));
    view.setInt32(at + ConnectLayout.sessionId + 4, lowHalf(handshake.sessionId));
    const passwdAt = at + ConnectLayout.tail;
    view.setInt32(passwdAt, passwd.byteLength);
    bytes.set(passwd, passwdAt + 4);
    const nameAt = passwdAt + 4 + passwd.byteLength;
    view.setInt32(nameAt, name.byteLength);
    bytes.set(name, nameAt + 4);
  }

  identities(cnxnId: number, identities: Identities): void {
    const { outlet } = this;
    const at = outlet.open(ToKeeper.identities, 4 + identities.encoded.byteLength);
    outlet.view.setInt32(at, cnxnId);
    outlet.bytes.set(identities.encoded, at + 4);
  }

  disconnect(cnxnId: number): void {
    const at = this.outlet.open(ToKeeper.disconnect, 4);
    this.outlet.view.setInt32(at, cnxnId);
  }

  /** The client has read what the keeper has sent. */
  room(cnxnId: number): void {
    const at = this.outlet.open(ToKeeper.room, 4);
    this.outlet.view.setInt32(at, cnxnId);
  }

  query(queryId: number, kind: QueryKind): void {
    const at = this.outlet.open(ToKeeper.query, 8);
    this.outlet.view.setInt32(at, queryId);
    this.outlet.view.setInt32(at + 4, queryKinds.indexOf(kind));
  }

  /** Another front is to answer. */
  askFront(queryId: number, front: number, what: FrontAsk): void {
    const at = this.outlet.open(ToKeeper.askFront, 12);
    this.outlet.view.setInt32(at, queryId);
    this.outlet.view.setInt32(at + 4, front);
    this.outlet.view.setInt32(at + 8, frontAsks.indexOf(what));
  }

  /** The answer to what another front has asked, as JSON. */
  frontAnswer(asker: number, queryId: number, text: string): void {
    const { outlet } = this;
    const json = encodeUtf8(text);
    for (let from = 0; from < json.byteLength; from += replyPieceBytes) {
      const to = Math.min(from + replyPieceBytes, json.byteLength);
      const start = outlet.open(ToKeeper.frontAnswer, 4 + AnswerLayout.bytes + to - from);
      outlet.view.setInt32(start, asker);
      const at = start + 4;
      outlet.view.setInt32(at + AnswerLayout.queryId, queryId);
      outlet.view.setInt32(at + AnswerLayout.more, to < json.byteLength ? 1 : 0);
      outlet.bytes.set(json.subarray(from, to), at + AnswerLayout.bytes);
    }
  }

  snapshot(): void {
    this.outlet.open(ToKeeper.snapshot, 0);
  }

  expire(sessionId: bigint): void {
    const at = this.outlet.open(ToKeeper.expire, 8);
    this.outlet.view.setInt32(at, highHalf(sessionId));
    this.outlet.view.setInt32(at + 4, lowHalf(sessionId));
  }
}
