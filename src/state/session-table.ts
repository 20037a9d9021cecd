/**
 * The part of the sessions that all threads see. Slots in shared memory: the keeper opens and
 * closes them, every thread may touch them with a plain store, the snapshot job walks them.
 */
export interface SessionTableMemory {
  readonly buffer: SharedArrayBuffer;
  /** Monotonic time, whole ms, that touch times count from. */
  readonly epochMs: number;
  readonly sessionsMax: number;
}

/** States of a slot. */
export const SessionState = { free: 0, open: 1, closing: 2 } as const;

export function createSessionTable(_options: {
  sessionsMax: number;
  nowMs: number;
}): SessionTableMemory {
  throw new Error('not built yet');
}

export class SessionTable {
  constructor(_memory: SessionTableMemory) {}

  /** Any thread: the session in `slot` was heard of at `nowMs` (monotonic). */
  touch(_slot: number, _nowMs: number): void {
    throw new Error('not built yet');
  }

  /** Any thread: is this session there and not closing? */
  isOpen(_slot: number, _idHi: number, _idLo: number): boolean {
    throw new Error('not built yet');
  }

  /** The negotiated timeout. */
  timeoutMs(_slot: number): number {
    throw new Error('not built yet');
  }

  /** Global sessions with their persisted timeouts, as a snapshot holds them; any thread. */
  walk(_visit: (idHi: number, idLo: number, timeoutMs: number) => void): number {
    throw new Error('not built yet');
  }
}
