/**
 * The sessions as the keeper knows them (Apache `SessionTrackerImpl`): by id, with owner and
 * state, and when each of them expires. It takes the time as an argument and never closes a
 * session itself: it names those that are due.
 *
 * Touches are plain stores of other threads into the shared table, and nobody tells the tracker.
 * A session lies in the bucket of its expiry as it was known; when that bucket is due, the table
 * says whether the session has been touched since, and it expires or moves on.
 */
import { assert } from '../base/assert.ts';
import { ErrorCode } from '../base/error-codes.ts';
import { ExpiryBuckets } from './expiry-buckets.ts';
import { SessionIndex } from './session-index.ts';
import { SessionState, type SessionTable } from './session-table.ts';

export interface SessionId {
  readonly hi: number;
  readonly lo: number;
}

export interface SessionEntry extends SessionId {
  readonly slot: number;
  /** Negotiated when the session was opened or reopened last. */
  readonly timeoutMs: number;
  /** Negotiated at creation; what snapshots hold. */
  readonly persistedTimeoutMs: number;
  readonly isClosing: boolean;
  readonly isLocal: boolean;
}

/** The word for the last touch wraps: a slot is looked at once in 6 days at the latest. */
const lookMsMax = 2 ** 29;

export class SessionTracker {
  private readonly table: SessionTable;
  private readonly index = new SessionIndex();
  private readonly buckets: ExpiryBuckets;
  /** Last touch that was seen, monotonic ms. */
  private readonly touchMs: Float64Array;
  /** 0 = none yet. */
  private readonly owner: Int32Array;
  /** The word for the last touch as `takeTouched` saw it. */
  private readonly reported: Int32Array;
  private readonly freeSlots: number[] = [];
  private expires: 'all' | 'local' = 'all';

  /** `table` is empty, and nobody else fills it. */
  constructor(table: SessionTable, tickTimeMs: number) {
    assert(table.slotsEver === 0, 'the tracker fills the table');
    this.table = table;
    this.buckets = new ExpiryBuckets(table.sessionsMax, tickTimeMs);
    this.touchMs = new Float64Array(table.sessionsMax);
    this.owner = new Int32Array(table.sessionsMax);
    this.reported = new Int32Array(table.sessionsMax);
  }

  get count(): number {
    return this.index.count;
  }

  /**
   * A global session, touched now; returns its slot, -1 when the table is full. One that is there
   * already takes the timeout over; a local one becomes global.
   */
  open(idHi: number, idLo: number, timeoutMs: number, nowMs: number): number {
    const slot = this.openLocal(idHi, idLo, timeoutMs, nowMs);
    if (slot < 0) return slot;
    this.table.persist(slot, timeoutMs);
    this.schedule(slot, nowMs);
    return slot;
  }

  /** As `open`, for a session that no snapshot holds and that this server expires itself. */
  openLocal(idHi: number, idLo: number, timeoutMs: number, nowMs: number): number {
    let slot = this.index.find(idHi, idLo);
    if (slot < 0) {
      slot = this.freeSlots.pop() ?? this.table.slotsEver;
      if (slot >= this.table.sessionsMax) return -1;
      this.table.fill(slot, idHi, idLo, timeoutMs);
      this.index.add(idHi, idLo, slot);
      this.owner[slot] = 0;
    }
    this.touchSlot(slot, timeoutMs, nowMs);
    this.reported[slot] = this.table.touchWord(slot);
    return slot;
  }

  /** Slot, or -1. */
  find(idHi: number, idLo: number): number {
    return this.index.find(idHi, idLo);
  }

  /**
   * May `owner` (not 0) use this session? ok, unknownSession, sessionExpired (it is closing) or
   * sessionMoved. The first one who asks becomes the owner.
   */
  checkOwner(idHi: number, idLo: number, owner: number): ErrorCode {
    const slot = this.index.find(idHi, idLo);
    if (slot < 0) return ErrorCode.unknownSession;
    if (this.isClosing(slot)) return ErrorCode.sessionExpired;
    if (this.owner[slot] === 0) this.setOwner(slot, owner);
    return this.owner[slot] === owner ? ErrorCode.ok : ErrorCode.sessionMoved;
  }

  setOwner(slot: number, owner: number): void {
    assert(owner !== 0, 'owner 0 means none');
    this.owner[slot] = owner;
  }

  /** Reopen, or a touch that a learner reports: false when unknown or closing. */
  touch(idHi: number, idLo: number, timeoutMs: number, nowMs: number): boolean {
    const slot = this.index.find(idHi, idLo);
    if (slot < 0 || this.isClosing(slot)) return false;
    this.touchSlot(slot, timeoutMs, nowMs);
    return true;
  }

  /** The negotiated timeout changes; the persisted one does not. */
  setSessionTimeout(slot: number, timeoutMs: number): void {
    this.table.setSessionTimeout(slot, timeoutMs);
    this.schedule(slot, this.seeTouch(slot));
  }

  markClosing(slot: number): void {
    this.table.setState(slot, SessionState.closing);
    this.buckets.remove(slot);
  }

  isClosing(slot: number): boolean {
    return this.table.state(slot) === SessionState.closing;
  }

  remove(slot: number): void {
    this.index.remove(this.table.idHi(slot), this.table.idLo(slot));
    this.buckets.remove(slot);
    this.table.free(slot);
    this.freeSlots.push(slot);
  }

  /** How many only this server knows; they are counted one by one. */
  get localCount(): number {
    let count = 0;
    for (const { isLocal } of this.entries()) if (isLocal) count++;
    return count;
  }

  /** Only this server knows it. */
  isLocal(slot: number): boolean {
    return !this.table.isPersisted(slot);
  }

  /** Forgets the local sessions. */
  removeLocal(): void {
    for (const { slot, isLocal } of [...this.entries()]) if (isLocal) this.remove(slot);
  }

  /** Forgets all sessions: the state that they belong to is loaded anew. */
  clear(): void {
    for (const { slot } of [...this.entries()]) this.remove(slot);
  }

  /** Sessions whose expiry time has come; they are closing from now on. */
  takeExpired(nowMs: number): SessionId[] {
    const expired: SessionId[] = [];
    for (const slot of this.buckets.takeDue(nowMs)) {
      if (this.expiryMs(slot) > nowMs) {
        this.schedule(slot, nowMs);
        continue;
      }
      this.markClosing(slot);
      expired.push({ hi: this.table.idHi(slot), lo: this.table.idLo(slot) });
    }
    return expired;
  }

  /** When `takeExpired` has something to do next; Infinity when there is nothing to expire. */
  nextDeadlineMs(): number {
    return this.buckets.nextDueMs();
  }

  /** From now on this server expires all sessions: each is open, with its persisted timeout. */
  becomeExpirer(nowMs: number): void {
    this.expires = 'all';
    for (const { slot, persistedTimeoutMs } of this.entries()) {
      this.table.setState(slot, SessionState.open);
      this.owner[slot] = 0;
      this.touchSlot(slot, persistedTimeoutMs, nowMs);
    }
  }

  /** From now on another server expires the global sessions, and knows which are closing. */
  becomeLearner(): void {
    this.expires = 'local';
    for (const { slot, isLocal } of this.entries()) {
      if (isLocal) continue;
      this.table.setState(slot, SessionState.open);
      this.buckets.remove(slot);
    }
  }

  /** Global sessions touched since the last call, for the answer to a leader's PING. */
  takeTouched(visit: (idHi: number, idLo: number, timeoutMs: number) => void): void {
    const { table, reported } = this;
    const slots = table.slotsEver;
    for (let slot = 0; slot < slots; slot++) {
      const word = table.touchWord(slot);
      if (word === reported[slot]) continue;
      reported[slot] = word;
      if (table.state(slot) !== SessionState.open || !table.isPersisted(slot)) continue;
      visit(table.idHi(slot), table.idLo(slot), table.timeoutMs(slot));
    }
  }

  *entries(): Generator<SessionEntry> {
    const { table } = this;
    for (let slot = 0; slot < table.slotsEver; slot++) {
      if (table.state(slot) === SessionState.free) continue;
      yield {
        hi: table.idHi(slot),
        lo: table.idLo(slot),
        slot,
        timeoutMs: table.timeoutMs(slot),
        persistedTimeoutMs: table.persistedTimeoutMs(slot),
        isClosing: this.isClosing(slot),
        isLocal: !table.isPersisted(slot),
      };
    }
  }

  /** Expiry times (monotonic ms, ascending) with their sessions, for the `dump` word. */
  expiryTimes(which: 'global' | 'local'): { expiryMs: number; sessions: SessionId[] }[] {
    const times = new Map<number, SessionId[]>();
    for (const { hi, lo, slot, isLocal } of this.entries()) {
      if (isLocal !== (which === 'local') || !this.buckets.has(slot)) continue;
      const expiryMs = this.expiryMs(slot);
      const sessions = times.get(expiryMs) ?? [];
      sessions.push({ hi, lo });
      times.set(expiryMs, sessions);
    }
    return [...times]
      .sort(([a], [b]) => a - b)
      .map(([expiryMs, sessions]) => ({ expiryMs, sessions }));
  }

  private touchSlot(slot: number, timeoutMs: number, nowMs: number): void {
    this.table.touch(slot, nowMs);
    this.table.setSessionTimeout(slot, timeoutMs);
    this.touchMs[slot] = Math.floor(nowMs);
    this.schedule(slot, nowMs);
  }

  /** Puts the slot where it is to be looked at next: at its expiry, or earlier. */
  private schedule(slot: number, nowMs: number): void {
    const isOurs = this.expires === 'all' || !this.table.isPersisted(slot);
    if (!isOurs || this.isClosing(slot)) {
      this.buckets.remove(slot);
      return;
    }
    const expiryMs = this.expiryMs(slot);
    const lookMs = this.buckets.roundUp(nowMs + lookMsMax);
    this.buckets.put(slot, Math.min(expiryMs, lookMs));
  }

  private expiryMs(slot: number): number {
    return this.buckets.roundUp(this.seeTouch(slot) + Math.max(this.table.timeoutMs(slot), 0));
  }

  /** The last touch as monotonic ms. A touch that is older than one already seen does not count. */
  private seeTouch(slot: number): number {
    const seen = this.touchMs[slot] as number;
    const later = (this.table.touchWord(slot) - (seen - this.table.epochMs)) | 0;
    if (later <= 0) return seen;
    this.touchMs[slot] = seen + later;
    return seen + later;
  }
}
