/**
 * Which ephemeral nodes each session owns, in the order of their creation, as refs into the tree.
 * Knows no paths and changes no nodes.
 */
export class Ephemerals {
  /** Ephemeral nodes of all sessions. */
  count = 0;

  /** No-op when the session has it already. */
  add(_sessionHi: number, _sessionLo: number, _ref: number): void {
    throw new Error('not built yet');
  }

  /** No-op when the session does not have it. */
  remove(_sessionHi: number, _sessionLo: number, _ref: number): void {
    throw new Error('not built yet');
  }

  /** Refs in the order of creation; do not add or remove while iterating, copy instead. */
  refsOf(_sessionHi: number, _sessionLo: number): Iterable<number> {
    throw new Error('not built yet');
  }

  countOf(_sessionHi: number, _sessionLo: number): number {
    throw new Error('not built yet');
  }

  /** Sessions that own at least one. */
  sessions(): Generator<{ hi: number; lo: number }> {
    throw new Error('not built yet');
  }

  clear(): void {
    throw new Error('not built yet');
  }
}
