/**
 * Sessions that only their server knows (`localSessionsEnabled`). No txn opens or closes them, and
 * they end with the role of their server. One that is to own an ephemeral node becomes a global one
 * first, where that is permitted (Apache `QuorumZooKeeperServer.checkUpgradeSession`).
 */
import { requestHeaderBytes } from '../base/limits.ts';
import { JuteError } from '../jute/jute-error.ts';
import { OpCode } from '../jute/proto.ts';
import { JuteReader } from '../jute/reader.ts';
import { createsEphemeral } from '../ops/creates-ephemeral.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { KeeperParts, KeeperSettings } from './keeper-ports.ts';
import type { ServingOrder } from './serving-order.ts';

export interface LocalSessionsParts {
  readonly keeper: KeeperParts;
  readonly connections: Connections;
  readonly order: ServingOrder;
  /** Forgets a connection and closes it. */
  readonly end: (connection: Connection) => void;
  /** Has the createSession of this connection proposed. */
  readonly askForSession: (connection: Connection) => void;
}

export class LocalSessions {
  private readonly parts: LocalSessionsParts;
  private readonly sessions: SessionTracker;
  private readonly policy: KeeperSettings['localSessions'];
  private readonly request = new JuteReader();

  constructor(parts: LocalSessionsParts) {
    this.parts = parts;
    this.sessions = parts.keeper.sessions;
    this.policy = parts.keeper.settings.localSessions;
  }

  /** New sessions are local ones. */
  get areEnabled(): boolean {
    return this.policy !== 'off';
  }

  /**
   * A write, from its header on, in `bytes[start..end)`. True when nobody else is to be asked: the
   * end of a local session, which is answered in its turn. A session that has to become a global one
   * for the write is asked for before it.
   */
  takes(
    connection: Connection,
    type: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    if (!this.isLocal(connection)) return false;
    if (type === OpCode.closeSession) {
      this.sessions.markClosing(connection.slot);
      this.parts.order.serve(connection, bytes, view, start, end);
      connection.isEnding = true;
      return true;
    }
    this.request.reset(bytes, view, start + requestHeaderBytes, end);
    if (!this.asksForEphemeral(type)) return false;
    if (this.policy === 'on') {
      connection.refusedEphemerals.push(view.getInt32(start));
      return false;
    }
    connection.isUpgrading = true;
    this.parts.askForSession(connection);
    return false;
  }

  /** Was this write, the oldest that is not answered, to make an ephemeral of a local session? */
  isRefused(connection: Connection, xid: number): boolean {
    if (connection.refusedEphemerals[0] !== xid) return false;
    connection.refusedEphemerals.shift();
    return true;
  }

  /** The connection is gone, and with it the end of the session that may still be in its line. */
  forget({ slot }: Connection): void {
    if (!this.areEnabled || slot < 0) return;
    if (this.sessions.isLocal(slot) && this.sessions.isClosing(slot)) this.sessions.remove(slot);
  }

  /** Ends a session that has expired, if it is a local one. */
  expire(idHi: number, idLo: number): boolean {
    const { connections, end } = this.parts;
    const slot = this.sessions.find(idHi, idLo);
    if (!this.sessions.isLocal(slot)) return false;
    this.sessions.remove(slot);
    const connection = connections.ofSlot(slot);
    if (connection !== undefined) end(connection);
    return true;
  }

  /** False from the moment on at which the session is about to become a global one. */
  private isLocal({ slot, isUpgrading }: Connection): boolean {
    return this.areEnabled && !isUpgrading && this.sessions.isLocal(slot);
  }

  /** What cannot be decoded asks for nothing; prep says what is wrong with it. */
  private asksForEphemeral(type: number): boolean {
    if (type !== OpCode.create && type !== OpCode.create2 && type !== OpCode.multi) return false;
    try {
      return createsEphemeral(type, this.request);
    } catch (error) {
      if (error instanceof JuteError) return false;
      throw error;
    }
  }
}
