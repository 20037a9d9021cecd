/**
 * Handshakes: how a connection comes to its session. A new session is asked for and there when its
 * txn is applied; one that exists is reopened when the password is right and who decides about
 * sessions knows it, which is this server or its leader.
 *
 *   new       ─► opening ─────────────────────────► accepted when createSession is applied
 *   reopened  ─► (learner: revalidating ─► valid) ─► accepted, or refused
 */
import { joinHalves } from '../base/zxid.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { ConnectAnswer, ConnectAsk, KeeperParts } from './keeper-ports.ts';
import { localOwner } from './learner-requests.ts';
import { isPasswordOf, passwordBytes, SessionIds, sessionPassword } from './session-password.ts';

const invalidAnswer: ConnectAnswer = {
  valid: false,
  sessionIdHi: 0,
  sessionIdLo: 0,
  slot: -1,
  timeoutMs: 0,
  passwd: new Uint8Array(passwordBytes),
};

/** The wall clock, and the monotonic one. */
interface Now {
  readonly wallMs: number;
  readonly ms: number;
}

export interface SessionHandshakeParts {
  readonly keeper: KeeperParts;
  readonly connections: Connections;
  /** Forgets a connection and closes it. */
  readonly end: (connection: Connection) => void;
  /** Has the createSession of this connection proposed; `onOpened` follows. */
  readonly askForSession: (connection: Connection) => void;
}

export class SessionHandshake {
  private readonly askForSession: (connection: Connection) => void;
  private readonly parts: KeeperParts;
  private readonly connections: Connections;
  private readonly end: (connection: Connection) => void;
  /** By session id: who waits for a createSession to be applied, and for the leader's word. */
  private readonly opening = new Map<bigint, Connection>();
  private readonly revalidating = new Map<bigint, Connection>();
  private ids: SessionIds | null = null;

  constructor(parts: SessionHandshakeParts) {
    const { keeper, connections, end, askForSession } = parts;
    this.parts = keeper;
    this.connections = connections;
    this.end = end;
    this.askForSession = askForSession;
  }

  /** `isLearner`: another server decides about all sessions but the local ones. */
  begin(connection: Connection, ask: ConnectAsk, isLearner: boolean, now: Now): void {
    const { settings, sessions, watches } = this.parts;
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = settings;
    const atLeastMs = Math.max(ask.timeOut, minSessionTimeoutMs);
    connection.timeoutMs = Math.min(atLeastMs, maxSessionTimeoutMs);
    connection.sessionIdHi = ask.sessionIdHi;
    connection.sessionIdLo = ask.sessionIdLo;
    this.connections.add(connection);
    watches.openConnection(connection.cnxnId);
    if ((ask.sessionIdHi | ask.sessionIdLo) === 0) {
      this.open(connection, now);
      return;
    }
    const slot = sessions.find(ask.sessionIdHi, ask.sessionIdLo);
    const isDecidedHere = !isLearner || (slot >= 0 && sessions.isLocal(slot));
    if (isDecidedHere) this.reopen(connection, ask.passwd, now.ms);
    else this.revalidate(connection, ask.passwd);
  }

  private open(connection: Connection, now: Now): void {
    const { sessions, settings } = this.parts;
    this.ids ??= new SessionIds(settings.serverId, now.wallMs);
    const { ids } = this;
    do ids.take();
    while (sessions.find(ids.nextHi, ids.nextLo) >= 0);
    connection.sessionIdHi = ids.nextHi;
    connection.sessionIdLo = ids.nextLo;
    if (settings.localSessions !== 'off') {
      const slot = sessions.openLocal(ids.nextHi, ids.nextLo, connection.timeoutMs, now.ms);
      if (slot >= 0) this.accept(connection, slot);
      else this.refuse(connection);
      return;
    }
    this.opening.set(keyOf(connection), connection);
    this.askForSession(connection);
  }

  /** The createSession of this id is applied; `slot` is -1 when the table was full. */
  onOpened(idHi: number, idLo: number, slot: number): void {
    const key = joinHalves(idHi, idLo);
    const connection = this.opening.get(key);
    if (connection === undefined) return;
    this.opening.delete(key);
    if (slot >= 0) this.accept(connection, slot);
    else this.refuse(connection);
  }

  /** On a server that decides about the session itself. */
  private reopen(connection: Connection, passwd: Uint8Array | null, nowMs: number): void {
    const { sessions } = this.parts;
    const { sessionIdHi, sessionIdLo, timeoutMs } = connection;
    if (!this.isTrusted(connection, passwd)) return;
    const slot = sessions.find(sessionIdHi, sessionIdLo);
    if (slot < 0 || !sessions.touch(sessionIdHi, sessionIdLo, timeoutMs, nowMs)) {
      this.refuse(connection);
      return;
    }
    this.accept(connection, slot);
  }

  /** On a learner: `onRevalidated` follows. Who asks last gets the session. */
  private revalidate(connection: Connection, passwd: Uint8Array | null): void {
    if (!this.isTrusted(connection, passwd)) return;
    const before = this.revalidating.get(keyOf(connection));
    if (before !== undefined) this.end(before);
    this.revalidating.set(keyOf(connection), connection);
    const { sessionIdHi, sessionIdLo, timeoutMs } = connection;
    this.parts.output.revalidate(sessionIdHi, sessionIdLo, timeoutMs);
  }

  onRevalidated(idHi: number, idLo: number, valid: boolean, nowMs: number): void {
    const { sessions } = this.parts;
    const key = joinHalves(idHi, idLo);
    const connection = this.revalidating.get(key);
    if (connection === undefined) return;
    this.revalidating.delete(key);
    const slot = sessions.find(idHi, idLo);
    if (!valid) {
      this.refuse(connection);
    } else if (slot >= 0) {
      sessions.touch(idHi, idLo, connection.timeoutMs, nowMs);
      this.accept(connection, slot);
    } else {
      // The leader knows of it already, and its txn is on the way.
      this.opening.set(key, connection);
    }
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    const key = keyOf(connection);
    if (this.opening.get(key) === connection) this.opening.delete(key);
    if (this.revalidating.get(key) === connection) this.revalidating.delete(key);
  }

  /**
   * The password is checked before anything happens to the old connection (hazard H5). Who does
   * not know it is refused; for who does, the old connection ends.
   */
  private isTrusted(connection: Connection, passwd: Uint8Array | null): boolean {
    const { sessionIdHi, sessionIdLo } = connection;
    if (passwd === null || !isPasswordOf(sessionIdHi, sessionIdLo, passwd)) {
      this.refuse(connection);
      return false;
    }
    const slot = this.parts.sessions.find(sessionIdHi, sessionIdLo);
    const old = this.connections.ofSlot(slot);
    if (old !== undefined) this.end(old);
    return true;
  }

  private accept(connection: Connection, slot: number): void {
    const { sessionIdHi, sessionIdLo, timeoutMs } = connection;
    const before = this.connections.ofSlot(slot);
    if (before !== undefined) this.end(before);
    this.parts.sessions.setOwner(slot, localOwner);
    this.connections.attach(connection, slot);
    this.parts.sessionTable.attach(slot, connection.cnxnId);
    const passwd = sessionPassword(sessionIdHi, sessionIdLo);
    const answer = { valid: true, sessionIdHi, sessionIdLo, slot, timeoutMs, passwd };
    this.parts.output.connected(connection.cnxnId, answer);
  }

  private refuse(connection: Connection): void {
    this.parts.output.connected(connection.cnxnId, invalidAnswer);
    this.end(connection);
  }
}

function keyOf({ sessionIdHi, sessionIdLo }: Connection): bigint {
  return joinHalves(sessionIdHi, sessionIdLo);
}
