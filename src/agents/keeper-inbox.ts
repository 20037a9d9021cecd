/**
 * Reads the records that one front sends and calls the core for each: the one place that knows how
 * `ToKeeper` records are laid out on the receiving side.
 */

import { decodeIdentities } from '../auth/identity.ts';
import { unreachable } from '../base/assert.ts';
import { JuteReader } from '../jute/reader.ts';
import type { KeeperCore } from '../processor/keeper-core.ts';
import type { QueryKind } from '../processor/queries.ts';
import type { RingReceiver } from '../ring/ring-receiver.ts';
import { AnswerLayout, ConnectLayout, queryKinds, RequestLayout, ToKeeper } from './messages.ts';

export interface KeeperInboxEffects {
  /** Answers a query of the front. */
  onQuery(front: number, queryId: number, kind: QueryKind): void;
  /** Hands on what one front asks another one. */
  onAskFront(asker: number, queryId: number, front: number, what: number): void;
  /** Hands on a piece of the answer: `json[start..end)`. */
  onFrontAnswer(
    asker: number,
    queryId: number,
    isMoreToCome: boolean,
    json: Uint8Array,
    start: number,
    end: number,
  ): void;
  roll(): void;
}

type Kind = (typeof ToKeeper)[keyof typeof ToKeeper];

export class KeeperInbox {
  private readonly front: number;
  private readonly ring: RingReceiver;
  private readonly core: KeeperCore;
  private readonly effects: KeeperInboxEffects;
  private readonly reader = new JuteReader();
  private mayTake: () => boolean = () => true;

  constructor(front: number, ring: RingReceiver, core: KeeperCore, effects: KeeperInboxEffects) {
    this.front = front;
    this.ring = ring;
    this.core = core;
    this.effects = effects;
  }

  /** Takes up to `limit` records, one after another, for as long as `mayTake` says so. */
  drain(mayTake: () => boolean, limit: number): number {
    this.mayTake = mayTake;
    return this.ring.drain(this.onRecord, limit);
  }

  private readonly onRecord = (type: number, offset: number, length: number): boolean => {
    if (!this.mayTake()) return false;
    const { view } = this.ring;
    const kind = type as Kind;
    switch (kind) {
      case ToKeeper.request:
        this.core.request(
          view.getInt32(offset + RequestLayout.cnxnId),
          this.ring.bytes,
          view,
          offset + RequestLayout.frame,
          offset + length,
        );
        return true;
      case ToKeeper.connect:
        this.onConnect(offset, length);
        return true;
      case ToKeeper.identities:
        this.onIdentities(offset, length);
        return true;
      case ToKeeper.disconnect:
        this.core.disconnect(view.getInt32(offset));
        return true;
      case ToKeeper.room:
        this.core.order.onRoom(view.getInt32(offset));
        return true;
      case ToKeeper.query: {
        const kind = queryKinds[view.getInt32(offset + 4)] ?? 'gauges';
        this.effects.onQuery(this.front, view.getInt32(offset), kind);
        return true;
      }
      case ToKeeper.expire:
        this.core.expire(view.getInt32(offset), view.getInt32(offset + 4));
        return true;
      case ToKeeper.snapshot:
        this.effects.roll();
        return true;
      case ToKeeper.askFront: {
        const front = view.getInt32(offset + 4);
        const what = view.getInt32(offset + 8);
        this.effects.onAskFront(this.front, view.getInt32(offset), front, what);
        return true;
      }
      case ToKeeper.frontAnswer:
        this.onFrontAnswer(offset, offset + length);
        return true;
      default:
        return unreachable(kind);
    }
  };

  private onConnect(offset: number, length: number): void {
    const { view, bytes } = this.ring;
    const { reader } = this;
    reader.reset(bytes, view, offset + ConnectLayout.tail, offset + length);
    const passwd = reader.readBuffer();
    const address = reader.readString() ?? '';
    this.core.connect(
      view.getInt32(offset + ConnectLayout.cnxnId),
      {
        lastZxidSeenHi: view.getInt32(offset + ConnectLayout.lastZxidSeen),
        lastZxidSeenLo: view.getInt32(offset + ConnectLayout.lastZxidSeen + 4),
        timeOut: view.getInt32(offset + ConnectLayout.timeOut),
        sessionIdHi: view.getInt32(offset + ConnectLayout.sessionId),
        sessionIdLo: view.getInt32(offset + ConnectLayout.sessionId + 4),
        passwd,
      },
      address,
    );
  }

  private onFrontAnswer(offset: number, end: number): void {
    const { view, bytes } = this.ring;
    const at = offset + 4;
    this.effects.onFrontAnswer(
      view.getInt32(offset),
      view.getInt32(at + AnswerLayout.queryId),
      view.getInt32(at + AnswerLayout.more) === 1,
      bytes,
      at + AnswerLayout.bytes,
      end,
    );
  }

  private onIdentities(offset: number, length: number): void {
    this.reader.reset(this.ring.bytes, this.ring.view, offset + 4, offset + length);
    this.core.setIdentities(this.ring.view.getInt32(offset), decodeIdentities(this.reader));
  }
}
