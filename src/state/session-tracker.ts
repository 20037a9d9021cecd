/**
 * The sessions as the keeper knows them (Apache `SessionTrackerImpl`): by id, with owner and
 * state, and when each of them expires. Touches are read late, from the shared table. It takes
 * the time as an argument and never closes a session itself: it names those that are due.
 */
import type { ErrorCode } from '../base/error-codes.ts';
import type { SessionTable } from './session-table.ts';

export interface SessionEntry {
  hi: number;
  lo: number;
  slot: number;
  /** Negotiated when the connection was opened last. */
  timeoutMs: number;
  /** Negotiated at creation; what snapshots hold. */
  persistedTimeoutMs: number;
  isClosing: boolean;
  isLocal: boolean;
}

export interface SessionId {
  hi: number;
  lo: number;
}

export class SessionTracker {
  constructor(_table: SessionTable, _tickTimeMs: number) {}

  get count(): number {
    throw new Error('not built yet');
  }

  /** Global session; an existing one is touched and given this timeout. -1 = table is full. */
  open(_idHi: number, _idLo: number, _timeoutMs: number, _nowMs: number): number {
    throw new Error('not built yet');
  }

  /** As `open`, for a session that is not persisted; `open` makes it global later. */
  openLocal(_idHi: number, _idLo: number, _timeoutMs: number, _nowMs: number): number {
    throw new Error('not built yet');
  }

  /** Slot, or -1. */
  find(_idHi: number, _idLo: number): number {
    throw new Error('not built yet');
  }

  /** ok, unknownSession, sessionExpired (closing) or sessionMoved; the first owner is kept. */
  checkOwner(_idHi: number, _idLo: number, _owner: number): ErrorCode {
    throw new Error('not built yet');
  }

  setOwner(_slot: number, _owner: number): void {
    throw new Error('not built yet');
  }

  /** Reopen, or a touch that a learner reports: false when unknown or closing. */
  touch(_idHi: number, _idLo: number, _timeoutMs: number, _nowMs: number): boolean {
    throw new Error('not built yet');
  }

  /** The negotiated timeout changes; the persisted one does not. */
  setTimeout(_slot: number, _timeoutMs: number): void {
    throw new Error('not built yet');
  }

  markClosing(_slot: number): void {
    throw new Error('not built yet');
  }

  isClosing(_slot: number): boolean {
    throw new Error('not built yet');
  }

  remove(_slot: number): void {
    throw new Error('not built yet');
  }

  /** Sessions whose expiry time has come; they are closing from now on. */
  takeExpired(_nowMs: number): SessionId[] {
    throw new Error('not built yet');
  }

  /** When `takeExpired` should be called next; Infinity when there is nothing to expire. */
  nextDeadlineMs(): number {
    throw new Error('not built yet');
  }

  /** This server expires all sessions from now on: all are open with a full persisted timeout. */
  becomeExpirer(_nowMs: number): void {
    throw new Error('not built yet');
  }

  /** Another server expires the global sessions. */
  becomeLearner(): void {
    throw new Error('not built yet');
  }

  /** Sessions touched since the last call, for the answer to a leader's PING. */
  takeTouched(_visit: (idHi: number, idLo: number, timeoutMs: number) => void): void {
    throw new Error('not built yet');
  }

  entries(): Generator<SessionEntry> {
    throw new Error('not built yet');
  }

  /** Expiry times (monotonic ms, ascending) with the sessions of each, for the `dump` word. */
  buckets(): { expiryMs: number; sessions: SessionId[] }[] {
    throw new Error('not built yet');
  }
}
