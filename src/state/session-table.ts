/**
 * The part of the sessions that all threads see. Slots in shared memory: the keeper fills and
 * frees them, every thread may touch them, the snapshot job walks them. It has no index and knows
 * no expiry, and it needs no atomics: every word is useful alone, or proved by the check word.
 *
 *            0        4        8        12          16           20            24       28
 *   header   | slots in use ever        | (free)                                              |
 *   slot     | state  | id hi  | id lo  | timeout   | last touch | persisted   | check | cnxn |
 *                                         ms, now     ms, wraps    timeout ms
 *
 * `last touch` counts ms from `epochMs` in an int32, which wraps after 49.7 days. So it has a
 * meaning only as a signed difference from a time that is less than 24.8 days away; the tracker
 * looks at every slot far more often than that.
 *
 * `cnxn` is the connection that has the session, 0 for none: a session may have moved to another
 * thread's connection while this one still has requests of the old one.
 *
 * `check` is 0 in a free slot and for local sessions, and otherwise a hash of id and persisted
 * timeout. A walker that meets another value has caught the keeper between two stores. Such a
 * session was opened or removed after the walk began, replay repairs that, and it is left out.
 */
import { assert } from '../base/assert.ts';

export interface SessionTableMemory {
  readonly buffer: SharedArrayBuffer;
  /** Monotonic time, whole ms, that touch times count from. */
  readonly epochMs: number;
  readonly sessionsMax: number;
}

/** States of a slot. */
export const SessionState = { free: 0, open: 1, closing: 2 } as const;
export type SessionState = (typeof SessionState)[keyof typeof SessionState];

const wordsPerSlot = 8;
const Word = {
  state: 0,
  idHi: 1,
  idLo: 2,
  timeoutMs: 3,
  touch: 4,
  persistedTimeoutMs: 5,
  check: 6,
  cnxnId: 7,
} as const;

/** `nowMs` is the monotonic clock that all threads share. 32 bytes a session, committed lazily. */
export function createSessionTable(options: {
  readonly sessionsMax: number;
  readonly nowMs: number;
}): SessionTableMemory {
  const { sessionsMax, nowMs } = options;
  assert(Number.isInteger(sessionsMax) && sessionsMax > 0, 'sessionsMax is a positive integer');
  const buffer = new SharedArrayBuffer((sessionsMax + 1) * wordsPerSlot * 4);
  return { buffer, epochMs: Math.floor(nowMs), sessionsMax };
}

export class SessionTable {
  readonly epochMs: number;
  readonly sessionsMax: number;
  private readonly words: Int32Array;

  constructor(memory: SessionTableMemory) {
    this.words = new Int32Array(memory.buffer);
    this.epochMs = memory.epochMs;
    this.sessionsMax = memory.sessionsMax;
    assert(
      this.words.length === (this.sessionsMax + 1) * wordsPerSlot,
      'the buffer holds exactly sessionsMax slots',
    );
  }

  /** Any thread: the session in `slot` was heard of at `nowMs` (monotonic). */
  touch(slot: number, nowMs: number): void {
    this.words[at(slot) + Word.touch] = (Math.floor(nowMs) - this.epochMs) | 0;
  }

  /** Any thread: is this session there and not closing, and does this connection have it? */
  isOpenFor(cnxnId: number, slot: number, idHi: number, idLo: number): boolean {
    const base = at(slot);
    return (
      this.words[base + Word.cnxnId] === cnxnId &&
      this.words[base + Word.idLo] === idLo &&
      this.words[base + Word.idHi] === idHi &&
      this.words[base + Word.state] === SessionState.open
    );
  }

  /** The negotiated timeout. */
  timeoutMs(slot: number): number {
    return this.words[at(slot) + Word.timeoutMs] as number;
  }

  persistedTimeoutMs(slot: number): number {
    return this.words[at(slot) + Word.persistedTimeoutMs] as number;
  }

  state(slot: number): SessionState {
    return this.words[at(slot) + Word.state] as SessionState;
  }

  idHi(slot: number): number {
    return this.words[at(slot) + Word.idHi] as number;
  }

  idLo(slot: number): number {
    return this.words[at(slot) + Word.idLo] as number;
  }

  /** The connection that has the session; 0: none. */
  cnxnId(slot: number): number {
    return this.words[at(slot) + Word.cnxnId] as number;
  }

  /** Last touch, ms since `epochMs` as a wrapping int32. */
  touchWord(slot: number): number {
    return this.words[at(slot) + Word.touch] as number;
  }

  /** Slots from 0 up to this one may be in use. */
  get slotsEver(): number {
    return this.words[0] as number;
  }

  /** Keeper only: an open session, not persisted yet, in a free slot. */
  fill(slot: number, idHi: number, idLo: number, timeoutMs: number): void {
    assert(slot >= 0 && slot < this.sessionsMax, 'slot is in the table');
    assert(this.state(slot) === SessionState.free, 'a slot is filled when it is free');
    const base = at(slot);
    this.words[base + Word.idHi] = idHi;
    this.words[base + Word.idLo] = idLo;
    this.words[base + Word.timeoutMs] = timeoutMs;
    this.words[base + Word.persistedTimeoutMs] = timeoutMs;
    this.words[base + Word.check] = 0;
    this.words[base + Word.cnxnId] = 0;
    this.words[base + Word.state] = SessionState.open;
    if (slot >= this.slotsEver) this.words[0] = slot + 1;
  }

  /** Keeper only: the session is this connection's, and no other one's, from now on. */
  attach(slot: number, cnxnId: number): void {
    assert(this.state(slot) !== SessionState.free, 'a session in use has a connection');
    this.words[at(slot) + Word.cnxnId] = cnxnId;
  }

  /** Keeper only: snapshots hold this session from now on, with this timeout. */
  persist(slot: number, timeoutMs: number): void {
    assert(this.state(slot) !== SessionState.free, 'a session in use is persisted');
    const base = at(slot);
    this.words[base + Word.persistedTimeoutMs] = timeoutMs;
    this.words[base + Word.check] = checkOf(this.idHi(slot), this.idLo(slot), timeoutMs);
  }

  isPersisted(slot: number): boolean {
    return this.words[at(slot) + Word.check] !== 0;
  }

  /** Keeper only. */
  setSessionTimeout(slot: number, timeoutMs: number): void {
    this.words[at(slot) + Word.timeoutMs] = timeoutMs;
  }

  /** Keeper only: between open and closing. */
  setState(slot: number, state: SessionState): void {
    assert(state !== SessionState.free, 'slots are freed by free()');
    assert(this.state(slot) !== SessionState.free, 'a session in use changes its state');
    this.words[at(slot) + Word.state] = state;
  }

  /** Keeper only. */
  free(slot: number): void {
    assert(this.state(slot) !== SessionState.free, 'a slot is freed once');
    const base = at(slot);
    this.words[base + Word.state] = SessionState.free;
    this.words[base + Word.check] = 0;
  }

  /**
   * Any thread: the global sessions with their persisted timeouts, as a snapshot holds them;
   * returns how many. Sessions that are closing are there until their closeSession is applied.
   */
  walk(visit: (idHi: number, idLo: number, timeoutMs: number) => void): number {
    const slots = Math.min(this.slotsEver, this.sessionsMax);
    let count = 0;
    for (let slot = 0; slot < slots; slot++) {
      const base = at(slot);
      const check = this.words[base + Word.check] as number;
      if (check === 0) continue;
      const idHi = this.words[base + Word.idHi] as number;
      const idLo = this.words[base + Word.idLo] as number;
      const timeoutMs = this.words[base + Word.persistedTimeoutMs] as number;
      if (check !== checkOf(idHi, idLo, timeoutMs)) continue;
      visit(idHi, idLo, timeoutMs);
      count++;
    }
    return count;
  }
}

/** Word index of a slot; the header takes the place of one. */
function at(slot: number): number {
  return (slot + 1) * wordsPerSlot;
}

/** Never 0. */
function checkOf(idHi: number, idLo: number, timeoutMs: number): number {
  let hash = Math.imul(idHi ^ 0x3c6ef372, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ idLo, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ timeoutMs, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 1;
}
